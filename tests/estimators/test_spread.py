"""The spread of an estimate from parts of the sample: of means, and of nearest neighbours."""

import inspect
import math
import statistics

import pytest
import torch
from scipy.stats import binom, t

from ibutils.estimators.estimate import by_parts
from ibutils.estimators.neighbours import ksg
from tests.estimators.test_neighbours import gaussian_pair

LEVEL, REPEATS, CHANCE = 0.95, 60, 1e-3


def test_of_a_mean_it_is_its_standard_error():
    """The mean of parts of one size is the mean, and their spread an unbiased estimate."""
    x = torch.randn(20_000, generator=torch.Generator().manual_seed(0))
    found = [
        by_parts(lambda index, part=part: float(part[index].mean()), 100) ** 2
        for part in x.split(100)
    ]
    error = statistics.stdev(found) / math.sqrt(len(found))
    assert statistics.mean(found) == pytest.approx(1 / 100, abs=4 * error)


def test_parts_are_disjoint_and_cover_all_samples():
    seen = []
    by_parts(lambda index: seen.append(index) or 0.0, 47, parts=5)
    assert sorted(map(len, seen)) == [9, 9, 9, 10, 10]
    assert torch.cat(seen).sort().values.tolist() == list(range(47))


def test_two_parts_by_hand():
    values = iter([1.0, 4.0])
    assert by_parts(lambda index: next(values), 4, parts=2) == pytest.approx(1.5)


def test_the_order_is_that_of_the_generator():
    x = torch.arange(50.0)

    def found(generator):
        return by_parts(lambda index: float(x[index].mean()), 50, generator=generator)

    one, same, other = (torch.Generator().manual_seed(seed) for seed in (1, 1, 2))
    value = found(one)
    assert value == found(same) and value != found(other)
    assert found(None) == found(None)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "correlation", "fails"), [(2000, 0.6, 0.05), (200, 0.6, 0.16)])
def test_how_often_its_interval_misses_the_mean_of_nearest_neighbour_estimates(
    n, correlation, fails
):
    """The interval of level 95 % fails no more often than is documented, and chance explains.

    Against the mean over data sets, for an interval says nothing of bias.
    """
    values, errors = [], []
    for seed in range(REPEATS):
        x, y, _ = gaussian_pair(n, 1, correlation, seed=seed)
        values.append(ksg(x, y).value)
        errors.append(by_parts(lambda index, x=x, y=y: ksg(x[index], y[index]).value, n))
    center, half = statistics.mean(values), t.ppf((1 + LEVEL) / 2, 9)
    missed = sum(abs(v - center) > half * e for v, e in zip(values, errors, strict=True))
    assert missed <= binom.ppf(1 - CHANCE, REPEATS, fails)


class TestBadInput:
    def test_numbers(self):
        with pytest.raises(ValueError, match="parts must be at least 2, got 1"):
            by_parts(lambda index: 0.0, 10, parts=1)
        with pytest.raises(ValueError, match="n must be at least 20, got 19"):
            by_parts(lambda index: 0.0, 19)
        with pytest.raises(TypeError, match="generator must be a Generator or None, got int: 3"):
            inspect.unwrap(by_parts)(lambda index: 0.0, 20, generator=3)
