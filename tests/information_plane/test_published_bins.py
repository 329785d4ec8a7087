"""Adaptive bins as the published code has them, against a plain twin of its rule."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ibutils.data import icosahedral
from ibutils.estimators import binning
from ibutils.information_plane import binning_with_own_ends, published_binning
from ibutils.nets import StackedPerceptrons, narrow_perceptron
from ibutils.nets.narrow import ACTIVATIONS, LOWS, activation
from ibutils.train import generator

WORDS, LABELS = icosahedral.read()
PUBLISHED = "tanh", "elu", "relu", "softplus"

seeds = st.integers(0, 10_000)
some = settings(max_examples=40, deadline=None)


def plain_edges(activity, low, bins):
    """Return the published edges: low, the distinct values at int(k (m / bins)), the largest."""
    values = np.unique(activity[activity != low])
    if not len(values):
        return np.array([low])
    places = [int(k * (len(values) / bins)) for k in range(bins)]
    return np.concatenate([[low], values[places], values[-1:]])


def plain_information(activity, labels, low, bins):
    """Return both informations in nats by NumPy's counts of rows."""
    cells = np.digitize(activity, plain_edges(activity, low, bins))

    def entropy(rows):
        counts = np.unique(rows, axis=0, return_counts=True)[1]
        return -(counts / counts.sum() * np.log(counts / counts.sum())).sum()

    within = [np.mean(labels == y) * entropy(cells[labels == y]) for y in np.unique(labels)]
    return entropy(cells), entropy(cells) - sum(within)


def layers(name, *, scale=1.0):
    """Return the activity of an untrained network with larger weights, the output last."""
    net = narrow_perceptron(activation=name, generator=generator(1, "weights"))
    nets = StackedPerceptrons([net])
    nets.parameter.mul_(scale)
    return [layer[0] for layer in nets.activity(WORDS.float())]


def informations(activity, low, bins):
    """Return both informations of one layer by the function under test."""
    found = published_binning(activity, LABELS[: len(activity)], low=low, bins=bins)
    assert found.about_labels is not None
    return float(found.about_input.value), float(found.about_labels.value)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("scale", [1.0, 20.0])  # twenty: most tanh units are at -1 or 1
def test_layers_and_output_agree_with_the_twin(name, scale):
    low = LOWS[name]
    for layer in layers(name, scale=scale):
        for bins in (3, 30):
            expected = plain_information(layer.numpy(), LABELS.numpy(), low, bins)
            assert informations(layer, low, bins) == pytest.approx(expected, abs=1e-9)


@given(seeds, st.integers(2, 40), st.sampled_from([0.0, -1.000001, -np.inf]))
@some
def test_ties_agree_with_the_twin(seed, bins, low):
    """Few distinct values, so that bins run out, repeat, or are all empty."""
    draws = np.random.default_rng(seed)
    values = draws.integers(0, draws.integers(1, 200), (60, 2)) / 64.0
    activity = torch.from_numpy(values)
    expected = plain_information(values, LABELS[:60].numpy(), low, bins)
    assert informations(activity, low, bins) == pytest.approx(expected, abs=1e-9)


def test_the_place_is_rounded_as_published():
    """Of 130 values and 30 bins, int(27 (130 / 30)) is 116, though the product is 117."""
    activity = torch.arange(130.0)[:, None]
    edges = binning.equal_distinct_edges(activity, bins=30, rounded=True)
    plain = plain_edges(activity.numpy(), -1.0, 30)[1:]
    assert edges.tolist() == plain.tolist() and edges[27] == 116
    assert binning.equal_distinct_edges(activity, bins=30)[27] == 117


def test_a_rule_that_always_sets_the_smallest_value_apart_is_another():
    """It is the published one for hidden ReLU layers, but for the rounding of places."""
    gap = {}
    for name, scale in (("relu", 1.0), ("tanh", 20.0), ("elu", 20.0)):
        for number, layer in enumerate(layers(name, scale=scale)):
            published = published_binning(layer, LABELS, low=LOWS[name]).about_input.value
            own = binning_with_own_ends(layer, LABELS).about_input.value
            gap[name, number] = abs(float(published - own))
    assert max(gap["relu", number] for number in range(5)) < 1e-3
    assert gap["relu", 5] > 0.01  # probabilities are not zero
    assert min(gap["tanh", 2], gap["elu", 2]) > 0.05


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_activation_goes_below_its_low(name):
    with torch.no_grad():
        values = activation(name, 3)(torch.linspace(-200, 200, 4001)[:, None].expand(-1, 3))
    assert float(values.min()) >= LOWS[name]
    published_binning(values, LABELS[:4001], low=LOWS[name])


@given(seeds, st.sampled_from([0.0, -1.000001]))
@some
def test_increasing_maps_change_nothing(seed, low):
    """With the value that is set apart mapped as well; ties at it included."""
    draws = torch.Generator().manual_seed(seed)
    activity = torch.randn(80, 3, generator=draws, dtype=torch.float64).mul(4).clamp(max=3)
    activity = activity.relu() if low == 0 else activity.tanh()
    for increasing in (lambda t: 1000 * t - 3, torch.exp, lambda t: t.clamp(min=0) + t):
        mapped = float(increasing(torch.tensor(low, dtype=torch.float64)))
        assert informations(increasing(activity), mapped, 7) == informations(activity, low, 7)


def test_activity_below_low_is_refused():
    """Where the published edges do not increase."""
    with pytest.raises(ValueError, match=r"below low=0\.0, got -0\.25"):
        published_binning(torch.tensor([[0.0], [-0.25]]), LABELS[:2], low=0.0)


def test_a_dead_layer_knows_nothing():
    for low in (0.0, -1.0):
        assert informations(torch.zeros(50, 3), low, 30) == (0.0, 0.0)
