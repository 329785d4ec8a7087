"""Neural estimates: closed forms, independence, the split, and reasons to doubt."""

import inspect
import math

import pytest
import torch
from torch import nn

from ibutils import bounds
from ibutils.critics import Concatenated, Separable
from ibutils.estimators import neural
from ibutils.estimators.estimate import heavy_tails
from ibutils.estimators.neural import OBJECTIVES, estimate, estimates
from ibutils.tasks import catalogue, dense_normal, sparse_normal

STANDARD_ERRORS = 4  # a stochastic test fails for 6 in 100,000 seeds, and seeds are fixed
FEW = dict(steps=40, batch_size=64)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def samples(correlation, n=1500, seed=1):
    task = dense_normal(1, 1, correlation=correlation)
    return *task.sample(n, generator=seeded(seed)), task.mutual_information()


@pytest.mark.parametrize("bound", OBJECTIVES)
def test_a_gaussian_is_met(bound):
    """Within the standard error and a tenth for what 300 steps leave to learn."""
    x, y, truth = samples(0.9)
    found = estimate(x, y, bound=bound, steps=300, learning_rate=3e-3, generator=seeded())
    assert found.unit == "nat" and 0 < found.stderr < 0.1
    assert abs(found.value - truth) < STANDARD_ERRORS * found.stderr + 0.1 * truth


def test_a_concatenated_critic_meets_it_too():
    x, y, truth = samples(0.9, n=600)
    found = estimate(
        x,
        y,
        critic="concatenated",
        steps=150,
        batch_size=32,
        learning_rate=3e-3,
        generator=seeded(),
    )
    assert abs(found.value - truth) < STANDARD_ERRORS * found.stderr + 0.2 * truth


def test_which_critic_finds_more_depends_on_the_task():
    """Steps of a channel need what a smooth layer lacks; a few pairs of a normal do not."""
    found = {}
    for name in ("channel-1x1-8-0.2", "normal-1x1-0.9"):
        x, y = catalogue()[name].sample(500, generator=seeded(1))
        for critic in ("separable", "separable_relu"):
            options = dict(critic=critic, steps=300, generator=seeded(2))
            found[name, critic] = estimate(x, y, **options).value
    channel, normal = "channel-1x1-8-0.2", "normal-1x1-0.9"
    assert found[channel, "separable_relu"] > found[channel, "separable"] + 0.1
    assert found[normal, "separable"] > found[normal, "separable_relu"]


@pytest.mark.parametrize("bound", ["info_nce", "nwj", "jensen_shannon"])
def test_independent_samples_share_nothing(bound):
    x, y, _ = samples(0.0)
    found = estimate(x, y, bound=bound, steps=100, generator=seeded())
    assert abs(found.value) < STANDARD_ERRORS * found.stderr + 0.02


def test_the_value_is_the_bound_on_samples_that_were_held_out():
    """With the true log-ratio for a critic that cannot learn, the value is known in advance."""
    x, y, _ = samples(0.6, n=400)
    given = []

    class Product(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(()))

        def forward(self, x, y):
            given.append((len(x), self.training, torch.is_grad_enabled()))
            return 0.5 * x @ y.mT + 0 * self.weight

    found = estimate(x, y, bound="nwj", critic=Product(), generator=seeded(), **FEW)
    order = torch.randperm(400, generator=seeded())
    train, test = order[:240], order[280:]
    scaled = [(values[test] - values[train].mean(0)) / values[train].std(0) for values in (x, y)]
    expected = bounds.nwj(0.5 * scaled[0] @ scaled[1].mT)
    assert found.value == pytest.approx(float(expected), abs=1e-6)
    assert (64, True, True) in given  # a training step
    assert (40, False, False) in given and (120, False, False) in given  # the other two parts


def test_the_critic_with_the_best_validation_value_is_reported():
    """A critic that turns bad half way is reported as it was before."""
    x, y, _ = samples(0.8, n=400)

    class Spoiled(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(()))
            self.register_buffer("seen", torch.zeros(()))

        def forward(self, x, y):
            self.seen += self.training
            sign = 1.0 if self.seen <= 20 else -1.0
            return 0.5 * sign * x @ y.mT + 0 * self.weight

    critic = Spoiled()
    found = estimate(x, y, critic=critic, generator=seeded(), **FEW)
    assert found.value > 0 and 1 <= critic.seen <= 20


def test_equal_generators_give_equal_values():
    x, y, _ = samples(0.5, n=300)
    one, two, other = (estimate(x, y, generator=seeded(s), **FEW).value for s in (0, 0, 1))
    assert one == two != other


def test_bounds_of_one_objective_share_a_critic():
    x, y, _ = samples(0.5, n=300)
    names = ["jensen_shannon", "jensen_shannon_nwj", "smile"]
    found = estimates(x, y, bounds=names, generator=seeded(), **FEW)
    for name in names:
        assert found[name] == estimate(x, y, bound=name, generator=seeded(), **FEW)
    assert found["jensen_shannon_nwj"].value <= found["jensen_shannon"].value
    with pytest.raises(ValueError, match="not trained alike"):
        estimates(x, y, bounds=["nwj", "info_nce"])


def test_units_and_shifts_of_the_samples_do_not_matter():
    x, y, _ = samples(0.7, n=300)
    plain = estimate(x, y, generator=seeded(), **FEW).value
    scaled = estimate(1e3 * x - 5, 1e-2 * y + 1, generator=seeded(), **FEW).value
    assert scaled == pytest.approx(plain, abs=1e-3)


