"""What planes are recorded as, and what is read off the record, against plain computation."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ibutils.data import icosahedral
from ibutils.estimators import binning
from ibutils.information_plane import binning_with_own_ends, scores, signal_to_noise, split
from ibutils.information_plane.compact import pack, unpack
from ibutils.information_plane.schedule import batches
from ibutils.information_plane.sensitivity import STATEMENTS, sensitivity
from ibutils.nets import StackedPerceptrons, narrow_perceptron
from ibutils.record import key
from ibutils.train import generator

WORDS, LABELS = icosahedral.read()
WORDS = WORDS.float()
MEMBER = dict(activation="relu", l2=0.0, examples="shuffled", fraction=0.8, batch=256, hidden=5)


@given(st.lists(st.floats(-8.3, 8.3), max_size=20))
def test_packing_loses_at_most_half_a_step(values):
    back = unpack(pack(np.array(values), ceiling=8.3), ceiling=8.3)
    np.testing.assert_allclose(back, values, atol=8.3 / 65534 + 1e-12)


@pytest.mark.parametrize("values", [[8.4], [np.nan], [-np.inf]])
def test_what_does_not_fit_is_refused(values):
    with pytest.raises(ValueError, match=r"do not fit below a ceiling of 8\.3"):
        pack(np.array(values), ceiling=8.3)


def plain_own_ends(activity, low, bins):
    """Return the cells of the published rule: below ``low`` nothing, the largest value alone."""
    distinct = np.unique(activity[activity != low])
    picked = [distinct[k * len(distinct) // bins] for k in range(bins)]
    borders = np.unique([low, *picked, distinct[-1]])
    cells = np.digitize(activity, borders)
    counts = np.unique(cells, axis=0, return_counts=True)[1] / len(cells)
    return -(counts * np.log(counts)).sum()


@pytest.mark.parametrize(("name", "low"), [("relu", 0.0), ("softplus", None)])
def test_own_bins_of_the_ends_are_those_of_the_published_rule(name, low):
    net = narrow_perceptron(activation=name, generator=generator(1, "weights"))
    layer = StackedPerceptrons([net]).activity(WORDS)[2]
    found = binning_with_own_ends(layer, LABELS, bins=30).about_input.value
    values = layer[0].numpy()
    expected = plain_own_ends(values, values.min() if low is None else low, 30)
    assert float(found) == pytest.approx(expected, abs=1e-9)
    shared = binning.equal_distinct_edges(layer, bins=30)
    other = binning.information(layer, edges=shared).about_input.value
    if name == "relu":  # so that the two rules can be told apart
        assert abs(float(other) - expected) > 1e-3


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
    with pytest.raises(ValueError, match="two batches of 4096"):
        signal_to_noise(nets, WORDS, LABELS, train=train, batch_size=4096)
    assert len(batches(WORDS, LABELS, train, 2, 256)) == 13


def recorded(values, **changes):
    """Return rows and arrays of one member with scores ``[seeds, layers, 3]`` in nats."""
    member = MEMBER | changes
    rows = [
        dict(**member, estimator=None, layer=None, seed=seed, split=part, metric="accuracy")
        | dict(value=0.9 + seed / 100 - (part == "test") * 0.05, unit="1")
        for part in ("train", "test")
        for seed in range(len(values))
    ]
    stored = {"scores ebab": pack(np.asarray(values), ceiling=scores.CEILING)}
    return pd.DataFrame(rows), {key(member): stored}


def test_three_scores_of_each_layer_stand_beside_the_accuracy():
    rows, arrays = recorded([[[4.0, 6.0, 5.0], [0.0, 0.0, 0.0]]])
    found = scores.measure(rows, arrays).set_index(["metric", "layer"])["value"]
    for metric, value in (("drop", 1.0), ("relative_drop", 1 / 6), ("signed_change", 1.0)):
        assert found[metric, 1] == pytest.approx(value, abs=1e-3)
        assert found[metric, 2] == 0  # a dead layer
        assert found["test_accuracy", 1] == pytest.approx(0.85)


def test_informations_say_which_seeds_fall_and_how_far_layers_lie_apart():
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
    assert found["deviation", 3].to_dict() == {0: 1.5, 1: 1.5}
    assert found.xs("spread").to_numpy().tolist() == [1.0, 1.0]


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
