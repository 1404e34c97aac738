"""LightGBM models as text."""

from __future__ import annotations

import dataclasses
from typing import Any

import lightgbm
import numpy as np

from zoo import Array, Table, Zoo, make_table

BASE: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.15,
    "min_data_in_leaf": 10,
    "num_threads": 1,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
}


@dataclasses.dataclass
class Spec:
    """One model: what differs from `BASE`, and from the usual rows."""

    name: str
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    rounds: int = 25
    categories: tuple[int, ...] = ()
    missing: float = 0.035
    numeric: int = 15
    expectation: str = "exact"
    word: str = ""
    early_stopping: bool = False
    pandas: bool = False


_RF = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7, "feature_fraction": 0.7}
_CODES = (5, 40, 90)

SPECS = [
    Spec("binary"),
    Spec("sigmoid-half", {"sigmoid": 0.5}),
    Spec("sigmoid-2", {"sigmoid": 2.0}),
    Spec("zero-as-missing", {"zero_as_missing": True}),
    Spec("zero-as-missing-none", {"zero_as_missing": True}, missing=0.0),
    Spec("no-use-missing", {"use_missing": False}),
    Spec("missing-none", missing=0.0),
    Spec("missing-much", missing=0.3, numeric=24),
    Spec("rf", _RF),
    Spec("rf-categories", _RF, categories=_CODES),
    Spec("rf-regression", {**_RF, "objective": "regression"}),
    Spec("dart", {"boosting": "dart", "drop_rate": 0.3, "skip_drop": 0.3}),
    Spec("dart-xgboost-mode", {"boosting": "dart", "drop_rate": 0.5, "xgboost_dart_mode": True}),
    Spec("dart-categories", {"boosting": "dart", "drop_rate": 0.3}, categories=_CODES),
    Spec("goss", {"data_sample_strategy": "goss", "top_rate": 0.3, "other_rate": 0.2}),
    Spec("bagging", {"bagging_fraction": 0.6, "bagging_freq": 2, "feature_fraction": 0.5}),
    Spec("cross-entropy", {"objective": "cross_entropy"}),
    Spec("cross-entropy-lambda", {"objective": "cross_entropy_lambda"}, expectation="either"),
    Spec("regression", {"objective": "regression"}),
    Spec("regression-l1", {"objective": "regression_l1"}, expectation="either"),
    Spec("regression-sqrt", {"objective": "regression", "reg_sqrt": True}, expectation="either"),
    Spec("poisson", {"objective": "poisson"}, expectation="either"),
    Spec("lambdarank", {"objective": "lambdarank"}),
    Spec("rank-xendcg", {"objective": "rank_xendcg"}, expectation="either"),
    Spec("categories", categories=_CODES),
    Spec("categories-missing-none", categories=_CODES, missing=0.0),
    Spec("categories-zero-as-missing", {"zero_as_missing": True}, categories=_CODES),
    Spec("categories-one-hot", {"max_cat_to_onehot": 200}, categories=_CODES),
    Spec("categories-many", {"min_data_per_group": 5, "cat_smooth": 1.0}, categories=(300, 1500)),
    Spec("categories-pandas", categories=_CODES, pandas=True),
    Spec("leaves-2", {"num_leaves": 2}, rounds=40),
    Spec("leaves-7", {"num_leaves": 7}, rounds=60),
    Spec("leaves-31", {"num_leaves": 31}),
    Spec("leaves-127", {"num_leaves": 127, "min_data_in_leaf": 2}, rounds=12),
    Spec("depth-3", {"max_depth": 3, "num_leaves": 31}),
    Spec("depth-10", {"max_depth": 10, "num_leaves": 255, "min_data_in_leaf": 1}, rounds=12),
    Spec("extra-trees", {"extra_trees": True}),
    Spec("monotone", {"monotone_constraints": [1, -1, 0] * 5}),
    Spec("monotone-advanced", {
        "monotone_constraints": [1, 0, -1] * 5, "monotone_constraints_method": "advanced"}),
    Spec("early-stopping", {"num_leaves": 63, "learning_rate": 0.5}, rounds=60,
         early_stopping=True),
    Spec("bins-15", {"max_bin": 15}),
    Spec("bins-255", {"max_bin": 255, "min_data_in_bin": 1}),
    Spec("bins-1023", {"max_bin": 1023, "min_data_in_bin": 1}),
    Spec("no-average", {"boost_from_average": False}),
    Spec("no-average-regression", {"objective": "regression", "boost_from_average": False}),
    Spec("single-leaf", {"min_data_in_leaf": 100_000}, rounds=10),
    Spec("single-leaf-no-average",
         {"min_data_in_leaf": 100_000, "boost_from_average": False}, rounds=10),
    Spec("unbalance", {"is_unbalance": True}),
    Spec("scale-pos-weight", {"scale_pos_weight": 25.0}),
    Spec("max-delta-step", {"max_delta_step": 0.3}),
    Spec("path-smooth", {"path_smooth": 5.0}),
    Spec("columns-60", numeric=60, rounds=15),
    Spec("linear-tree", {"linear_tree": True, "objective": "regression"},
         expectation="refused", word="linear"),
    Spec("multiclass", {"objective": "multiclass", "num_class": 3}, rounds=5,
         expectation="refused", word="multiclass"),
    Spec("multiclassova", {"objective": "multiclassova", "num_class": 3}, rounds=5,
         expectation="refused", word="multiclass"),
]  # fmt: skip


