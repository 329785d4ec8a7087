"""Theorems of the Jensen-Shannon objective on exact tables, and the chapter's random tables."""

import math
from itertools import product as pairs

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch.nn import functional as F

from experiments.foundations import jensen_shannon as experiment
from ibutils import bounds
from ibutils.information import entropy, kl_divergence, mutual_information
from ibutils.train import generator

LOG_2 = math.log(2)
STANDARD_ERRORS = 4  # a stochastic test fails for 6 in 100,000 seeds, and seeds are fixed
ROUNDING = 1e-12
DRAWS = 1000  # the scale of the paper

close = torch.testing.assert_close
table_settings = settings(max_examples=50, deadline=None)


def tables(least=1):
    """Draw joint tables of three by four cells, with zeros when ``least`` is 0."""
    counts = st.lists(st.integers(least, 9), min_size=12, max_size=12).filter(any)
    return counts.map(lambda cells: torch.tensor(cells).double().reshape(3, 4) / sum(cells))


scores_of_cells = st.lists(st.floats(-6, 6), min_size=12, max_size=12).map(
    lambda values: torch.tensor(values, dtype=torch.float64).reshape(3, 4)
)


def product(joint):
    return joint.sum(-1, keepdim=True) * joint.sum(-2, keepdim=True)


def middle(joint):
    return (joint + product(joint)) / 2


def divergence(joint):
    """Return the Jensen-Shannon divergence of joint and product by its definition."""
    between = middle(joint).flatten()
    return sum(kl_divergence(each.flatten(), between) for each in (joint, product(joint))) / 2


def objective(critic, joint):
    """Return equation 4 with exact expectations."""
    return (joint * F.logsigmoid(critic) + product(joint) * F.logsigmoid(-critic)).sum()


def log_ratio(joint):
    return joint.log() - product(joint).log()


class TestDivergence:
    @given(tables(least=0))
    @table_settings
    def test_is_the_information_of_a_coin(self, joint):
        coin_and_draw = torch.stack([joint.flatten(), product(joint).flatten()]) / 2
        value = divergence(joint)
        close(value, mutual_information(coin_and_draw))
        assert -ROUNDING <= float(value) < LOG_2

    @given(tables())
    @table_settings
    def test_is_at_most_an_eighth_of_both_divergences(self, joint):
        both = kl_divergence(joint.flatten(), product(joint).flatten())
        both += kl_divergence(product(joint).flatten(), joint.flatten())
        assert float(divergence(joint)) <= float(both) / 8 + ROUNDING

    def test_an_eighth_is_the_best_constant(self):
        """Near independence it is reached; a quarter, which convexity gives, is not."""
        joint = torch.tensor([[3, 1, 2], [1, 2, 4]]).double() / 13
        ratios = []
        for step in (1e-1, 1e-2, 1e-3):
            near = product(joint) + step * (joint - product(joint))
            both = kl_divergence(near.flatten(), product(near).flatten())
            both += kl_divergence(product(near).flatten(), near.flatten())
            ratios.append(float(divergence(near) / both))
        assert ratios == sorted(ratios) and ratios[-1] == pytest.approx(1 / 8, abs=1e-5)

    def test_is_no_function_of_the_information(self):
        bit = torch.eye(2).double() / 2
        rare = torch.diag(torch.cat([torch.tensor([0.9]), torch.full((100,), 1e-3)])).double()
        rare = rare / rare.sum()
        assert mutual_information(rare) > mutual_information(bit)
        assert divergence(rare) < divergence(bit)


class TestObjective:
    @given(tables())
    @table_settings
    def test_attains_the_divergence_at_the_log_ratio(self, joint):
        close(objective(log_ratio(joint), joint), 2 * divergence(joint) - 2 * LOG_2)

    @given(tables(), scores_of_cells)
    @table_settings
    def test_falls_short_by_a_mean_kl_of_coins(self, joint, critic):
        probabilities = torch.sigmoid(log_ratio(joint)), torch.sigmoid(critic)
        coins = [torch.stack([p, 1 - p], dim=-1) for p in probabilities]
        gap = 2 * (middle(joint) * kl_divergence(*coins)).sum()
        best = 2 * divergence(joint) - 2 * LOG_2
        close(best - objective(critic, joint), gap, atol=1e-9, rtol=1e-7)
        assert float(objective(critic, joint)) <= float(best) + ROUNDING <= ROUNDING

    @given(scores_of_cells)
    @table_settings
    def test_a_batch_of_two_is_unbiased(self, critic):
        joint = torch.tensor([[3, 1, 0, 2], [1, 2, 2, 0], [0, 1, 4, 4]]).double() / 20
        mean = 0.0
        for (x, y), (a, b) in pairs(pairs(range(3), range(4)), repeat=2):
            scores = torch.stack([critic[x, [y, b]], critic[a, [y, b]]])
            mean += joint[x, y] * joint[a, b] * bounds.jensen_shannon(scores)
        close(mean, objective(critic, joint))


