"""Trains the forests that are measured, seeded, and writes each with rows and with the library's own answers."""

import json
import os

import catboost
import lightgbm
import numpy as np
import xgboost

import rows

SEED = 7
TRAINING_ROWS = 400_000
SCORED_ROWS = 20_000
EDGE_ROWS = 200
EXPLAINED_ROWS = 100

# name: (library, trees, size of a tree, categorical?, small?)
MODELS = {
    "xgb_100_d6": ("xgboost", 100, 6, False, True),
    "xgb_500_d8": ("xgboost", 500, 8, False, False),
    "lgb_300_l31": ("lightgbm", 300, 31, False, True),
    "lgb_1000_l63": ("lightgbm", 1000, 63, False, False),
    "xgb_cat_200_d6": ("xgboost", 200, 6, True, False),
    "lgb_cat_300_l31": ("lightgbm", 300, 31, True, False),
    "cat_500_d6": ("catboost", 500, 6, False, True),
}


def train_xgboost(cells, labels, trees, depth, categorical):
    parameters = {
        "objective": "binary:logistic", "max_depth": depth, "eta": 0.05, "tree_method": "hist", "seed": SEED,
        "subsample": 0.8, "colsample_bytree": 0.8, "min_child_weight": 0.5, "nthread": os.cpu_count(),
    }
    return xgboost.train(parameters, xgboost_matrix(cells, categorical, labels), trees)


def xgboost_matrix(cells, categorical, labels=None):
    types = ["c" if column in rows.CATEGORIES else "q" for column in range(rows.COLUMNS)] if categorical else None
    return xgboost.DMatrix(cells, labels, feature_types=types, enable_categorical=categorical)


def train_lightgbm(cells, labels, trees, leaves, categorical):
    parameters = {
        "objective": "binary", "num_leaves": leaves, "learning_rate": 0.05, "seed": SEED, "deterministic": True,
        "force_row_wise": True, "bagging_fraction": 0.8, "bagging_freq": 1, "feature_fraction": 0.8, "verbosity": -1,
        "num_threads": os.cpu_count(),
    }
    data = lightgbm.Dataset(cells, labels, categorical_feature=list(rows.CATEGORIES) if categorical else [])
    return lightgbm.train(parameters, data, trees)


def train_catboost(cells, labels, trees, depth):
    model = catboost.CatBoostClassifier(
        iterations=trees, depth=depth, learning_rate=0.05, random_seed=SEED, boosting_type="Plain",
        logging_level="Silent", allow_writing_files=False, thread_count=os.cpu_count())
    return model.fit(cells, labels.astype(int))


def thresholds_of(library, model):
    """The thresholds of each column, for the edge cases."""
    found = [[] for _ in range(rows.COLUMNS)]
    if library == "xgboost":
        for tree in json.loads(model.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]:
            for node, left in enumerate(tree["left_children"]):
                if left >= 0 and not tree["split_type"][node]:
                    found[tree["split_indices"][node]].append(tree["split_conditions"][node])
    elif library == "lightgbm":
        frame = model.trees_to_dataframe()
        for column, threshold in zip(frame["split_feature"], frame["threshold"]):
            if isinstance(column, str) and "||" not in str(threshold):
                try:
                    found[int(column.split("_")[1])].append(float(threshold))
                except ValueError:
                    continue
    else:
        for column, borders in enumerate(model.get_borders().values()):
            found[column].extend(borders)
    largest = float(np.finfo(np.float32).max)
    return [sorted({value for value in column if abs(value) <= largest}) for column in found]


def answers_of(library, model, cells, categorical):
    """(rows x 2: raw margin and probability, 100 x 31: exact SHAP of the first 50 and the first 50 edge rows)."""
    edge = len(cells) - EDGE_ROWS
    explained = np.concatenate([cells[: EXPLAINED_ROWS // 2], cells[edge: edge + EXPLAINED_ROWS // 2]])
    if library == "xgboost":
        margins = model.inplace_predict(cells, predict_type="margin")
        probabilities = model.inplace_predict(cells)
        contributions = model.predict(xgboost_matrix(explained, categorical), pred_contribs=True)
    elif library == "lightgbm":
        margins, probabilities = model.predict(cells, raw_score=True), model.predict(cells)
        contributions = model.predict(explained, pred_contrib=True)
    else:
        margins = model.predict(cells, prediction_type="RawFormulaVal")
        probabilities = model.predict(cells, prediction_type="Probability")[:, 1]
        contributions = model.get_feature_importance(catboost.Pool(explained), type="ShapValues")
    return np.column_stack([margins, probabilities]).astype("<f8"), contributions.astype("<f8")


def save(library, model, stem):
    if library == "xgboost":
        model.save_model(stem + ".json")
        model.save_model(stem + ".ubj")
    elif library == "lightgbm":
        model.save_model(stem + ".txt")
    else:
        model.save_model(stem + ".json", format="json")
        model.save_model(stem + ".catboost.onnx", format="onnx")
        model.save_model(stem + ".catboost.cpp", format="cpp")


def prepare(name, folder, say):
    """Writes NAME.<its own format>, NAME.rows.f32, NAME.expected.f64 and NAME.contribs.f64, unless all are there."""
    library, trees, size, categorical, _ = MODELS[name]
    stem = os.path.join(folder, name)
    if os.path.exists(stem + ".contribs.f64"):
        return
    say(f"{name}: training on {TRAINING_ROWS} rows …")
    cells, labels = rows.table(SEED, TRAINING_ROWS, categorical)
    if library == "xgboost":
        model = train_xgboost(cells, labels, trees, size, categorical)
    elif library == "lightgbm":
        model = train_lightgbm(cells, labels, trees, size, categorical)
    else:
        model = train_catboost(cells, labels, trees, size)
    save(library, model, stem)
    scored, _ = rows.table(SEED + 1, SCORED_ROWS, categorical)
    scored = rows.with_edge_cases(SEED, scored, thresholds_of(library, model), categorical, EDGE_ROWS)
    expected, contributions = answers_of(library, model, scored, categorical)
    scored.astype("<f4").tofile(stem + ".rows.f32")
    expected.tofile(stem + ".expected.f64")
    contributions.tofile(stem + ".contribs.f64")
