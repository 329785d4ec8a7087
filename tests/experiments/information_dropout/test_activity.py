"""The distribution of log activity, on samples whose law is known."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from experiments.information_dropout.activity import log_activity

N = 200_000
ERRORS = 5  # standard errors that a stochastic test allows


def uniform(seed=0):
    return torch.rand(N, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_of_a_log_normal_sample():
    z = torch.from_numpy(np.random.default_rng(0).lognormal(0.3, 0.5, N))
    found = log_activity(z)
    assert abs(found.skewness) < ERRORS * math.sqrt(6 / N)
    assert abs(found.mean - 0.3) < ERRORS * 0.5 / math.sqrt(N)
    logs = z.log().numpy()
    width = logs.max() - logs.min()
    normal = stats.norm(logs.mean(), logs.std()).logpdf(logs).mean()
    assert found.normal_gain == pytest.approx(normal + math.log(width))
    fall = stats.norm.pdf(0) / stats.norm.pdf(stats.norm.ppf(0.9))
    assert found.density_ratio == pytest.approx(fall, rel=0.1)  # bins are wide


def test_of_a_log_uniform_sample_a_uniform_fits_better_and_the_density_is_flat():
    found = log_activity((4 * uniform()).exp())
    assert found.normal_gain < 0  # log(sqrt(12)) - log(2 pi e) / 2
    assert found.normal_gain == pytest.approx(
        0.5 * math.log(12 / (2 * math.pi * math.e)), abs=0.01
    )
    assert found.density_ratio < 1.1
    assert found.density == pytest.approx(np.full(len(found.density), 0.25), rel=0.1)


def test_the_density_ratio_sees_a_slope_that_the_uniform_has_not():
    slope = log_activity(uniform().sqrt().exp())  # density of log z rises linearly
    assert slope.density_ratio > 2


def test_zeros_are_counted_and_left_out_of_the_logarithm():
    z = torch.cat([(4 * uniform()).exp(), torch.zeros(N)])
    found = log_activity(z)
    assert found.zeros == 0.5
    assert found.mean == pytest.approx(log_activity(z[:N]).mean)


def test_skewness_agrees_with_scipy():
    z = uniform() + 0.01
    assert log_activity(z).skewness == pytest.approx(stats.skew(z.log().numpy()))


def test_bad_activities_are_refused():
    with pytest.raises(ValueError, match=r"-1\.0"):
        log_activity(torch.full((2000,), -1.0))
    with pytest.raises(ValueError, match="got 3"):
        log_activity(torch.ones(3))
