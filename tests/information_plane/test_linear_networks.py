"""Linear networks against other closed forms, and gradient descent against its solutions."""

import math
from itertools import islice

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from ibutils.exact import linear_networks as linear
from ibutils.exact.student_teacher import descend, sample_teacher
from ibutils.information import gaussian_mutual_information


def matrix(*shape, seed=0):
    """Return a fixed matrix in double precision."""
    g = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=g, dtype=torch.float64)


def covariance(n):
    """Return a covariance that is far from a multiple of the identity."""
    root = matrix(n, n, seed=1)
    return root @ root.T / n + 0.1 * torch.eye(n, dtype=torch.float64)


def joint(weight, sigma, noise):
    """Return the covariance of (X, T)."""
    across = weight @ sigma
    layer = across @ weight.T + noise * torch.eye(len(weight), dtype=torch.float64)
    return torch.cat([torch.cat([sigma, across.T], 1), torch.cat([across, layer], 1)])


@pytest.mark.parametrize("units", [1, 3, 8])
def test_information_about_the_input_is_that_of_the_joint_gaussian(units):
    """With half the logarithm: the published formula without it is twice too large."""
    weight, sigma = matrix(units, 5), covariance(5)
    found = linear.information_about_input(weight, sigma, noise_variance=0.3)
    expected = gaussian_mutual_information(joint(weight, sigma, 0.3), dim_x=5)
    assert float(found) == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("noise", [1e-4, 1e-8, 1e-16])
def test_layers_of_less_than_full_rank_keep_their_information_at_small_noise(dtype, noise):
    """Twenty units of five inputs: their five singular values, by another library."""
    weight = matrix(20, 5).to(dtype)
    found = linear.information_about_input(weight, torch.eye(5, dtype=dtype), noise_variance=noise)
    singular = np.linalg.svd(weight.double().numpy(), compute_uv=False)
    assert float(found) == pytest.approx(0.5 * np.log1p(singular**2 / noise).sum(), rel=1e-6)
    first = torch.arange(5) < 2  # to its observer the others are noise, of which there is much
    options = dict(block=first, noise_variance=noise)
    part = linear.information_about_block(weight, torch.eye(5, dtype=dtype), **options)
    others = np.linalg.svd(weight[:, 2:].double().numpy(), compute_uv=False)
    expected = 0.5 * (np.log1p(singular**2 / noise).sum() - np.log1p(others**2 / noise).sum())
    assert float(part) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("noise", [1e-4, 1e-6, 1e-8])
def test_single_precision_keeps_information_about_the_output_at_small_noise(noise):
    """A layer of nearly one direction, whose others only little noise lets through."""
    narrow = matrix(3, 1) @ matrix(1, 5, seed=3) + 1e-3 * matrix(3, 5, seed=4)
    given = narrow.float(), matrix(2, 5, seed=2).float(), covariance(5).float()
    noises = dict(noise_variance=noise, output_noise_variance=1.0)
    found = linear.information_about_output(*given, **noises)
    assert found.dtype == torch.float32
    exact = linear.information_about_output(*(one.double() for one in given), **noises)
    assert float(found) == pytest.approx(float(exact), rel=1e-6)


def test_inputs_that_repeat_others_add_nothing():
    """The covariance is singular: the third input is the sum of the others."""
    sums = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    weight, two = matrix(4, 3), covariance(2)
    found = linear.information_about_input(weight, sums @ two @ sums.T, noise_variance=1e-6)
    expected = linear.information_about_input(weight @ sums, two, noise_variance=1e-6)
    assert float(found) == pytest.approx(float(expected), rel=1e-6)
    known = torch.tensor([True, True, False])
    part = linear.information_about_block(
        weight, sums @ two @ sums.T, block=known, noise_variance=1e-6
    )
    assert float(part) == pytest.approx(float(expected), rel=1e-6)


def test_what_is_no_covariance_is_refused():
    weight, lopsided = matrix(2, 3), torch.eye(3).double()
    with pytest.raises(ValueError, match="no negative eigenvalue"):
        linear.information_about_input(weight, -torch.eye(3).double(), noise_variance=1.0)
    lopsided[0, 1] = 0.5
    with pytest.raises(ValueError, match="must be symmetric"):
        linear.information_about_input(weight, lopsided, noise_variance=1.0)


def test_information_of_one_unit_is_shannons_capacity():
    weight = torch.tensor([[3.0]], dtype=torch.float64)
    found = linear.information_about_input(weight, torch.eye(1).double(), noise_variance=0.5)
    assert float(found) == pytest.approx(0.5 * math.log(1 + 9 / 0.5), rel=1e-12)


