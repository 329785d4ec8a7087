"""Figures of information planes, still and scrubbed, show what they are given."""

import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest

from experiments.information_plane.generalisation_figures import (
    intervals,
    scores_against_accuracy,
    word_table,
)
from experiments.information_plane.layer_courses import (
    activity_histograms,
    both_informations,
    ends_by_factor,
    layer_courses,
)
from experiments.information_plane.plane_animation import pixels, plane_animation
from experiments.information_plane.plane_panels import (
    accuracy_curves,
    changes,
    planes,
    task_picture,
)
from experiments.information_plane.planes_figures import MEMBERS, rule_of_bins

EPOCHS = np.array([0, 3, 9])
PLANE = np.random.default_rng(0).uniform(0, 1, (3, 6, 2)) * [12, 1]  # [epochs, layers, 2]


def visible(figure):
    return [axes for axes in figure.axes if axes.get_visible()]


def test_each_layer_has_its_path_and_its_number():
    titles = [f"net {k}" for k in range(5)]
    figure = planes({title: PLANE for title in titles}, EPOCHS)
    *panels, _ = visible(figure)  # the last is the scale of epochs
    assert [axes.get_title() for axes in panels] == titles
    for axes in panels:
        assert len(axes.collections) == PLANE.shape[1]
        for layer, path in enumerate(axes.collections):
            np.testing.assert_allclose(path.get_offsets(), PLANE[:, layer])
            np.testing.assert_array_equal(path.get_array(), EPOCHS + 1)
        ends = [(*text.xy, text.get_text()) for text in axes.texts]
        assert ends == [(*PLANE[-1, layer], str(layer + 1)) for layer in range(6)]


def test_ceilings_are_drawn_in_every_panel_where_they_are_given():
    figure = planes({"a": PLANE, "b": PLANE}, EPOCHS, ceilings=(10.0, 0.9))
    for axes in figure.axes[:2]:
        about_input, about_labels = axes.lines[-2:]
        assert set(about_input.get_xdata()) == {10.0} and set(about_labels.get_ydata()) == {0.9}


def test_layers_that_end_together_share_their_number():
    ends = np.array([[11.9, 1.0], [12.0, 1.0], [11.6, 0.98], [8.0, 0.5], [8.1, 0.9], [2.0, 0.5]])
    axes = planes({"a": np.stack([np.zeros((6, 2)), ends])}, np.arange(2)).axes[0]
    shown = {text.get_text(): text.xy for text in axes.texts}
    assert list(shown) == ["1\N{EN DASH}3", "4", "5", "6"]
    np.testing.assert_allclose(shown["1\N{EN DASH}3"], ends[:3].mean(0))


def test_long_paths_are_thinned_but_keep_their_ends():
    long = np.linspace(0, 1, 500)[:, None, None] * np.ones((500, 1, 2))
    path = planes({"a": long}, np.arange(500)).axes[0].collections[0].get_offsets()
    assert len(path) == 60 and path[0, 0] == 0 and path[-1, 0] == 1


def test_changes_show_every_seed_and_the_mean():
    table = pd.DataFrame(
        [
            dict(activation=name, layer=layer, seed=seed, change=layer * seed + shift)
            for shift, name in enumerate(("relu", "tanh"))
            for layer in (1, 2)
            for seed in range(3)
        ]
    )
    figure = changes(table, "activation", ["tanh", "relu", "elu"])
    for axes, layer in zip(figure.axes, (1, 2), strict=True):
        dots = [np.asarray(spots.get_offsets())[:, 1] for spots in axes.collections]
        own = layer * np.arange(3)
        for found, expected in zip(dots, (own + 1, own, []), strict=True):
            np.testing.assert_allclose(found, expected)
        means = [line.get_ydata()[0] for line in axes.lines[:2]]
        np.testing.assert_allclose(means, [own.mean() + 1, own.mean()])
        names = [tick.get_text() for tick in axes.get_xticklabels()]
        assert names == ["tanh", "ReLU", "ELU"]


@pytest.mark.parametrize("score", ["drop", "relative_drop"])
def test_scores_stand_against_accuracy(score):
    table = pd.DataFrame(
        [
            {"activation": name, "layer": layer, score: layer + k, "test_accuracy": 90.0 + k}
            for name in ("tanh", "relu")
            for layer in (1, 2, 3, 4)
            for k in range(2)
        ]
    )
    figure = scores_against_accuracy(table, score=score)
    for layer, axes in enumerate((axes for axes in figure.axes if axes.collections), start=1):
        for spots in axes.collections:
            np.testing.assert_allclose(spots.get_offsets(), [[layer, 90], [layer + 1, 91]])
        assert axes.get_xlabel().endswith("bits") == (score == "drop")
    assert [text.get_text() for text in figure.legends[0].texts] == ["tanh", "ReLU"]


