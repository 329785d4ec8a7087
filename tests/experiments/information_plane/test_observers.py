"""Observers of one activity: what they see at the finest, and what they divide."""

import math
from itertools import pairwise

import pytest
import torch

from experiments.information_plane import estimators, observers
from experiments.information_plane.observers import HIDDEN, Course
from ibutils.data import icosahedral
from ibutils.information import entropy
from ibutils.nets import StackedPerceptrons, narrow_perceptron
from ibutils.train import generator


@pytest.fixture
def course():
    """Return three ReLU networks, untrained and with weights that are twice as large."""
    draws = [generator(seed, "observers") for seed in range(3)]
    nets = StackedPerceptrons([narrow_perceptron(activation="relu", generator=g) for g in draws])
    start = nets.parameter.detach().clone()
    words, labels = icosahedral.read()
    return Course(nets, torch.stack([start, 2 * start]), words[:200].float(), labels[:200], 0.0)


def test_the_finest_bins_tell_all_different_rows_apart(course):
    with torch.no_grad():
        found = observers.by_resolution(course, observers.extremes(course))["EBAB"][..., -1]
        layers = [layers[HIDDEN - 1] for layers in course.activity(course.weights)]
    for when, layer in enumerate(layers):
        for place, rows in enumerate(layer):
            counts = rows.unique(dim=0, return_counts=True)[1]
            expected = entropy(counts.double() / len(rows))
            torch.testing.assert_close(found[when, place].double(), expected)


def test_each_rule_divides_a_wider_range_than_the_next(course):
    with torch.no_grad():
        ends = observers.extremes(course)
    for layer in range(HIDDEN):
        spans = [observers.span(rule, ends, 0, layer) for rule in ("global", "epoch", "layer")]
        for (low, high), (lower_end, upper_end) in pairwise(spans):
            assert (low <= lower_end).all()
            assert (high >= torch.minimum(upper_end, ends[1, 0, :, layer])).all()


def test_no_observer_sees_more_than_all_words_apart(course):
    with torch.no_grad():
        ends = observers.extremes(course)
        found = observers.coordinates_by_observer(course, ends, bins=30, kernel_every=1)
    assert set(found) == {*observers.BINNED, *observers.KERNELS}
    for values in found.values():
        assert values.shape == (2, 2, 3, HIDDEN + 1)
        assert (values[0] <= math.log(200) + 1e-6).all()


@pytest.mark.parametrize(
    "wrong", [{"epochs": 1}, {"points": 1}, {"kernel_every": 0}, {"bins": 1}, {"measured": 4097}]
)
def test_settings_that_cannot_be_measured_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=name):
        estimators.Settings(**wrong)


def test_double_precision_unties_what_single_precision_saturates():
    draws = [generator(seed, "observers") for seed in range(2)]
    nets = StackedPerceptrons([narrow_perceptron(activation="tanh", generator=g) for g in draws])
    start = nets.parameter.detach().clone()
    words, labels = icosahedral.read()
    course = Course(
        nets, torch.stack([start, 10 * start]), words[:500].float(), labels[:500], -1.000001
    )
    single = observers.by_resolution(course, observers.extremes(course))["EBAB"][..., -1]
    double = observers.finest_in_double(course)
    torch.testing.assert_close(double, torch.full((2, 2), math.log(500), dtype=torch.float64))
    assert (single[1] < math.log(500) - 1e-3).all()
    assert nets.parameter.dtype == torch.float32  # the networks themselves stay
