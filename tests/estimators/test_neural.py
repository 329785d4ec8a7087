"""Neural estimates: closed forms, independence, the split, and reasons to doubt."""

import inspect
import math

import pandas as pd
import pytest
import torch
from torch import nn

from ibutils import bounds
from ibutils.critics import Separable
from ibutils.estimators import neural
from ibutils.estimators.doubts import heavy_tails
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
    # The other two parts, the second in the blocks of ten groups.
    assert (40, False, False) in given and (12, False, False) in given


def test_the_weights_of_a_critic_of_ones_own_are_not_held_small():
    """The log-ratio of normals is quadratic; at a correlation of 0.95 it has weights above 2."""
    x, y, truth = samples(0.95)

    class Quadratic(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = nn.Parameter(torch.zeros(3, 3))

        def forward(self, x, y):
            u, v = (torch.cat([torch.ones_like(z), z, z**2], 1) for z in (x, y))
            return u @ self.weights @ v.mT

    critic = Quadratic()
    found = estimate(x, y, critic=critic, steps=200, learning_rate=0.1, generator=seeded())
    assert abs(found.value - truth) < STANDARD_ERRORS * found.stderr + 0.05
    assert float(critic.weights.detach().abs().max()) > 2  # decay would keep it below 1


def test_the_critic_with_the_best_validation_value_is_reported():
    """A critic that turns bad half way, and recovers a little, is reported as it was before."""
    x, y, _ = samples(0.8, n=400)

    class Spoiled(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(()))
            self.register_buffer("seen", torch.zeros(()))

        def forward(self, x, y):
            self.seen += self.training
            slope = 0.5 if self.seen <= 20 else -0.5 if self.seen <= 30 else 0.05
            return slope * x @ y.mT + 0 * self.weight

    critic = Spoiled()
    found = estimate(x, y, critic=critic, generator=seeded(), **FEW)
    assert found.value > 0 and 1 <= critic.seen <= 20
    assert critic.weight.grad is None  # which would be added to the next gradient


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


def test_units_and_shifts_of_the_samples_do_not_matter():
    x, y, _ = samples(0.7, n=300)
    plain = estimate(x, y, generator=seeded(), **FEW).value
    scaled = estimate(1e3 * x - 5, 1e-2 * y + 1, generator=seeded(), **FEW).value
    assert scaled == pytest.approx(plain, abs=1e-3)


class TestInputs:
    """What a caller may hand over, and where a caller may stand."""

    x, y, _ = samples(0.8, n=300)

    def value(self, x, y, **options):
        return estimate(x, y, generator=seeded(), **(FEW | options)).value

    def test_any_container_of_the_same_numbers(self):
        expected = self.value(self.x, self.y)
        x, y = self.x.numpy(), self.y[:, 0].tolist()
        assert self.value(x, y) == pytest.approx(expected, abs=1e-5)
        assert self.value(pd.DataFrame(x), pd.Series(y)) == pytest.approx(expected, abs=1e-5)

    def test_integers_and_truth_values(self):
        counts = (3 * self.x).round().long()
        assert self.value(counts, self.y > 0) == self.value(counts.double(), (self.y > 0).double())

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
    def test_other_precisions(self, dtype):
        x, y = self.x.to(dtype), self.y.to(dtype)
        assert self.value(x, y) == pytest.approx(self.value(x.float(), y.float()), abs=1e-5)

    def test_other_default_precision(self):
        torch.set_default_dtype(torch.float64)
        try:
            found = self.value(self.x, self.y)
        finally:
            torch.set_default_dtype(torch.float32)
        assert 0.05 < found < 0.9

    @pytest.mark.parametrize(
        "mode",
        [
            torch.no_grad,
            torch.inference_mode,
            lambda: torch.autocast("cpu", dtype=torch.bfloat16),
        ],
    )
    def test_within_other_modes(self, mode):
        expected = self.value(self.x, self.y)
        with mode():
            x = self.x * 1  # in inference mode: a tensor that cannot be trained on
            assert self.value(x, self.y) == expected

    def test_outputs_of_an_encoder_and_what_they_depend_on_are_left_alone(self):
        weight = torch.ones(1, requires_grad=True)
        x, before = self.x * weight, self.x.clone()
        assert self.value(x, self.y) == self.value(self.x, self.y)
        assert weight.grad is None and torch.equal(x.detach(), before)
        x.sum().backward()  # its graph is whole

    @pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e200])
    def test_units_of_any_size(self, scale):
        """A power of two changes no bit; squares of the largest leave even double precision."""
        expected = self.value(self.x, self.y)
        assert self.value(2**-99 * self.x, self.y) == expected
        scaled = scale * self.x.double()
        assert self.value(scaled, self.y.double()) == pytest.approx(expected, abs=1e-4)

    def test_columns_that_do_not_vary_are_left_out(self):
        wide = torch.cat([self.x, torch.full_like(self.x, 0.1)], dim=1)
        found = estimate(wide, self.y, generator=seeded(), **FEW)
        assert 0.05 < found.value < 0.9
        assert any("1 of 3 columns" in doubt for doubt in found.diagnostics)

    def test_what_does_not_vary_carries_nothing(self):
        found = estimate(self.x, torch.full_like(self.y, 0.1), generator=seeded(), **FEW)
        assert found.value == found.stderr == 0
        (doubt,) = found.diagnostics
        assert doubt.startswith("y does not vary")

    def test_a_module_decides_the_precision(self):
        class Product(nn.Linear):
            def forward(self, x, y):
                assert x.dtype == y.dtype == torch.float64
                return super().forward(x) @ y.mT

        critic = Product(1, 1).double()
        nn.init.ones_(critic.weight)
        assert self.value(self.x, self.y, critic=critic) > 0

    def test_a_bar(self, capsys):
        value = self.value(self.x, self.y)
        assert capsys.readouterr().err == ""
        assert self.value(self.x, self.y, progress=True) == value
        assert "40/40" in capsys.readouterr().err


