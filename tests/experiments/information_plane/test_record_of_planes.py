"""What planes are recorded as, and what is read off the record, against plain computation."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from experiments.information_plane import network_scores as scores
from experiments.information_plane.gradient import signal_to_noise
from experiments.information_plane.plane_looks import look
from experiments.information_plane.plane_record import CEILING, pack, unpack
from experiments.information_plane.plane_rows import Measured, arrays, rows
from experiments.information_plane.planes import Settings
from experiments.information_plane.sensitivity import STATEMENTS, sensitivity
from ibutils.data import icosahedral
from ibutils.information_plane import Snapshot, binning_with_own_ends, split
from ibutils.information_plane.schedule import batches
from ibutils.nets import StackedPerceptrons, narrow_perceptron
from ibutils.train import generator
from reproduce.record import key

WORDS, LABELS = icosahedral.read()
WORDS = WORDS.float()
MEMBER = dict(activation="relu", l2=0.0, examples="shuffled", fraction=0.8, batch=256, hidden=5)


@given(st.lists(st.floats(-8.3, 8.3), max_size=20))
def test_packing_loses_at_most_half_a_step(values):
    back = unpack(pack(np.array(values)))
    np.testing.assert_allclose(back, values, atol=CEILING / 65534 + 1e-12)


@pytest.mark.parametrize("values", [[8.4], [np.nan], [-np.inf]])
def test_what_does_not_fit_is_refused(values):
    with pytest.raises(ValueError, match=r"do not fit below a ceiling of 8\.3"):
        pack(np.array(values))


def test_a_constant_layer_has_no_information_in_bins_of_its_own_either():
    found = binning_with_own_ends(torch.full((1, 4096, 3), 2.0), LABELS)
    assert float(found.about_input.value) == 0 == float(found.about_labels.value)


def test_signal_and_noise_are_those_of_the_gradients_of_batches():
    """By autograd on each ordinary network, batch by batch."""
    models = [
        narrow_perceptron(activation="tanh", generator=generator(seed, "weights"))
        for seed in (0, 1)
    ]
    nets, train = StackedPerceptrons(models), split(len(WORDS), seeds=[0, 1], fraction=0.2)
    found = signal_to_noise(nets, WORDS, LABELS, train=train, batch_size=256)
    for member, model in enumerate(models):
        gradients = []
        for index in train[member][: 3 * 256].split(256):
            model.zero_grad()
            torch.nn.functional.cross_entropy(model(WORDS[index]), LABELS[index]).backward()
            gradients.append([p.grad.clone() for p in model.parameters() if p.dim() == 2])
        for layer, parts in enumerate(zip(*gradients, strict=True)):
            own = torch.stack(parts)
            expected = own.mean(0).norm() / own.std(0).norm()
            assert float(found[member, layer]) == pytest.approx(float(expected), rel=1e-3)


def test_a_ratio_needs_two_batches_and_a_gradient():
    net = narrow_perceptron(activation="relu")
    for parameter in net.parameters():
        parameter.data.zero_()
    nets, train = StackedPerceptrons([net]), split(len(WORDS), seeds=[0])
    assert float(signal_to_noise(nets, WORDS, LABELS, train=train)[:, :-1].max()) == 0
    with pytest.raises(ValueError, match="two batches of batch_size=4096"):
        signal_to_noise(nets, WORDS, LABELS, train=train, batch_size=4096)
    assert len(batches(WORDS, LABELS, train, 2, 256)) == 13


def test_a_look_measures_largest_and_saturated_activity_and_losses_by_split():
    """By the ordinary networks, whose last layer is told apart by its words."""
    draws = [generator(seed, "weights") for seed in (0, 1)]
    models = [narrow_perceptron(activation="tanh", generator=g) for g in draws]
    words, labels = WORDS[:500], LABELS[:500]
    nets, train = StackedPerceptrons(models), split(500, seeds=[0, 1], fraction=0.2)
    nets.parameter.data.mul_(3)
    models = nets.members()
    with torch.no_grad():
        snapshot = Snapshot(0, nets.activity(words), nets)
        found = look(labels, train, snapshot, low=-1.000001, bins=30)
    for member, model in enumerate(models):
        logits = model(words).detach().double()
        losses = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
        own = torch.zeros(500, dtype=torch.bool)
        own[train[member]] = True
        for part, chosen in (("train", own), ("test", ~own)):
            expected = float(losses[chosen].mean())
            assert float(found[f"{part}_cross_entropy"][member]) == pytest.approx(
                expected, rel=1e-4
            )
    for layer, activity in enumerate(snapshot.activity):
        values = activity.numpy()
        saturated = ((values > 0.95) | (values < -0.95)).mean((1, 2))
        np.testing.assert_allclose(found["saturated"][:, layer], saturated)
        np.testing.assert_allclose(found["largest"][:, layer], values.max((1, 2)))
    assert (found["saturated"][:, :5] > 0.02).all()


def measured():
    """Return what two networks were measured to do at three looks, all numbers told apart."""
    seed, layer = np.arange(2.0)[:, None], np.arange(6.0)
    course = np.zeros((3, 2, 6, 2))
    course[..., 0] = [
        4 + 0 * seed + 0.1 * layer,
        6 + seed + 0.1 * layer,
        5 + 0.1 * layer + 0 * seed,
    ]
    course[..., 1] = [
        0.1 + 0 * layer * seed,
        0.6 + 0.01 * layer + 0 * seed,
        0.5 + 0 * layer * seed,
    ]
    found = {"ebab": course, "even": course / 2, "akde": course / 4}
    looks = torch.arange(3.0)[:, None, None]
    by_layer = {
        "largest": looks + torch.arange(6.0) + 10 * torch.arange(2.0)[:, None],
        "dead_units": looks / 4 + torch.zeros(2, 6),
        "saturated": looks / 8 + torch.zeros(2, 6),
    }
    by_split = {
        f"{part}_{name}": looks[..., 0] / scale + shift + torch.zeros(3, 2)
        for name, scale in (("accuracy", 10), ("cross_entropy", 20))
        for part, shift in (("train", 0.5), ("test", 0.25))
    }
    history = by_layer | by_split
    courses = {name: torch.from_numpy(values) for name, values in found.items()}
    return Measured([0, 3, 9], [0, 2], [0, 2], history, courses)


def placed(member):
    """Return the values of a member's rows by target, metric, split, layer and seed."""
    table = pd.DataFrame(rows(member, (7, 8), measured()))
    return table, table.set_index(["target", "metric", "split", "layer", "seed"])["value"]


