"""Figures show the numbers of their tables."""

import matplotlib
from synthetic import tidy

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import EllipseCollection

from experiments.style import beta_positions, mean_line
from experiments.vib import beta_curves, code_maps, mnist_figures


@pytest.fixture
def errors():
    return tidy(
        beta=[0.0, 1e-3, 1.0], seed=[0, 1], split=["train", "test"], metric=["error", "error_12"]
    )


def test_each_curve_of_errors_holds_the_means_over_seeds(errors):
    axes = beta_curves.error_against_beta(errors, title="here").axes[0]
    curves = {c.get_label(): c.lines[0].get_xydata() for c in axes.containers}
    assert set(curves) == {
        f"{split}, {n}" for split in ("train", "test") for n in ("1 sample", "12 samples")
    }
    rows = errors.query("split == 'test' and metric == 'error_12'")
    expected = 100 * rows.groupby("beta")["value"].mean()
    np.testing.assert_allclose(curves["test, 12 samples"][:, 1], expected)


def test_bars_are_one_standard_error_around_the_mean():
    rows = pd.DataFrame({"x": [1.0] * 3 + [2.0], "value": [0.0, 1.0, 5.0, 7.0]})
    axes = plt.figure().add_subplot()
    mean_line(axes, rows, "x", scale=10.0)
    (curve,) = axes.containers
    np.testing.assert_allclose(curve.lines[0].get_xydata(), [[1, 20], [2, 70]])
    first, alone = curve.lines[2][0].get_segments()
    error = 10 * np.std([0, 1, 5], ddof=1) / 3**0.5
    np.testing.assert_allclose(first[:, 1], [20 - error, 20 + error])
    np.testing.assert_allclose(alone[:, 1], [70, 70])  # of one seed there is none
    plt.close(axes.figure)


def test_beta_zero_stands_left_of_all_others():
    assert beta_positions(pd.Series([0.0, 1e-3, 1.0])).is_monotonic_increasing


def test_information_curve_is_in_bits():
    table = tidy(beta=[1e-3, 1.0], seed=[0], split=["train", "test"], metric=["rate"])
    table = pd.concat([table, table.assign(metric="cross_entropy", value=np.log(2))])
    entropies = {"train": np.log(8), "test": np.log(8)}
    axes = beta_curves.information_curve(table, entropies, title="here").axes[0]
    curve = next(line for line in axes.lines if line.get_label() == "test")
    np.testing.assert_allclose(curve.get_ydata(), 2.0)
    rates = table.query("split == 'test' and metric == 'rate'")["value"] / np.log(2)
    np.testing.assert_allclose(curve.get_xdata(), rates)


def test_only_powers_of_ten_are_named_beside_a_curve():
    table = tidy(beta=[3e-4, 1e-2, 0.3], seed=[0], split=["train", "test"], metric=["rate"])
    table["value"] = 1 / table["beta"]  # far enough from each other for their names
    table = pd.concat([table, table.assign(metric="cross_entropy", value=np.log(2))])
    entropies = {"train": np.log(8), "test": np.log(8)}
    axes = beta_curves.information_curve(table, entropies, title="here").axes[0]
    assert [text.get_text() for text in axes.texts] == ["$10^{-2}$"]


def test_rates_are_in_bits_and_known_values_are_marked():
    table = tidy(beta=[1e-3, 1.0], seed=[0, 1], split=["train", "test"], metric=["rate"])
    axes = beta_curves.rate_against_beta(table, {1e-3: 22.0}, title="here").axes[0]
    assert [22.0] == [line.get_ydata()[0] for line in axes.lines if line.get_marker() == "*"]
    test = next(c for c in axes.containers if c.get_label() == "test")
    means = table.query("split == 'test'").groupby("beta")["value"].mean() / np.log(2)
    np.testing.assert_allclose(test.lines[0].get_xydata()[:, 1], means)


def test_one_line_a_beta_against_epochs():
    table = tidy(beta=[0.0, 1.0], seed=[0], epoch=[1, 2, 3], metric=["epoch_rate"])
    assert len(beta_curves.rate_against_epoch(table, title="here").axes[0].lines) == 2


def test_ellipses_hold_95_percent_of_the_code():
    cholesky = np.array([[[0.3, 0.0], [0.2, 0.1]]])
    codes = {
        "mean": np.array([[1.0, -1.0]]),
        "cholesky": cholesky,
        "label": np.array([3]),
        "weight": np.eye(10, 2),
        "bias": np.zeros(10),
    }
    axes = code_maps.codes_over_entropy({0.1: codes}).axes[0]
    (ellipse,) = (c for c in axes.collections if isinstance(c, EllipseCollection))
    half = np.array([ellipse._widths[0], ellipse._heights[0]])  # matplotlib keeps half axes
    turn = ellipse._angles[0]
    axis = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    z = np.random.default_rng(0).normal(size=(200_000, 2)) @ cholesky[0].T
    inside = ((z @ axis.T / half) ** 2).sum(axis=1) < 1
    assert abs(inside.mean() - 0.95) < 5 * np.sqrt(0.95 * 0.05 / len(z))
    np.testing.assert_allclose(half.max() / np.linalg.norm(cholesky[0], 2), 2.4477, atol=1e-4)


def test_table_one_is_in_percent_with_the_spread_over_seeds():
    rows = tidy(method=["vib", "baseline"], seed=[0, 1, 2], split=["test"], metric=["error_12"])
    table = mnist_figures.table_one(rows, {"vib": 1.13})
    own = 100 * rows.query("method == 'vib'")["value"]
    assert table.loc["VIB", "ours"] == round(own.mean(), 2)
    assert table.loc["VIB", "sd"] == round(own.std(), 2)
    assert table.loc["VIB", "difference"] == round(own.mean() - 1.13, 2)
    assert np.isnan(table.iloc[0]["paper"])