def test_information_agrees_with_a_sample():
    """The mean log-ratio of densities, within four standard errors."""
    weight, sigma, n = matrix(2, 3), covariance(3), 100_000
    g = torch.Generator().manual_seed(2)
    x = torch.randn(n, 3, generator=g).double() @ torch.linalg.cholesky(sigma).T
    noise = math.sqrt(0.5) * torch.randn(n, 2, generator=g).double()
    total = weight @ sigma @ weight.T + 0.5 * torch.eye(2).double()
    normal = torch.distributions.MultivariateNormal
    marginal = normal(torch.zeros(2).double(), total).log_prob(x @ weight.T + noise)
    given = normal(torch.zeros(2).double(), 0.5 * torch.eye(2).double()).log_prob(noise)
    ratio = given - marginal
    exact = linear.information_about_input(weight, sigma, noise_variance=0.5)
    assert abs(float(ratio.mean() - exact)) < 4 * float(ratio.std()) / math.sqrt(n)


def test_information_about_a_block_is_that_of_its_joint_gaussian():
    weight, sigma = matrix(3, 5), covariance(5)
    block = torch.tensor([True, False, True, True, False])
    found = linear.information_about_block(weight, sigma, block=block, noise_variance=0.3)
    kept = torch.cat([block, torch.ones(3, dtype=torch.bool)])
    expected = gaussian_mutual_information(joint(weight, sigma, 0.3)[kept][:, kept], dim_x=3)
    assert float(found) == pytest.approx(float(expected), rel=1e-9)


def test_blocks_add_up_by_the_chain_rule():
    """For independent inputs the two parts miss what they know together only."""
    weight, sigma = matrix(4, 6), torch.eye(6, dtype=torch.float64) / 6
    block = torch.arange(6) < 2
    options = dict(noise_variance=0.2)
    one, other, whole, none = (
        float(linear.information_about_block(weight, sigma, block=b, **options))
        for b in (block, ~block, block | True, block & False)
    )
    total = float(linear.information_about_input(weight, sigma, **options))
    assert whole == pytest.approx(total, rel=1e-12) and none == pytest.approx(0, abs=1e-12)
    assert 0 < one and 0 < other and one + other < total
    weight[:, 2:] = 0  # then the first part is everything
    part = linear.information_about_block(weight, sigma, block=block, **options)
    everything = linear.information_about_input(weight, sigma, **options)
    assert float(part) == pytest.approx(float(everything), rel=1e-12)


def test_information_about_the_output_is_that_of_a_correlation():
    """One unit and one output: minus half the logarithm of one minus the squared correlation."""
    weight, teacher, sigma = matrix(1, 4), matrix(1, 4, seed=3), covariance(4)
    found = linear.information_about_output(
        weight, teacher, sigma, noise_variance=0.3, output_noise_variance=0.7
    )
    across = float(weight @ sigma @ teacher.T)
    t, y = float(weight @ sigma @ weight.T) + 0.3, float(teacher @ sigma @ teacher.T) + 0.7
    assert float(found) == pytest.approx(-0.5 * math.log1p(-(across**2) / (t * y)), rel=1e-9)


def test_the_output_cannot_be_known_better_than_the_input_allows():
    """Data processing along T - X - Y, and batches of weights at once."""
    weights, teacher, sigma = matrix(6, 3, 5), matrix(2, 5, seed=3), covariance(5)
    about_y = linear.information_about_output(
        weights, teacher, sigma, noise_variance=0.1, output_noise_variance=0.5
    )
    about_x = linear.information_about_input(weights, sigma, noise_variance=0.1)
    ceiling = linear.information_about_input(teacher, sigma, noise_variance=0.5)
    assert about_y.shape == about_x.shape == (6,)
    assert bool((about_y < about_x).all()) and bool((about_y < ceiling).all())
    one = linear.information_about_output(
        weights[2], teacher, sigma, noise_variance=0.1, output_noise_variance=0.5
    )
    torch.testing.assert_close(about_y[2], one, rtol=0, atol=1e-12)


def test_generalisation_error_is_that_of_fresh_examples():
    sample = sample_teacher(200_000, 4, 2, snr=2.0, generator=torch.Generator().manual_seed(0))
    student, sigma = matrix(2, 4, seed=5), torch.eye(4, dtype=torch.float64) / 4
    found = linear.generalisation_error(student, sample.teacher, sigma, output_noise_variance=0.5)
    errors = (sample.y - sample.x @ student.T).square().sum(1)
    spread = float(errors.std()) / math.sqrt(len(errors))
    assert abs(float(errors.mean() - found)) < 4 * spread