def test_rows_hold_first_and_last_information_by_the_estimator_of_their_figure():
    table, found = placed(MEMBER | dict(l2=0.015))
    assert set(found.index.get_level_values("target")) == {"AE-F8", "AE-F9"}
    for layer in range(1, 7):
        for seed, highest in ((7, 6.0), (8, 7.0)):
            place, more = ("all", layer, seed), 0.1 * (layer - 1)
            assert found["AE-F8", "initial", *place] == pytest.approx(4 + more)
            assert found["AE-F8", "final", *place] == pytest.approx(5 + more)
            assert found["AE-F8", "drop", *place] == pytest.approx(highest - 5)
            assert found["AE-F8", "largest", *place] == 2 + layer - 1 + 10 * (seed - 7)
    plain = table[table["layer"].isna()].set_index(["target", "metric", "split", "seed"])["value"]
    for part, first in (("train", 0.5), ("test", 0.25)):
        assert plain["AE-F8", "accuracy", part, 7] == pytest.approx(first + 0.2)
        assert plain["AE-F9", "accuracy", part, 8] == pytest.approx(first + 0.2)
        assert plain["AE-F8", "cross_entropy", part, 7] == pytest.approx(first + 0.1)
    informations = table[table["metric"].isin(["initial", "final", "drop"])]
    assert set(informations["estimator"]) == {"ebab"} and set(informations["unit"]) == {"nat"}
    assert set(table[table["metric"] == "accuracy"]["unit"]) == {"1"}


def test_figures_of_even_bins_hold_what_they_see_about_both_sides():
    table, found = placed(MEMBER | dict(activation="tanh", fraction=0.3))
    assert set(table["target"]) == {"SZT-F3", "SZT-F7", "SX-F4CD"}
    assert set(table["estimator"].dropna()) == {"even"}
    assert found["SZT-F3", "drop", "all", 1, 8] == pytest.approx((7 - 5) / 2)
    assert found["SZT-F3", "labels_final", "all", 3, 7] == pytest.approx(0.25)
    assert found["SZT-F3", "labels_drop", "all", 3, 7] == pytest.approx((0.62 - 0.5) / 2)
    assert found["SZT-F7", "final", "all", 2, 7] == pytest.approx(5.1 / 2)


