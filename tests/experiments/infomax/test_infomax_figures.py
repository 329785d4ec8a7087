"""Tables and figures of Deep InfoMax show the numbers of their rows."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest

from experiments.infomax.ablations_figures import (
    accuracy_against_negatives,
    dependency_against_beta,
    weight_maps,
)
from experiments.infomax.few_negatives_figures import course_of_training
from experiments.infomax.generator_figures import codes_of_both
from experiments.infomax.model_tables import (
    accuracy_by_layer,
    beside_paper,
    code_measures,
    comparison,
    in_words,
    measures_by_model,
)
from experiments.infomax.nearest_neighbours_figures import neighbours
from experiments.infomax.structure_figures import loss_maps, occlusion_masks
from experiments.picture_rows import picture_rows
from reproduce.view import View


@pytest.fixture
def rows():
    models = [("dim_local", "jsd"), ("dim_global", "jsd"), ("untrained", None)]
    made = [
        dict(method=m, loss=loss, layer=layer, seed=seed, value=0.4 + 0.1 * i + 0.01 * seed)
        for i, (m, loss) in enumerate(models)
        for layer in ("conv", "y")
        for seed in (0, 1)
    ]
    return pd.DataFrame(made).assign(metric="accuracy", split="test", unit="1")


@pytest.fixture
def paper():
    made = [
        dict(method="dim_local", loss="jsd", layer="y", value=66.96),
        dict(method="supervised", loss=None, layer="output", value=75.39),
        dict(method="vae", loss=None, layer="y", value=54.61),
    ]
    return pd.DataFrame(made).assign(metric="accuracy")


def test_the_comparison_holds_both_in_percent(rows, paper):
    table = comparison(rows, paper, metric="accuracy")
    own = 100 * rows.query("method == 'dim_local' and layer == 'y'")["value"]
    paper_value, ours, sd, seeds = table.loc["DIM(L), JSD", "code"]
    assert paper_value == 66.96 and seeds == 2
    assert ours == pytest.approx(own.mean()) and sd == pytest.approx(own.std())
    words = in_words(table)
    assert words.loc["VAE", ("code", "ours")] == "not run"
    assert words.loc["VAE", ("last convolution", "ours")] == "-"
    assert words.loc["Untrained encoder", ("code", "paper")] == "-"
    assert words.loc["Fully supervised", ("own classifier", "paper")] == "75.39"


def test_without_rows_the_comparison_is_the_paper(rows, paper):
    words = in_words(comparison(rows[:0], paper, metric="accuracy"))
    assert set(words["code", "ours"]) == {"not run", "-"}


def test_each_model_has_its_dots_and_the_papers_star(rows, paper):
    figure = accuracy_by_layer(rows, paper, title="here")
    conv, y = figure.axes
    labels = [label.get_text() for label in conv.get_yticklabels()]
    assert labels == ["Untrained encoder", "DIM(G)", "DIM(L), JSD"]
    dots = y.lines[0].get_xydata()
    assert sorted(dots[:, 0]) == pytest.approx(sorted(100 * rows[rows["layer"] == "y"]["value"]))
    star = next(line for line in y.lines if line.get_label() == "paper")
    shown = star.get_xydata()[~np.isnan(star.get_ydata().astype(float))]
    np.testing.assert_allclose(shown, [[66.96, -2.0]])


def test_curves_over_negatives_hold_means_and_the_papers_curve():
    made = [
        dict(loss=loss, layer=layer, log2_images=k, seed=s, value=0.1 * k + 0.01 * s + 0.1)
        for loss in ("jsd", "dv")
        for layer in ("y", "conv")
        for k in (0, 6)
        for s in (0, 1)
    ]
    rows = pd.DataFrame(made).assign(metric="accuracy")
    paper = pd.DataFrame(dict(loss="jsd", layer="y", log2_images=[6, 0], value=[66.1, 66.5]))
    left, _ = accuracy_against_negatives(rows, paper, title="here").axes
    curves = {c.get_label(): c.lines[0].get_xydata() for c in left.containers}
    np.testing.assert_allclose(curves["DV"], [[0, 10.5], [6, 70.5]])
    dotted = [line.get_ydata() for line in left.lines if line.get_linestyle() == ":"]
    assert [66.5, 66.1] in [list(y) for y in dotted]


def test_courses_hold_means_by_length_and_the_level_of_an_untrained_encoder():
    made = [
        dict(loss="dv", epochs=e, seed=s, layer=layer, metric=metric, value=0.1 * e + s)
        for e in (1, 4)
        for s in (0, 1)
        for layer, metric in (("y", "accuracy"), ("local", "local_loss"))
    ]
    made.append(dict(loss=None, epochs=0, seed=0, layer="y", metric="accuracy", value=0.3))
    left, right = course_of_training(pd.DataFrame(made), {"dv": "DV"}, title="here").axes
    for axes, scale in ((left, 100), (right, 1)):
        (course,) = axes.containers
        np.testing.assert_allclose(
            course.lines[0].get_xydata(), [[1, 0.6 * scale], [4, 0.9 * scale]]
        )
    assert [30, 30] in [list(line.get_ydata()) for line in left.lines]


def test_maps_print_each_cell_and_leave_holes_empty():
    made = [
        dict(alpha=a, beta=b, value=a + 10 * b, metric="accuracy")
        for a in (0.0, 1.0)
        for b in (0.0, 1.0)
        if a or b
    ]
    (axes,) = weight_maps(pd.DataFrame(made), [("accuracy", "t", 2.0)], title="digits").axes
    texts = {text.get_text(): text.get_position() for text in axes.texts}
    assert texts == {"2": (1, 0), "20": (0, 1), "22": (1, 1)}


def test_dependency_shows_test_rows_only():
    made = pd.DataFrame(
        dict(beta=[0.1, 4.0, 0.1], value=[3.0, 1.0, 9.0], split=["test", "test", "train"])
    )
    axes = dependency_against_beta(made.assign(metric="ndm"), title="t").axes[0]
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[0.1, 3.0], [4.0, 1.0]])


def test_measures_of_the_code_stand_beside_the_papers(rows, paper):
    shown = {"accuracy": "accuracy"}
    (axes,) = measures_by_model(rows, paper, shown, title="digits").axes
    assert len(axes.lines[0].get_xdata()) == 6
    words = code_measures(rows, paper, shown)
    assert words.loc["VAE", ("accuracy", "ours")] == "not run"


def test_pictures_are_drawn_as_they_are():
    g = np.random.default_rng(0)
    images = g.integers(0, 255, (2, 3, 3, 4, 4), dtype=np.uint8)
    held = {"images": images, "same": np.array([[True, False], [False, False]])}
    figure = neighbours({"a": held, "b": held}, title="digits")
    assert len(figure.axes) == 2 * 6
    np.testing.assert_array_equal(
        figure.axes[0].images[0].get_array(), images[0, 0].transpose(1, 2, 0)
    )
    framed = [axes for axes in figure.axes if axes.spines["top"].get_linewidth() == 2.5]
    assert len(framed) == 2
    masks = g.random((20, 4, 4)) < 0.5
    shown = images.reshape(-1, 3, 4, 4)[[0] * 8]
    assert len(occlusion_masks(masks, shown, title="digits").axes) == 10
    maps = {"DIM": g.random((2, 2, 2)), "both": g.random((2, 2, 2))}
    figure = loss_maps(images[0, :2], masks[:2], maps, title="digits")
    np.testing.assert_allclose(figure.axes[2].images[0].get_array(), maps["DIM"][0])
    assert len(picture_rows({"a": images[0], "b": images[1]}, title="digits").axes) == 6
    codes = g.normal(size=50), g.normal(size=50)
    axes = codes_of_both(*codes, (1.0, -1.0), title="digits").axes[0]
    assert len(axes.lines) == 2


class _Rows(View):
    """A view with these rows only."""

    paper = pd.DataFrame()

    def __init__(self, rows, paper):
        super().__init__("infomax", None)
        self._rows, self.paper = rows, paper

    def rows(self, target):
        return self._rows


def test_an_own_classifier_stands_among_the_layers_and_what_was_not_run_is_the_papers(rows, paper):
    own = pd.DataFrame([dict(method="supervised", layer="output", seed=0, value=0.5)])
    own = pd.concat([rows, own.assign(metric="accuracy", split="test")]).assign(data="cifar10")
    printed = paper.assign(target="DIM-T1", data="cifar10", tag="paper")
    shown = beside_paper(_Rows(own, printed), "DIM-T1", "cifar10")
    name = "Fully supervised, own classifier"
    assert list(shown.loc[name, "last convolution"]) == ["75.39", "50.00"]
    assert shown.loc["DIM(L), JSD", ("code", "ours")] == "40.50 ± 0.71"
    assert list(shown["seeds", "ours"]) == ["1", "2", "-", "2", "2"]
    bare = beside_paper(_Rows(own[:0], printed), "DIM-T1", "cifar10")
    assert list(bare["code"]) == ["75.39", "54.61", "66.96"]
    assert "not run" in bare.index.name
