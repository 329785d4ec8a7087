"""Tables and figures of Deep InfoMax show the numbers of their rows."""

import matplotlib

matplotlib.use("Agg")


import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from experiments.infomax import (
    ablations_figures,
    classification_figures,
    few_negatives_figures,
    nearest_neighbours_figures,
    representation_figures,
    structure_figures,
)
from experiments.infomax.generator_figures import codes_of_both
from experiments.infomax.model_tables import (
    LAYERS,
    beside_paper,
    by_layer,
    code_measures,
    comparison,
    in_words,
    measures_by_model,
    printed,
)
from experiments.infomax.nearest_neighbours_figures import neighbours
from experiments.infomax.structure_figures import loss_maps, occlusion_masks
from experiments.picture_rows import picture_rows
from experiments.style import finish
from reproduce.view import View


class _Rows(View):
    """A view with these rows only."""

    paper = pd.DataFrame()

    def __init__(self, rows, paper):
        super().__init__("infomax", None)
        self._rows, self.paper = rows, paper

    def rows(self, target):
        own = self._rows
        return own[own["target"] == target] if "target" in own else own

    def source(self, target):
        return "here"


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
    printed = paper.assign(target="DIM-T1", data="cifar10", tag="paper")
    conv, y = by_layer(_Rows(rows.assign(data="cifar10"), printed), "DIM-T1").axes
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
    rows = pd.DataFrame(made).assign(metric="accuracy", data="cifar10")
    paper = pd.DataFrame(dict(loss="jsd", layer="y", log2_images=[6, 0], value=[66.1, 66.5]))
    left, right = ablations_figures.figure_9(_Rows(rows, paper.assign(target="DIM-F9"))).axes
    assert right.yaxis.get_tick_params()["labelleft"]  # it has a scale of its own
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
    left, right = few_negatives_figures.by_epochs(_Rows(pd.DataFrame(made), pd.DataFrame())).axes
    for axes, scale in ((left, 100), (right, 1)):
        (course,) = axes.containers
        np.testing.assert_allclose(
            course.lines[0].get_xydata(), [[1, 0.6 * scale], [4, 0.9 * scale]]
        )
    assert [30, 30] in [list(line.get_ydata()) for line in left.lines]


def test_maps_print_each_cell_and_leave_holes_empty():
    made = [
        dict(alpha=a, beta=b, value=(a + 10 * b) / scale, metric=metric)
        for metric, _, scale in ablations_figures.MEASURES
        for a in (0.0, 1.0)
        for b in (0.0, 1.0)
        if a or b
    ]
    rows = pd.DataFrame(made).assign(layer="y", split="test", gamma=0.1)
    for axes in ablations_figures.figure_11(_Rows(rows, pd.DataFrame())).axes:
        across, up = ({t.get_text(): t for t in own} for own in _ticks(axes))
        texts = {text.get_text(): text.get_position() for text in axes.texts}
        places = {"1": ("1", "0"), "10": ("0", "1"), "11": ("1", "1")}
        assert texts == {
            cell: (across[alpha].get_position()[0], up[beta].get_position()[1])
            for cell, (alpha, beta) in places.items()
        }
        assert up["0"].get_window_extent().y0 < up["1"].get_window_extent().y0


def _ticks(axes):
    axes.figure.draw_without_rendering()
    return axes.get_xticklabels(), axes.get_yticklabels()


def test_dependency_shows_test_rows_only():
    made = pd.DataFrame(
        dict(beta=[0.1, 4.0, 0.1], value=[3.0, 1.0, 9.0], split=["test", "test", "train"])
    )
    view = _Rows(made.assign(metric="ndm"), pd.DataFrame())
    axes = ablations_figures.figure_13(view).axes[0]
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


def test_gains_of_local_over_global_dim_are_of_one_loss():
    made = [
        dict(method=m, loss="jsd", layer=layer, value=v)
        for layer in ("conv", "y")
        for m, v in (("dim_local", 0.5), ("dim_local", 0.6), ("dim_global", 0.4))
    ]
    rows = pd.DataFrame(made).assign(data="cifar10", metric="accuracy", split="test")
    found = classification_figures.numbers(_Rows(rows, pd.DataFrame()))
    assert found["t1-dim_local-jsd-y"] == pytest.approx(55)
    assert found["gain-y"] == pytest.approx(15) and found["gain-conv"] == pytest.approx(15)
    assert "gain-y" not in classification_figures.numbers(_Rows(rows[:2], pd.DataFrame()))


