"""The model of one neuron against values computed by others, sampling and symmetries."""

import math

import pytest
import torch

from ibutils.exact import one_neuron
from ibutils.exact.one_neuron import relu_borders, tanh_borders
from ibutils.information import nats_to_bits

WEIGHTS = torch.arange(0.01, 10.001, 0.01, dtype=torch.float64)


@pytest.mark.parametrize(("bins", "peak", "end"), [(30, 4.900, 2.044), (29, 4.851, 2.030)])
def test_tanh_rises_to_the_known_peak_and_falls(bins, peak, end):
    """Thirty bins of [-1, 1], and the 29 between thirty edges."""
    found = nats_to_bits(one_neuron.information(WEIGHTS, tanh_borders(bins=bins)))
    assert round(float(found.max()), 3) == peak
    assert round(float(WEIGHTS[found.argmax()]), 2) == 0.87
    assert round(float(found[-1]), 3) == end
    rising = found.diff() > 0
    assert bool(rising[: found.argmax()].all()) and not bool(rising[found.argmax() :].any())


@pytest.mark.parametrize(("width", "end"), [(2.0, 2.352), (1.0, 2.980)])
def test_relu_rises_to_the_known_value(width, end):
    borders = relu_borders(width=width, largest=200.0)
    found = nats_to_bits(one_neuron.information(WEIGHTS, borders))
    assert round(float(found[-1]), 3) == end
    # The smallest weights leave one cell but for a tail whose information rounds to zero.
    assert bool((found.diff() >= 0).all()) and bool((found[100:].diff() > 0).all())


@pytest.mark.parametrize("bins", [1, 3, 6, 7, 1000])
def test_a_multiple_of_the_width_is_the_last_border_in_spite_of_rounding(bins):
    """In double precision 0.3 / 0.1 is less than 3."""
    borders = relu_borders(width=0.1, largest=bins / 10)
    assert len(borders) == bins
    assert float(borders[-1]) == pytest.approx(bins / 10)


def test_tanh_tends_to_one_bit():
    weights = torch.tensor([1e2, 1e4, 1e6], dtype=torch.float64)
    gaps = nats_to_bits(one_neuron.information(weights, tanh_borders(bins=30))) - 1
    assert bool((gaps > 0).all()) and float(gaps[-1]) < 1e-4


def test_bins_even_in_net_input_do_not_let_it_fall():
    borders = torch.linspace(-50, 50, 101, dtype=torch.float64)
    assert bool((one_neuron.information(WEIGHTS[20:], borders).diff() > 0).all())


def test_information_is_that_of_a_sample():
    """The entropy of cell counts, which a sample of n underestimates by about cells / 2n."""
    n, weight = 2_000_000, 1.7
    g = torch.Generator().manual_seed(0)
    h = torch.tanh(weight * torch.randn(n, generator=g, dtype=torch.float64))
    p = torch.histc(h, bins=30, min=-1, max=1) / n
    sampled = -float(torch.xlogy(p, p).sum())
    spread = math.sqrt(float((p * p.clamp(min=1e-300).log().square()).sum() - sampled**2) / n)
    exact = float(one_neuron.information(torch.tensor(weight).double(), tanh_borders(bins=30)))
    assert abs(sampled + 29 / (2 * n) - exact) < 4 * spread  # fails for 6 in 100,000 seeds


def test_far_cells_keep_their_small_probabilities():
    """Mirrored borders give the same value, and cells in the upper tail are not rounded away."""
    one = torch.ones((), dtype=torch.float64)
    borders = torch.tensor([9.0, 10.0], dtype=torch.float64)
    upper, lower = (
        one_neuron.information(one, borders),
        one_neuron.information(one, -borders.flip(0)),
    )
    assert float(upper) == pytest.approx(float(lower), rel=1e-12)
    p = 0.5 * math.erfc(9 / math.sqrt(2))
    assert float(upper) == pytest.approx(-p * math.log(p) + p, rel=1e-3)


def test_sign_of_the_weight_does_not_matter_and_zero_knows_nothing():
    weights = torch.tensor([-2.0, 2.0, 0.0, -0.0], dtype=torch.float64)
    found = one_neuron.information(weights, tanh_borders(bins=8)).tolist()
    assert found[0] == pytest.approx(found[1], rel=1e-12) and found[2:] == [0.0, 0.0]
    assert one_neuron.information(weights.view(2, 2), tanh_borders(bins=8)).shape == (2, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: one_neuron.information(torch.ones(1), torch.tensor([1.0, 0.0])), "increasing"),
        (lambda: one_neuron.information(torch.ones(1), torch.zeros(2)), "increasing"),
        (lambda: one_neuron.information(torch.tensor([torch.nan]), torch.zeros(1)), "nan"),
        (lambda: tanh_borders(bins=1), "bins must be at least 2, got 1"),
        (lambda: relu_borders(width=0.0, largest=1.0), "width must be above 0, got 0.0"),
        (lambda: relu_borders(width=2.0, largest=1.0), "largest must be at least 2.0 .*got 1.0"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
