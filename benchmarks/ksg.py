"""The nearest-neighbour estimator of information against a plain one with SciPy's k-d trees.

5,000 correlated Gaussian pairs of 5 + 5 dimensions, k = 3, the same value. Target: not slower.
And 40,000 pairs of ten values each against 10,000 of them: at most 8 times as long, where 4 is
linear and 16 is quadratic.
"""

import math

import numpy as np
import torch
from common import Target, options, paired, report
from scipy.spatial import cKDTree
from scipy.special import digamma

from ibutils.estimators.neighbours import ksg

SAMPLES, DIMENSIONS, CORRELATION, K = 5000, 5, 0.6, 3
TARGET = Target("ksg", 1.0, at_most=False)
FEW, MANY, VALUES = 10_000, 40_000, 10
REPEATED = Target("ksg_repeated_samples", 8.0, at_most=True)


def plain_ksg(x, y):
    """Return the estimate as one would write it in a script."""
    pairs = np.hstack([x, y])
    reach = cKDTree(pairs).query(pairs, K + 1, p=np.inf)[0][:, -1]
    within = np.nextafter(reach, 0)
    near = [
        cKDTree(side).query_ball_point(side, within, p=np.inf, return_length=True)
        for side in (x, y)
    ]
    return digamma(K) + digamma(len(x)) - np.mean(digamma(near[0]) + digamma(near[1]))


def repeated(arguments):
    """Time samples that repeat, few and many of them."""
    g = torch.Generator().manual_seed(0)
    x, y = torch.randint(VALUES, (2, MANY), generator=g)

    def estimate(n):
        return ksg(x[:n], y[:n] + x[:n], k=K)

    ratio, few, many = paired(
        lambda: estimate(FEW), lambda: estimate(MANY), repeats=arguments.repeats
    )
    return report(REPEATED, ratio, f"{few * 1e3:.0f} ms and {many * 1e3:.0f} ms", arguments)


def main():
    """Time all and report."""
    arguments = options(__doc__, repeats=5)
    g = torch.Generator().manual_seed(0)
    x, noise = torch.randn(2, SAMPLES, DIMENSIONS, generator=g, dtype=torch.float64)
    y = CORRELATION * x + math.sqrt(1 - CORRELATION**2) * noise

    def theirs():
        return plain_ksg(x.numpy(), y.numpy())

    def own():
        return ksg(x, y, k=K, standardise=False).value

    np.testing.assert_allclose(own(), theirs(), rtol=1e-12)
    ratio, ours, other = paired(own, theirs, repeats=arguments.repeats)
    detail = f"{ours * 1e3:.0f} ms, trees {other * 1e3:.0f} ms"
    return max(report(TARGET, ratio, detail, arguments), repeated(arguments))


if __name__ == "__main__":
    raise SystemExit(main())
