"""Any finite outputs of a network give a code with a finite rate, sample and gradient."""

import inspect
import itertools
import math

import mpmath
import numpy as np
import pytest
import torch
from scipy import special
from torch import nn

from ibutils.vib import (
    OFF_DIAGONAL,
    SCALE_SHIFT,
    VIB,
    GaussianCode,
    StochasticEncoder,
    diagonal_gaussian_kl,
    log_softplus,
    vib_loss,
)

OUTPUTS = (-1e4, -99.5, -1.0, 0.0, 1.0, 99.5, 1e4)
PAIRS = torch.tensor(list(itertools.product(OUTPUTS, OUTPUTS)), dtype=torch.float64)
DTYPES = (torch.float32, torch.float64)
HALVES = (torch.float16, torch.bfloat16)
COVARIANCES = ("diagonal", "full")


def outputs(covariance, dtype):
    """Return outputs of a network: each mean beside each raw scale, in both dimensions."""
    mean, raw = PAIRS.to(dtype).unbind(1)
    columns = 2 if covariance == "diagonal" else 4
    return torch.cat([mean[:, None].expand(-1, 2), raw[:, None].expand(-1, columns)], 1)


def encoder(covariance):
    return StochasticEncoder(nn.Identity(), bottleneck=2, covariance=covariance)


def expected_rate(covariance):
    """Return the rates in float64; log softplus(t) is t - e^t / 2 to rounding for small t."""
    mean, raw = PAIRS.numpy().T
    t = raw - SCALE_SHIFT
    softplus = np.logaddexp(0, np.maximum(t, -20))
    log_scale = np.where(t < -20, t - np.exp(np.minimum(t, 0)) / 2, np.log(softplus))
    rate = mean**2 + special.expm1(2 * log_scale) - 2 * log_scale  # of two components
    return rate + 0.5 * (OFF_DIAGONAL * raw) ** 2 * (covariance == "full")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("covariance", COVARIANCES)
class TestEveryOutput:
    def test_has_the_rate_of_the_formula(self, covariance, dtype):
        rate = encoder(covariance)(outputs(covariance, dtype)).rate()
        assert rate.dtype == dtype
        np.testing.assert_allclose(rate.numpy(), expected_rate(covariance), rtol=1e-5)

    def test_has_finite_gradients_of_rate_and_sample(self, covariance, dtype):
        raw = outputs(covariance, dtype).requires_grad_()
        code = encoder(covariance)(raw)
        sample = code.sample(torch.linspace(-5, 5, len(raw), dtype=dtype)[:, None].expand(-1, 2))
        assert bool(sample.isfinite().all()) and bool(code.scale.isfinite().all())
        for values in (code.rate(), sample):
            (slope,) = torch.autograd.grad(values.sum(), raw, retain_graph=True)
            assert bool(slope.isfinite().all())

    def test_learns_from_the_rate_where_the_scale_underflows(self, covariance, dtype):
        raw = outputs(covariance, dtype).requires_grad_()
        (slope,) = torch.autograd.grad(encoder(covariance)(raw).rate().sum(), raw)
        underflown = PAIRS[:, 1] == -1e4
        assert bool((slope[underflown, 2] == -1).all())  # of the rate, minus log sigma


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_gradients_are_those_of_differences(covariance):
    raw = torch.linspace(-45, 45, 60, dtype=torch.float64).reshape(10, 6)
    raw = raw[:, : StochasticEncoder.width(2, covariance)].contiguous().requires_grad_()
    noise = torch.ones(len(raw), 2, dtype=torch.float64)

    def of_code(values):
        code = encoder(covariance)(values)
        return code.rate(), code.sample(noise)

    assert torch.autograd.gradcheck(of_code, (raw,))


@pytest.mark.parametrize("dtype", DTYPES)
class TestLogSoftplus:
    t = (-1e4, -100.0, -41.0, -40.0, -39.0, -20.0, 0.0, 20.0, 40.0, 41.0, 1e4)

    def test_agrees_with_many_digits(self, dtype):
        with mpmath.workdps(60):
            exact = [float(mpmath.log(mpmath.log1p(mpmath.exp(t)))) for t in self.t]
        found = log_softplus(torch.tensor(self.t, dtype=dtype))
        np.testing.assert_allclose(found, exact, rtol=2 * torch.finfo(dtype).eps)

    def test_has_the_first_and_second_derivative(self, dtype):
        t = torch.tensor(self.t, dtype=dtype, requires_grad=True)
        (slope,) = torch.autograd.grad(log_softplus(t).sum(), t, create_graph=True)
        (curvature,) = torch.autograd.grad(slope.sum(), t)
        first, second = [], []
        for point in self.t:
            with mpmath.workdps(60):
                soft, gate = mpmath.log1p(mpmath.exp(point)), 1 / (1 + mpmath.exp(-point))
                first.append(float(gate / soft))
                second.append(float(gate * (1 - gate) / soft - (gate / soft) ** 2))
        eps = torch.finfo(dtype).eps
        np.testing.assert_allclose(slope.detach(), first, rtol=8 * eps)
        np.testing.assert_allclose(curvature, second, rtol=8 * eps, atol=8 * eps)

    def test_a_missing_value_stays_one(self, dtype):
        assert bool(log_softplus(torch.tensor([math.nan], dtype=dtype)).isnan())


