"""The losses on tables whose divergences are known exactly (DIM-O2 to O5).

The divergence's own identities (O1, O10) and the random tables (O8) are in
``test_jensen_shannon.py``; the bound of Nguyen, Wainwright and Jordan is in
``bounds/test_variational.py``.
"""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_loops import normal
from truth import jensen_shannon_divergence, log_ratio

from ibutils.infomax import infomax_loss, pair_loss
from ibutils.information import (
    entropy,
    gaussian_mutual_information,
    mutual_information,
)

STANDARD_ERRORS = 4  # a stochastic test fails for 6 in 100,000 seeds, and seeds are fixed

close = torch.testing.assert_close
few = settings(max_examples=15)
counts = st.lists(st.integers(1, 6), min_size=9, max_size=9)


def sample(counts):
    """Return the joint of a table of counts, and its pairs, each cell as often as it counts."""
    table = torch.tensor(counts).reshape(3, 3)
    x, y = table.nonzero().repeat_interleave(table.flatten(), 0).T
    return table.double() / table.sum(), x, y


def exact_loss(critic, x, y, bound):
    """Return a loss whose positives are the joint and whose negatives are the whole product."""
    positive, negative = critic[x, y][:, None], critic[x][:, y].T[..., None]
    return pair_loss(positive, negative, bound=bound)


class TestOptimalCritic:
    @given(counts)
    @few
    def test_jsd_is_twice_the_divergence(self, counts):
        joint, x, y = sample(counts)
        divergence = jensen_shannon_divergence(joint)
        loss = exact_loss(log_ratio(joint), x, y, "jensen_shannon")
        close(loss, 2 * math.log(2) - 2 * divergence)
        assert float(divergence) < math.log(2)

    @given(counts, st.floats(-5, 5))
    @few
    def test_dv_is_the_information(self, counts, constant):
        joint, x, y = sample(counts)
        loss = exact_loss(log_ratio(joint) + constant, x, y, "donsker_varadhan")
        close(-loss, mutual_information(joint))

    @given(counts, st.integers(0, 1000), st.floats(0, 3))
    @few
    def test_no_other_critic_is_better(self, counts, seed, spread):
        joint, x, y = sample(counts)
        best = log_ratio(joint)
        other = best + spread * normal(3, 3, seed=seed)
        for bound in ("jensen_shannon", "donsker_varadhan"):
            least = exact_loss(best, x, y, bound)
            assert float(exact_loss(other, x, y, bound)) >= float(least) - 1e-12


class TestReconstruction:
    """Equation 1: a decoder of images gives a floor under the information."""

    @given(counts, st.integers(0, 1000))
    @few
    def test_every_decoder_gives_a_floor(self, counts, seed):
        joint, _, _ = sample(counts)
        decoder = (2 * normal(3, 3, seed=seed)).softmax(0)  # q(x | y), a column for each y
        floor = entropy(joint.sum(1)) + (joint * decoder.log()).sum()
        assert float(floor) <= float(mutual_information(joint)) + 1e-12

    @given(counts)
    @few
    def test_that_of_the_posterior_touches(self, counts):
        joint, _, _ = sample(counts)
        floor = entropy(joint.sum(1)) + (joint * (joint / joint.sum(0)).log()).sum()
        close(floor, mutual_information(joint))


class TestLocal:
    """Equation 6: information about locations, for Gaussian images and codes."""

    @given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 3))
    @few
    def test_the_mean_over_locations_is_a_floor(self, seed, locations, dim):
        root = normal(locations, locations, seed=seed)
        covariance = root @ root.T + torch.eye(locations)
        encoder = normal(dim, locations, seed=seed + 1)
        cross = encoder @ covariance
        both = torch.cat(
            [
                torch.cat([covariance, cross.T], 1),
                torch.cat([cross, cross @ encoder.T + torch.eye(dim)], 1),
            ]
        )
        whole = gaussian_mutual_information(both, dim_x=locations)
        code = list(range(locations, locations + dim))
        parts = []
        for k in range(locations):
            keep = torch.tensor([k, *code])
            parts.append(gaussian_mutual_information(both[keep][:, keep], dim_x=1))
        parts = torch.stack(parts)
        assert float(parts.mean()) <= float(parts.max()) + 1e-9
        assert float(parts.max()) <= float(whole) + 1e-9

    @pytest.mark.parametrize(
        ("variance", "mean", "single"),
        [(1, 0.348, 0.120), (10, 0.077, 0.081), (100, 0.037, 0.145)],
    )
    def test_the_shared_direction_loses_where_all_places_are_loud(self, variance, mean, single):
        covariance = torch.ones(16, 16) + variance * torch.eye(16)
        for direction, nats in ((torch.full((16,), 0.25), mean), (torch.eye(16)[0], single)):
            cross = covariance @ direction
            power = 1 + direction @ cross
            parts = -0.5 * torch.log1p(-cross.square() / (power * covariance.diagonal()))
            assert abs(float(parts.mean()) - nats) < 5e-4