def test_curves_of_training_and_test():
    values = np.array([[0.5, 0.4], [0.8, 0.7], [1.0, 0.9]])
    (axes,) = accuracy_curves({"a": values}, EPOCHS, "accuracy").axes
    for line, part, column in zip(axes.lines, ("training", "test"), values.T, strict=True):
        assert line.get_label() == part
        np.testing.assert_allclose(line.get_xydata().T, [EPOCHS + 1, column])


SCRIPT = (Path(__file__).parents[3] / "book" / "_static" / "planes.js").read_text()


def played(name="two", **options):
    html = plane_animation({"a": PLANE, "b & c": PLANE / 2}, EPOCHS, name=name, **options)
    return html, ElementTree.fromstring(html)


def of_class(tree, name):
    return [found for found in tree.iter() if found.get("class") == name]


def numbers_of(text):
    return np.array(re.findall(r"-?[\d.]+", text), dtype=float).reshape(-1, 2)


def test_a_frame_runs_from_zero_to_its_limits():
    corners = np.array([[0.0, 0.0], [12.4, 1.05], [6.2, 0.0]])
    assert pixels(corners).tolist() == [[46, 174], [250, 24], [148, 174]]


def test_without_scripts_the_last_epoch_is_shown_and_no_controls():
    html, tree = played()
    assert [
        svg.get("aria-label").split(":")[0] for svg in tree.iter("svg") if svg.get("role")
    ] == [
        "Information plane, a",
        "Information plane, b & c",
    ]
    places = np.concatenate([numbers_of(spot.get("transform")) for spot in of_class(tree, "spot")])
    np.testing.assert_array_equal(places, pixels(np.concatenate([PLANE[-1], PLANE[-1] / 2])))
    for line, plane in zip(of_class(tree, "together"), (PLANE, PLANE / 2), strict=True):
        np.testing.assert_array_equal(numbers_of(line.get("points")), pixels(plane[-1]))
    (controls,) = of_class(tree, "planes-controls")
    assert controls.get("hidden") is not None and "epoch 9</output>" in html


@pytest.mark.parametrize("kind", ["path", "trail"])
def test_the_page_holds_the_whole_path_of_each_layer(kind):
    lines = of_class(played()[1], kind)
    expected = [*PLANE.swapaxes(0, 1), *(PLANE / 2).swapaxes(0, 1)]
    for line, path in zip(lines, expected, strict=True):
        np.testing.assert_array_equal(numbers_of(line.get("points")), pixels(path))


@pytest.mark.parametrize(("opens", "position"), [(0, 0), (2, 1), (3, 1), (9, 2), (100, 2)])
def test_it_opens_at_the_logged_epoch_from_the_one_asked_for(opens, position):
    _, tree = played(opens=opens)
    assert tree.get("data-opens") == str(position)
    assert tree.get("data-epochs") == "0,3,9"
    (slider,) = tree.iter("input")
    assert (slider.get("max"), slider.get("aria-label")) == ("2", "epoch")


def test_a_legend_names_each_layer_once():
    _, tree = played()
    (legend,) = of_class(tree, "planes-legend")
    names = ["".join(entry.itertext()).split(maxsplit=1)[1] for entry in legend]
    assert names == [*(f"layer {k}" for k in range(1, 6)), "layer 6 (output)"]


def test_the_script_finds_what_it_asks_for_and_asks_no_other_host():
    html, tree = played()
    asked = set(re.findall(r'querySelector(?:All)?\("([^"]*)"\)', SCRIPT))
    assert {".planes", ".planes-panels > svg", ".path", ".trail", ".spot", "input"} <= asked
    for selector in asked:
        name = selector.split(" > ")[0]
        found = of_class(tree, name[1:]) if name.startswith(".") else [*tree.iter(name)]
        assert found, selector
    assert "http" not in SCRIPT + html and "fetch" not in SCRIPT and "src=" not in html


@pytest.mark.parametrize("panels", [{"a": PLANE[:2]}, {"a": PLANE, "b": PLANE[:, :5]}])
def test_frames_must_match_epochs_and_each_other(panels):
    with pytest.raises(ValueError, match="panels of one shape with 3 epochs"):
        plane_animation(panels, EPOCHS, name="wrong")


