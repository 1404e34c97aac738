"""Which XGBoost models are made."""

from __future__ import annotations

import dataclasses
from typing import Any

BASE: dict[str, Any] = {
    "objective": "binary:logistic",
    "max_depth": 4,
    "eta": 0.3,
    "nthread": 1,
    "verbosity": 0,
    "tree_method": "hist",
}


@dataclasses.dataclass
class Spec:
    """One model: what differs from `BASE`, and from the usual rows."""

    name: str
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    format: str = "json"
    rounds: int = 25
    categories: tuple[int, ...] = ()
    missing: float = 0.035
    numeric: int = 15
    expectation: str = "exact"
    word: str = ""
    early_stopping: bool = False
    named: bool = True
    odd_names: bool = False
    #: Trained on a frame whose categories are "integers" or "strings".
    pandas: str = ""
    continued: bool = False
    #: Also made by older versions.
    old: bool = False


_DART = {"booster": "dart", "rate_drop": 0.3, "skip_drop": 0.2}
_FOREST = {"num_parallel_tree": 4, "subsample": 0.6, "colsample_bynode": 0.5}
_ONE_HOT = {"max_cat_to_onehot": 200}
_PARTITION = {"max_cat_to_onehot": 1}
_CODES = (5, 40, 90)
# An extreme base has next to no second derivative: without these, all trees are single leaves.
_SLOW = {"eta": 0.003, "min_child_weight": 0.0}
_SLOWER = {"eta": 1e-6, "min_child_weight": 0.0, "lambda": 0.0}
# Margins of some hundreds, where the exponential of a float32 ends.
_STEEP = {"eta": 95.0, "max_depth": 8, "min_child_weight": 0.0}