class TestDoubts:
    def doubts(self, **changes):
        train = torch.randn(1000, 2, generator=seeded())
        options = dict(
            bound="nwj", critic="separable", value=0.5, test=300, train=train, curve=[0.5] * 40
        )
        return neural._doubts(**(options | changes))

    def test_nothing_speaks_against_a_plain_value(self):
        assert self.doubts() == ()

    def test_info_nce_near_its_ceiling(self):
        (doubt,) = self.doubts(bound="info_nce", value=math.log(300) - 0.5)
        assert "log 300 = 5.70" in doubt
        assert not self.doubts(bound="info_nce", value=math.log(300) - 1.5)

    def test_any_bound_near_the_logarithm_of_its_pairs(self):
        (doubt,) = self.doubts(bound="smile", value=math.log(300) - 0.5)
        assert "300 held-out pairs tell little" in doubt and "InfoNCE" not in doubt
        assert not self.doubts(bound="smile", value=math.log(300) - 1.5)

    @pytest.mark.parametrize("value", [-2e18, -math.inf, -1.5])
    def test_a_value_far_below_zero_is_no_sign_of_independence(self, value):
        (doubt,) = self.doubts(value=value)
        assert "diverged" in doubt and "no dependence" not in doubt
        (doubt,) = self.doubts(value=-0.5)
        assert "finds no dependence" in doubt

    def test_a_rare_label_is_no_tail(self):
        train = torch.randn(1000, 2, generator=seeded())
        rare = (torch.arange(1000) < 2).float()[:, None]
        assert self.doubts(train=torch.cat([train, (rare - rare.mean()) / rare.std()], 1)) == ()

    def test_a_critic_that_was_still_improving(self):
        (doubt,) = self.doubts(curve=[0.01 * i for i in range(40)])
        assert "still improving" in doubt and "critic='separable_relu'" in doubt
        (doubt,) = self.doubts(curve=[0.01 * i for i in range(40)], critic="separable_relu")
        assert "critic='separable'" in doubt

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
        assert "negative" in doubt and "Compare critic='separable_relu'" in doubt

    def test_columns_that_do_not_vary(self):
        train = torch.randn(1000, 3, generator=seeded())
        train[:, 1] = 0
        (doubt,) = self.doubts(train=train)
        assert "1 of 3 columns" in doubt
        train[3, 2] = -25.0
        assert len(self.doubts(train=train)) == 2  # heavy tails are seen beside them

    def test_they_reach_the_result(self):
        x, y = sparse_normal(10, 10, correlation=0.95, pairs=10).sample(60, generator=seeded())
        found = estimate(x, y, generator=seeded(), **FEW)
        assert any("few for 20 dimensions" in doubt for doubt in found.diagnostics)


