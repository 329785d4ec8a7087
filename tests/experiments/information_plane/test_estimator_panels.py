"""Figures of the chapter on estimators show what they are given."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest

from experiments.information_plane import estimator_panels as panels_of


def labelled(axes):
    return {line.get_label(): line for line in axes.lines}


def visible(figure):
    return [axes for axes in figure.axes if axes.get_visible()]


@pytest.mark.parametrize("logarithmic", [False, True])
def test_each_estimator_has_its_curve_over_weights(logarithmic):
    weights, values = np.array([0.1, 1.0, 10.0]), np.array([1.0, 4.9, 2.0])
    panels = {"tanh": {"fixed": values, "adaptive": values + 1}, "ReLU": {"fixed": 2 * values}}
    figure = panels_of.information_against_weight(weights, panels, logarithmic=logarithmic)
    for axes, curves in zip(figure.axes, panels.values(), strict=True):
        assert set(labelled(axes)) == set(curves)
        assert axes.get_xscale() == ("log" if logarithmic else "linear")
        for name, expected in curves.items():
            np.testing.assert_allclose(labelled(axes)[name].get_xydata().T, [weights, expected])


def test_each_activation_function_has_a_panel():
    x = np.linspace(-1, 1, 5)
    figure = panels_of.activation_shapes(x, {f"f{k}": k * x for k in range(7)})
    panels = visible(figure)
    assert [axes.get_title() for axes in panels] == [f"f{k}" for k in range(7)]
    for k, axes in enumerate(panels):
        np.testing.assert_allclose(axes.lines[0].get_ydata(), k * x)


def test_edges_stand_below_the_histogram():
    values = {"a": np.linspace(0, 1, 50), "b": np.linspace(0, 2, 50)}
    edges = {name: {"even": np.array([0.0, 0.5]), "own": np.array([0.1])} for name in values}
    figure = panels_of.edges_over_activity(values, edges)
    for axes, (title, own) in zip(figure.axes, edges.items(), strict=True):
        assert sum(patch.get_height() for patch in axes.patches) == len(values[title])
        for found, positions in zip(axes.collections, own.values(), strict=True):
            segments = np.array(found.get_segments())
            np.testing.assert_allclose(segments[:, 0, 0], positions)
            assert (segments[:, :, 1] < 0).all()


def test_largest_activity_is_the_median_over_members():
    values = np.array([1.0, 2.0, 6.0])[:, None, None] * np.array([1.0, 10.0])
    values = np.broadcast_to(values, (3, 4, 2))
    (axes,) = panels_of.largest_activity(np.arange(4), {"ReLU": values}).axes
    for layer, expected in ((1, 2.0), (2, 20.0)):
        line = labelled(axes)[f"layer {layer}"]
        np.testing.assert_allclose(line.get_xydata(), [[e + 1, expected] for e in range(4)])


def test_resolutions_show_before_and_after():
    at, values = np.array([3, 30, 300]), np.array([[1.0, 2.0, 3.0], [0.5, 1.0, 3.0]])
    panels = {"bins": (at, {"even": values}), "noise": (at, {"KDE": values})}
    figure = panels_of.information_against_resolution(panels, axes_names=["b", "s"], ceiling=3.0)
    for axes, name in zip(figure.axes, ("even", "KDE"), strict=True):
        lines = labelled(axes)
        for row, when in zip(values, ("before", "after"), strict=True):
            np.testing.assert_allclose(lines[f"{name}, {when}"].get_xydata().T, [at, row])
    assert [axes.get_xlabel() for axes in figure.axes] == ["b", "s"]
