"""What the libraries' models share: synthetic rows, edge rows, and how a model is written down.

A model becomes five files in one folder: the model as its library writes it, and beside it

    NAME.rows.csv       header of feature names; exact values of the cells, empty for missing
    NAME.expected.csv   raw margin and prediction of every row, no header
    NAME.contribs.csv   the library's exact SHAP values of the first rows, bias last, no header
    manifest.json       one entry a model: file, library, options, and what is expected of a reader

Numbers are printed with the fewest digits that read back to the same double (float32 widened).
"""

from __future__ import annotations

import csv
import dataclasses
import json
import pathlib
import zlib
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

#: How many rows the SHAP values are written for.
CONTRIBUTION_ROWS = 40
#: Of these, the last so many are edge rows.
CONTRIBUTION_EDGE_ROWS = 15

Array = np.ndarray


@dataclasses.dataclass
class Table:
    """Training rows. `values` has NaN for missing; `is_category` tells which columns hold codes."""

    names: list[str]
    is_category: list[bool]
    values: Array
    label: Array
    #: Rows of one query for ranking: consecutive, sizes add up to the number of rows.
    groups: Array

    @property
    def category_columns(self) -> list[int]:
        return [column for column, is_code in enumerate(self.is_category) if is_code]


class Reader(Protocol):
    """A saved model, read again by its own library."""

    #: Whether the library gives SHAP values of rows with an infinite cell.
    explains_infinity: bool

    def one(self, row: Array) -> tuple[float, float]:
        """Raw margin and prediction of one row; raises where the library refuses the row."""

    def many(self, rows: Array) -> tuple[Array, Array]:
        """The same of all rows in one call."""

    def contributions(self, rows: Array) -> Array | None:
        """SHAP values, one row each, bias last; None where the library has none for the model."""


