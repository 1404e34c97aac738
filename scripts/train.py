"""Trains a gradient-boosted model on a table of features and writes a bundle.

The table has a row a payment in event time, as `shroff score --features` wrote it: what the live service would have
seen, and the label with the time at which it became known. Time goes one way here too:

    | train                      | stop | calibrate | wait for labels | test         |
    0                            50 %   55 %        60 %              D = 80 %       100 %

The first days are kept in training on purpose: everything is new to a service that has just begun, and a model that has
seen such days does not take newness for fraud on the first day of yours.

Training, early stopping and calibration use payments before the wait, and only labels known by D; the test uses the
payments after D, with the labels as they are known at the end. A payment that nobody reported by D counts as legitimate.
"""

import argparse
import hashlib
import json
import pathlib
import sys

import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

LEADING = ["transaction_id", "event_time", "label", "labelled_at", "decision", "score"]
GOLDEN_ROWS = 256
# Shorter ensembles, the first of the trees, that are calibrated too: a service takes the longest that is quick enough
# on its machine when the time is short for the whole model.
TRUNCATED_SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2)


def main():
    options = parse_arguments()
    definitions = json.loads(pathlib.Path(options.definitions).read_text())["features"]
    names = definitions["names"]
    table = read_table(options.features, names)
    parts = split(table)
    rng = np.random.default_rng(options.seed)
    booster = train(parts, names, options, rng)
    readout = read_out(booster, parts["calibrate"], names, options.keep)
    quality = measure(booster, parts["test"], names, readout["isotonic"], options.keep)
    truncated = truncate(booster, parts, names, options.keep)
    write_bundle(options, definitions, booster, parts, readout, truncated, quality, rng)
    print(f"{'':22}{'model':>10}{'rules':>10}")
    for metric in ("average_precision", "auc_roc", "recall_at_fpr_0_01", "recall_at_fpr_0_001"):
        print(f"{metric:22}{quality[metric]:10.4f}{quality['rules_' + metric]:10.4f}")
    for metric in ("brier", "calibration_error", "predicted_to_observed"):
        print(f"{metric:22}{quality[metric]:10.5f}")
    for trees, _, average_precision in truncated:
        print(f"{f'first {trees} trees':22}{average_precision:10.4f}  average precision")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--features", required=True)
    parser.add_argument("--definitions", required=True, help="what `shroff config check --json` printed")
    parser.add_argument("--output", required=True)
    parser.add_argument("--name", default="default")
    parser.add_argument("--version", required=True)
    parser.add_argument("--keep", type=float, default=0.2, help="share of legitimate payments kept in training")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not 0 < options.keep <= 1:
        parser.error("--keep must be above 0 and at most 1")
    return options


def read_table(path, names):
    table = pd.read_csv(path, dtype={name: np.float64 for name in names})
    missing = [name for name in LEADING + names if name not in table.columns]
    if missing:
        sys.exit(f"{path}: these columns are missing: {', '.join(missing)}")
    table["event_time"] = pd.to_datetime(table["event_time"], utc=True, format="ISO8601")
    table["labelled_at"] = pd.to_datetime(table["labelled_at"], utc=True, format="ISO8601")
    return table.sort_values("event_time", kind="stable").reset_index(drop=True)


def split(table):
    first, last = table["event_time"].iloc[0], table["event_time"].iloc[-1]

    def at(share):
        return first + (last - first) * share

    known_by = at(0.8)
    fraud = table["label"] == 1
    parts = {}
    for part, start, end in (
        ("train", 0.0, 0.5), ("stop", 0.5, 0.55), ("calibrate", 0.55, 0.6), ("test", 0.8, 1.01),
    ):
        rows = (table["event_time"] >= at(start)) & (table["event_time"] < at(end))
        known = fraud if part == "test" else fraud & (table["labelled_at"] <= known_by)
        chosen = table[rows].copy()
        chosen["is_fraud"] = known[rows].to_numpy()
        if not 0 < chosen["is_fraud"].sum() < len(chosen):
            sys.exit(f"The {part} period has {len(chosen)} payments and {chosen['is_fraud'].sum()} known frauds: too few.")
        parts[part] = chosen
    return parts