def test_the_rate_keeps_its_digits_beside_the_prior():
    """For sigma = 1 + e it is e^2 + O(e^3); one less than a square would round it away."""
    found = diagonal_gaussian_kl(torch.zeros(1, 1), torch.full((1, 1), 1e-3).log1p())
    assert float(found) == pytest.approx(1e-6, rel=2e-3)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("covariance", COVARIANCES)
def test_half_precision_is_summed_in_single(covariance, dtype):
    raw = outputs(covariance, dtype).requires_grad_()
    code = encoder(covariance)(raw)
    rate, sample = code.rate(), code.sample(torch.ones(len(raw), 2, dtype=dtype))
    (slope,) = torch.autograd.grad(rate.sum() + sample.sum(), raw)
    assert rate.dtype == torch.float32 and sample.dtype == dtype
    assert all(bool(values.isfinite().all()) for values in (rate, sample, slope))
    twin = GaussianCode(*(part.double() for part in code if part is not None))
    torch.testing.assert_close(rate, twin.rate().float())


@pytest.mark.parametrize("dtype", HALVES)
def test_the_loss_is_summed_in_single(dtype):
    """The sum of these rates is infinite in float16, and 2e-8 of one is 0."""
    logits, labels = torch.zeros(4, 3, dtype=dtype), torch.tensor([0, 1, 2, 0])
    rate = torch.full((4,), 6e4, dtype=dtype)
    loss = vib_loss(logits, labels, rate, beta=2e-8)
    assert float(loss) == pytest.approx(math.log(3) + 2e-8 * float(rate[0]), rel=1e-6)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_under_autocast_the_objective_is_that_of_single(covariance):
    width = StochasticEncoder.width(2, covariance)
    network = nn.Linear(8, width)
    model = VIB(
        StochasticEncoder(network, bottleneck=2, covariance=covariance), nn.Linear(2, 3), beta=1.0
    )
    inputs, labels = 255 * torch.rand(5, 8), torch.arange(5) % 3
    noise = model.draw_noise(5, generator=torch.Generator().manual_seed(0))
    plain = model.objective(inputs, labels, noise)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = model.objective(inputs, labels, noise)
    for name, term in mixed.items():
        assert term.dtype == torch.float32
        torch.testing.assert_close(term, plain[name], rtol=0.05, atol=0.05)


def test_the_example_of_the_readme_trains_on_pixels_up_to_255():
    torch.manual_seed(0)
    encoder = StochasticEncoder(nn.Linear(784, 2 * 32), bottleneck=32)
    decoder = nn.Linear(32, 10)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    images, labels = torch.randint(256, (100, 784)).float(), torch.randint(10, (100,))
    losses = []
    for _ in range(20):
        code = encoder(images)
        logits = decoder(code.sample(torch.randn_like(code.mean)))
        loss = vib_loss(logits, labels, code.rate(), beta=1e-3)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert all(map(math.isfinite, losses)) and losses[-1] < losses[0]
    assert all(bool(p.isfinite().all()) for p in encoder.parameters())


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_many_samples_at_once_are_single_ones(covariance):
    raw = torch.randn(5, StochasticEncoder.width(2, covariance))
    code, noise = encoder(covariance)(raw), torch.randn(7, 5, 2)
    torch.testing.assert_close(code.sample(noise), torch.stack([code.sample(e) for e in noise]))


@pytest.mark.parametrize("shape", [(4, 2), (5, 3), (2,)])
def test_noise_of_another_shape_is_refused(shape):
    code = encoder("diagonal")(torch.zeros(5, 4))
    with pytest.raises(ValueError, match=r"noise must end in \[batch, k\] = \[5, 2\]"):
        code.sample(torch.zeros(shape))


@pytest.mark.parametrize("width", [3, 5])
def test_a_network_of_another_width_is_refused(width):
    with pytest.raises(ValueError, match=rf"\[batch, 4\] for a diagonal .*\(6, {width}\)"):
        encoder("diagonal")(torch.zeros(6, width))


@pytest.mark.parametrize(
    "change, error",
    [
        (dict(network=abs), TypeError),
        (dict(bottleneck=2.0), TypeError),
        (dict(bottleneck=0), ValueError),
        (dict(covariance="spherical"), ValueError),
    ],
)
def test_an_encoder_names_the_argument_that_it_refuses(change, error):
    # Unwrapped, because run-time checks of the tests would refuse some of them first.
    build = inspect.unwrap(StochasticEncoder.__init__)
    options = dict(network=nn.Identity(), bottleneck=2, covariance="diagonal") | change
    ((name, _),) = change.items()
    with pytest.raises(error, match=name):
        build(StochasticEncoder.__new__(StochasticEncoder), **options)
