"""Crops of an image: what a summary can share with one, copies of a negative, the networks."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import brentq, minimize_scalar

from experiments.infomax import crops
from experiments.infomax.crops_figures import accuracies, crops_seen, numbers, table_3
from experiments.infomax.effort import Heads
from experiments.infomax.models import Untrained
from ibutils import infomax
from ibutils.baselines.predictive import RowContext, predictive_loss
from ibutils.nets.strided_crops import strided_crops
from ibutils.train import Learner, fit
from reproduce.view import View

TINY = Heads(1 / 16, 8)


def information(joint):
    """Mutual information of a table of probabilities, in nats."""
    product = joint.sum(1, keepdims=True) * joint.sum(0)
    shown = joint > 0
    return float((joint[shown] * np.log(joint[shown] / product[shown])).sum())


@pytest.fixture
def table():
    joint = np.random.default_rng(0).dirichlet(np.full(12, 0.6)).reshape(4, 3)
    return joint, joint.sum(1, keepdims=True) * joint.sum(0)


def value_of_copies(joint, scores, copies):
    """V_M by a sum over all x, y and x', as the theorem has it."""
    expected, of_x = 0.0, joint.sum(1)
    for (x, y), p in np.ndenumerate(joint):
        for other, q in enumerate(of_x):
            expected += p * q * np.log1p(copies * np.exp(scores[other, y] - scores[x, y]))
    return np.log1p(copies) - expected


class TestCopies:
    def test_the_value_rises_from_below_the_information_to_both_divergences(self, table):
        joint, product = table
        log_r = np.log(joint / product)
        values = [value_of_copies(joint, log_r, copies) for copies in (1, 3, 10, 100, 1e4, 1e9)]
        assert (np.diff(values) > 0).all()
        assert values[0] < information(joint) < values[-1]
        both = ((joint - product) * log_r).sum()
        assert values[-1] == pytest.approx(both, abs=1e-6)

    def test_a_scaled_critic_has_a_scaled_limit(self, table):
        joint, product = table
        scores = np.random.default_rng(1).normal(size=joint.shape)
        limit = ((joint - product) * scores).sum()
        for scale in (1.0, 10.0):
            found = value_of_copies(joint, scale * scores, 1e18)
            assert found == pytest.approx(scale * limit, abs=1e-5)

    def test_the_loss_of_the_library_is_that_of_the_theorem(self, table):
        """Two pictures, each the same at all places: the other's places are copies."""
        joint, product = table
        log_r, places = torch.tensor(np.log(joint / product)), 5
        expected = 0.0
        for (x, y), p in np.ndenumerate(joint):
            for (other, y_other), q in np.ndenumerate(joint):
                # An embedding of x is its row of the table, one of y picks a column.
                features = log_r[[x, other]][:, :, None].expand(2, -1, places)
                contexts = torch.eye(joint.shape[1], dtype=torch.float64)[[y, y_other]][..., None]
                expected += p * q * float(predictive_loss(features, contexts, features[..., :1]))
        value = np.log1p(places) - expected
        assert value == pytest.approx(value_of_copies(joint, log_r.numpy(), places), abs=1e-6)

    @pytest.mark.parametrize("copies", [1, 5, 200])
    def test_the_best_critic_of_copies_is_sharper_and_prefers_the_same(self, copies):
        share, log_m = 0.7, np.log(copies)

        def loss(d):
            right, wrong = np.logaddexp(0, log_m - d), np.logaddexp(0, log_m + d)
            return share * right + (1 - share) * wrong

        def slope(d):
            return share * (copies + np.exp(-d)) - (1 - share) * (copies + np.exp(d))

        best = minimize_scalar(loss, bounds=(-20, 20), method="bounded", options={"xatol": 1e-9})
        assert best.x == pytest.approx(brentq(slope, -20, 20), abs=1e-4)
        sharper = best.x - np.log(share / (1 - share))
        assert abs(sharper) < 1e-4 if copies == 1 else sharper > 0.5


def test_a_summary_shares_no_more_with_a_feature_than_its_crops_with_the_crop():
    """Three crops of four levels; the second is scored against a noisy summary of the others."""
    rng = np.random.default_rng(2)
    joint = rng.dirichlet(np.full(64, 0.3)).reshape(4, 4, 4)  # x_k, x_1, x_2
    feature = np.eye(3)[[0, 1, 1, 2]]  # merges two levels
    summary = rng.dirichlet(np.ones(2), size=(4, 4))  # two levels, with noise of its own
    found = np.einsum("kab,kf,abs->fs", joint, feature, summary)
    assert 0 < information(found) < information(joint.reshape(4, 16))
    with_own = np.einsum("kab,kf,ks->fs", joint, feature, np.eye(4))  # the crop itself is read
    assert information(with_own) > information(joint.reshape(4, 16))


def test_what_is_read_and_a_crop_share_pixels_at_a_distance_of_one_row_only():
    g = torch.Generator().manual_seed(0)
    encoder = strided_crops(channels=1 / 16, generator=g).eval()
    context = RowContext(encoder.local_shape[0], generator=g)
    images = torch.randn(4, 3, 32, 32, generator=g).requires_grad_()
    local = encoder(images).local

    def rows_of(outputs):
        (slopes,) = torch.autograd.grad(outputs.square().sum(), images, retain_graph=True)
        return set(slopes.abs().sum((0, 1, 3)).nonzero()[:, 0].tolist())

    read = rows_of(context(local)[:, :, 2])
    assert read == set(range(16))
    assert len(read & rows_of(local[:, :, 3])) == 4
    assert not read & rows_of(local[:, :, 4])