def matrix(part, names):
    return xgb.DMatrix(part[names].to_numpy(dtype=np.float64), label=part["is_fraud"], feature_names=names)


def train(parts, names, options, rng):
    rows = parts["train"]
    kept = rows[rows["is_fraud"] | (rng.random(len(rows)) < options.keep)]
    parameters = {
        "objective": "binary:logistic", "eval_metric": "aucpr", "tree_method": "hist", "max_bin": 1024,
        "max_depth": 5, "eta": 0.08, "subsample": 0.8, "colsample_bytree": 0.7, "min_child_weight": 3, "lambda": 2.0,
        "seed": options.seed, "nthread": 1,
    }
    booster = xgb.train(
        parameters, matrix(kept, names), num_boost_round=400, evals=[(matrix(parts["stop"], names), "stop")],
        early_stopping_rounds=40, verbose_eval=False,
    )
    return booster[: booster.best_iteration + 1]


def margins(booster, part, names):
    return booster.predict(matrix(part, names), output_margin=True)


def undo_sampling(probability, keep):
    return probability / (probability + (1 - probability) / keep)


def sigmoid(margin):
    return 1 / (1 + np.exp(-margin.astype(np.float64)))


def read_out(booster, part, names, keep):
    """What a margin of this ensemble means: its calibration and its score anchors."""
    return {"isotonic": calibrate(booster, part, names, keep), "anchors": score_anchors(booster, part, names)}


def truncate(booster, parts, names, keep):
    """Trees, readout and average precision of each shorter ensemble."""
    rounds = booster.num_boosted_rounds()
    ensembles = []
    for trees in sorted({int(rounds * share) for share in TRUNCATED_SHARES} - {0, rounds}):
        shorter = booster[:trees]
        scores = margins(shorter, parts["test"], names)
        average_precision = float(average_precision_score(parts["test"]["is_fraud"], scores))
        ensembles.append((trees, read_out(shorter, parts["calibrate"], names, keep), average_precision))
    return ensembles


def calibrate(booster, part, names, keep):
    """Isotonic regression from the probability with the sampling undone to the observed one."""
    undone = undo_sampling(sigmoid(margins(booster, part, names)), keep)
    isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    isotonic.fit(undone, part["is_fraud"])
    x, y = isotonic.X_thresholds_, isotonic.y_thresholds_
    rising = np.concatenate([[True], np.diff(x) > 0])
    return [[float(a), float(b)] for a, b in zip(x[rising], y[rising])]


def score_anchors(booster, part, names):
    """Margins with the share of legitimate payments at or above them, from all of them to one in a thousand."""
    legitimate = np.sort(margins(booster, part[~part["is_fraud"]], names).astype(np.float64))
    anchors = []
    for rate in np.logspace(0, -3, 91):
        index = min(len(legitimate) - 1, max(0, int(np.ceil(len(legitimate) * (1 - rate)))))
        margin = float(legitimate[index])
        if not anchors or margin > anchors[-1][0]:
            anchors.append([margin, float(rate)])
    anchors[-1][1] = min(anchors[-1][1], 0.001)
    return anchors


def recall_at(scores, is_fraud, rate):
    threshold = np.quantile(scores[~is_fraud], 1 - rate)
    return float((scores[is_fraud] > threshold).mean())


def calibration_error(predicted, observed, bins=20):
    """The mean distance of predicted and observed share over bins of equal count."""
    order = np.argsort(predicted, kind="stable")
    return float(
        sum(abs(predicted[b].mean() - observed[b].mean()) * len(b) for b in np.array_split(order, bins)) / len(order))


def measure(booster, part, names, calibration, keep):
    is_fraud = part["is_fraud"].to_numpy()
    raw = margins(booster, part, names).astype(np.float64)
    points = np.array(calibration)
    probability = np.interp(undo_sampling(sigmoid(raw), keep), points[:, 0], points[:, 1])
    quality = {"payments": len(part), "frauds": int(is_fraud.sum())}
    for prefix, scores in (("", raw), ("rules_", part["score"].to_numpy(dtype=np.float64))):
        quality[prefix + "average_precision"] = float(average_precision_score(is_fraud, scores))
        quality[prefix + "auc_roc"] = float(roc_auc_score(is_fraud, scores))
        quality[prefix + "recall_at_fpr_0_01"] = recall_at(scores, is_fraud, 0.01)
        quality[prefix + "recall_at_fpr_0_001"] = recall_at(scores, is_fraud, 0.001)
    quality["brier"] = float(brier_score_loss(is_fraud, probability))
    quality["calibration_error"] = calibration_error(probability, is_fraud.astype(float))
    quality["predicted_to_observed"] = float(probability.mean() / is_fraud.mean())
    return quality


