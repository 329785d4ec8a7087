"""The sandwich of Gaussian codes against a channel of known information, and its slow twin."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ibutils.bounds import gaussian_codes, gaussian_sandwich, info_nce, leave_one_out_upper
from ibutils.information import gaussian_mutual_information

STANDARD_ERRORS = 5  # by which a stochastic test may miss: one failure in two million


def drawn(n, k, *, seed=0, spread=1.0):
    """Return codes, means and scales that differ between inputs and components."""
    g = torch.Generator().manual_seed(seed)
    mean = spread * torch.randn(n, k, generator=g)
    log_scale = 0.5 * torch.randn(n, k, generator=g)
    noise = torch.randn(n, k, generator=g)
    return mean + log_scale.exp() * noise, mean, log_scale


def table(samples, mean, log_scale):
    """Return log p(z_j | x_i) at [i, j] by torch.distributions, pair by pair."""
    rows = []
    for centre, width in zip(mean.double(), log_scale.double(), strict=True):
        rows.append(torch.distributions.Normal(centre, width.exp()).log_prob(samples).sum(1))
    return torch.stack(rows)


@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_it_is_two_bounds_of_the_whole_table(chunk):
    codes = drawn(40, 3)
    lower, upper, ceiling = gaussian_sandwich(*codes, chunk=chunk)
    whole = table(*codes)
    torch.testing.assert_close(lower, info_nce(whole))
    torch.testing.assert_close(upper, leave_one_out_upper(whole))
    assert ceiling == math.log(40)


@pytest.mark.parametrize(("dimension", "scale"), [(1, 1.0), (2, 0.3), (4, 1.5)])
def test_the_information_of_a_gaussian_channel_lies_between(dimension, scale):
    """Z = X + scale * noise with normal X: I = k/2 log(1 + 1/scale^2), below the ceiling."""
    covariance = torch.tensor([[1.0, 1.0], [1.0, 1.0 + scale**2]], dtype=torch.float64)
    truth = dimension * float(gaussian_mutual_information(covariance, dim_x=1))
    assert truth < math.log(400)
    g = torch.Generator().manual_seed(1)
    found = []
    for _ in range(60):
        x, noise = torch.randn(2, 400, dimension, generator=g)
        log_scale = torch.full_like(x, math.log(scale))
        found.append(torch.stack(gaussian_sandwich(x + scale * noise, x, log_scale)[:2]))
    values = torch.stack(found)
    error = values.std(0) / len(values) ** 0.5
    low, high = values.mean(0)
    assert low - STANDARD_ERRORS * error[0] < truth < high + STANDARD_ERRORS * error[1]
    assert high - low < 0.5  # neither is idle


@given(st.integers(2, 30), st.integers(1, 4), st.integers(0, 10), st.floats(0, 40))
def test_the_lower_value_stays_below_the_upper_and_the_ceiling(n, k, seed, spread):
    lower, upper, ceiling = gaussian_sandwich(*drawn(n, k, seed=seed, spread=spread))
    assert lower <= ceiling + 1e-12
    # With a = own density and b the mean of the others, a/((a + (n-1) b)/n) <= a/b unless a < b.
    assert lower <= max(upper, torch.zeros(())) + 1e-9


def test_equal_codes_keep_nothing():
    zero = torch.zeros(9, 2)
    lower, upper, _ = gaussian_sandwich(torch.randn(9, 2), zero, zero)
    torch.testing.assert_close(torch.stack([lower, upper]), torch.zeros(2, dtype=torch.float64))


def test_information_does_not_depend_on_the_place_and_the_unit_of_a_component():
    z, mean, log_scale = drawn(50, 2)
    moved = gaussian_sandwich(1e5 + 3 * z.double(), 1e5 + 3 * mean.double(), log_scale + 3**0.5)
    still = gaussian_sandwich(3 * z.double(), 3 * mean.double(), log_scale + 3**0.5)
    torch.testing.assert_close(moved.lower, still.lower, atol=1e-6, rtol=0)
    torch.testing.assert_close(moved.upper, still.upper, atol=1e-6, rtol=0)


@pytest.mark.parametrize("scale", [1e-3, 1e-6, 1e-8, 1e-12])
@pytest.mark.parametrize("point", [1.0, 10.0])
def test_nearly_deterministic_codes_at_two_points_keep_one_bit(scale, point):
    mean = torch.tensor([-point, point], dtype=torch.float64).repeat_interleave(50)[:, None]
    mean = mean.expand(100, 3)
    noise = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    log_scale = torch.full_like(mean, math.log(scale))
    lower, upper, _ = gaussian_sandwich(mean + scale * noise, mean, log_scale)
    assert float(lower) == pytest.approx(math.log(2), abs=1e-6)
    assert float(upper) == pytest.approx(math.log(99 / 49), abs=1e-6)


def test_a_wide_code_takes_no_digits_from_narrow_ones():
    mean = torch.tensor([0.0, 7.3], dtype=torch.float64).repeat_interleave(20)[:, None]
    log_scale = torch.tensor([0.0, math.log(1e-8)]).double().repeat_interleave(20)[:, None]
    noise = torch.randn(40, 1, generator=torch.Generator().manual_seed(0))
    codes = mean + log_scale.exp() * noise, mean, log_scale
    lower, upper, _ = gaussian_sandwich(*codes)
    whole = table(*codes)
    torch.testing.assert_close(lower, info_nce(whole), rtol=0, atol=1e-6)
    torch.testing.assert_close(upper, leave_one_out_upper(whole), rtol=0, atol=1e-6)


@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_differences_and_products_are_one_table(chunk, monkeypatch):
    codes = drawn(40, 3)
    products = gaussian_sandwich(*codes, chunk=chunk)
    monkeypatch.setattr(gaussian_codes, "SQUARES", 0.0)
    differences = gaussian_sandwich(*codes, chunk=chunk)
    torch.testing.assert_close(differences[:2], products[:2])


@pytest.mark.parametrize("squares", [gaussian_codes.SQUARES, 0.0])
def test_gradients_are_those_of_the_table(squares, monkeypatch):
    monkeypatch.setattr(gaussian_codes, "SQUARES", squares)
    codes = [part.double().requires_grad_() for part in drawn(12, 2)]
    assert torch.autograd.gradcheck(lambda *c: gaussian_sandwich(*c, chunk=5)[:2], codes)


def test_bad_input_is_named():
    z = torch.zeros(3, 2)
    with pytest.raises(ValueError, match="at least 2 codes, got n=1"):
        gaussian_sandwich(z[:1], z[:1], z[:1])
    with pytest.raises(ValueError, match="chunk must be at least 1"):
        gaussian_sandwich(z, z, z, chunk=0)