def test_blocks_make_the_whole_table(monkeypatch):
    monkeypatch.setattr(neural, "BLOCK", 7)
    critic = Concatenated(2, 3, width=8, depth=2, generator=seeded())
    x, y = torch.randn(17, 2, generator=seeded(1)), torch.randn(17, 3, generator=seeded(2))
    torch.testing.assert_close(neural._scores(critic, x, y), critic(x, y).detach())
    assert critic.training


def test_the_jackknife_knows_the_error_of_a_mean():
    """For a bound that is a mean over the diagonal, up to the noise of ten groups."""
    scores = torch.diag(torch.randn(1000, generator=seeded()))
    error = neural._jackknife(scores, lambda table: table.diagonal().mean())
    assert error == pytest.approx(1 / math.sqrt(1000), rel=0.7)


class TestDoubts:
    def doubts(self, **changes):
        train = torch.randn(1000, 2, generator=seeded())
        options = dict(bound="nwj", value=0.5, test=300, train=train, curve=[0.5] * 40)
        return neural._doubts(**(options | changes))

    def test_nothing_speaks_against_a_plain_value(self):
        assert self.doubts() == ()

    def test_info_nce_near_its_ceiling(self):
        (doubt,) = self.doubts(bound="info_nce", value=math.log(300) - 0.5)
        assert "log 300 = 5.70" in doubt
        assert not self.doubts(bound="info_nce", value=math.log(300) - 1.5)
        assert not self.doubts(value=math.log(300) - 0.5)

    def test_a_critic_that_was_still_improving(self):
        (doubt,) = self.doubts(curve=[0.01 * i for i in range(40)])
        assert "still improving" in doubt

    def test_few_samples_for_the_dimension(self):
        (doubt,) = self.doubts(train=torch.randn(1000, 40, generator=seeded()))
        assert "1000 training samples are few for 40 dimensions" in doubt

    def test_heavy_tails(self):
        train = torch.randn(1000, 2, generator=seeded())
        train[3, 1] = -25.0
        (doubt,) = self.doubts(train=train)
        assert "robust deviations out" in doubt

    @pytest.mark.parametrize("n", [300, 3000])
    def test_heavy_tails_show_in_few_samples_too(self, n):
        """No sample is more than the root of n standard deviations out: 20 needs over 400."""
        cauchy = torch.distributions.Cauchy(0.0, 1.0).icdf(torch.linspace(0.5 / n, 1 - 0.5 / n, n))
        assert float(((cauchy - cauchy.mean()) / cauchy.std()).abs().max()) <= math.sqrt(n)
        (doubt,) = heavy_tails(cauchy[:, None])
        assert "asinh" in doubt
        assert not heavy_tails(torch.asinh(cauchy)[:, None])
        assert not heavy_tails(torch.randn(10_000, 3, generator=seeded()))
        assert not heavy_tails((torch.rand(n, 1, generator=seeded()) < 0.1).float())

    def test_a_negative_value(self):
        (doubt,) = self.doubts(value=-0.1)
        assert "negative" in doubt

    def test_they_reach_the_result(self):
        x, y = sparse_normal(10, 10, correlation=0.95, pairs=10).sample(60, generator=seeded())
        found = estimate(x, y, generator=seeded(), **FEW)
        assert any("few for 20 dimensions" in doubt for doubt in found.diagnostics)


class TestBadInput:
    x, y, _ = samples(0.5, n=100)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (dict(bound="mine"), "unknown bound 'mine'"),
            (dict(critic="bilinear"), "unknown critic 'bilinear'"),
            (dict(steps=0), "steps must be positive, got 0"),
            (dict(batch_size=-1), "batch_size must be positive, got -1"),
            (dict(learning_rate=0.0), r"learning_rate must be positive, got 0\.0"),
        ],
    )
    def test_settings(self, options, message):
        with pytest.raises(ValueError, match=message):
            estimate(self.x, self.y, **options)

    def test_samples(self):
        plain = inspect.unwrap(estimates)  # without the check of shapes
        with pytest.raises(ValueError, match=r"disagree: \(100, 1\), \(99, 1\)"):
            plain(self.x, self.y[1:], bounds=["nwj"])
        with pytest.raises(ValueError, match=r"at least 40 samples .* got 39"):
            estimate(self.x[:39], self.y[:39])
        with pytest.raises(ValueError, match="y holds nan"):
            estimate(self.x, self.y.where(self.y > -1, math.nan))
        with pytest.raises(ValueError, match=r"columns \[0\] are constant"):
            estimate(self.x, torch.ones_like(self.y))

    def test_a_loss_that_is_not_finite_stops(self):
        class Exploding(Separable):
            def forward(self, x, y):
                return super().forward(x, y) * 1e30

        critic = Exploding(1, 1, width=4, embedding=2, depth=1, generator=seeded())
        with pytest.raises(FloatingPointError, match="at step"):
            estimate(self.x, self.y, bound="nwj", critic=critic, generator=seeded(), **FEW)


@pytest.mark.gpu
def test_runs_on_a_gpu():
    x, y, truth = samples(0.9)
    found = estimate(x.cuda(), y.cuda(), steps=300, learning_rate=3e-3, generator=seeded())
    assert abs(found.value - truth) < STANDARD_ERRORS * found.stderr + 0.1 * truth