def test_samples_have_the_stated_signal_to_noise_ratio():
    """Over teachers the variance of the signal is one; noise is what teacher and x leave."""
    g = torch.Generator().manual_seed(0)
    samples = [sample_teacher(50, 100, 1, snr=4.0, generator=g) for _ in range(400)]
    signal = torch.stack([s.x @ s.teacher.T for s in samples])
    noise = torch.stack([s.y for s in samples]) - signal
    by_teacher = signal.square().mean((1, 2))
    assert abs(float(by_teacher.mean()) - 1) < 4 * float(by_teacher.std()) / 20
    assert abs(float(noise.square().mean()) - 0.25) < 4 * 0.25 * math.sqrt(2 / noise.numel())
    relevant = sample_teacher(5, 10, 1, snr=1.0, relevant=3).teacher
    assert bool(relevant[:, :3].all()) and not relevant[:, 3:].any()


def test_what_is_relevant_changes_neither_inputs_nor_noise():
    """So that fewer relevant inputs of as many are a smaller signal in the same noise."""
    few, all_ = (
        sample_teacher(5, 10, 2, snr=4.0, relevant=n, generator=torch.Generator().manual_seed(0))
        for n in (3, None)
    )
    assert torch.equal(few.x, all_.x)
    assert torch.equal(few.teacher[:, :3], all_.teacher[:, :3])
    noise = [sample.y - sample.x @ sample.teacher.T for sample in (few, all_)]
    torch.testing.assert_close(*noise, rtol=0, atol=1e-12)


def test_one_matrix_follows_the_solution_of_least_squares():
    r"""The gap to the solution shrinks by the factor I - eta C in each step of full batch."""
    sample = sample_teacher(30, 4, 2, snr=1.0, generator=torch.Generator().manual_seed(0))
    start, rate, steps = matrix(2, 4), 0.3, 25
    *_, (found,) = islice(descend([start], sample.x, sample.y, learning_rate=rate), steps + 1)
    moments = sample.x.T @ sample.x / 30
    best = torch.linalg.lstsq(sample.x, sample.y).solution.T
    shrink = torch.linalg.matrix_power(torch.eye(4).double() - rate * moments, steps)
    torch.testing.assert_close(found, best + (start - best) @ shrink, rtol=0, atol=1e-12)


def test_two_matrices_follow_the_logistic_solution():
    r"""From equal weights the product obeys u' = 2 u (s - u): a logistic curve in time."""
    x, s, u0, rate, steps = torch.eye(1).double(), 1.5, 0.01, 1e-3, 3000
    start = [torch.full((1, 1), math.sqrt(u0), dtype=torch.float64)] * 2
    states = descend(start, x, s * x, learning_rate=rate)
    for epoch, (first, second) in enumerate(islice(states, steps + 1)):
        if epoch % 500 == 0:
            time = rate * epoch
            expected = s / (1 + (s / u0 - 1) * math.exp(-2 * s * time))
            product = float(first * second)  # off by the order of the step
            assert product == pytest.approx(expected, abs=5e-3)


def test_a_step_is_that_of_autograd():
    """Four matrices of different shapes, and a batch smaller than the data."""
    shapes = [(6, 5), (4, 6), (3, 4), (2, 3)]
    weights = [matrix(*shape, seed=i) / 3 for i, shape in enumerate(shapes)]
    x, y = matrix(7, 5, seed=8), matrix(7, 2, seed=9)
    g = torch.Generator().manual_seed(4)
    states = descend(weights, x, y, learning_rate=0.1, batch_size=4, generator=g)
    _, found = next(states), next(states)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(4))
    own = [w.clone().requires_grad_() for w in weights]
    for index in order.split(4):
        h = x[index]
        for w in own:
            h = h @ w.T
        loss = (h - y[index]).square().sum(1).mean() / 2
        gradients = torch.autograd.grad(loss, own)
        own = [
            (w - 0.1 * g).detach().requires_grad_() for w, g in zip(own, gradients, strict=True)
        ]
    for a, b in zip(found, own, strict=True):
        torch.testing.assert_close(a, b.detach(), rtol=0, atol=1e-12)
    assert torch.equal(weights[0], matrix(6, 5, seed=0) / 3)