def test_signal_saturation_and_entropy_are_read_at_their_ends():
    seen = measured()
    signal = torch.tensor([2.0, 6.0, 1.5])[:, None, None] * torch.ones(2, 6)
    signal[:, 1, 0] = 0.0  # of a dead layer the ratio is one
    entropy = torch.arange(3.0)[:, None, None, None] + torch.tensor([0.0, 10.0])
    history = seen.history | dict(
        signal=signal, entropy=entropy.expand(3, 1, 6, 2), repeated=torch.ones(3, 1, 6)
    )
    found = seen.found | {f"kde-{v}": seen.found["even"] for v in ("0.1", "0.001")}
    table = pd.DataFrame(rows(MEMBER, (7, 8), seen._replace(history=history, found=found))).query(
        "layer == 1"
    )
    values = table.set_index(["target", "metric", "seed"])["value"]
    assert values["SX-F20", "signal_fall", 7] == 4.0 and values["SX-F20", "signal_fall", 8] == 1.0
    ends = {"entropy_initial": 0.0, "entropy_final": 2.0, "entropy_final_coarse": 12.0}
    for metric, value in ends.items():
        assert values["SX-F12", metric, 7] == value
    assert ("SX-F12", "entropy_final", 8) not in values  # kernels look at the first seeds alone
    assert values["AE-A", "drop", 8] == pytest.approx((7 - 5) / 4)
    assert values["SX-F8", "drop_kde-0.1", 8] == pytest.approx((7 - 5) / 2)


def test_arrays_hold_first_highest_and_last_information_and_planes_of_few_looks():
    held = arrays(MEMBER | dict(l2=0.015), measured())
    assert set(held) == {"AE-F8", "AE-F9"}
    np.testing.assert_allclose(unpack(held["AE-F9"]["scores ebab"])[1, 0], [4, 7, 5], atol=1e-3)
    planes = held["AE-F8"]
    assert planes["epochs"].tolist() == [0, 3, 9] and planes["kept"].tolist() == [0, 9]
    np.testing.assert_allclose(unpack(planes["planes"])[:, 1, 0, 0], [4, 5], atol=1e-3)
    np.testing.assert_allclose(unpack(planes["mean"])[:, 0, 0], [4, 6.5, 5], atol=1e-3)
    np.testing.assert_allclose(unpack(planes["even"])[:, 0, 0], [2, 3.25, 2.5], atol=1e-3)
    np.testing.assert_allclose(planes["accuracy"][-1], [0.7, 0.45])  # of training, of test words


def recorded(values, **changes):
    """Return rows and arrays of one member with scores ``[seeds, layers, 3]`` in nats."""
    member = MEMBER | changes
    rows = [
        dict(**member, estimator=None, layer=None, seed=seed, split=part, metric="accuracy")
        | dict(value=0.9 + seed / 100 - (part == "test") * 0.05, unit="1")
        for part in ("train", "test")
        for seed in range(len(values))
    ]
    stored = {"scores ebab": pack(np.asarray(values))}
    return pd.DataFrame(rows), {key(member): stored}


def test_three_scores_of_each_layer_stand_beside_the_accuracy():
    rows, arrays = recorded([[[4.0, 6.0, 5.0], [0.0, 0.0, 0.0]]])
    found = scores.measure(rows, arrays).set_index(["metric", "layer"])["value"]
    for metric, value in (("drop", 1.0), ("relative_drop", 1 / 6), ("signed_change", 1.0)):
        assert found[metric, 1] == pytest.approx(value, abs=1e-3)
        assert found[metric, 2] == 0  # a dead layer
        assert found["test_accuracy", 1] == pytest.approx(0.85)