class SavedModel:
    """A model file as LightGBM itself reads it."""

    explains_infinity = True

    def __init__(self, path: str) -> None:
        self.booster = lightgbm.Booster(model_file=path)

    def one(self, row: Array) -> tuple[float, float]:
        margins, predictions = self.many(row.reshape(1, -1))
        return float(margins[0]), float(predictions[0])

    def many(self, rows: Array) -> tuple[Array, Array]:
        data = np.ascontiguousarray(rows, dtype=np.float64)
        margins = np.asarray(self.booster.predict(data, raw_score=True, num_threads=1))
        return margins, np.asarray(self.booster.predict(data, num_threads=1))

    def contributions(self, rows: Array) -> Array:
        return np.asarray(self.booster.predict(rows, pred_contrib=True, num_threads=1))


def thresholds_of(text: str) -> dict[int, Array]:
    """The numeric thresholds of each feature in a model's text."""
    found: dict[int, list[float]] = {}
    features: list[int] = []
    thresholds: list[float] = []
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key == "split_feature":
            features = [int(word) for word in value.split()]
        elif key == "threshold":
            thresholds = [float(word) for word in value.split()]
        elif key == "decision_type":
            for feature, threshold, kind in zip(features, thresholds, value.split(), strict=True):
                if int(kind) & 1 == 0:
                    found.setdefault(feature, []).append(threshold)
    return {feature: np.unique(values) for feature, values in found.items()}


def _dataset(spec: Spec, table: Table, rows: slice, reference: Any = None) -> lightgbm.Dataset:
    label = table.label[rows]
    if "num_class" in spec.parameters:
        label = label + (table.values[rows, 1] > 12)
    if "lambdarank" in spec.parameters.values() or "rank_xendcg" in spec.parameters.values():
        group = table.groups
    else:
        group = None
    values: Any = table.values[rows]
    categories: Any = [table.names[column] for column in table.category_columns]
    if spec.pandas:
        import pandas

        values = pandas.DataFrame(values, columns=table.names)
        for name in categories:
            values[name] = pandas.Categorical(values[name])
        categories = "auto"
    return lightgbm.Dataset(
        values,
        label,
        group=group,
        feature_name=table.names,
        categorical_feature=categories,
        reference=reference,
        params=dict(BASE, **spec.parameters),
        free_raw_data=False,
    )


def _build_one(zoo: Zoo, spec: Spec) -> None:
    name = f"lgb-{spec.name}"
    rng = zoo.rng(name)
    numeric = spec.numeric
    table = make_table(
        rng, 3000, numeric, spec.categories, missing=spec.missing, single_precision=False
    )
    parameters = dict(BASE, seed=int(rng.integers(1 << 30)), **spec.parameters)
    half = len(table.values) * 2 // 3
    training = _dataset(spec, table, slice(0, half) if spec.early_stopping else slice(None))
    options: dict[str, Any] = {}
    if spec.early_stopping:
        options["valid_sets"] = [_dataset(spec, table, slice(half, None), training)]
        options["callbacks"] = [lightgbm.early_stopping(3, verbose=False)]
    booster = lightgbm.train(parameters, training, spec.rounds, **options)
    path = zoo.path(name, "txt")
    booster.save_model(path)
    facts: dict[str, Any] = {
        "library": "lightgbm",
        "version": lightgbm.__version__,
        "format": "text",
        "options": spec.parameters,
        "best_iteration": booster.best_iteration if spec.early_stopping else None,
    }
    if spec.expectation == "refused":
        zoo.refused(name, "txt", table, spec.word, **facts)
        return
    thresholds = thresholds_of(path.read_text(encoding="utf-8"))
    # Without a missing cell in training, missing cells still come at prediction.
    if spec.missing == 0:
        table.values[rng.random(table.values.shape) < 0.02] = np.nan
    zoo.exact(
        name, "txt", table, SavedModel(str(path)), thresholds, single_precision=False,
        expectation=spec.expectation, **facts,
    )  # fmt: skip


def build(zoo: Zoo) -> list[str]:
    """Makes all LightGBM models; returns the versions used."""
    for spec in SPECS:
        _build_one(zoo, spec)
    return [f"lightgbm {lightgbm.__version__}"]
