"""Bins and kernels against numbers that the published codes of the information plane give."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from ibutils.estimators import binning, kde
from ibutils.information import nats_to_bits
from ibutils.information_plane import binning_with_own_ends, published_binning
from ibutils.nets.narrow import LOWS

REFERENCE = Path(__file__).parents[1] / "reference"
EDGES = np.append(np.linspace(-1, 1, 30).astype(np.float32), np.inf)  # 29 bins, and 1 apart


def fixture(name):
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


def cases(name):
    return [pytest.param(case, id=case["name"]) for case in fixture(name)["cases"]]


def close(value, expected, residual):
    """Compare within ten times the residual of the fixture, at least the last digits."""
    assert float(value) == pytest.approx(expected, rel=1e-12, abs=max(10 * residual, 1e-13))


def tensors(case):
    activity = torch.tensor(case["input"]["activity"], dtype=torch.float64)
    return activity, torch.tensor(case["input"]["labels"])


def worst(name):
    return max(fixture(name)["residual_with_correction"].values())


@pytest.mark.parametrize("case", cases("adaptive_estimators_ebab"))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_adaptive_bins_are_the_published_ones(case, dtype):
    activity, labels = tensors(case)
    options = case["options"]
    assert LOWS[options["activation"]] == options["low"]
    found = published_binning(activity.to(dtype), labels, low=options["low"], bins=options["bins"])
    expected = case["output"]
    close(nats_to_bits(found.about_input.value), expected["information_input_bits"], 1.2e-15)
    close(nats_to_bits(found.about_labels.value), expected["information_labels_bits"], 1.2e-15)


def test_the_smallest_value_apart_is_another_rule_except_for_zeros():
    """What the chapters once called the published rule fails these numbers, but for ReLU."""
    gaps = {}
    for case in fixture("adaptive_estimators_ebab")["cases"]:
        activity, labels = tensors(case)
        found = binning_with_own_ends(activity, labels, bins=case["options"]["bins"])
        gap = nats_to_bits(found.about_input.value) - case["output"]["information_input_bits"]
        kind = "zeros" if bool((activity == case["options"]["low"]).any()) else "others"
        gaps[kind] = max(gaps.get(kind, 0.0), abs(float(gap)))
    assert gaps["zeros"] < 1e-12 and gaps["others"] > 0.2


@pytest.mark.parametrize("case", cases("idnns_fixed_edges"))
def test_thirty_fixed_edges_are_29_bins_and_a_cell_for_one(case):
    activity, labels = tensors(case)
    assert np.array_equal(case["options"]["edges"], EDGES[:-1].astype(float))
    found = binning.information(activity, labels, edges=torch.from_numpy(EDGES))
    expected, residual = case["output"], worst("idnns_fixed_edges")
    close(nats_to_bits(found.about_input.value), expected["information_input_bits"], residual)
    close(nats_to_bits(found.about_labels.value), expected["information_labels_bits"], residual)


@pytest.mark.parametrize("case", cases("ibsgd_binning"))
def test_bins_of_a_given_size_are_those_of_saxe_and_others(case):
    activity, labels = tensors(case)
    residual = worst("ibsgd_binning")
    found = binning.information(activity, labels, edges=torch.from_numpy(EDGES))
    close(found.about_input.value, case["output"]["fixed_30_edges"]["information_input"], residual)
    for expected in case["output"]["floor"]:
        size = expected["bin_size"]
        first, last = (math.floor(float(end) / size) for end in (activity.min(), activity.max()))
        edges = torch.arange(first, last + 2, dtype=torch.float64) * size
        found = binning.information(activity, labels, edges=edges)
        close(found.about_input.value, expected["information_input"], residual)
        close(found.about_labels.value, expected["information_labels"], residual)


@pytest.mark.parametrize("case", cases("ibsgd_kde"))
@pytest.mark.parametrize("bound", ["upper", "lower"])
def test_kernel_bounds_are_those_of_kolchinsky_and_tracey(case, bound):
    activity, labels = tensors(case)
    variance = case["options"]["noise_variance"]
    found = kde.information(activity, labels, noise_variance=variance, bound=bound)
    expected, residual = case["output"], 2.9e-13
    close(found.about_input.value, expected[f"information_input_{bound}"], residual)
    close(found.about_labels.value, expected[f"information_labels_{bound}"], residual)
    normaliser = activity.shape[1] / 2 * (1 + math.log(2 * math.pi * variance))
    close(found.about_input.value + normaliser, expected[f"entropy_{bound}"], residual)