def golden(booster, part, names, rng):
    """Rows with the library's own margin: sampled ones, frauds among them, and rows with values taken out."""
    frauds = part[part["is_fraud"]]
    rows = pd.concat([
        part.sample(GOLDEN_ROWS // 2, random_state=int(rng.integers(1 << 31))),
        frauds.sample(min(len(frauds), GOLDEN_ROWS // 4), random_state=int(rng.integers(1 << 31))),
    ])
    values = rows[names].to_numpy(dtype=np.float64)
    holes = values[rng.integers(len(values), size=GOLDEN_ROWS // 4)].copy()
    holes[rng.random(holes.shape) < 0.3] = np.nan
    values = np.concatenate([values, holes, np.full((1, len(names)), np.nan)])
    raw = booster.predict(xgb.DMatrix(values, feature_names=names), output_margin=True)
    lines = [",".join(names + ["margin"])]
    for row, margin in zip(values, raw):
        cells = ["" if np.isnan(value) else repr(float(value)) for value in row]
        lines.append(",".join(cells + [repr(float(margin))]))
    return "\n".join(lines) + "\n"


def readout_lines(readout, keep, indent):
    """The calibration and the score anchors, as the manifest has them."""
    lines = [
        "calibration:",
        f"  legitimate_kept: {keep}",
        "  isotonic:",
        *[f"    - [{x!r}, {y!r}]" for x, y in readout["isotonic"]],
        "score_anchors:",
        *[f"  - [{margin!r}, {rate!r}]" for margin, rate in readout["anchors"]],
    ]
    return [" " * indent + line for line in lines]


def truncated_lines(truncated, keep):
    if not truncated:
        return []
    lines = ["# The first trees alone, which stand in when the time is short for all of them.", "truncated:"]
    for trees, readout, average_precision in truncated:
        lines.append(f"  - trees: {trees}  # average precision {average_precision:.4f}")
        lines += readout_lines(readout, keep, 4)
    return lines


def write_bundle(options, definitions, booster, parts, readout, truncated, quality, rng):
    folder = pathlib.Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    names = definitions["names"]
    booster.save_model(folder / "model.json")
    (folder / "golden.csv").write_text(golden(booster, parts["test"], names, rng))

    def digest(file):
        return hashlib.sha256((folder / file).read_bytes()).hexdigest()

    train_part, test = parts["train"], parts["test"]
    lines = [
        "# A model and what its file does not say of itself. Written by scripts/train; the service refuses the bundle",
        "# when a digest, a golden row or a feature's definition is not as it was.",
        f"name: {options.name}",
        f'version: "{options.version}"',
        f"model: {{ file: model.json, sha256: {digest('model.json')} }}",
        f"golden: {{ file: golden.csv, sha256: {digest('golden.csv')} }}",
        "missing: nan",
        "features:",
        f"  digest: {definitions['digest']}",
        "  order:",
        *[f"    - {name}" for name in names],
        *readout_lines(readout, options.keep, 0),
        *truncated_lines(truncated, options.keep),
        "training:",
        f"  library: xgboost {xgb.__version__}",
        f"  from: {train_part['event_time'].iloc[0].isoformat()}",
        f"  to: {train_part['event_time'].iloc[-1].isoformat()}",
        f"  payments: {len(train_part)}",
        f"  frauds: {int(train_part['is_fraud'].sum())}",
        f"  trees: {booster.num_boosted_rounds()}",
        "# On the payments after the training, with the labels as they became known; the rules' own figures beside.",
        "quality:",
        f"  from: {test['event_time'].iloc[0].isoformat()}",
        f"  to: {test['event_time'].iloc[-1].isoformat()}",
        *[f"  {metric}: {value:.6g}" for metric, value in quality.items()],
    ]
    (folder / "bundle.yaml").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