def test_informations_say_which_seeds_fall_and_are_far_and_how_layers_lie_apart():
    ends = {"initial": [4.0, 4.0], "final": [3.0, 6.0]}
    rows = pd.DataFrame(
        dict(**MEMBER, estimator="ebab", layer=layer, seed=seed, split="all", metric=metric)
        | dict(value=values[seed] + (layer - 3) * (metric == "final"), unit="nat")
        for metric, values in ends.items()
        for seed in (0, 1)
        for layer in (3, 4)
    )
    found = scores.measure(rows, {}).set_index(["metric", "layer", "seed"])["value"].sort_index()
    assert found["falls", 3].to_dict() == {0: 1.0, 1: 0.0}
    assert found["far", 3].to_dict() == {0: 1.0, 1: 1.0}  # 1.5 nats, and half a bit is 0.35
    assert found.xs("spread").to_numpy().tolist() == [1.0, 1.0]


def test_courses_of_all_seeds_say_when_layers_fit_and_compress():
    """Two layers and seeds: layer 2 of seed 1 falls while it fits, the others rise throughout."""
    place = dict(estimator="ebab", split="all", unit="nat", value=1.0)
    rows = pd.DataFrame(
        MEMBER | place | dict(layer=layer, seed=seed, metric=metric)
        for metric in ("initial", "final")
        for layer in (1, 2)
        for seed in (0, 1)
    )
    course = np.zeros((3, 2, 2, 2))
    course[..., 0] = np.array([2.0, 3.0, 4.0])[:, None, None]
    course[:, 1, 1, 0] = 4.0, 1.0, 1.0
    course[..., 1] = np.array([0.1, 0.6, 0.5])[:, None, None]
    held = {"kept": np.array([0, 4, 9]), "planes even": pack(course)}
    found = scores.measure(rows, {key(MEMBER): held})
    assert set(found[found["estimator"] == "even"]["metric"]) == {
        "rise",
        "change_while_fitting",
        "change_after_fitting",
        "delay",
    }
    found = found.set_index(["metric", "layer", "seed"])["value"]
    expected = {"rise": (0.0, 2.0), "change_while_fitting": (-3.0, 1.0), "delay": (0.2, 2.0)}
    for metric, (falling, rising) in (expected | {"change_after_fitting": (0.0, 1.0)}).items():
        assert found[metric, 2, 1] == pytest.approx(falling, abs=1e-3)
        for layer, seed in ((1, 0), (1, 1), (2, 0)):
            assert found[metric, layer, seed] == pytest.approx(rising, abs=1e-3)


def test_the_ratio_of_largest_activities_is_that_of_the_hidden_ends():
    rows = pd.DataFrame(
        MEMBER
        | dict(estimator=None, split="all", metric="largest", unit="1")
        | dict(layer=layer, seed=seed, value=(seed + 2.0) * layer**2 * (seed < 2 or layer < 5))
        for layer in range(1, 7)
        for seed in (0, 1, 2)
    )
    found = scores.measure(rows, {})
    assert found["metric"].unique().tolist() == ["maximum_ratio"]
    assert found.set_index("seed")["value"].to_dict() == {0: 25.0, 1: 25.0}  # 2 has a dead layer


def test_a_clear_record_gives_clear_verdicts_and_a_missing_one_none():
    tables = []
    draws = np.random.default_rng(0)
    for name, fall in (("tanh", 3.0), ("elu", 1.0), ("abs", 1.0), ("swish", -1.0)):
        noise = draws.normal(0, 0.05, (20, 6))
        last = 4 - fall + noise
        stored = np.stack([np.full((20, 6), 4.0), np.maximum(4.0, last), last], axis=-1)
        tables.append(scores.measure(*recorded(stored, activation=name)))
    choices = {
        "here": dict(estimator="ebab", examples="shuffled", score="drop"),
        "nowhere": dict(estimator="akde", examples="shuffled", score="drop"),
    }
    found = sensitivity(pd.concat(tables), choices)
    assert list(found.columns) == list(STATEMENTS)
    expected = {"ELU falls": "yes", "Swish falls": "no", "tanh over ELU": "yes"}
    assert found.loc["here", list(expected)].to_dict() == expected
    assert set(found.loc["nowhere"]) == {""} and found.loc["here", "ReLU with L2 falls"] == ""


@pytest.mark.parametrize("share", [0.0, 1.0, 1.5])
def test_a_share_of_the_words_leaves_some_to_train_on_and_some_to_test_on(share):
    with pytest.raises(ValueError, match="fractions must be above 0 and below 1"):
        Settings(fractions=(0.3, share))