def test_no_epoch_keeps_the_graph_of_those_before():
    one = torch.eye(2, dtype=torch.float64)
    plain = islice(descend([one / 2], one, one, learning_rate=0.1), 4)
    learned = islice(descend([(one / 2).requires_grad_()], one, one, learning_rate=0.1), 4)
    for (expected,), (found,) in zip(plain, learned, strict=True):
        assert not found.requires_grad and torch.equal(found, expected)


def test_divergence_stops_with_the_epoch():
    x = y = torch.eye(1, dtype=torch.float64)
    with pytest.raises(FloatingPointError, match="after epoch"):
        list(islice(descend([x], x, 2 * y, learning_rate=1e200), 5))


def test_a_wrong_step_is_refused_before_the_first_epoch():
    x = torch.eye(1, dtype=torch.float64)
    with pytest.raises(ValueError, match="learning_rate must be above 0, got -1"):
        descend([x], x, x, learning_rate=-1.0)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_variances_and_ratios_must_be_positive(value):
    one = torch.eye(1)
    with pytest.raises(ValueError, match=f"got {value}"):
        linear.information_about_input(one, one, noise_variance=value)
    with pytest.raises(ValueError, match=f"got {value}"):
        linear.information_about_output(
            one, one, one, noise_variance=1.0, output_noise_variance=value
        )
    with pytest.raises(ValueError, match=f"got {value}"):
        sample_teacher(5, 2, 1, snr=value)


def flow(start, target, *, share, times):
    """Return the product of two scalar weights under gradient flow on a share of the error."""

    def slope(_, weights):
        own = torch.tensor(weights, dtype=torch.float64, requires_grad=True)
        loss = share * (target - own[0] * own[1]).square()  # the input has unit variance
        return -torch.autograd.grad(loss, own)[0].numpy()

    found = solve_ivp(slope, (0, times[-1]), [start**0.5] * 2, t_eval=times, rtol=1e-9, atol=1e-12)
    return found.y.prod(0)


def test_the_logistic_curve_is_that_of_half_the_squared_error():
    """On the squared error itself the same curve is run through at twice the speed."""
    start, target, times = 0.05, 1.5, np.linspace(0.0, 2.0, 9)
    stated = target / (1 + (target / start - 1) * np.exp(-2 * target * times))
    np.testing.assert_allclose(flow(start, target, share=0.5, times=times), stated, atol=1e-7)
    whole = flow(start, target, share=1.0, times=times)
    assert np.abs(whole - stated).max() > 0.3
    np.testing.assert_allclose(whole[:5], stated[::2], atol=1e-7)


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_modes_of_both_kinds_rise_and_then_fall(decay):
    """One mode learns, another is forgotten more slowly; neither knows of the other."""
    targets, starts, noise = np.array([5.0, 0.05]), np.array([0.5, 0.5]), 1.0
    t, left = np.linspace(0.0, 10.0, 101)[:, None], targets - decay
    # A target below zero sends the same curve to zero.
    product = left / (1 + (left / starts - 1) * np.exp(-2 * left * t))
    information = 0.5 * np.log1p(product / noise).sum(1)
    peak = information.argmax()
    assert 0 < peak < 20
    assert (np.diff(information[: peak + 1]) > 0).all() and (np.diff(information[peak:]) < 0).all()
    assert information[-1] < 0.95 * information[peak]
    # Against the flow of both modes, with constant decay.
    slope = lambda _, u: 2 * u * (targets - decay - u)  # noqa: E731
    found = solve_ivp(slope, (0, 10), starts, t_eval=t[:, 0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.y.T, product, atol=1e-6)


def test_layers_of_one_rank_keep_their_difference_without_noise():
    """The ratio of their informations tends to one, the difference to a constant."""
    one, other, sigma = matrix(2, 4), 3 * matrix(2, 4), torch.eye(4, dtype=torch.float64)
    ratios, gaps = [], []
    for noise in (1e-2, 1e-5, 1e-8):
        small, large = (
            float(linear.information_about_input(w, sigma, noise_variance=noise))
            for w in (one, other)
        )
        ratios.append(large / small)
        gaps.append(large - small)
    assert ratios == sorted(ratios, reverse=True) and ratios[-1] < 1.15
    assert gaps[-1] == pytest.approx(2 * math.log(3), abs=1e-6)


def test_a_layer_of_zeros_tells_nothing_and_any_other_without_bound():
    sigma = torch.eye(4, dtype=torch.float64)
    for scale, bound in ((0.0, 0.0), (1e-3, 10.0)):
        found = linear.information_about_input(scale * matrix(2, 4), sigma, noise_variance=1e-18)
        assert float(found) == 0 if scale == 0 else float(found) > bound
