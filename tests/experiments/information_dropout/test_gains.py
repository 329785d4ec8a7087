"""Comparisons between members of one seed, and the choice of a strength on held-out images."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional as F

from experiments.information_dropout.gains import INK, chosen, measure
from experiments.information_dropout.maps import cell_masks
from ibutils.data import load
from ibutils.data.composed import cluttered

FACTORS = "network activation method width beta alpha seed".split()


def errors(values, target="ID-F3a"):
    """Return tidy rows from ``{(method, width, beta, alpha, seed): (validation, test)}``."""
    rows = []
    for (method, width, beta, alpha, seed), both in values.items():
        own = dict(zip(FACTORS, ("net", "relu", method, width, beta, alpha, seed), strict=True))
        for split, value in zip(("validation", "test"), both, strict=True):
            fixed = dict(target=target, split=split, metric="error", unit="1")
            rows.append(fixed | own | {"value": value})
        if method == "information":
            fixed = dict(target=target, split="test", metric="saturated", unit="1")
            rows.append(fixed | own | {"value": 0.25})
    return pd.DataFrame(rows).astype({"beta": float, "alpha": float}).assign(profile="laptop")


@pytest.fixture
def table():
    values = {}
    for width, seed in itertools.product((50.0, 400.0), (0, 1)):
        values["binary", width, None, None, seed] = 0.9, 0.050 + 0.001 * seed
        values["constant", width, None, 0.35, seed] = 0.04, 0.041
        values["constant", width, None, 0.7, seed] = 0.03, 0.043  # chosen, though it tests worse
        values["information", width, 0.1, None, seed] = 0.05, 0.010
        values["information", width, 3.0, None, seed] = 0.02, 0.040 if width == 50 else 0.045
    return errors(values)


def test_strengths_are_chosen_on_held_out_images_not_on_test_images(table):
    kept = chosen(table)
    assert set(kept.query("method == 'information'")["beta"]) == {3.0}
    assert set(kept.query("method == 'constant'")["alpha"]) == {0.7}
    assert len(kept.query("method == 'binary'")) == 8


def test_gains_are_differences_within_a_seed(table):
    found = measure(table, {}).set_index(["metric", "width", "seed"])["value"]
    assert found["gain_over_binary", 50, 0] == pytest.approx(0.010)
    assert found["gain_over_binary", 50, 1] == pytest.approx(0.011)
    assert found["gain_over_binary", 400, 0] == pytest.approx(0.005)
    assert found["gain_over_constant", 50, 0] == pytest.approx(0.003)


def test_narrow_rows_are_those_of_the_least_width(table):
    found = measure(table, {})
    for name, value in (("narrow_gain", 0.010), ("narrow_saturated", 0.25)):
        own = found[found["metric"] == name]
        assert set(own["width"]) == {50.0} and set(own["seed"]) == {0, 1}
        assert own["value"].iloc[0] == pytest.approx(value)


def test_networks_of_different_activation_are_never_compared(table):
    other = table.query("method == 'binary'").assign(activation="softplus", value=0.5)
    found = measure(pd.concat([table, other]), {}).query("activation == 'relu'")
    pd.testing.assert_frame_equal(found.reset_index(drop=True), measure(table, {}))


def test_several_strengths_without_validation_errors_are_refused(table):
    with pytest.raises(ValueError, match="no validation errors"):
        chosen(table[table["split"] == "test"])


def test_growth_is_the_factor_of_a_doubled_width():
    rows = [
        dict(target="ID-F6", width=w, seed=s, layer=layer, value=3 * w ** (0.5 * layer))
        for w, s, layer in itertools.product((0.1, 0.2, 0.4), (0, 1), (1, 2))
    ]
    total = pd.DataFrame(rows).assign(split="test", metric="information", unit="nat")
    by_unit = total.assign(metric="information_per_unit", value=total["value"] / total["width"])
    table = pd.concat([total, by_unit]).assign(profile="laptop")
    lonely = table[(table["seed"] == 0) | (table["width"] == 0.1)]  # seed 1 has one width
    found = measure(lonely, {}).set_index(["metric", "layer"])["value"]
    np.testing.assert_allclose(found["growth"].sort_index(), [2**0.5, 2.0])
    np.testing.assert_allclose(found["growth_per_unit"].sort_index(), [2**-0.5, 1.0])
    assert set(measure(lonely, {})["seed"]) == {0} and len(measure(table, {})) == 8


def test_slopes_are_what_a_doubled_width_adds_by_method_strength_and_seed():
    values = {
        (method, width, beta, None, seed): (0.5, level - step * np.log2(width / 50) + seed)
        for method, beta, level, step in (
            ("none", None, 0.3, 0.01),
            ("information", 3.0, 0.2, 0.02),
        )
        for width, seed in itertools.product((50.0, 100.0, 200.0), (0, 1))
    }
    found = measure(errors(values), {}).set_index(["metric", "method"])
    slopes = found.loc["slope_error"]
    np.testing.assert_allclose(slopes.loc["none", "value"], [-0.01, -0.01])
    np.testing.assert_allclose(slopes.loc["information", "value"], [-0.02, -0.02])
    assert set(slopes.loc["information", "beta"]) == {3.0}


def test_growth_of_the_noise_is_a_factor_by_strength():
    fixed = dict(target="ID-F3a", network="net", activation="relu", method="information")
    rows = [
        fixed | dict(width=w, beta=b, seed=0, split="test", metric="mean_alpha", value=0.1 * w**b)
        for w, b in itertools.product((1.0, 2.0, 4.0), (0.0, 0.5))
    ]
    errors_too = [row | dict(metric="error", split="validation") for row in rows]
    errors_too += [row | dict(metric="error") for row in rows]
    table = pd.DataFrame([*rows, *errors_too]).assign(alpha=np.nan, unit="1", profile="laptop")
    found = measure(table, {}).query("metric == 'growth_mean_alpha'").set_index("beta")["value"]
    np.testing.assert_allclose([found[0.0], found[0.5]], [1.0, 2**0.5])


def ratios(values):
    """Return tidy rows from ``{beta: ratio by layer}``, the same for two seeds."""
    rows = [
        dict(beta=beta, seed=seed, layer=layer, value=value)
        for beta, held in values.items()
        for seed in (0, 1)
        for layer, value in enumerate(held, start=1)
    ]
    fixed = dict(target="ID-F2", images="cluttered", activation="relu", split="test", unit="ratio")
    return pd.DataFrame(rows).assign(metric="digit_ratio", profile="laptop", **fixed)


def test_a_rise_compares_a_layer_with_the_one_before():
    """A rank correlation over all networks finds a rise where no network rises throughout."""
    table = ratios({0.01: (1.0, 3.0, 2.0), 1.0: (2.0, 8.0, 4.0)})
    found = measure(table, {}).query("metric == 'rise'").set_index(["layer", "beta"])["value"]
    ink = INK[2] / INK[1]
    assert found[2, 0.01].tolist() == pytest.approx([3 / ink] * 2)
    assert found[2, 1.0].tolist() == pytest.approx([4 / ink] * 2)
    assert (found[3] < 1).all()
    ranks = table["value"] - table.groupby("beta")["value"].transform("mean")
    assert ranks.corr(table["layer"].astype(float), method="spearman") > 0.4


def test_a_map_of_ink_alone_is_at_one_and_does_not_rise():
    found = measure(ratios({0.1: (INK[1], INK[2], INK[3])}), {})
    assert found["metric"].value_counts().to_dict() == {"over_ink": 6, "rise": 4}
    np.testing.assert_allclose(found["value"], 1.0)


def test_the_net_ratio_does_not_mind_what_all_places_pass():
    rows = [
        dict(beta=0.1, seed=0, layer=1, metric=name, value=value + 7.0)
        for name, value in (("digit", 6.0), ("clutter", 2.0), ("background", 0.0))
    ]
    rows.append(dict(beta=0.1, seed=0, layer=1, metric="digit_ratio", value=13 / 9))
    fixed = dict(target="ID-F2", images="cluttered", activation="relu", split="test", unit="nat")
    table = pd.DataFrame(rows).assign(profile="laptop", **fixed)
    found = measure(table, {}).set_index("metric")["value"]
    assert found["net_ratio"] == pytest.approx(3.0)


@pytest.mark.parametrize(("size", "distractors", "cells"), [(48, 5, 3), (96, 21, 4)])
def test_ink_alone_prefers_the_digit_and_more_so_on_coarser_maps(size, distractors, cells):
    """The constants that ratios are divided by, from images at the sizes of the profiles."""
    try:
        digits = load("mnist", split="test")
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    made = cluttered(digits, count=2000, size=size, distractors=distractors, seed=0)
    digit, clutter = made.masks(torch.arange(2000))
    ink = made.images.pixels[:, 0].double()
    for layer in range(1, cells + 1):
        side = size >> layer
        shown, other = cell_masks(digit, clutter, (side, side))
        mean = F.avg_pool2d(ink[:, None], size // side)[:, 0]
        assert float(mean[shown].mean() / mean[other].mean()) == pytest.approx(
            INK[layer], abs=0.05
        )


def test_gap_is_the_log_normal_bound_less_the_gaussian():
    rows = [
        dict(k=1.0, code="gaussian", seed=0, value=-98.0),
        dict(k=1.0, code="information", seed=0, value=-100.0),
        dict(k=1.0, code="information", seed=1, value=-90.0),  # without a partner
    ]
    table = pd.DataFrame(rows).assign(target="ID-T1", split="test", metric="bound", unit="nat")
    found = measure(table.assign(profile="laptop"), {})
    assert found["value"].tolist() == [-2.0] and found["profile"].tolist() == ["laptop"]


def test_unknown_targets_are_refused():
    with pytest.raises(ValueError, match="ID-F7"):
        measure(pd.DataFrame([dict(target="ID-F7")]), {})
