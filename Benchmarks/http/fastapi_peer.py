"""The fraud service that one would write in Python first: FastAPI takes the payment, orjson parses it, a dictionary
gives each of the model's features, XGBoost scores, orjson writes the answer. There are no histories (what a feature
store would have given are constants from one golden row of the model's bundle), no rules, no record, no checks.

    uvicorn fastapi_peer:app     PEER_MODEL: the bundle's folder; PEER_ANSWER: a file with an answer of Shroff's
"""

import csv
import os
import pathlib
from typing import Any

import numpy as np
import orjson
import xgboost
from fastapi import FastAPI, Request, Response

BUNDLE = pathlib.Path(os.environ["PEER_MODEL"])
ANSWER: dict[str, Any] = orjson.loads(pathlib.Path(os.environ["PEER_ANSWER"]).read_bytes())

booster = xgboost.Booster({"nthread": 1}, model_file=BUNDLE / "model.json")
names = booster.feature_names
assert names is not None
with open(BUNDLE / "golden.csv", newline="", encoding="utf-8") as file:
    golden = next(csv.DictReader(file))
stand_ins = {name: float(golden[name] or "nan") for name in names}

app = FastAPI(openapi_url=None)


@app.post("/v1/score")
async def score(request: Request) -> Response:
    payment = orjson.loads(await request.body())
    features = stand_ins | {
        "amount": payment["amount"] / 100,
        "time_on_page_ms": payment.get("device", {}).get("time_on_page_ms", np.nan),
        "is_merchant_initiated": float(payment.get("initiator") == "merchant"),
    }
    row = np.array([[features[name] for name in names]], dtype=np.float32)
    probability = float(booster.inplace_predict(row, validate_features=False)[0])
    answer = ANSWER | {
        "transaction_id": payment["transaction_id"],
        "score": int(999 * probability),
        "probability": probability,
    }
    return Response(orjson.dumps(answer), media_type="application/json")