SPECS = [
    Spec("logistic", old=True),
    Spec("logistic", format="ubj", old=True),
    Spec("depth-1", {"max_depth": 1}, rounds=60),
    Spec("depth-3", {"max_depth": 3}, "ubj", rounds=60),
    Spec("depth-6", {"max_depth": 6}),
    Spec("depth-10", {"max_depth": 10, "min_child_weight": 0.1}, "ubj"),
    Spec("lossguide", {"grow_policy": "lossguide", "max_leaves": 31, "max_depth": 0}, "ubj"),
    Spec("lossguide", {"grow_policy": "lossguide", "max_leaves": 100, "max_depth": 0,
                       "min_child_weight": 0.01}),
    Spec("exact", {"tree_method": "exact"}, old=True),
    Spec("exact", {"tree_method": "exact", "max_depth": 8}, "ubj"),
    Spec("approx", {"tree_method": "approx"}),
    Spec("bins-8", {"max_bin": 8}, "ubj"),
    Spec("bins-1024", {"max_bin": 1024}),
    Spec("logitraw", {"objective": "binary:logitraw"}, old=True),
    Spec("logitraw", {"objective": "binary:logitraw", "base_score": 0.3}, "ubj"),
    Spec("reg-logistic", {"objective": "reg:logistic"}, old=True),
    Spec("reg-logistic", {"objective": "reg:logistic", "base_score": 0.05}, "ubj"),
    Spec("rank-pairwise", {"objective": "rank:pairwise"}, old=True),
    Spec("rank-ndcg", {"objective": "rank:ndcg"}, "ubj"),
    Spec("rank-map", {"objective": "rank:map"}),
    Spec("squared-error", {"objective": "reg:squarederror"}, old=True),
    Spec("squared-error-base", {"objective": "reg:squarederror", "base_score": -3.25}, "ubj"),
    Spec("poisson", {"objective": "count:poisson"}, expectation="either"),
    Spec("hinge", {"objective": "binary:hinge"}, expectation="either"),
    Spec("dart", _DART, old=True),
    Spec("dart", _DART, "ubj", old=True),
    Spec("dart-forest", {**_DART, "normalize_type": "forest", "sample_type": "weighted"}, "ubj"),
    Spec("dart-no-drop", {"booster": "dart", "rate_drop": 0.0}),
    Spec("dart-one-drop", {"booster": "dart", "one_drop": 1, "rate_drop": 0.1, "eta": 0.9}),
    Spec("dart-parallel", {**_DART, **_FOREST}, "ubj", rounds=12),
    Spec("dart-categories", _DART, "ubj", categories=_CODES),
    Spec("dart-early-stopping", {**_DART, "eta": 1.0}, rounds=60, early_stopping=True),
    Spec("dart-ranking", {**_DART, "objective": "rank:ndcg"}),
    Spec("forest", {**_FOREST, "eta": 1.0, "num_parallel_tree": 25}, rounds=1),
    Spec("boosted-forest", _FOREST, "ubj", rounds=12, old=True),
    Spec("base-0.5", {"base_score": 0.5}, old=True),
    Spec("base-0.03", {"base_score": 0.03}, "ubj", old=True),
    Spec("base-tiny", {"base_score": 1e-7, **_SLOW}, old=True),
    Spec("base-tiny", {"base_score": 1e-7, **_SLOW}, "ubj"),
    Spec("base-near-one", {"base_score": 0.999999, **_SLOWER}, old=True),
    Spec("base-nearer-one", {"base_score": 0.9999999, **_SLOWER}, "ubj"),
    Spec("extreme-margins", _STEEP, rounds=1, old=True),
    Spec("extreme-margins", _STEEP, "ubj", rounds=1),
    Spec("categories", categories=_CODES, old=True),
    Spec("categories", format="ubj", categories=_CODES, old=True),
    Spec("categories-one-hot", _ONE_HOT, categories=_CODES, old=True),
    Spec("categories-partition", _PARTITION, "ubj", categories=_CODES, old=True),
    Spec("categories-partition", {**_PARTITION, "max_depth": 6}, categories=(12, 300)),
    Spec("categories-approx", {**_PARTITION, "tree_method": "approx"}, "ubj", categories=_CODES),
    Spec("categories-missing-none", _PARTITION, categories=_CODES, missing=0.0),
    Spec("categories-lossguide", {"grow_policy": "lossguide", "max_leaves": 31, "max_depth": 0},
         "ubj", categories=_CODES),
    Spec("categories-pandas", categories=_CODES, pandas="integers"),
    Spec("categories-pandas", format="ubj", categories=_CODES, pandas="integers"),
    Spec("categories-strings", categories=_CODES, pandas="strings"),
    Spec("categories-strings", format="ubj", categories=_CODES, pandas="strings"),
    Spec("scale-pos-weight", {"scale_pos_weight": 25.0}),
    Spec("early-stopping", {"eta": 1.0, "max_depth": 8}, rounds=60, early_stopping=True, old=True),
    Spec("early-stopping", {"eta": 0.15, "max_depth": 3}, "ubj", rounds=60, early_stopping=True),
    Spec("early-stopping-forest", {**_FOREST, "eta": 1.0}, "ubj", rounds=40, early_stopping=True),
    Spec("early-stopping-categories", {"eta": 1.0}, rounds=60, early_stopping=True,
         categories=_CODES),
    Spec("unnamed", named=False),
    Spec("unnamed", format="ubj", named=False, old=True),
    Spec("odd-names", odd_names=True),
    Spec("odd-names", format="ubj", odd_names=True),
    Spec("leaf-only", {"gamma": 1e9}),
    Spec("leaf-only", {"gamma": 1e9, "base_score": 0.2}, "ubj", old=True),
    Spec("pruned", {"gamma": 3.0, "tree_method": "exact", "max_depth": 6}),
    Spec("pruned-approx", {"gamma": 3.0, "tree_method": "approx", "max_depth": 6}, "ubj"),
    Spec("monotone", {"monotone_constraints": "(1,-1,0,1,-1,0,1,-1,0,1,-1,0,1,-1,0)"}),
    Spec("interaction", {"interaction_constraints": "[[0,1,2],[3,4,5,6],[7,8,9]]"}, "ubj"),
    Spec("max-delta-step", {"max_delta_step": 0.7}),
    Spec("regularised", {"alpha": 2.0, "lambda": 5.0, "colsample_bytree": 0.4}, "ubj"),
    Spec("missing-none", missing=0.0),
    Spec("missing-much", format="ubj", missing=0.3, numeric=24),
    Spec("columns-60", format="ubj", numeric=60),
    Spec("continued", continued=True),
    Spec("multiclass", {"objective": "multi:softprob", "num_class": 3}, rounds=5,
         expectation="refused", word="multi:softprob"),
    Spec("multiclass", {"objective": "multi:softmax", "num_class": 3}, "ubj", rounds=5,
         expectation="refused", word="multi:softmax"),
    Spec("linear", {"booster": "gblinear", "updater": "coord_descent"}, rounds=5,
         expectation="refused", word="gblinear"),
    Spec("linear", {"booster": "gblinear", "updater": "coord_descent"}, "ubj", rounds=5,
         expectation="refused", word="gblinear"),
    Spec("vector-leaf", {"multi_strategy": "multi_output_tree"}, rounds=5,
         expectation="refused", word="output"),
]  # fmt: skip
