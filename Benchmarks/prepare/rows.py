"""Synthetic, fraud-like rows: 30 columns, about 2 % of the cells missing, about 1 % positive, all from one seed.

Two tables share their last 24 columns. In the numeric one, columns 0-5 are amounts, counts and times; in the
categorical one they are codes of a merchant, a country, a category, a brand, a channel and a terminal.
"""

import numpy as np

COLUMNS = 30
CATEGORIES = {0: 200, 1: 60, 2: 12, 3: 5, 4: 3, 5: 500}
POSITIVE_SHARE = 0.01
MISSING_SHARE_OF_ODD_COLUMNS = 0.04


def skewed_codes(rng, rows, count):
    """Codes whose frequencies fall like 1 / (rank + 3): few are common, most are rare."""
    weights = 1.0 / (np.arange(count) + 3.0)
    return rng.permutation(count)[rng.choice(count, size=rows, p=weights / weights.sum())].astype(float)


def shared_columns(rng, rows):
    """Columns 6-29: sums and means of histories, ratios, times, shares, flags and noise."""
    lognormal = lambda mean, sigma: rng.lognormal(mean, sigma, rows)
    tired = rng.random(rows) < 0.65
    columns = [
        np.where(tired, 0.0, lognormal(3.0, 1.0)),
        np.where(rng.random(rows) < 0.12, 0.0, lognormal(4.0, 1.0)),
        lognormal(6.85, 0.8),
        lognormal(0.05, 1.55),
        lognormal(9.55, 1.95),
        rng.integers(0, 24, rows).astype(float),
        rng.integers(0, 7, rows).astype(float),
        np.where(rng.random(rows) < 0.3, lognormal(6.3, 1.4), lognormal(2.0, 1.1)),
        lognormal(1.2, 3.1),
        rng.gamma(1.2, 170.0, rows),
        rng.exponential(900.0, rows),
        rng.beta(1.6, 8.5, rows),
        rng.beta(2.4, 23.0, rows),
        rng.beta(2.3, 35.0, rows),
        1.0 + rng.binomial(3, 0.08, rows),
        1.0 + rng.poisson(0.55, rows),
        rng.poisson(0.12, rows).astype(float),
        (rng.random(rows) < 0.05).astype(float),
        (rng.random(rows) < 0.35).astype(float),
        rng.exponential(1200.0, rows),
        rng.integers(0, 4, rows).astype(float),
        rng.normal(size=rows),
        rng.normal(size=rows) * 1.25,
        lognormal(4.5, 1.1),
    ]
    return np.column_stack(columns)


def risk(rng, first, shared, categorical):
    """Log-odds up to a constant: steps, products and bumps, so that deep trees find something to split."""
    s = lambda column: shared[:, column - 6]
    rows = len(shared)
    total = 1.3 * np.log1p(s(9)) + 2.2 * (s(17) - 0.16) * np.log1p(s(13)) - 0.35 * np.log1p(s(10))
    total += 1.6 * s(22) + 1.1 * s(23) + 0.5 * (s(21) - 1.5) * s(24)
    total += 1.2 * np.exp(-((s(11) - 3.0) ** 2) / 6.0) + 0.4 * np.sin(s(12)) * np.log1p(s(6))
    total += 8.0 * (s(19) - 0.06) * (s(18) > 0.09) - 0.0004 * s(25) + 0.3 * np.tanh(np.log1p(s(14)) - 2.0)
    total += 0.3 * s(27) * s(28) + 0.2 * np.log1p(s(29)) * (s(26) == 2) - 0.0006 * s(16) * (s(15) < 90)
    if categorical:
        for column, count in CATEGORIES.items():
            total += 0.55 * rng.normal(size=count)[first[:, column].astype(int)]
    else:
        total += 0.45 * np.log1p(first[:, 0]) + 0.5 * first[:, 2] * (first[:, 1] < 20) + 0.1 * first[:, 3]
        total += 0.6 * np.cos(first[:, 4] / 4.0) - 0.02 * first[:, 5] * (first[:, 0] > 60)
    return total + rng.logistic(size=rows)


def table(seed, rows, categorical):
    """(rows x 30 float32 with NaN for missing, rows of 0.0 or 1.0 with about 1 % ones)."""
    rng = np.random.default_rng([seed, int(categorical)])
    shared = shared_columns(rng, rows)
    if categorical:
        first = np.column_stack([skewed_codes(rng, rows, count) for count in CATEGORIES.values()])
    else:
        lognormal = lambda mean, sigma: rng.lognormal(mean, sigma, rows)
        first = np.column_stack([
            lognormal(3.4, 1.3), lognormal(3.3, 0.8), rng.poisson(0.6, rows), rng.poisson(2.0, rows),
            rng.binomial(24, 0.42, rows), np.clip(rng.normal(35, 6, rows), 12, 70).round(),
        ])
    score = risk(rng, first, shared, categorical)
    labels = (score > np.quantile(score, 1.0 - POSITIVE_SHARE)).astype(np.float32)
    flipped = rng.random(rows) < 0.002
    labels = np.where(flipped, 1.0 - labels, labels)
    cells = np.column_stack([first, shared]).astype(np.float32)
    missing = rng.random(cells.shape) < MISSING_SHARE_OF_ODD_COLUMNS
    missing[:, 0::2] = False
    cells[missing] = np.nan
    return cells, labels


def with_edge_cases(seed, rows, thresholds, categorical, edge_rows):
    """Replaces cells of the last rows by what hurts: values at a threshold and beside it, zeros of either sign,
    subnormals, whole rows of nothing, in a categorical table codes that were never seen, and in the second half
    infinities (which XGBoost scores, but refuses to explain)."""
    rng = np.random.default_rng([seed, 99])
    rows = rows.copy()
    odd = np.array([0.0, -0.0, np.nan, 1e-36, -1e-36, 3e38, -3e38, np.inf, -np.inf], dtype=np.float32)
    codes = np.array([-1.0, -0.5, 0.5, 1.5, 31.0, 32.0, 1e6, 16777216.0, np.nan], dtype=np.float32)
    for row in range(len(rows) - edge_rows, len(rows)):
        finite = len(odd) - 2 if row < len(rows) - edge_rows // 2 else len(odd)
        for column in range(COLUMNS):
            if rng.random() > 0.5:
                continue
            if categorical and column in CATEGORIES:
                rows[row, column] = rng.choice(codes)
            elif len(thresholds[column]) and rng.random() < 0.7:
                at = np.float32(rng.choice(thresholds[column]))
                rows[row, column] = rng.choice([at, np.nextafter(at, np.float32(-np.inf)),
                                                np.nextafter(at, np.float32(np.inf))])
            else:
                rows[row, column] = rng.choice(odd[:finite])
    rows[-1] = np.nan
    rows[-2] = 0.0
    return rows
