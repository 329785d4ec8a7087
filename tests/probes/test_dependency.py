"""NDM: zero for independent components, below the total correlation and near it otherwise."""

import math
import statistics

import pytest
import torch

from ibutils.probes import Dependency, neural_dependency
from ibutils.probes.dependency import _value, shuffle_columns

OPTIONS = {"seed": 0, "learning_rate": 1e-2, "hidden": (64,), "batch_size": 2000}


def gaussian(n, correlation, seed):
    g = torch.Generator().manual_seed(seed)
    a, b = torch.randn(2, n, generator=g)
    return torch.stack([a, correlation * a + math.sqrt(1 - correlation**2) * b], dim=1)


def test_a_factorised_sample_has_no_dependency():
    found = neural_dependency(gaussian(4000, 0, 0), gaussian(4000, 0, 1), steps=60, **OPTIONS)
    assert abs(found.test.value) < 2 * found.test.stderr


@pytest.mark.parametrize("correlation", [0.6, 0.9])
def test_gaussian_components_have_their_total_correlation(correlation):
    truth = -0.5 * math.log(1 - correlation**2)
    train, test = gaussian(8000, correlation, 0), gaussian(8000, correlation, 1)
    found = neural_dependency(train, test, steps=240, **OPTIONS)
    assert found.test.value < truth + 4 * found.test.stderr
    assert found.test.value > 0.85 * truth - 4 * found.test.stderr
    assert found.train.stderr > 0
    assert found.test.diagnostics == ()


@pytest.mark.filterwarnings("ignore::ibutils.probes.ProbeWarning")
def test_the_scale_of_a_component_does_not_matter():
    """As for total correlation; a critic of raw codes finds nothing at one of these scales."""
    train, test = gaussian(2000, 0.9, 0), gaussian(2000, 0.9, 1)
    scale, shift = torch.tensor([1e-3, 1e2]), torch.tensor([1.0, -7.0])
    plain = neural_dependency(train, test, steps=60, **OPTIONS).test.value
    other = neural_dependency(train * scale + shift, test * scale + shift, steps=60, **OPTIONS)
    assert other.test.value == pytest.approx(plain, abs=0.02)


@pytest.mark.filterwarnings("ignore::ibutils.probes.ProbeWarning")
def test_what_is_learned_does_not_depend_on_what_it_is_tested_on():
    """Codes to test on are in the units of those to train on, not in their own."""
    train, test = gaussian(1000, 0.9, 0), gaussian(1000, 0.9, 1)
    one, two = (neural_dependency(train, codes, steps=20, **OPTIONS) for codes in (test, 3 * test))
    assert one.train == two.train
    assert one.test.value != pytest.approx(two.test.value, abs=1e-3)


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_the_standard_error_is_no_less_than_the_spread_over_samples(correlation):
    """It takes the two means for independent; of the same codes, they rise and fall together."""
    model = Dependency(2, hidden=(8,), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.critic[-1].weight *= 2  # so that scores of shuffled codes scatter as well
    found = [_value(model, gaussian(400, correlation, seed), seed)[0] for seed in range(200)]
    spread = statistics.stdev(one.value for one in found)
    assert spread < statistics.fmean(one.stderr for one in found) < 2 * spread


def test_the_training_objective_is_a_lower_bound_of_the_reported_value():
    """log a <= a / e, with equality when the shuffled codes' mean of e^T is e."""
    model, codes = Dependency(2, hidden=(8,)), gaussian(500, 0.5, 0)
    noise = model.draw_noise(500, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        joint, product = model.scores(codes, noise)
        log_mean = product.exp().mean().log()
        reported = joint.mean() - log_mean
        assert float(-model.objective(codes, codes, noise)["loss"]) <= float(reported)
        model.critic[-1].bias += 1 - log_mean
        torch.testing.assert_close(-model.objective(codes, codes, noise)["loss"], reported)


def test_shuffling_keeps_each_column_and_breaks_the_rows(generator):
    codes = torch.arange(40.0).reshape(20, 2)
    shuffled = shuffle_columns(codes, torch.rand(20, 2, generator=generator))
    assert torch.equal(shuffled.sort(0).values, codes)
    assert not torch.equal(shuffled[:, 1] - shuffled[:, 0], torch.ones(20))


@pytest.mark.filterwarnings("ignore::ibutils.probes.ProbeWarning")
def test_a_critic_that_learned_by_heart_says_so():
    """Twenty codes are no sample: on others the critic is worse than none."""
    train, test = gaussian(20, 0, 0), gaussian(4000, 0, 1)
    found = neural_dependency(train, test, steps=300, **OPTIONS)
    assert found.train.value > 0 > found.test.value
    assert found.test.diagnostics == ("below zero: the critic does worse than a constant one",)


def test_disagreeing_codes_are_refused():
    with pytest.raises(ValueError, match=r"train \(5, 2\) and test \(5, 3\) must hold .* shape"):
        neural_dependency(*map(torch.zeros, [(5, 2), (5, 3)]), steps=1, seed=0)