def courses(**factors):
    """Return rows of two terms over three epochs and two seeds, which halve with each."""
    made = [
        dict(metric=f"course_{name}", epoch=epoch, seed=seed, value=first / 2**epoch + seed)
        for name, first in (("local", 8.0), ("global", 4.0), ("discriminator", 2.0))
        for epoch in (1.0, 2.0, 3.0)
        for seed in (0, 1)
    ]
    return pd.DataFrame(made).assign(data="cifar10", split="train", **factors)


def test_the_course_of_training_is_that_of_each_model_and_its_own_term():
    rows = pd.concat([courses(method=m, loss="jsd") for m in ("dim_local", "dim_global")])
    view = _Rows(rows.assign(layer=None), pd.DataFrame())
    found = classification_figures.numbers(view)
    assert found == pytest.approx({"course-global": 4 / 8 + 0.5, "course-local": 8 / 8 + 0.5})
    left, right = classification_figures.training(view).axes
    lines = {line.get_label(): line.get_xydata() for line in left.lines}
    assert list(lines) == [
        f"{name}, {kind} term"
        for name in ("DIM(G)", "DIM(L), JSD")
        for kind in ("global", "local")
    ]
    np.testing.assert_allclose(lines["DIM(L), JSD, local term"], [[1, 4.5], [2, 2.5], [3, 1.5]])
    np.testing.assert_allclose(right.lines[-1].get_ydata(), 2 * np.log(2))


def test_figure_9_in_numbers_has_the_papers_beside_ours_on_its_own_data_only():
    made = [
        dict(loss=loss, layer="y", log2_images=k, value=0.1 * k + 0.4)
        for loss in ("jsd", "dv")
        for k in (0.0, 6.0)
    ]
    rows = pd.DataFrame(made).assign(metric="accuracy", data="cifar10", split="test")
    rows = rows.assign(target="DIM-F9")
    paper = pd.DataFrame(dict(loss="dv", layer="y", log2_images=[0.0, 1.0], value=[14.4, 13.5]))
    paper = paper.assign(target="DIM-F9")
    shown = ablations_figures.table_of_9(_Rows(rows, paper))
    assert list(shown.columns) == [("1 image", k) for k in ("paper", "ours")] + [
        ("64 images", "ours")
    ]
    assert list(shown.loc["code, DV"]) == ["14.4", "40.0", "100.0"]
    assert list(shown.loc["code, JSD"]) == ["-", "40.0", "100.0"]
    digits = ablations_figures.table_of_9(_Rows(rows.assign(data="digits"), paper))
    assert list(digits.columns) == [("1 image", "ours"), ("64 images", "ours")]
    assert ablations_figures.numbers(_Rows(rows, paper))["f9-dv-y-64"] == pytest.approx(100)


def test_the_excess_of_hidden_places_is_a_difference_of_means():
    made = [
        dict(method=m, metric=metric, value=value)
        for m, pair in (("dim_local", (9.0, 7.0)), ("dim_occlusion", (7.5, 7.0)))
        for metric, value in zip(("hidden_loss", "visible_loss"), pair, strict=True)
    ]
    rows = pd.DataFrame(made).assign(data="cifar10")
    shown = structure_figures.excess_of_hidden(_Rows(rows, pd.DataFrame()))
    assert list(shown.loc["occlusion"]) == [7.5, 7.0, 0.5]
    found = structure_figures.numbers(_Rows(rows, pd.DataFrame()))
    assert found == {"f16-DIM": 2.0, "f16-occlusion": 0.5}