def test_courses_show_the_median_of_what_is_a_number():
    values = np.array([1.0, 2.0, np.nan, 6.0])[:, None] * np.array([1.0, 10.0])
    values = np.broadcast_to(values, (3, 4, 2))  # [epochs, members, layers]
    (axes,) = layer_courses({"a": values}, EPOCHS, "norm").axes
    for line, expected in zip(axes.lines, (2.0, 20.0), strict=True):
        np.testing.assert_allclose(line.get_xydata().T, [EPOCHS + 1, [expected] * 3])


def test_both_informations_stand_above_each_other():
    figure = both_informations({"a": (EPOCHS, PLANE), "b": (EPOCHS, PLANE)}, layers=(5, 6))
    for side, axes in enumerate(figure.axes[::2]):  # the first column: input above label
        for line, layer in zip(axes.lines, (4, 5), strict=True):
            np.testing.assert_allclose(line.get_xydata().T, [EPOCHS + 1, PLANE[:, layer, side]])


def test_histograms_stand_at_their_epochs():
    shares = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.2, 0.3, 0.5]])
    axes = activity_histograms({"layer 1": shares}, EPOCHS, (-1.0, 1.0)).axes[0]
    (mesh,) = axes.collections
    drawn = np.ma.filled(mesh.get_array(), 0).reshape(3, 3)
    np.testing.assert_allclose(drawn, shares.T)
    assert axes.get_ylim() == (-1, 1) and axes.get_title() == "layer 1"


def test_ends_by_a_factor_show_each_member_and_the_mean():
    table = pd.DataFrame({"fraction": [0.1, 0.1, 0.8], "value": [1.0, 3.0, 5.0]})
    (axes,) = ends_by_factor({"bits": table}, "share", factor="fraction").axes
    dots = [np.asarray(spots.get_offsets())[:, 1].tolist() for spots in axes.collections]
    assert dots == [[1, 3], [5]] and axes.lines[0].get_ydata().tolist() == [2, 5]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.1", "0.8"]


def test_intervals_stand_at_their_layers():
    index = pd.MultiIndex.from_product([("pooled", "within", "between"), (1, 6)])
    r = np.arange(6) / 10
    table = pd.DataFrame({"r": r, "low": r - 0.3, "high": r + 0.1, "units": 8}, index=index)
    for i, axes in enumerate(intervals(table).axes):
        (ends,) = [lines for lines in axes.collections if hasattr(lines, "get_segments")]
        own = r[2 * i : 2 * i + 2]
        for found, x, middle in zip(ends.get_segments(), (1, 6), own, strict=True):
            np.testing.assert_allclose(found, [[x, middle - 0.3], [x, middle + 0.1]])
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "out"]


def test_each_word_stands_in_its_row_and_column():
    words = pd.DataFrame({"falls": ["yes", "open"], "rises": ["no", ""]}, index=["bins", "noise"])
    (axes,) = word_table(words).axes
    found = {(text.get_text(), *np.floor(text.get_position())) for text in axes.texts}
    assert found == {("yes", 0, 0), ("open", 0, 1), ("no", 1, 0), ("", 1, 1)}
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["bins", "noise"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["falls", "rises"]
    assert len({tuple(colour) for colour in axes.collections[0].get_facecolors()}) == 4


def test_the_picture_of_the_task_has_each_word_at_its_bits():
    words = np.array([[int(bit) for bit in f"{k:012b}"] for k in range(4096)], dtype=np.uint8)
    labels = (np.arange(4096) == 3 * 64 + 17).astype(int)
    picture = task_picture(words, labels).axes[0].images[0].get_array()
    assert np.argwhere(picture == 1).tolist() == [[3, 17]]  # first six bits down, last across


def test_the_averaged_planes_say_whose_bins_are_not_the_published_ones():
    """Members of earlier records have the rule of their own ends as the main one, and no other."""
    published, earlier = {"scores ebab", "scores ebab-own-ends"}, {"scores ebab"}
    tanh, elu = MEMBERS["tanh"], MEMBERS["ELU"]
    assert rule_of_bins([tanh], {tanh: published, elu: earlier}) == "as published"
    mixed = rule_of_bins([tanh, elu], {tanh: published, elu: earlier})
    assert mixed == "as published, but for ELU"
    assert rule_of_bins([elu], {}) == mixed