class TestIdentity:
    @given(tables(least=0))
    @table_settings
    def test_both_forms_give_the_divergence(self, joint):
        r = torch.where(product(joint) > 0, joint / product(joint), 0.0)
        of_product = torch.special.xlogy(r, r) - torch.special.xlogy(1 + r, 1 + r)
        inside = torch.where(joint > 0, r, 1.0)
        of_joint = inside.log() - (1 + 1 / inside) * torch.log1p(inside)
        close(LOG_2 + (product(joint) * of_product).sum() / 2, divergence(joint))
        close(LOG_2 + (joint * of_joint).sum() / 2, divergence(joint))

    def test_h_increases_is_concave_and_rises_to_zero(self):
        r = torch.logspace(-3, 3, 301, dtype=torch.float64, requires_grad=True)
        h = r.log() - (1 + 1 / r) * torch.log1p(r)
        (slope,) = torch.autograd.grad(h.sum(), r, create_graph=True)
        (bend,) = torch.autograd.grad(slope.sum(), r)
        close(slope, torch.log1p(r) / r**2)
        assert bool((slope > 0).all() and (bend < 0).all() and (h < 0).all())
        assert float(h[-1].detach()) > -0.01

    @given(tables())
    @table_settings
    def test_is_a_quarter_of_a_small_information(self, joint):
        near = product(joint) + 1e-3 * (joint - product(joint))
        information = mutual_information(near)
        if float(information) > 1e-10:  # else rounding decides
            close(divergence(near) / information, torch.tensor(0.25).double(), atol=2e-3, rtol=0)

    def test_the_tail_of_a_term(self):
        """At ten nats of pointwise information, and what another ten add to each quantity."""
        log_r = torch.tensor([10.0, 20.0], dtype=torch.float64, requires_grad=True)
        term = 0.5 * (log_r - (1 + torch.exp(-log_r)) * F.softplus(log_r))
        gain = float((term[1] - term[0]).detach())
        assert gain == pytest.approx(5.5 * math.exp(-10), rel=1e-3)
        assert gain == pytest.approx(0.25e-3, rel=0.01)
        (slope,) = torch.autograd.grad(term.sum(), log_r)
        close(slope, F.softplus(log_r) * torch.exp(-log_r) / 2)


def with_atoms(p):
    """Return the divergence of a deterministic code by `thm-jsd-deterministic`."""
    p = torch.as_tensor(p, dtype=torch.float64)
    return LOG_2 - 0.5 * (p * ((1 + p) * torch.log1p(p) - torch.special.xlogy(p, p))).sum()


class TestDeterministic:
    @given(st.lists(st.integers(0, 4), min_size=1, max_size=12))
    @table_settings
    def test_is_what_the_table_of_the_code_has(self, code):
        """Equally likely inputs, each with one value of the code; information is its entropy."""
        values = torch.tensor(code)
        joint = F.one_hot(values, 5).double() / len(code)
        close(divergence(joint), with_atoms(joint.sum(0)))
        close(mutual_information(joint), entropy(joint.sum(0)))

    def test_the_upper_end_is_reached_without_atoms(self):
        """Ever more inputs with a code each; half of them with one code leave the end away."""
        for n in (10, 1000, 10**6):
            short = LOG_2 - float(with_atoms(torch.full((n,), 1 / n)))
            assert short == pytest.approx((1 + math.log(n)) / (2 * n), rel=2 / n)
        assert float(with_atoms([])) == LOG_2
        assert float(with_atoms([1.0])) == pytest.approx(0)
        rectified = torch.cat([torch.tensor([0.5]), torch.full((1000,), 0.5 / 1000)])
        assert float(with_atoms(rectified)) == pytest.approx(float(with_atoms([0.5])), abs=5e-3)
        assert float(with_atoms([0.5])) < LOG_2 - 0.2

    def test_noise_leads_to_the_upper_end(self):
        """The law of the log-ratio in the theorem, against the density of X and X + noise."""
        points = torch.linspace(-8, 8, 801, dtype=torch.float64)
        normal = torch.exp(-0.5 * points.square())
        weights = torch.outer(normal, normal) / normal.sum() ** 2
        found = []
        for sigma in (2.0, 0.3, 0.1, 1e-2, 1e-3):
            information = 0.5 * math.log1p(sigma**-2)
            squares = 0.5 * points.square() / math.sqrt(1 + sigma**2)
            x, noise = points[:, None], points
            of_y = torch.distributions.Normal(0.0, math.hypot(1, sigma))
            of_noise = torch.distributions.Normal(0.0, sigma)
            y = x + sigma * noise
            by_density = of_noise.log_prob(y - x) - of_y.log_prob(y)
            values = [
                LOG_2 + 0.5 * float((weights * (t - (1 + torch.exp(-t)) * F.softplus(t))).sum())
                for t in (information + squares[:, None] - squares, by_density)
            ]
            assert values[0] == pytest.approx(values[1], abs=1e-6)
            found.append(values[0])
        assert found == sorted(found) and LOG_2 - 0.01 < found[-1] < LOG_2


