"""The theorems of the chapters on Deep InfoMax, on exact tables and closed forms."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, norm

from experiments.infomax.two_priors import certified_divergence
from ibutils.infomax import pair_loss
from ibutils.information import gaussian_kl
from ibutils.information_dropout import reestimate_batch_norm
from ibutils.nets.encoders import basic32
from ibutils.probes import class_share, features
from ibutils.train import generator

tables = st.integers(0, 10_000).map(
    lambda seed: np.random.default_rng(seed).dirichlet(np.full(12, 0.5)).reshape(3, 4)
)


def information(joint):
    product = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    held = joint > 0
    return float((joint[held] * np.log(joint[held] / product[held])).sum())


@given(tables)
def test_the_best_prediction_of_a_uniform_place_is_information_less_its_entropy(table):
    joint = table / table.sum(1, keepdims=True) / len(table)  # places are uniform rows
    conditional = joint / joint.sum(0, keepdims=True)
    held = joint > 0
    term = float((joint[held] * np.log(conditional[held])).sum())
    assert term == pytest.approx(information(joint) - math.log(len(table)), abs=1e-12)
    assert -math.log(len(table)) - 1e-12 <= term <= 1e-12


@given(st.integers(0, 10_000))
def test_a_code_of_the_visible_part_tells_no_more_than_that_part(seed):
    g = np.random.default_rng(seed)
    joint = g.dirichlet(np.full(4 * 5, 0.5)).reshape(4, 5)  # hidden part, visible part
    channel = g.dirichlet(np.ones(3), size=5)  # the code, given the visible part
    assert information(joint @ channel) <= information(joint) + 1e-12


def test_neighbours_by_a_code_that_says_nothing():
    n, classes, rounds = 60, 5, 400
    labels = torch.arange(n) % classes
    g = torch.Generator().manual_seed(0)
    codes = [torch.randn(n, 3, generator=g) for _ in range(rounds)]
    shares = [class_share(own, labels, k=4).value for own in codes]
    expected = (n / classes - 1) / (n - 1)
    error = np.std(shares, ddof=1) / rounds**0.5
    assert abs(np.mean(shares) - expected) < 5 * error  # fails once in two million


def test_few_negatives_bound_infonce_and_not_donsker_varadhan():
    positive, negative = torch.tensor([[1.0, 2.0]]), torch.tensor([[[0.5, -1.0]]])
    guess = pair_loss(torch.zeros(1, 1), torch.zeros(1, 1, 1), bound="info_nce")
    assert float(guess) == pytest.approx(math.log(2))
    losses = [
        [float(pair_loss(c * positive, c * negative, bound=e)) for c in (1.0, 10.0, 1000.0)]
        for e in ("donsker_varadhan", "info_nce", "jensen_shannon")
    ]
    assert losses[0][2] < losses[0][1] < losses[0][0] and losses[0][2] < -1000
    assert min(losses[1]) >= 0 and min(losses[2]) >= 0
    single = torch.tensor([[[0.5]]])  # one negative place: the loss is a plain difference
    dv = pair_loss(torch.tensor([[2.0]]), single, bound="donsker_varadhan")
    assert float(dv) == pytest.approx(0.5 - 2.0)


def expected_value(p, q, scores, negatives):
    """Donsker-Varadhan of a batch: the mean over all draws of so many negatives, weighed by q."""
    spread = 0.0
    for drawn in product(range(len(q)), repeat=negatives):
        spread += np.prod(q[list(drawn)]) * np.log(np.exp(scores[list(drawn)]).mean())
    return p @ scores - spread


class TestFewNegatives:
    """A law q of mismatched pairs, densities r of matching ones, and sets A of pairs."""

    q = np.array([0.5, 0.3, 0.2])
    p = np.array([0.75, 0.15, 0.1])  # r is at most 1.5

    def criterion(self, p, q, negatives):
        """The largest p(A) - 1 + (1 - q(A))^m over all sets of pairs."""
        sets = [np.array(own, dtype=bool) for own in product((0, 1), repeat=len(q))]
        return max(p[own].sum() - 1 + (1 - q[own].sum()) ** negatives for own in sets)

    @pytest.mark.parametrize("negatives", [1, 2, 5])
    def test_the_value_at_the_log_ratio_exceeds_the_information(self, negatives):
        log_r = np.log(self.p / self.q)
        assert expected_value(self.p, self.q, log_r, negatives) > self.p @ log_r > 0

    @pytest.mark.parametrize("seed", range(20))
    @pytest.mark.parametrize("negatives", [1, 2, 4])
    def test_there_is_no_bound_exactly_if_a_set_says_so(self, seed, negatives):
        g = np.random.default_rng(seed)
        p, q = g.dirichlet(np.full(3, 0.7)), g.dirichlet(np.full(3, 2.0))
        steps = [np.array(own, dtype=float) for own in product((0, 1), repeat=3)]
        far = max(expected_value(p, q, 200.0 * step, negatives) for step in steps)
        if (gain := self.criterion(p, q, negatives)) > 1e-12:
            assert far >= 200.0 * gain - 1e-9
        else:
            draws = [*steps, *g.normal(size=(20, 3))]
            values = [expected_value(p, q, s * one, negatives) for one in draws for s in (1, 200)]
            assert max(values) <= math.log(negatives) + 1e-9

    def test_fewer_than_the_largest_ratio_are_few_and_more_may_be(self):
        p, q = np.array([0.95, 0.05]), np.array([0.5, 0.5])
        assert self.criterion(p, q, 1) > 0  # below the largest ratio, 1.9
        assert [self.criterion(p, q, m) > 1e-12 for m in (2, 4, 8)] == [True, True, False]
        never = np.array([1.0, 0.0])  # pairs that never match
        assert all(self.criterion(never, q, m) > 0 for m in (1, 10, 50))

    @pytest.mark.parametrize("negatives", [1, 3])
    def test_infonce_is_least_at_the_log_ratio_and_at_most_a_guess(self, negatives):
        joint = np.random.default_rng(3).dirichlet(np.full(6, 0.6)).reshape(3, 2)
        of_x, of_y = joint.sum(1), joint.sum(0)

        def loss(scores):
            found = 0.0
            for (x, y), weight in np.ndenumerate(joint):
                for others in product(range(3), repeat=negatives):
                    seen = scores[[x, *others], y]
                    chance = weight * np.prod(of_x[list(others)])
                    found += chance * (np.log(np.exp(seen).sum()) - seen[0])
            return found

        best = np.log(joint / np.outer(of_x, of_y))
        assert loss(best) <= math.log(1 + negatives) == pytest.approx(loss(0 * best))
        assert loss(best + np.array([[3.0, -1.0]])) == pytest.approx(loss(best))
        for seed in range(10):
            other = best + 0.3 * np.random.default_rng(seed).normal(size=best.shape)
            assert loss(other) > loss(best)


def test_two_laws_certify_a_divergence_that_a_projection_attains():
    means = (1.5, -0.5)
    direction = torch.tensor([0.6, 0.8])
    location = (means[0] - means[1]) * direction  # P is N(location, 1), Q is N(0, 1)
    exact = float(gaussian_kl(location, torch.eye(2), torch.zeros(2), torch.eye(2)))
    assert certified_divergence(means) == pytest.approx(exact, rel=1e-6)


def test_laws_on_two_close_lines_are_told_apart_by_a_steep_encoder():
    """Samples as near as one likes to the data, and an encoder that meets any two laws."""
    distance, means = 1e-6, (3.0, -3.0)
    height = (np.arange(20_000) + 0.5) / 20_000  # uniform on each line, at x = 0 and at x = 1e-6
    base = norm.ppf(height)
    slope = (means[1] - means[0]) / distance
    for place, mean in ((0.0, means[0]), (distance, means[1])):
        codes = base + means[0] + slope * place
        assert kstest(codes, norm(mean, 1).cdf).statistic < 1e-4
    # Each point of the one line lies 1e-6 from one of the other: the slope is what it takes.
    assert abs(means[0] - means[1]) == pytest.approx(abs(slope) * distance)


def test_the_differential_entropy_is_no_ceiling_of_information():
    """A continuous pixel of small spread, seen with smaller noise."""
    variance, noise = 1e-4, 1e-6
    entropy = 0.5 * math.log(2 * math.pi * math.e * variance)
    told = 0.5 * math.log(1 + variance / noise)
    assert entropy < 0 < told


def test_an_untrained_encoder_cannot_keep_every_pixel():
    """Inactive units have no slope: the rank of the last map is below the number of pixels."""
    images = torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    encoder = basic32(generator=generator(0, "weights"))
    reestimate_batch_norm(encoder, images)
    active = (features(encoder, images, layers=("conv",))["conv"] > 0).sum(1)
    assert int(active.max()) < 3 * 32 * 32 < 4 * 4 * 256