def test_a_course_in_numbers_names_its_lengths():
    made = [dict(loss="dv", epochs=e, layer="y", metric="accuracy", value=0.3) for e in (4, 16)]
    made.append(dict(loss=None, epochs=0, layer="y", metric="accuracy", value=0.2))
    made.append(dict(loss="dv", epochs=16, layer="local", metric="local_loss", value=-2.0))
    view = _Rows(pd.DataFrame(made), pd.DataFrame())
    shown = few_negatives_figures.by_epochs_in_numbers(view)
    assert list(shown) == ["untrained", "4 epochs", "16 epochs", "local loss, nats"]
    assert list(shown.loc["DV"]) == ["-", "30.0", "30.0", "-2.0"]
    assert few_negatives_figures.numbers(view) == pytest.approx({"f9t-dv-4": 30, "f9t-dv-16": 30})


def test_accuracies_by_terms_stand_beside_each_other_for_each_weight_of_the_prior():
    made = [
        dict(alpha=a, beta=b, gamma=gamma, layer=layer, split="test", metric="accuracy", value=v)
        for (a, b), start in (((1, 0), 0.2), ((0, 1), 0.4), ((0.5, 1), 0.9))
        for layer, more in (("y", 0.0), ("conv", 0.1))
        for gamma, v in ((0.0, start + more), (1.0, start + more + 0.05))
    ]
    shown = ablations_figures.by_prior(_Rows(pd.DataFrame(made), pd.DataFrame()))
    assert list(shown) == ["gamma = 0", "gamma = 1"]
    at_code, at_conv = LAYERS["y"], LAYERS["conv"]
    assert list(shown.loc[f"{at_code}, global"]) == ["20.0", "25.0"]
    assert list(shown.loc[f"{at_conv}, local"]) == ["50.0", "55.0"]
    assert len(shown) == 4


def test_health_says_what_came_to_rest_and_what_rests_on_nothing():
    made = [
        dict(metric="svm_converged", layer="y", value=0.0),
        dict(metric="svm_degenerate", layer="y", value=0.9),
        dict(metric="mine_converged", layer="y", value=1.0),
        dict(metric="mine_degenerate", layer="y", value=0.01),
    ]
    rows = pd.DataFrame(made).assign(method="vae", loss=None)
    shown = representation_figures.health(rows)
    model = shown.loc["VAE"]
    assert dict(model["linear machines, hinge", "code"]) == {
        "at rest": "no",
        "on nothing, %": "90",
    }
    assert dict(model["MINE", "code"]) == {"at rest": "yes", "on nothing, %": "1"}


def test_shares_are_quoted_by_model():
    made = [
        dict(method="untrained", loss=None, metric="neighbours", value=0.2),
        dict(method="untrained", loss=None, metric="neighbours_converged", value=1.0),
        dict(method="dim_local", loss="infonce", metric="neighbours", value=0.4),
    ]
    rows = pd.DataFrame(made).assign(data="cifar10")
    found = nearest_neighbours_figures.numbers(_Rows(rows, pd.DataFrame()))
    assert found == pytest.approx({"f10-untrained-none": 20, "f10-dim_local-infonce": 40})


@pytest.mark.parametrize("labels", [("a",), ("a", "b")])
def test_a_legend_of_several_stands_below_the_panels_and_one_of_one_is_left_out(labels):
    figure, axes = plt.subplots()
    for label in labels:
        axes.plot([0, 1], [0, 1], label=label)
    legends = finish(figure, legend=axes).legends
    assert len(legends) == (len(labels) > 1)
    figure.draw_without_rendering()
    for legend in legends:
        assert legend.get_window_extent().y1 <= axes.get_tightbbox().y0


def test_values_of_the_paper_that_are_not_confirmed_are_left_out(monkeypatch):
    rows = [("a", "paper", 1.0), ("a", "UNVERIFIED", 2.0), ("b", "earlier", 3.0)]
    stated = [
        dict(target="DIM-T1", method="vae", data=data, tag=tag, value=value)
        for data, tag, value in rows
    ]
    monkeypatch.setattr(View, "paper", pd.DataFrame(stated))
    view = View("infomax", None)
    assert printed(view, "DIM-T1", "a")["value"].tolist() == [1.0]
    assert printed(view, "DIM-T1")["value"].tolist() == [1.0, 3.0]
    assert not len(printed(view, "DIM-T2"))
