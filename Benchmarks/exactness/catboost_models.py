"""CatBoost models as JSON."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from typing import Any

import catboost
import numpy as np

from zoo import Array, Table, Zoo, make_table

BASE: dict[str, Any] = {
    "loss_function": "Logloss",
    "iterations": 25,
    "depth": 4,
    "learning_rate": 0.2,
    "thread_count": 1,
    "verbose": False,
    "allow_writing_files": False,
}


@dataclasses.dataclass
class Spec:
    """One model: what differs from `BASE`, and from the usual rows."""

    name: str
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    categories: tuple[int, ...] = ()
    missing: float = 0.035
    numeric: int = 15
    expectation: str = "exact"
    word: str = ""
    scale_and_bias: tuple[float, float] | None = None
    early_stopping: bool = False
    odd_names: bool = False


_ASYMMETRIC: dict[str, Any] = {"expectation": "either", "word": "symmetric"}

SPECS = [
    Spec("logloss"),
    Spec("cross-entropy", {"loss_function": "CrossEntropy"}),
    Spec("rmse", {"loss_function": "RMSE"}),
    Spec("depth-1", {"depth": 1, "iterations": 60}),
    Spec("depth-6", {"depth": 6}),
    Spec("depth-8", {"depth": 8}),
    Spec("depth-10", {"depth": 10, "iterations": 12}),
    Spec("nan-min", {"nan_mode": "Min"}),
    Spec("nan-max", {"nan_mode": "Max"}),
    Spec("nan-forbidden", {"nan_mode": "Forbidden"}, missing=0.0),
    Spec("missing-none", missing=0.0),
    Spec("missing-much", missing=0.3, numeric=24),
    Spec("from-average", {"boost_from_average": True}),
    Spec("rmse-no-average", {"loss_function": "RMSE", "boost_from_average": False}),
    Spec("scale", scale_and_bias=(0.7, -1.3)),
    Spec("scale-negative", {"loss_function": "RMSE"}, scale_and_bias=(-2.5, 0.1)),
    Spec("scale-zero", scale_and_bias=(0.0, 0.25)),
    Spec("borders-32", {"border_count": 32}),
    Spec("borders-254", {"border_count": 254}),
    Spec("borders-1024", {"border_count": 1024, "feature_border_type": "Uniform"}),
    Spec("bernoulli", {"bootstrap_type": "Bernoulli", "subsample": 0.5, "rsm": 0.4}),
    Spec("plain", {"boosting_type": "Plain", "leaf_estimation_method": "Gradient"}),
    Spec("ordered", {"boosting_type": "Ordered"}),
    Spec("class-weights", {"auto_class_weights": "Balanced"}),
    Spec("early-stopping", {"iterations": 60, "learning_rate": 0.9}, early_stopping=True),
    Spec("monotone", {"monotone_constraints": [1, -1, 0] * 5}),
    Spec("few-rows-in-leaves", {"depth": 8, "l2_leaf_reg": 0.1, "random_strength": 10.0}),
    Spec("odd-names", odd_names=True),
    Spec("columns-60", numeric=60),
    Spec("depth-0", {"depth": 0, "iterations": 5}),
    Spec("pairwise", {"loss_function": "PairLogit"}, expectation="either"),
    Spec("poisson", {"loss_function": "Poisson"}, expectation="either"),
    Spec("depthwise", {"grow_policy": "Depthwise"}, **_ASYMMETRIC),
    Spec("lossguide", {"grow_policy": "Lossguide", "max_leaves": 31, "depth": 10}, **_ASYMMETRIC),
    Spec("lossguide-rmse", {
        "grow_policy": "Lossguide", "max_leaves": 12, "loss_function": "RMSE"}, **_ASYMMETRIC),
    Spec("depthwise-nan-max", {"grow_policy": "Depthwise", "nan_mode": "Max"}, **_ASYMMETRIC),
    Spec("ctr", {"one_hot_max_size": 2}, (5, 40), expectation="refused", word="ctr"),
    Spec("one-hot", {"one_hot_max_size": 100, "max_ctr_complexity": 1}, (5, 40),
         expectation="refused", word="hot"),
    Spec("multiclass", {"loss_function": "MultiClass"}, expectation="refused", word="multiclass"),
]  # fmt: skip

#: Losses whose own prediction is a probability.
_PROBABILITY = {"Logloss", "CrossEntropy"}


class SavedModel:
    """A model as CatBoost itself reads it.

    Margins and predictions are those of CatBoost's own binary, not of its JSON: the JSON holds
    every number in the 17 digits that give it back, but CatBoost's reader of JSON rounds wrongly,
    so that about one leaf in six comes back an ulp off. A JSON read with care is the model that
    was trained, and the binary. SHAP values are those of the JSON, because for trees grown by
    Lossguide CatBoost 1.2.10's from the binary do not even add up to the margin.
    """

    explains_infinity = True

    def __init__(self, model: catboost.CatBoost, json_path: str, loss: str) -> None:
        self.model = catboost.CatBoost()
        with tempfile.TemporaryDirectory() as folder:
            model.save_model(f"{folder}/model.cbm")
            self.model.load_model(f"{folder}/model.cbm")
        self.json_model = catboost.CatBoost()
        self.json_model.load_model(json_path, format="json")
        self.is_probability = loss in _PROBABILITY
        self.kind = "Exponent" if loss == "Poisson" else "RawFormulaVal"

    def one(self, row: Array) -> tuple[float, float]:
        values = row.astype(np.float32)
        margin = float(self._margins(values))
        if self.is_probability:
            return margin, float(self.model.predict(values, "Probability", thread_count=1)[1])
        return margin, float(self.model.predict(values, self.kind, thread_count=1))

    def many(self, rows: Array) -> tuple[Array, Array]:
        values = np.ascontiguousarray(rows, dtype=np.float32)
        if self.is_probability:
            both = self.model.predict(values, "Probability", thread_count=1)
            return self._margins(values), both[:, 1]
        return self._margins(values), self.model.predict(values, self.kind, thread_count=1)

    def _margins(self, values: Array) -> Array:
        return self.model.predict(values, "RawFormulaVal", thread_count=1)

    def contributions(self, rows: Array) -> Array | None:
        if self.model.get_scale_and_bias()[0] != 1.0:
            return None  # CatBoost refuses these.
        weights = np.asarray(self.model.get_leaf_weights())
        if np.any((weights == 0) & (np.asarray(self.model.get_leaf_values()) != 0)):
            return None  # CatBoost then adds the explained rows to the leaves' weights.
        pool = catboost.Pool(np.ascontiguousarray(rows, dtype=np.float32))
        return self.json_model.get_feature_importance(pool, type="ShapValues", thread_count=1)


def thresholds_of(document: dict[str, Any]) -> dict[int, Array]:
    """The borders of each feature."""
    features = document["features_info"].get("float_features", [])
    return {
        feature["flat_feature_index"]: np.array(feature["borders"], dtype=np.float64)
        for feature in features
        if feature.get("borders")
    }


def _pool(spec: Spec, table: Table, rows: slice) -> catboost.Pool:
    values: Any = table.values[rows].astype(np.float32)
    label = table.label[rows]
    options: dict[str, Any] = {}
    if spec.parameters.get("loss_function") == "MultiClass":
        label = label + (np.nan_to_num(values[:, 1]) > 12)
    if spec.parameters.get("loss_function") == "PairLogit":
        options["group_id"] = np.repeat(np.arange(len(table.groups)), table.groups)
    if table.category_columns:
        values = values.astype(object)
        for column in table.category_columns:
            values[:, column] = [str(value) for value in values[:, column]]
        options["cat_features"] = table.category_columns
    return catboost.Pool(values, label, feature_names=table.names, **options)


def _build_one(zoo: Zoo, spec: Spec) -> None:
    name = f"cat-{spec.name}"
    rng = zoo.rng(name)
    table = make_table(rng, 3000, spec.numeric, spec.categories, missing=spec.missing)
    if spec.odd_names:
        odd = ["amount, EUR", 'the "mean"', "señal", "a\\b", "日本 7", "x=1;y", " led"]
        table.names[: len(odd)] = odd
    parameters = {**BASE, "random_seed": int(rng.integers(1 << 30)), **spec.parameters}
    half = len(table.values) * 2 // 3
    options: dict[str, Any] = {}
    rows = slice(None)
    if spec.early_stopping:
        rows = slice(0, half)
        options = {"eval_set": _pool(spec, table, slice(half, None)), "early_stopping_rounds": 3}
    model = catboost.CatBoost(parameters)
    model.fit(_pool(spec, table, rows), **options)
    if spec.scale_and_bias:
        model.set_scale_and_bias(*spec.scale_and_bias)
    path = zoo.path(name, "json")
    model.save_model(str(path), format="json")
    facts: dict[str, Any] = {
        "library": "catboost",
        "version": catboost.__version__,
        "format": "json",
        "options": {**spec.parameters, "scale_and_bias": spec.scale_and_bias},
        "best_iteration": model.get_best_iteration() if spec.early_stopping else None,
    }
    if spec.expectation == "refused":
        zoo.refused(name, "json", table, spec.word, **facts)
        return
    # Without a missing cell in training, missing cells still come at prediction.
    if spec.missing == 0:
        table.values[rng.random(table.values.shape) < 0.02] = np.nan
    if spec.word:
        facts["word"] = spec.word
    thresholds = thresholds_of(json.loads(path.read_text(encoding="utf-8")))
    reader = SavedModel(model, str(path), parameters["loss_function"])
    zoo.exact(name, "json", table, reader, thresholds, expectation=spec.expectation, **facts)


def build(zoo: Zoo) -> list[str]:
    """Makes all CatBoost models; returns the versions used."""
    for spec in SPECS:
        _build_one(zoo, spec)
    return [f"catboost {catboost.__version__}"]
