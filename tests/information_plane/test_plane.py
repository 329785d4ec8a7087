"""Layers that are streamed into the estimators, against plain counting on the same activity."""

import itertools
from functools import partial

import numpy as np
import pytest
import torch

from ibutils import train
from ibutils.data import icosahedral
from ibutils.estimators import binning
from ibutils.information_plane import (
    Looks,
    StackedLearner,
    adaptive_binning,
    adaptive_kde,
    coordinates,
    recipe,
    split,
)
from ibutils.nets import StackedPerceptrons, narrow_perceptron

WORDS, LABELS = icosahedral.read()
EDGES = np.linspace(-1, 1, 31)


def networks(activation="tanh", seeds=(0, 1, 2)):
    """Return untrained networks of the paper's size."""
    return StackedPerceptrons(
        [
            narrow_perceptron(activation=activation, generator=train.generator(seed, "weights"))
            for seed in seeds
        ]
    )


def plain(activity, labels, edges):
    """Return both informations of one layer by NumPy's counts of rows, in nats."""
    cells = np.digitize(activity, edges[1:-1])

    def entropy(rows):
        counts = np.unique(rows, axis=0, return_counts=True)[1]
        p = counts / counts.sum()
        return -(p * np.log(p)).sum()

    total = entropy(cells)
    parts = [np.mean(labels == y) * entropy(cells[labels == y]) for y in np.unique(labels)]
    return total, total - sum(parts)


def plain_edges(activity, bins):
    """Return edges with equally many distinct values between them."""
    values = np.unique(activity)
    return np.append(values[np.arange(bins) * len(values) // bins], values[-1])


def test_training_streams_what_plain_counting_finds():
    """Fixed bins and adaptive ones, three seeds, six layers, before and after training."""
    kept = []
    edges = torch.from_numpy(EDGES).expand(3, -1)

    def measure(snapshot):
        kept.append([layer.numpy().copy() for layer in snapshot.activity])
        fixed = partial(binning.information, edges=edges)
        estimators = {"ebab": adaptive_binning, "fixed": fixed}
        return coordinates(snapshot.activity, LABELS, estimators)

    seeds = [0, 1, 2]
    own = split(4096, seeds=seeds)
    learner = StackedLearner(networks(), recipe(3, compile=False), train=own)
    looks = Looks(WORDS.float(), LABELS, epochs=[0, 3], measure=measure)
    train.fit(learner, WORDS.float(), LABELS, seeds=seeds, callbacks=[looks])
    found = looks.history
    assert found["ebab_input"].shape == (2, 3, 6)
    for look, layers in enumerate(kept):
        for number, member in itertools.product(range(6), range(3)):
            layer = layers[number][member]
            for name, bins in {"ebab": plain_edges(layer, 30), "fixed": EDGES}.items():
                x, y = plain(layer, LABELS.numpy(), bins)
                place = look, member, number
                assert float(found[f"{name}_input"][place]) == pytest.approx(x, abs=1e-9)
                assert float(found[f"{name}_labels"][place]) == pytest.approx(y, abs=1e-9)


def test_a_dead_layer_knows_nothing_and_harms_no_other():
    """Zero by every estimator, for it and all layers after it."""
    nets = networks("relu")
    with torch.no_grad():
        nets.tensors(nets.parameter)[3][:, 1] = -100.0  # biases of the second layer
    activity = [layer[:, ::16] for layer in nets.activity(WORDS.float())]
    estimators = {"ebab": adaptive_binning, "akde": adaptive_kde}
    for values in coordinates(activity, LABELS[::16], estimators).values():
        assert values[1, 1:].tolist() == pytest.approx([0.0] * 5, abs=1e-9)
        assert bool((values[1, 0] > 0.1) & (values[0] > 0).all())


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_activity_that_is_not_finite_is_refused(bad):
    activity = [torch.full((1, 4, 2), bad)]
    with pytest.raises(ValueError, match="finite"):
        coordinates(activity, torch.tensor([0, 1, 0, 1]), {"ebab": adaptive_binning})


def test_an_estimator_may_say_nothing_of_labels():
    activity, labels = [torch.rand(2, 8, 3)] * 2, torch.arange(8) % 2

    def of_inputs(layer, _):
        return binning.information(layer, edges=torch.tensor([0.0, 0.5, 1.0]))

    found = coordinates(activity, labels, {"fixed": of_inputs})
    assert [*found] == ["fixed_input"] and found["fixed_input"].shape == (2, 2)
    with pytest.raises(TypeError, match=r"what estimators\['x'\] returns must be a LayerInf"):
        coordinates(activity, labels, {"x": lambda layer, _: 1.0})