def make_table(
    rng: np.random.Generator,
    rows: int = 3000,
    numeric: int = 15,
    categories: tuple[int, ...] = (),
    missing: float = 0.035,
    single_precision: bool = True,
) -> Table:
    """Fraud-like rows: skewed amounts, whole numbers, columns that are mostly zero, rare positives.

    `categories` holds the number of codes of each categorical column, which come last.
    """
    makers: list[Callable[[], Array]] = [
        lambda: np.round(rng.lognormal(3.5, 1.2, rows), 2),
        lambda: rng.integers(0, 24, rows).astype(float),
        lambda: rng.poisson(0.4, rows).astype(float),
        lambda: np.where(rng.random(rows) < 0.75, 0.0, rng.exponential(120.0, rows)),
        lambda: rng.normal(0.0, 1.0, rows),
        lambda: rng.exponential(86_400.0, rows),
        lambda: rng.integers(0, 2, rows).astype(float),
        lambda: rng.normal(0.0, 1.0, rows) * 10.0 ** rng.integers(-6, 6, rows),
        lambda: np.where(rng.random(rows) < 0.5, 0.0, rng.normal(0.0, 1e-3, rows)),
        lambda: rng.integers(-40, 400, rows).astype(float),
    ]
    columns = [makers[k % len(makers)]() for k in range(numeric)]
    score = sum(rng.normal() * _rank(column) for column in columns) / np.sqrt(numeric)
    for _ in range(4):
        first, second = rng.integers(0, numeric, 2)
        both = (_rank(columns[first]) > 0.6) & (_rank(columns[second]) < 0.5)
        score = score + rng.normal() * 2 * both
    for count in categories:
        codes = np.minimum(rng.geometric(2.5 / (count + 2), rows) - 1, count - 1)
        columns.append(codes.astype(float))
        score = score + rng.normal(0.0, 0.8, count)[codes]
    noisy = score + rng.normal(0.0, 0.25, rows)
    label = (noisy > np.quantile(noisy, 0.94)).astype(float)
    values = np.column_stack(columns)
    values[rng.random(values.shape) < missing] = np.nan
    if single_precision:
        values = values.astype(np.float32).astype(np.float64)
    names = [f"{'numeric' if k < numeric else 'code'}_{k}" for k in range(values.shape[1])]
    groups = np.full(rows // 20, 20)
    is_category = [False] * numeric + [True] * len(categories)
    return Table(names, is_category, values, label, groups)


def _rank(column: Array) -> Array:
    """Each value's place among all, from 0 to 1."""
    return np.argsort(np.argsort(column, kind="stable"), kind="stable") / len(column)


_TINY = float(np.float32(1e-35))  # what LightGBM takes for zero
_SPECIAL = [
    0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 1.401298464324817e-45, -1.401298464324817e-45,
    1.1754942106924411e-38, 1.1754943508222875e-38, 1e-36, -1e-36, _TINY, -_TINY, 2 * _TINY,
    3.4028234663852886e38, -3.4028234663852886e38, 1e-7, 16_777_217.0,
]  # fmt: skip
_SPECIAL_DOUBLE = [
    5e-324, -5e-324, 2.2250738585072014e-308, 1e-35, -1e-35, np.nextafter(_TINY, 1.0),
    np.nextafter(_TINY, 0.0), -np.nextafter(_TINY, 1.0), 1e39, -1e39, 1.7976931348623157e308,
]  # fmt: skip
_SPECIAL_CODE = [
    -1.0, -0.5, -0.0, 0.0, 0.5, 0.9999999403953552, 1.5, -1.0000001192092896, 2.9999998, 31.0, 32.0,
    32.5, 33.0, 63.0, 63.99, 64.0, 65.0, 95.0, 96.0, 127.0, 128.0, 1000.0, 16_777_215.0,
    16_777_216.0, 2_147_483_520.0, 2_147_483_648.0, 4_294_967_296.0, 1e10, 1e20, -1e10, np.inf,
    -np.inf, np.nan,
]  # fmt: skip
_SPECIAL_CODE_DOUBLE = [2_147_483_647.0, 2_147_483_647.5, 4_294_967_299.0, -2_147_483_649.0, 1e300]


def edge_rows(
    rng: np.random.Generator,
    table: Table,
    thresholds: dict[int, Array],
    count: int,
    single_precision: bool = True,
) -> Array:
    """Rows at the model's own thresholds and their neighbours, and at what number formats allow.

    The first rows hold one special value in every column; the others mix.
    """
    specials = np.array(_SPECIAL if single_precision else _SPECIAL + _SPECIAL_DOUBLE)
    codes = np.array(_SPECIAL_CODE if single_precision else _SPECIAL_CODE + _SPECIAL_CODE_DOUBLE)
    near = {column: _neighbours(values, single_precision) for column, values in thresholds.items()}
    rows = table.values[rng.integers(0, len(table.values), count)].copy()
    uniform = [np.nan, 0.0, -0.0, np.inf, -np.inf, 1.401298464324817e-45, -1.0, 3e38, -3e38, _TINY]
    for k in range(count):
        if k < len(uniform):
            rows[k] = uniform[k]
            continue
        # From a single cell to the whole row.
        share = (1.0, 0.5, 0.2, 0.08)[k % 4]
        for column in range(rows.shape[1]):
            if rng.random() >= share:
                continue
            if table.is_category[column]:
                rows[k, column] = rng.choice(codes)
            elif column in near and len(near[column]) and rng.random() < 0.7:
                rows[k, column] = rng.choice(near[column])
            else:
                rows[k, column] = rng.choice(specials)
    return rows.astype(np.float32).astype(np.float64) if single_precision else rows


def _neighbours(thresholds: Array, single_precision: bool) -> Array:
    """Each threshold with the numbers next to it; for doubles also next to its float32."""
    single = np.asarray(thresholds, dtype=np.float64).astype(np.float32)
    infinity = np.float32(np.inf)
    with np.errstate(over="ignore"):
        parts = [single, np.nextafter(single, infinity), np.nextafter(single, -infinity)]
    near = [part.astype(np.float64) for part in parts]
    if not single_precision:
        double = np.asarray(thresholds, dtype=np.float64)
        near += [double, np.nextafter(double, np.inf), np.nextafter(double, -np.inf)]
    return np.unique(np.concatenate(near))


@dataclasses.dataclass
class Zoo:
    """A folder of models, and the manifest that grows with it."""

    folder: pathlib.Path
    seed: int
    entries: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def rng(self, name: str) -> np.random.Generator:
        """Random numbers of one model: they depend on the seed and its name only."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def path(self, name: str, kind: str) -> pathlib.Path:
        return self.folder / f"{name}.{kind}"

    def refused(self, name: str, kind: str, table: Table, word: str, **facts: Any) -> None:
        """Notes a model that a reader must refuse, in a message with `word` in it."""
        self._write_rows(name, table, table.values[:5])
        self._note(name, kind, "refused", word=word, **facts)

    def exact(
        self,
        name: str,
        kind: str,
        table: Table,
        reader: Reader,
        thresholds: dict[int, Array],
        single_precision: bool = True,
        expectation: str = "exact",
        **facts: Any,
    ) -> None:
        """Writes rows, expected values and SHAP values of a saved model."""
        rng = self.rng(name + "/rows")
        usual = table.values[rng.permutation(len(table.values))[:200]]
        edges = edge_rows(rng, table, thresholds, 220, single_precision)
        ordinary = CONTRIBUTION_ROWS - CONTRIBUTION_EDGE_ROWS
        rows = np.concatenate([usual[:ordinary], edges, usual[ordinary:]])
        if not reader.explains_infinity:
            rows = rows[np.argsort(np.isinf(rows).any(axis=1), kind="stable")]
        kept: list[int] = []
        expected: list[tuple[float, float]] = []
        refusals: dict[str, int] = {}
        for index, row in enumerate(rows):
            try:
                expected.append(reader.one(row))
                kept.append(index)
            except Exception as error:  # Each library has its own kinds.
                reason = _first_line(error)
                refusals[reason] = refusals.get(reason, 0) + 1
        if not kept:  # an old version may write what it does not read
            self.path(name, kind).unlink()
            print(f"{name}.{kind}: left out, the library itself says {refusals}", flush=True)
            return
        assert len(kept) >= 150, f"{name}: the library takes {len(kept)} rows only: {refusals}"
        rows = rows[kept]
        single = np.array(expected)
        margins, predictions = reader.many(rows)
        batch = np.column_stack([margins, predictions]).astype(np.float64)
        self._write_rows(name, table, rows)
        self._write_numbers(name, "expected", single)
        contributions = reader.contributions(rows[:CONTRIBUTION_ROWS])
        if contributions is not None:
            self._write_numbers(name, "contribs", contributions)
        self._note(
            name,
            kind,
            expectation,
            rows=len(rows),
            contribution_rows=0 if contributions is None else len(contributions),
            batch_margins_that_differ=_different(single[:, 0], batch[:, 0]),
            batch_predictions_that_differ=_different(single[:, 1], batch[:, 1]),
            rows_the_library_refused=refusals,
            **facts,
        )

    def _note(self, name: str, kind: str, expectation: str, **facts: Any) -> None:
        entry = {"name": name, "file": f"{name}.{kind}", "expectation": expectation, **facts}
        self.entries.append(entry)
        print(f"{name}.{kind}: {expectation}", flush=True)

    def _write_rows(self, name: str, table: Table, rows: Array) -> None:
        with self.path(name, "rows.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(table.names)
            for row in rows:
                writer.writerow(["" if np.isnan(cell) else repr(float(cell)) for cell in row])

    def _write_numbers(self, name: str, kind: str, values: Array) -> None:
        lines = [",".join(repr(float(value)) for value in row) + "\n" for row in values]
        self.path(name, f"{kind}.csv").write_text("".join(lines), encoding="utf-8")

    def save(self, file: str, versions: list[str]) -> None:
        """Writes the manifest."""
        manifest = {"seed": self.seed, "versions": versions, "models": self.entries}
        text = json.dumps(manifest, indent=1, ensure_ascii=False, default=str)
        (self.folder / file).write_text(text + "\n", encoding="utf-8")


def _different(first: Array, second: Array) -> int:
    """How many numbers differ in their bits."""
    return int((first.view(np.uint64) != np.ascontiguousarray(second).view(np.uint64)).sum())


def _first_line(error: Exception) -> str:
    """What an error says, without the stack that some libraries put behind it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text.split("] ", 1)[-1][:160]
