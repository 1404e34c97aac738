"""XGBoost models as JSON and UBJSON, by whatever version from 1.0 on is installed."""

from __future__ import annotations

import json
import pathlib
import tempfile
from typing import Any

import numpy as np
import xgboost

from xgboost_specs import BASE, SPECS, Spec
from zoo import Array, Table, Zoo, make_table

VERSION = tuple(int(part) for part in xgboost.__version__.split(".")[:2])
#: NumPy rows with categorical columns, and UBJSON, came with 1.6; `iteration_range` with 1.4.
HAS_UBJSON = VERSION >= (1, 6)
HAS_ITERATION_RANGE = VERSION >= (1, 4)


def matrix(table: Table, values: Array, named: bool, **options: Any) -> xgboost.DMatrix:
    """Rows as XGBoost takes them: float32, NaN for missing, "c" for columns of codes."""
    if table.category_columns:
        options["feature_types"] = ["c" if is_code else "float" for is_code in table.is_category]
        options["enable_categorical"] = True
    return xgboost.DMatrix(
        np.ascontiguousarray(values, dtype=np.float32),
        feature_names=table.names if named else None,
        missing=np.nan,
        nthread=1,
        **options,
    )


class SavedModel:
    """A model file as XGBoost itself reads it; a best iteration limits the trees.

    A `DMatrix` takes no infinite cell (from 1.4 on), prediction in place does. Their bits are the
    same, but not for DART, where rows with an infinite cell are therefore left out.
    """

    explains_infinity = False

    def __init__(self, path: pathlib.Path, table: Table, named: bool, is_dart: bool) -> None:
        self.table = table
        self.named = named
        self.is_dart = is_dart
        self.booster = xgboost.Booster({"nthread": 1})
        self.booster.load_model(str(path))
        self.limits: dict[str, Any] = {}
        best = self.booster.attr("best_iteration")
        if best is not None:
            rounds = int(best) + 1
            self.limits = {"iteration_range": (0, rounds)}
            if not HAS_ITERATION_RANGE:
                self.limits = {"ntree_limit": rounds}

    def _predict(self, rows: Array, **what: Any) -> Array:
        infinite = np.isinf(rows).any(axis=1)
        if VERSION < (1, 4) or self.is_dart or not infinite.any():
            data = matrix(self.table, rows, self.named)
            return self.booster.predict(data, **self.limits, **what)
        result = np.empty(len(rows), dtype=np.float32)
        if not infinite.all():
            result[~infinite] = self._predict(rows[~infinite], **what)
        result[infinite] = self.booster.inplace_predict(
            np.ascontiguousarray(rows[infinite], dtype=np.float32),
            predict_type="margin" if "output_margin" in what else "value",
            validate_features=False,
            **self.limits,
        )
        return result

    def one(self, row: Array) -> tuple[float, float]:
        margins, predictions = self.many(row.reshape(1, -1))
        return float(margins[0]), float(predictions[0])

    def many(self, rows: Array) -> tuple[Array, Array]:
        margins = self._predict(rows, output_margin=True)
        return margins.astype(np.float64), self._predict(rows).astype(np.float64)

    def contributions(self, rows: Array) -> Array | None:
        try:
            return self._predict(rows, pred_contribs=True).astype(np.float64)
        except xgboost.core.XGBoostError:
            return None


