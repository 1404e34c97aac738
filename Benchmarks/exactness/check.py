"""Compares what `shroff` answers with what the libraries answered, model by model.

    check.py --models DIR --shroff PROGRAM

Raw margins must be equal to the last bit. Predictions may be one unit in the last place apart, of a
float32 for XGBoost and of a double for the others, because exponentials differ between C libraries.
SHAP values must be within 1e-5 of the row's sum of absolute values (at least 1). What is not
supported must be refused by name. Exits 1 on any difference.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np

Array = np.ndarray

#: How far a prediction may be off, in units in the last place.
PREDICTION_TOLERANCE_ULPS = 1
#: How far a SHAP value may be off, as a share of the row's sum of absolute values, at least 1.
CONTRIBUTION_TOLERANCE = 1e-5
#: A program that does not end is a failure too.
TIME_LIMIT_SECONDS = 120


@dataclasses.dataclass
class Verdict:
    """One line of the table."""

    name: str
    format: str
    outcome: str
    rows: int = 0
    margins_that_differ: int = 0
    largest_ulps: float = 0.0
    contribution_error: float | None = None
    faults: list[str] = dataclasses.field(default_factory=list)

    def line(self, width: int) -> str:
        error = "-" if self.contribution_error is None else f"{self.contribution_error:.1e}"
        text = (
            f"{self.name:<{width}}  {self.format:<6}  {self.outcome:<8}  {self.rows:>5}"
            f"  {self.margins_that_differ:>7}  {self.largest_ulps:>6.6g}  {error:>8}"
        )
        return text + ("  FAILED: " + "; ".join(self.faults) if self.faults else "")


class Refusal(Exception):
    """The program ended with an error; its message is the exception's."""


def ask(program: str, verb: str, model: pathlib.Path, rows: pathlib.Path, *options: str) -> Array:
    """The numbers that `shroff model VERB MODEL ROWS` prints, one row a line."""
    command = [program, "model", verb, str(model), str(rows), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_SECONDS)
    if done.returncode < 0:
        raise RuntimeError(f"`{verb}` was ended by signal {-done.returncode}")
    if done.returncode != 0:
        # The file's own name may hold the word that is looked for.
        raise Refusal(done.stderr.replace(str(model), "the model").strip())
    lines = done.stdout.splitlines()
    return np.array([[float(cell) for cell in line.split("\t")] for line in lines])


def read_numbers(path: pathlib.Path) -> Array:
    """A table of numbers without a header."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return np.array([[float(cell) for cell in line.split(",")] for line in lines])


def ulps_between(first: Array, second: Array, single: bool) -> Array:
    """How many representable numbers lie between, 0 for equal bits; infinite for not-a-number."""
    kind, bits = (np.float32, np.int32) if single else (np.float64, np.int64)
    places = []
    for values in (first, second):
        lowest = int(np.iinfo(bits).min)
        numbers = [int(number) for number in values.astype(kind).view(bits)]
        places.append([number if number >= 0 else lowest - number for number in numbers])
    distance = np.array([abs(a - b) for a, b in zip(*places, strict=True)], dtype=np.float64)
    distance[np.isnan(first) | np.isnan(second)] = np.inf
    return distance


def bits_differ(first: Array, second: Array, single: bool) -> Array:
    """Whether two numbers differ in their bits. A float32 is compared as one: it is printed so."""
    kind, bits = (np.float32, np.uint32) if single else (np.float64, np.uint64)
    return first.astype(kind).view(bits) != second.astype(kind).view(bits)


def check_predictions(
    verdict: Verdict, entry: dict[str, Any], answer: Array, expected: Array
) -> None:
    """Holds margins and predictions against the library's."""
    single = entry["library"] == "xgboost"
    if answer.shape != expected.shape:
        verdict.faults.append(f"{answer.shape} numbers where {expected.shape} are expected")
        return
    margins = np.flatnonzero(bits_differ(answer[:, 0], expected[:, 0], single))
    verdict.rows = len(expected)
    verdict.margins_that_differ = len(margins)
    if len(margins):
        row = int(margins[0])
        verdict.faults.append(_unlike("margin", row, answer[row, 0], expected[row, 0]))
    ulps = ulps_between(answer[:, 1], expected[:, 1], single)
    verdict.largest_ulps = float(ulps.max())
    if verdict.largest_ulps > PREDICTION_TOLERANCE_ULPS:
        row = int(ulps.argmax())
        verdict.faults.append(_unlike("prediction", row, answer[row, 1], expected[row, 1]))