def test_the_grid_is_a_network_of_each_method_and_rate_and_an_untrained_one():
    chosen = replace(crops.Settings(), rates=(1e-4,), other_rates=(1e-3,), seeds=(3, 4))
    found = crops.grid(chosen)
    assert len(found) == (1 + 6) + (1 + 3)
    assert {m["seed"] for m in found if m["rate"] == 1e-3} == {3}
    assert [m["seed"] for m in found if m["method"] == "untrained"] == [3, 4]
    assert len({json.dumps(m) for m in found}) == len(found)


@pytest.mark.parametrize("method", crops.METHODS)
@pytest.mark.parametrize("side", [32, 64])
def test_every_objective_trains_all_of_the_map_of_crops(method, side):
    model = crops.construct(dict(method=method, seed=0), TINY, side=side)
    images = torch.rand(8, 3, side, side, generator=torch.Generator().manual_seed(0))
    before = [p.clone() for p in model.encoder.to_local.parameters()]
    fit(Learner(model, infomax.recipe(1, batch_size=4)), images, torch.zeros(8).long(), seeds=[0])
    after = model.encoder.to_local.parameters()
    assert all(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_what_is_read_is_the_map_of_crops():
    data = crops.load(replace(crops.Settings(), images=20, test_images=10), "cpu")
    member = dict(method="untrained", seed=0)
    model = crops.construct(member, TINY, side=32)
    assert isinstance(model, Untrained)
    found = crops.frozen_map(model, data.splits["digits"], seed=0)
    local = model.encoder.eval()(data.splits["digits"]["test"].images).local
    torch.testing.assert_close(found.test_features["local"], local.flatten(1))


def test_the_guess_is_among_all_crops_of_the_other_pictures(tmp_path):
    chosen = replace(crops.Settings(), images=20, test_images=10, epochs=1, methods=("crops_cpc",))
    data, member = crops.load(chosen, "cpu"), crops.grid(chosen)[1]
    (found,) = crops.train([member], chosen, data, checkpoint=tmp_path / "checkpoint")
    (guess,) = (row["value"] for row in found.rows if row["metric"] == "guess")
    assert guess == pytest.approx(np.log(1 + (chosen.training.batch_size - 1) * 49))
    first = [row["value"] for row in found.rows if row["metric"] == "course_row_2"]
    assert len(first) == 1 and np.isfinite(first[0])


CELLS = (("crops_dim", 80.95, "third"), ("crops_cpc", 70.0, "UNVERIFIED"))


class _Made(View):
    """Two seeds of three networks, and the paper's cells."""

    paper = pd.DataFrame(
        [
            dict(target="DIM-T3", data="cifar10", method="crops_dim", value=80.95, tag="third"),
            dict(
                target="DIM-T3", data="cifar10", method="crops_cpc", value=70.0, tag="UNVERIFIED"
            ),
        ]
    )

    def __init__(self):
        super().__init__("infomax", None)

    def rows(self, target):
        common = dict(data="cifar10", layer="local", split="test", metric="accuracy")
        levels = {("untrained", None): 0.3, ("crops_dim", 2e-4): 0.5, ("crops_cpc", 2e-4): 0.4}
        return pd.DataFrame(
            [
                common | dict(method=method, rate=rate, seed=seed, value=level + 0.02 * seed)
                for (method, rate), level in levels.items()
                for seed in (0, 1)
            ]
        )

    def source(self, target):
        return "here"


def test_the_table_shows_means_and_no_unverified_value():
    shown = table_3(_Made())
    ours, paper = shown["CIFAR-10", "ours, rate 0.0002"], shown["CIFAR-10", "paper"]
    assert ours["CPC"] == "41.0 ± 1.4" and ours["untrained encoder"] == "31.0 ± 1.4"
    assert paper["CPC"] == "unverified" and paper["DIM(L), one global vector"] == "80.95"
    assert numbers(_Made())["t3-crops_dim-0.0002"] == pytest.approx(51.0)


def test_the_figure_has_a_dot_for_each_network_and_a_star_for_what_is_confirmed():
    (axes,) = accuracies(_Made()).axes
    drawn = {line.get_marker(): line.get_xdata() for line in axes.lines}
    assert sorted(drawn["d"]) == pytest.approx([30.0, 32.0])
    assert sorted(drawn["o"]) == pytest.approx([40.0, 42.0, 50.0, 52.0])
    assert list(drawn["*"]) == [80.95]


def test_the_picture_holds_every_crop():
    image = np.arange(3 * 32 * 32, dtype=np.uint8).reshape(3, 32, 32)
    whole, *small = crops_seen(image).axes
    assert len(whole.patches) == 3 and len(small) == 49
    np.testing.assert_array_equal(
        small[8].images[0].get_array(), image[:, 4:12, 4:12].transpose(1, 2, 0)
    )