def thresholds_of(booster: xgboost.Booster) -> dict[int, Array]:
    """The numeric thresholds of each feature."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.json"
        booster.save_model(str(path))
        document = json.loads(path.read_text(encoding="utf-8"))
    booster_part = document["learner"]["gradient_booster"]
    found: dict[int, list[float]] = {}
    for tree in booster_part.get("gbtree", booster_part)["model"]["trees"]:
        kinds = tree.get("split_type") or [0] * len(tree["left_children"])
        nodes = zip(
            tree["left_children"],
            tree["split_indices"],
            tree["split_conditions"],
            kinds,
            strict=True,
        )
        for left, feature, threshold, kind in nodes:
            if left >= 0 and kind == 0:
                found.setdefault(feature, []).append(threshold)
    return {feature: np.unique(values) for feature, values in found.items()}


def _label(spec: Spec, table: Table) -> Array:
    objective = spec.parameters.get("objective", "")
    if objective.startswith("multi:"):
        return table.label + (np.nan_to_num(table.values[:, 1]) > 12)
    if objective.startswith("reg:squared") or objective.startswith("count:"):
        return table.label * np.minimum(np.nan_to_num(table.values[:, 0]), 500)
    if spec.parameters.get("multi_strategy"):
        return np.column_stack([table.label, 1 - table.label])
    return table.label


def _training(spec: Spec, table: Table, rows: slice) -> xgboost.DMatrix:
    options: dict[str, Any] = {"label": _label(spec, table)[rows]}
    values = table.values[rows]
    if spec.pandas:
        import pandas

        frame = pandas.DataFrame(values.astype(np.float32), columns=table.names)
        for column in table.category_columns:
            name = table.names[column]
            codes = frame[name].fillna(-1).astype(int)
            categories: Any = list(range(codes.max() + 1))
            if spec.pandas == "strings":
                categories = np.array([f"code {k}" for k in categories], dtype=object)
            frame[name] = pandas.Categorical.from_codes(codes, categories=categories)
        return xgboost.DMatrix(frame, enable_categorical=True, nthread=1, **options)
    data = matrix(table, values, spec.named, **options)
    if spec.parameters.get("objective", "").startswith("rank:"):
        data.set_group(table.groups)
    return data


def _rename(spec: Spec, table: Table) -> None:
    """Names that a document has to escape, and a CSV header to quote."""
    if spec.odd_names:
        odd = ["amount, EUR", 'the "mean"', "señal", "a\\b", "日本 7", "tab\there", "x=1;y", " led"]
        table.names[: len(odd)] = odd


def _build_one(zoo: Zoo, spec: Spec, name: str) -> None:
    rng = zoo.rng(name)
    table = make_table(rng, 3000, spec.numeric, spec.categories, missing=spec.missing)
    _rename(spec, table)
    parameters = {**BASE, "seed": int(rng.integers(1 << 30)), **spec.parameters}
    options: dict[str, Any] = {"verbose_eval": False}
    half = len(table.values) * 2 // 3
    training = _training(spec, table, slice(0, half) if spec.early_stopping else slice(None))
    if spec.early_stopping:
        options["evals"] = [(_training(spec, table, slice(half, None)), "held_out")]
        options["early_stopping_rounds"] = 4
    booster = xgboost.train(parameters, training, spec.rounds, **options)
    if spec.continued:
        more = {**parameters, "max_depth": 2}
        booster = xgboost.train(more, training, 5, xgb_model=booster, verbose_eval=False)
    path = zoo.path(name, spec.format)
    booster.save_model(str(path))
    facts: dict[str, Any] = {
        "library": "xgboost",
        "version": xgboost.__version__,
        "format": spec.format,
        "options": {**spec.parameters, "rounds": spec.rounds},
        "best_iteration": booster.best_iteration if spec.early_stopping else None,
    }
    if spec.expectation == "refused":
        zoo.refused(name, spec.format, table, spec.word, **facts)
        return
    # Without a missing cell in training, missing cells still come at prediction.
    if spec.missing == 0:
        table.values[rng.random(table.values.shape) < 0.02] = np.nan
    is_dart = spec.parameters.get("booster") == "dart"
    reader = SavedModel(path, table, spec.named, is_dart)
    zoo.exact(
        name,
        spec.format,
        table,
        reader,
        thresholds_of(booster),
        expectation=spec.expectation,
        **facts,
    )


def build(zoo: Zoo) -> list[str]:
    """Makes all XGBoost models of the newest version; returns the versions used."""
    for spec in SPECS:
        _build_one(zoo, spec, f"xgb-{spec.name}-{spec.format}")
    return [f"xgboost {xgboost.__version__}"]


def build_old(zoo: Zoo) -> list[str]:
    """Makes the models that older versions are held to, as far as the one at hand can."""
    version = xgboost.__version__
    for spec in SPECS:
        if not spec.old or (spec.format == "ubj" and not HAS_UBJSON):
            continue
        if spec.categories and VERSION < (1, 7):
            continue
        _build_one(zoo, spec, f"xgb-{version.replace('.', '-')}-{spec.name}-{spec.format}")
    return [f"xgboost {version}"]