class TestReadings:
    @given(tables())
    @table_settings
    def test_both_attain_the_information_at_the_log_ratio(self, joint):
        critic, information = log_ratio(joint), mutual_information(joint)
        normaliser = (product(joint) * critic.exp()).sum()
        close((joint * critic).sum() - normaliser.log(), information)
        close((joint * critic).sum() + 1 - normaliser, information)

    @given(tables(), scores_of_cells)
    @table_settings
    def test_are_ordered_for_every_critic(self, joint, critic):
        normaliser = (product(joint) * critic.exp()).sum()
        upper = (joint * critic).sum() - normaliser.log()
        lower = (joint * critic).sum() + 1 - normaliser
        assert float(lower) <= float(upper) + ROUNDING
        assert float(upper) <= float(mutual_information(joint)) + ROUNDING

    def test_of_the_optimal_critic_are_the_information_on_samples(self, generator):
        joint = torch.randn(4, 5, generator=generator).double().flatten().softmax(0).reshape(4, 5)
        critic, size = log_ratio(joint), 64
        drawn = torch.multinomial(joint.flatten(), 400 * size, True, generator=generator)
        x, y = ((drawn // 5).reshape(400, size), (drawn % 5).reshape(400, size))
        batches = [critic[rows[:, None], columns] for rows, columns in zip(x, y, strict=True)]
        values = torch.stack([bounds.nwj(scores + 1) for scores in batches])
        error = values.std() / len(values) ** 0.5
        assert abs(values.mean() - mutual_information(joint)) < STANDARD_ERRORS * error

    @given(scores_of_cells)
    @table_settings
    def test_of_a_batch_keep_their_order(self, critic):
        scores = critic[:, :3]
        lower, upper = bounds.nwj(scores + 1), bounds.donsker_varadhan(scores)
        assert float(lower) <= float(upper) + ROUNDING


class TestRandomTables:
    @pytest.mark.parametrize(
        ("size", "information", "divergence"), [(8, 1.25, 0.32), (64, 3.3, 0.58)]
    )
    def test_with_a_varied_rate_reach_from_nothing_to_the_expected_ends(
        self, size, information, divergence
    ):
        member = dict(noise=1, dropout="varied", size=size, seed=0)
        found = experiment.divergences_and_informations(member, DRAWS)
        assert stats.spearmanr(*found.numpy()).statistic > 0.99
        assert float(found[0].max()) < LOG_2 and float(found[1].min()) < 0.06
        assert float(found[1].max()) == pytest.approx(information, rel=0.12)
        assert float(found[0].max()) == pytest.approx(divergence, rel=0.08)

    def test_with_a_fixed_rate_are_alike(self):
        member = dict(noise=10, dropout="fixed", size=8, seed=0)
        found = experiment.divergences_and_informations(member, DRAWS)
        assert stats.spearmanr(*found.numpy()).statistic == pytest.approx(0.987, abs=0.006)
        assert float(found[1].min()) == pytest.approx(0.74, abs=0.15)
        assert float(found[1].max()) == pytest.approx(1.83, abs=0.15)

    def test_divergence_and_information_are_those_of_each_table(self):
        source = generator(3, "tables")
        joint = experiment.random_joints(5, 6, noise=1, dropout="varied", generator=source)
        close(joint.sum((1, 2)), torch.ones(5).double())
        close(joint.sum(2), torch.full((5, 6), 1 / 6).double())
        close(
            experiment.jensen_shannon_divergence(joint),
            torch.stack([divergence(table) for table in joint]),
        )

    def test_are_the_same_however_many_are_held_at_once(self):
        member = dict(noise=1, dropout="varied", size=4, seed=0)
        first = experiment.divergences_and_informations(member, DRAWS)
        again = experiment.divergences_and_informations(member, DRAWS)
        assert first.shape == (2, 1000) and torch.equal(first, again)
