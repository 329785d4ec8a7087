"""Observers of one activity: what they see at the finest, and what they divide."""

import math
from itertools import pairwise

import pytest
import torch

from experiments.information_plane import estimators, observers
from experiments.information_plane.observers import BINNED, HIDDEN, KERNELS, RESOLUTIONS, Course
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


def test_rows_say_how_far_activity_reaches_and_what_each_observer_sees_change():
    """One network of two, with numbers of which no two are alike."""
    ends = torch.zeros(2, 2, 2, HIDDEN + 1, dtype=torch.float64)  # low and high, epoch, member
    ends[1, :, 1, :HIDDEN] = torch.tensor([2.0, 3.0, 5.0, 7.0, 20.0])
    ends[0, -1, 1, 0] = -4.0  # which reaches further than 2
    course = torch.zeros(2, 3, 2, HIDDEN + 1, dtype=torch.float64)
    steps = torch.tensor([[1.0, 4.0, 2.0], [3.0, 5.0, 1.0], [1.0, 2.0, 3.0]])  # a layer each
    course[0, :, 1, :3] = steps.T
    course[1, :, 1] = torch.tensor([0.1, 0.2, 0.9])[:, None]
    curves = {name: (i + 1) * course for i, name in enumerate((*BINNED, *KERNELS))}
    curves["akde"] = course.clone()
    curves["akde"][0, -1, 1, 0] = 0.5  # falls where the others rise
    resolved = torch.zeros(2, 2, len(RESOLUTIONS), dtype=torch.float64)
    resolved[:, 1, RESOLUTIONS.index(30)] = torch.tensor([5.0, 2.0])
    resolved[:, 1, -1] = torch.tensor([8.0, 7.5])
    double = torch.tensor([[0.0, 8.25], [0.0, 8.0]], dtype=torch.float64)
    half = torch.tensor(0.5, dtype=torch.float64)
    seen = estimators.Observed(ends, curves, {"EBAB": resolved}, double, half)
    rows = {(r["target"], r["metric"]): r for r in estimators._rows(1, seen, 12)}
    found = {name: row["value"] for name, row in rows.items()}
    assert found["AE-F1", "maximum_ratio"] == 20 / 4
    assert found["AE-F1", "bins_spanned"] == 6 / 2  # of 24 in all, two a bin
    assert [found["AE-F1", f"maximum_{n}"] for n in range(1, 6)] == [4, 3, 5, 7, 20]
    for i, name in enumerate((*BINNED, "kde")):
        assert found["AE-F3", f"{name}_hidden_drop"] == (i + 1) * (2 + 4 + 0)
        assert found["AE-F3", f"{name}_hidden_change"] == (i + 1) * (1 - 2 + 2)
    assert found["AE-F3", "akde_hidden_change"] == -0.5 - 2 + 2
    assert found["AE-F3", "sign_agreement"] == pytest.approx(4 / 5)  # two layers rest in both
    assert found["AE-F3", "akde_above_labels"] == pytest.approx(1 / 3)  # 0.9 above log 2
    assert found["AE-RES", "change_30_bins"] == -3 and found["AE-RES", "change_all_bins"] == -0.5
    assert found["AE-RES", "change_all_bins_double"] == -0.25
    units = {"AE-RES": {"nat"}, "AE-F1": {"ratio", "rank"}, "AE-F3": {"nat", "1"}}
    for target, expected in units.items():
        assert {row["unit"] for (own, _), row in rows.items() if own == target} == expected