class TestPooled:
    """One mean over locations in Donsker-Varadhan: a code and a feature without its place."""

    @staticmethod
    def tables(seed, locations=3):
        """Return joints of each location's feature and one code, whose law they share."""
        code = normal(4, seed=seed).softmax(0)
        channels = (2 * normal(locations, 3, 4, seed=seed + 1)).softmax(1)  # p(c_k | y)
        return channels * code

    @staticmethod
    def value(joints, critics):
        """Return D on exact tables; critics are one for all locations or one for each."""
        products = joints.sum(2, keepdim=True) * joints.sum(1, keepdim=True)
        joint, product = (joints * critics).sum((1, 2)), (products * critics.exp()).sum((1, 2))
        return joint.mean() - product.mean().log()

    @given(st.integers(0, 10_000), st.floats(0, 3))
    @few
    def test_no_critic_exceeds_what_an_unplaced_feature_tells(self, seed, spread):
        joints = self.tables(seed)
        unplaced = mutual_information(joints.mean(0))
        local = torch.stack([mutual_information(joint) for joint in joints]).mean()
        best = log_ratio(joints.mean(0))
        close(self.value(joints, best + 1.5), unplaced)
        assert (
            float(self.value(joints, best + spread * normal(3, 4, seed=seed))) <= unplaced + 1e-9
        )
        assert float(unplaced) <= float(local) + 1e-12
        by_place = torch.stack([log_ratio(joint) for joint in joints])  # one for each location
        close(self.value(joints, by_place), local)
        other = by_place + spread * normal(3, 3, 4, seed=seed)
        assert float(self.value(joints, other)) <= float(local) + 1e-9

    @given(st.integers(0, 10_000))
    @few
    def test_the_gap_is_what_the_place_tells_of_the_code_beside_the_feature(self, seed):
        joints = self.tables(seed) / 3  # p(place, feature, code)
        local = torch.stack([mutual_information(3 * joint) for joint in joints]).mean()
        pair, feature = joints.sum(0), joints.sum((0, 2))
        placed, alone = joints.sum(2), joints  # I(place; code | feature), written out
        ratio = alone * feature[None, :, None] / (placed[:, :, None] * pair[None])
        gap = (alone * ratio.log()).sum()
        close(local - mutual_information(pair), gap)

    def test_the_loss_of_the_package_is_this_value_on_whole_samples(self):
        joint, x, y = sample([6, 1, 2, 1, 5, 1, 1, 2, 7])
        features = torch.stack([x, (x + 1) % 3], dim=1)  # two locations of one image
        critic = normal(3, 3, seed=0)
        positive, negative = critic[features, y[:, None]], critic[features[None], y[:, None, None]]
        joints = torch.stack([joint, joint.roll(1, 0)])
        found = -pair_loss(positive, negative, bound="donsker_varadhan")
        close(found, self.value(joints, critic))

    def test_places_with_exchanged_words_tell_an_unplaced_critic_nothing(self):
        sure = torch.eye(2).double() / 2
        joints = torch.stack([sure, sure.flip(0)])
        assert float(mutual_information(joints.mean(0))) == pytest.approx(0, abs=1e-12)
        local = [float(mutual_information(joint)) for joint in joints]
        assert local == pytest.approx([math.log(2)] * 2)


class TestBalance:
    """A constant added to all scores, once training with infoNCE has left one open."""

    def test_raising_a_critic_may_make_it_better_for_jsd(self):
        joint, x, y = sample([6, 1, 2, 1, 5, 1, 1, 2, 7])
        low = log_ratio(joint) - 5.0
        before, after = (float(exact_loss(low + c, x, y, "jensen_shannon")) for c in (0.0, 5.0))
        assert after < before - 0.5
        divergence = float(jensen_shannon_divergence(joint))
        assert after == pytest.approx(2 * math.log(2) - 2 * divergence)
        for bound in ("donsker_varadhan", "info_nce"):
            losses = [float(exact_loss(low + c, x, y, bound)) for c in (0.0, 5.0)]
            assert losses[0] == pytest.approx(losses[1], abs=1e-12)


class TestInfoNCE:
    @given(st.integers(0, 1000), st.integers(2, 8), st.floats(0, 1e3))
    def test_as_a_bound_never_exceeds_the_logarithm_of_the_candidates(self, seed, n, spread):
        scores = spread * normal(n, n, seed=seed)
        assert math.log(n) - float(infomax_loss(scores, bound="info_nce")) <= math.log(n)

    def test_reaches_the_information_as_candidates_grow(self):
        joint, x, y = sample([6, 1, 1, 1, 5, 1, 2, 1, 6])
        information, critic = float(mutual_information(joint)), log_ratio(joint)
        generator = torch.Generator().manual_seed(0)
        means, errors = [], []
        for n in (2, 10, 100):
            chosen = torch.randint(len(x), (400, n), generator=generator)
            tables = [critic[x[batch]][:, y[batch]] for batch in chosen]
            losses = torch.stack([infomax_loss(t, bound="info_nce") for t in tables])
            means.append(math.log(n) - float(losses.mean()))
            errors.append(STANDARD_ERRORS * float(losses.std()) / math.sqrt(len(losses)))
        assert means[0] + errors[0] < information - errors[2] < means[2]
        assert abs(means[2] - information) < errors[2]
        assert all(m - e < information for m, e in zip(means, errors, strict=True))

    def test_of_dependent_locations_is_no_bound(self):
        # X is a fair coin and all locations show it: the candidates of one other image agree.
        locations, n = 8, 2
        coins = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
        same = (coins[:, :, None] == coins[:, None]).double()
        scores = (20 * same)[..., None].expand(-1, -1, -1, locations)
        losses = torch.stack([infomax_loss(s, bound="info_nce") for s in scores])
        claimed = math.log(1 + (n - 1) * locations) - float(losses.mean())
        assert claimed > math.log(2)

    @pytest.mark.parametrize("bound", ["donsker_varadhan", "jensen_shannon", "info_nce"])
    def test_critics_that_tell_all_images_apart_end_at_the_limits(self, bound):
        scores = 200 * torch.eye(4).double() - 100
        loss = float(infomax_loss(scores, bound=bound))
        assert loss == pytest.approx(-200 if bound == "donsker_varadhan" else 0, abs=1e-12)
