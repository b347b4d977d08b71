"""Figures of scipy and numpy for test/unit/gate/statistics.test.ts; writes fixtures.json beside itself."""

import json
import math
import os

import numpy as np
import scipy
from scipy import stats

rng = np.random.default_rng(7)
n = 400
old = rng.binomial(10, 0.94, n) / 10
new = np.clip(old + rng.choice([-0.2, -0.1, 0, 0, 0, 0, 0, 0.1], n), 0, 1)
d = new - old


def bootstrap(values, statistic=np.mean):
    result = stats.bootstrap(
        (values,), statistic, confidence_level=0.9, n_resamples=50_000, method="percentile", random_state=1
    )
    return [float(result.confidence_interval.low), float(result.confidence_interval.high)]


relative = new - 0.97 * old
other = rng.binomial(10, 0.9, 300) / 10
unpaired = stats.bootstrap(
    (other, old),
    lambda a, b, axis=-1: np.mean(a, axis=axis) - np.mean(b, axis=axis),
    confidence_level=0.9,
    n_resamples=50_000,
    method="percentile",
    random_state=1,
)


def needed(sd, effect, power):
    z = stats.norm.ppf(0.95) + stats.norm.ppf(power)
    return math.ceil((z * sd / effect) ** 2)


figures = {
    "made": f"numpy {np.__version__}, scipy {scipy.__version__}",
    "old": old.tolist(),
    "new": np.round(new, 12).tolist(),
    "other": other.tolist(),
    "mean": float(d.mean()),
    "deviation": float(d.std(ddof=1)),
    "bootstrap": bootstrap(d),
    "bootstrapRelative": bootstrap(relative),
    "bootstrapUnpaired": [float(unpaired.confidence_interval.low), float(unpaired.confidence_interval.high)],
    "lossP": float(stats.ttest_rel(new, old, alternative="less").pvalue),
    "normalQuantile": [[p, float(stats.norm.ppf(p))] for p in (1e-6, 0.025, 0.05, 0.5, 0.8, 0.95, 0.975, 0.999999)],
    "needed": [
        [sd, 0.005, power, needed(sd, 0.005, power)] for sd in (0.03, 0.05, 0.08, 0.1, 0.15) for power in (0.8, 0.95)
    ],
}
with open(os.path.join(os.path.dirname(__file__), "fixtures.json"), "w") as out:
    json.dump(figures, out)
    out.write("\n")