def _unlike(what: str, row: int, answer: float, expected: float) -> str:
    return f"{what} of row {row + 1} is {float(answer)!r}, not {float(expected)!r}"


def check_contributions(verdict: Verdict, answer: Array, expected: Array) -> None:
    """Holds SHAP values against the library's; it explained the first rows only."""
    if len(answer) < len(expected) or answer.shape[1] != expected.shape[1]:
        verdict.faults.append(f"{answer.shape} SHAP values where {expected.shape} are expected")
        return
    scale = np.maximum(1.0, np.abs(expected).sum(axis=1))
    error = np.abs(answer[: len(expected)] - expected).max(axis=1) / scale
    verdict.contribution_error = float(error.max())
    if not verdict.contribution_error <= CONTRIBUTION_TOLERANCE:
        row = int(np.argmax(np.where(np.isnan(error), np.inf, error)))
        verdict.faults.append(f"SHAP values of row {row + 1} are off by {error[row]:.2g}")


def check_model(
    entry: dict[str, Any], folder: pathlib.Path, program: str, explain: bool
) -> Verdict:
    """What the program makes of one model."""
    name = entry["name"]
    verdict = Verdict(name, entry["format"], "exact")
    model = folder / entry["file"]
    rows = folder / f"{name}.rows.csv"
    try:
        answer = ask(program, "predict", model, rows)
    except Refusal as refusal:
        verdict.outcome = "refused"
        word = entry.get("word", "")
        if entry["expectation"] == "exact":
            verdict.faults.append(f"refused: {refusal}")
        elif word.lower() not in str(refusal).lower():
            verdict.faults.append(f"refused without the word {word!r}: {refusal}")
        return verdict
    except (RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
        verdict.outcome = "broken"
        verdict.faults.append(str(error))
        return verdict
    if entry["expectation"] == "refused":
        verdict.outcome = "accepted"
        verdict.faults.append(f"not refused: {entry.get('word', '')}")
        return verdict
    check_predictions(verdict, entry, answer, read_numbers(folder / f"{name}.expected.csv"))
    contributions = folder / f"{name}.contribs.csv"
    if explain and contributions.exists():
        try:
            answer = ask(program, "explain", model, rows, "--table")
            check_contributions(verdict, answer, read_numbers(contributions))
        except (Refusal, RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
            verdict.faults.append(f"no SHAP values: {error}")
    if verdict.faults:
        verdict.outcome = "differs"
    return verdict


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--models", type=pathlib.Path, required=True, help="made by make_models.py")
    parser.add_argument("--shroff", required=True, help="the program")
    parser.add_argument("--only", default="", help="only models whose names hold this")
    parser.add_argument("--no-contributions", action="store_true", help="leave SHAP values out")
    options = parser.parse_args()
    manifest = json.loads((options.models / "manifest.json").read_text(encoding="utf-8"))
    entries = [entry for entry in manifest["models"] if options.only in entry["name"]]
    if not entries:
        print("There is no such model.", file=sys.stderr)
        return 2
    width = max(len(entry["name"]) for entry in entries)
    print(", ".join(manifest["versions"]))
    print(f"{'model':<{width}}  format  outcome    rows  margins    ulps      SHAP")
    verdicts = []
    for entry in entries:
        explain = not options.no_contributions
        verdicts.append(check_model(entry, options.models, options.shroff, explain))
        print(verdicts[-1].line(width), flush=True)
    failed = sum(1 for verdict in verdicts if verdict.faults)
    rows = sum(verdict.rows for verdict in verdicts)
    refused = sum(1 for verdict in verdicts if verdict.outcome == "refused" and not verdict.faults)
    differing = sum(verdict.margins_that_differ for verdict in verdicts)
    print(
        f"seed {manifest['seed']}: {len(verdicts)} models, {rows} rows, {differing} margins differ,"
        f" {refused} models refused by name, {failed} models failed"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