def test_a_critic_may_hold_a_table_of_integers_first():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.order = nn.Parameter(torch.arange(3), requires_grad=False)
            self.critic = Separable(1, 1, width=8, embedding=4, depth=1, generator=seeded())

        def forward(self, x, y):
            return self.critic(x, y)

    x, y, _ = samples(0.5, n=200)
    critic = Counting()
    before = critic.critic.f[0].weight.clone()
    found = estimate(x, y, critic=critic, generator=seeded(), **FEW)
    assert math.isfinite(found.value) and not critic.critic.f[0].weight.equal(before)


class TestBadInput:
    x, y, _ = samples(0.5, n=100)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (dict(bound="mine"), "bound must be one of .*, got 'mine'"),
            (dict(critic="bilinear"), "critic must be one of .*, got 'bilinear'"),
            (dict(critic=nn.ReLU()), "critic must have parameters to train, got ReLU"),
            (dict(steps=0), "steps must be at least 1, got 0"),
            (dict(batch_size=1), "batch_size must be at least 2, got 1"),
            (dict(learning_rate=0.0), r"learning_rate must be above 0, got 0\.0"),
            (dict(learning_rate=math.nan), "learning_rate must be above 0, got nan"),
        ],
    )
    def test_settings(self, options, message):
        with pytest.raises(ValueError, match=message):
            estimate(self.x, self.y, **options)

    def test_a_bar_is_asked_for_by_a_truth_value(self):
        with pytest.raises(TypeError, match="progress must be a bool, got str: 'no'"):
            inspect.unwrap(estimates)(self.x, self.y, bounds=["info_nce"], progress="no")

    def test_samples(self):
        with pytest.raises(ValueError, match=r"x \(100, 1\) and y \(99, 1\) must have one length"):
            estimate(self.x, self.y[1:])
        with pytest.raises(ValueError, match="x must hold at least 40 samples, got 39"):
            estimate(self.x[:39], self.y[:39])
        with pytest.raises(ValueError, match=r"y is not finite at \[.*, 0\]: nan"):
            estimate(self.x, self.y.where(self.y > -1, math.nan))
        with pytest.raises(TypeError, match="x must hold numbers"):
            estimate(["a", "b"] * 50, self.y)

    def test_a_critic_whose_scores_carry_no_gradient(self):
        class Detached(Separable):
            def forward(self, x, y):
                return super().forward(x, y).detach()

        with pytest.raises(ValueError, match="scores that its parameters can learn from"):
            estimate(self.x, self.y, critic=Detached(1, 1, width=8, embedding=4, depth=1))

    def test_a_critic_that_makes_no_table(self):
        class Rows(nn.Linear):
            def forward(self, x, y):
                return super().forward(x)

        with pytest.raises(ValueError, match=r"critic must map 60 x .*float32 of shape \(60, 1\)"):
            estimate(self.x, self.y, critic=Rows(1, 1), **FEW)

    def test_bounds(self):
        with pytest.raises(
            ValueError, match=r"bounds must be trained alike, got \['nwj', 'smile'\]"
        ):
            estimates(self.x, self.y, bounds=["nwj", "smile"])
        with pytest.raises(ValueError, match=r"bounds must be trained alike, got \[\]"):
            estimates(self.x, self.y, bounds=[])

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
