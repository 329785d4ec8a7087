"""Figures of Information Dropout show the numbers of their tables."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest
import torch
from synthetic import tidy

from experiments.information_dropout.disentanglement_figures import ESTIMATES, figure_6, figure_7
from experiments.information_dropout.dropout_figures import fits_table, fitted
from experiments.information_dropout.gains import INK
from experiments.information_dropout.images_and_maps import (
    maps_beside_images,
    stretched,
    titled_images,
)
from experiments.information_dropout.nuisances_figures import (
    READ,
    fano,
    figure_1,
    figure_4b,
    ratio_by_beta,
)
from experiments.information_dropout.vae_figures import by_unit
from experiments.information_dropout.width_figures import error_against_width
from reproduce.view import View


class Given(View):
    """A view with these rows, all on test images, and these arrays only."""

    def __init__(self, rows, arrays=None):
        super().__init__("information_dropout", None)
        self._rows, self._arrays = rows, arrays

    def rows(self, target):
        return self._rows.assign(split="test")

    def arrays(self, target):
        return self._arrays

    def source(self, target):
        return "here"


def curves(axes):
    return {c.get_label(): c.lines[0].get_xydata() for c in axes.containers}


def test_errors_against_width_are_means_over_seeds_in_percent():
    table = tidy(
        method=["binary", "information"],
        width=[50.0, 400.0],
        seed=[0, 1],
        metric=["error", "error_noisy"],
    )
    given = table.assign(network="a", activation="relu", beta=np.nan, alpha=np.nan)
    off, on = error_against_width(Given(given), "ID-F3a").axes
    for axes, metric in ((off, "error"), (on, "error_noisy")):
        own = table[(table["metric"] == metric) & (table["method"] == "information")]
        expected = 100 * own.groupby("width")["value"].mean()
        found = curves(axes)["Information Dropout"]
        np.testing.assert_allclose(found, np.stack([expected.index, expected], axis=1))
    assert set(curves(off)) == {"binary dropout", "Information Dropout"}


def test_beta_zero_has_its_place():
    table = tidy(beta=[0.0, 0.3, 30.0], seed=[0, 1], metric=["error", "nuisance_error"])
    axes = figure_4b(Given(table)).axes[0]
    own = table[table["metric"] == "nuisance_error"].groupby("beta")["value"].mean()
    np.testing.assert_allclose(
        curves(axes)[READ["nuisance_error"]], np.stack([[0, 1, 2], 100 * own], axis=1)
    )
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "0.3", "30"]


def test_total_correlation_is_drawn_with_the_noise_of_the_layer_and_without():
    metrics = ["error", "error_noisy", "excess", "quiet_excess"]
    table = tidy(beta=[0.3, 3.0], seed=[0], metric=metrics)
    axes = figure_7(Given(table)).axes[1]
    for metric, label in ESTIMATES.items():
        own = table[table["metric"] == metric].sort_values("beta")["value"]
        np.testing.assert_allclose(curves(axes)[label][:, 1], own)


def test_one_line_a_layer():
    metrics = ["information", "information_per_unit"]
    table = tidy(width=[0.125, 0.25], layer=[1, 2], seed=[0, 1], metric=metrics)
    total, unit = figure_6(Given(table)).axes
    assert set(curves(total)) == set(curves(unit)) == {"noisy layer 1", "noisy layer 2"}
    own = table[(table["metric"] == metrics[1]) & (table["layer"] == 2)]
    expected = own.groupby("width")["value"].mean()
    np.testing.assert_allclose(curves(unit)["noisy layer 2"][:, 1], expected)


def test_ratios_are_by_layer():
    ratios = tidy(beta=[0.1, 1.0], layer=[1.0, 3.0], seed=[0, 1], metric=["digit_ratio"])
    errors = tidy(beta=[0.1, 1.0], layer=[np.nan], seed=[0, 1], metric=["error"])
    left, right = ratio_by_beta(Given(pd.concat([ratios, errors]))).axes
    expected = ratios[ratios["layer"] == 3].groupby("beta")["value"].mean()
    np.testing.assert_allclose(curves(left)["layer 3"][:, 1], expected)
    dotted = [line.get_ydata()[0] for line in left.lines if line.get_linestyle() == ":"]
    assert dotted == [INK[1], INK[3]]
    assert set(curves(right)) == {"noise off"}


def test_maps_share_one_scale_over_images():
    g = np.random.default_rng(0)
    maps = {"a": [g.random((2, 4, 4)), g.random((2, 2, 2))]}
    figure = maps_beside_images(g.random((2, 8, 8)), maps)
    shown = [axes.images[0] for axes in figure.axes]
    assert len(shown) == 2 * 3
    assert {image.get_clim() for image in shown[1::3]} == {
        (maps["a"][0].min(), maps["a"][0].max())
    }
    np.testing.assert_array_equal(shown[5].get_array(), maps["a"][1][1])


@pytest.mark.parametrize(("activation", "ends"), [("relu", (0.25, 0.25)), ("softplus", None)])
def test_priors_integrate_to_one(activation, ends):
    edges = np.linspace(-2, 2, 41)
    held = dict(edges=edges, density=np.full(40, 0.25), zeros=0.5, mean=0.0, scale=0.3)
    view = Given(pd.DataFrame(), {f"activation={activation},width=1,seed=0": held})
    axes = figure_1(view).axes[0]
    (line,) = axes.lines
    x, y = line.get_data()
    assert np.trapezoid(y, x) == pytest.approx(1, abs=1e-3)
    assert ends is None or tuple(y) == ends
    assert "50 % at zero" in axes.get_title()


def test_rates_are_sorted():
    rates = {"rates": np.array([0.1, 3.0, 0.5])}
    arrays = {f"code={code},k=2,seed=0": rates for code in ("gaussian", "information")}
    axes = by_unit(Given(pd.DataFrame([dict(k=2.0, seed=0)]), arrays)).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [3.0, 0.5, 0.1])


def test_each_image_has_its_title():
    figure = titled_images(np.zeros((9, 4, 4)), [*"abcdefghi"])
    assert [axes.get_title() for axes in figure.axes] == [*"abcdefghi"] + [""] * 7


def test_a_training_error_that_is_not_on_record_is_empty():
    rows = tidy(beta=[0.0, 1.0], seed=[0, 1], metric=["error"], split=["test"])
    found = fitted(rows, "beta")
    assert found["train"].isna().all()
    np.testing.assert_allclose(found["test"], 100 * rows.groupby("beta")["value"].mean())


def test_fano_is_tight_for_errors_spread_over_all_classes():
    """Where a guess errs evenly, the information of the channel is the bound."""
    error = 0.3
    channel = np.full((10, 10), error / 9) + (1 - error - error / 9) * np.eye(10)
    joint = channel / 10
    information = (joint * np.log(joint / (joint.sum(1, keepdims=True) * joint.sum(0)))).sum()
    assert fano(error) == pytest.approx(information)
    assert fano(0.9) == pytest.approx(0, abs=1e-12) and fano(1.0) == fano(0.9)


def test_errors_that_are_not_on_record_say_so():
    rows = tidy(beta=[0.0, 1.0], seed=[0], metric=["error"], split=["test"])
    markup = fits_table(fitted(rows, "beta")).to_html()
    assert markup.count("not on record") == 2 and "training, %" in markup


def test_each_image_is_stretched_to_bytes():
    rows = torch.tensor([[0.0, 1.0, 2.0], [5.0, 6.0, 9.0]])
    for image, expected in zip(
        stretched(rows.reshape(2, 1, 1, 3)), ([0, 128, 255], [0, 64, 255]), strict=True
    ):
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(image, [expected])
    (colour,) = stretched(rows[:1].reshape(1, 3, 1, 1))
    np.testing.assert_array_equal(colour, [[[0, 128, 255]]])
