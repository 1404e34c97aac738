"""The 15 features of the Fraud Detection Handbook in plain pandas, held against `shroff score --features`, bit by bit.

    python features.py FEATURES.csv FROM TO TRANSACTIONS.csv.gz...

Amounts are whole cents here, so sums are exact and their order does not matter; a mean is one division, and one more
makes euros of it. Rolling windows of pandas are (t - w, t] and end with the row itself, as a payment's own window does.
"""

import sys

import numpy as np
import pandas as pd

DELAY_DAYS = 7
WINDOWS_DAYS = (1, 7, 30)


def read(paths):
    rows = pd.concat(
        [pd.read_csv(path, dtype={"amount": str, "timestamp": str, "transaction_id": str}) for path in paths],
        ignore_index=True)
    rows["time"] = pd.to_datetime(rows["timestamp"], utc=True)
    euros = rows["amount"].str.partition(".")
    rows["cents"] = euros[0].astype("int64") * 100 + euros[2].str.ljust(2, "0").astype("int64")
    return rows


def rolling(rows, key, column, days):
    """Sum and count of a column over the window of each row, among the rows of the same key, in the order of the rows."""
    groups = rows.set_index("time").groupby(key, sort=False)[column]
    window = groups.rolling(f"{days}D")
    sums, counts = window.sum(), window.count()
    # groupby puts group after group; within one the order is that of the rows.
    order = np.concatenate([group.to_numpy() for group in rows.groupby(key, sort=False).groups.values()])
    result = np.empty((2, len(rows)))
    result[0, order] = sums.to_numpy()
    result[1, order] = counts.to_numpy()
    return result


def features(rows):
    table = pd.DataFrame(index=rows.index)
    table["amount"] = rows["cents"] / 100
    table["during_weekend"] = (rows["time"].dt.day_of_week >= 5).astype(float)
    table["during_night"] = (rows["time"].dt.hour <= 6).astype(float)
    for days in WINDOWS_DAYS:
        total, count = rolling(rows, "customer_id", "cents", days)
        table[f"card_count_{days}d"] = count
        table[f"card_mean_{days}d"] = total / count / 100
    delayed_fraud, delayed_count = rolling(rows, "terminal_id", "fraud", DELAY_DAYS)
    for days in WINDOWS_DAYS:
        fraud, count = rolling(rows, "terminal_id", "fraud", DELAY_DAYS + days)
        count, fraud = count - delayed_count, fraud - delayed_fraud
        table[f"terminal_count_{days}d"] = count
        table[f"terminal_risk_{days}d"] = np.divide(fraud, count, out=np.zeros(len(rows)), where=count > 0)
    return table


def main():
    path, start, end, *inputs = sys.argv[1:]
    rows = read(inputs)
    expected = features(rows)
    expected.insert(0, "transaction_id", "handbook-" + rows["transaction_id"])
    chosen = ((rows["timestamp"] >= start) & (rows["timestamp"] < end)).to_numpy()
    expected = expected[chosen].set_index("transaction_id")
    found = pd.read_csv(path, dtype={"transaction_id": str}).set_index("transaction_id")
    found = found.loc[expected.index]
    print(f"{len(expected):,} payments from {start} to {end}")
    differing = 0
    for name in expected.columns:
        ours = found[name].to_numpy(dtype="float64")
        theirs = expected[name].to_numpy(dtype="float64")
        wrong = np.flatnonzero(ours.view("int64") != (theirs + 0.0).view("int64"))
        differing += len(wrong)
        print(f"{name:20} {len(ours) - len(wrong):>9,} of {len(ours):,} equal to the last bit")
        for i in wrong[:3]:
            print(f"    {expected.index[i]}: shroff {ours[i]!r}, pandas {theirs[i]!r}")
    return 1 if differing or len(expected) == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
