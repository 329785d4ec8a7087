"""The features of a head are drawn as they are."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
import torch

from experiments.vib import imagenet_figures


def test_variances_are_those_of_the_directions_in_order():
    scales = torch.tensor([1.0, 5.0, 0.1], dtype=torch.float64)
    g = torch.Generator().manual_seed(0)
    values = scales * torch.randn(500, 3, generator=g, dtype=torch.float64)
    left, right = imagenet_figures.features(values, torch.arange(500) % 6, title="x").axes
    shown = right.lines[0].get_ydata()
    assert list(shown) == sorted(shown, reverse=True)
    assert float(sum(shown)) == pytest.approx(float(values.var(0).sum()))
    dots = np.concatenate([line.get_xydata() for line in left.lines])
    drawn = values[torch.arange(500) % 6 < 4][:, 1]
    assert len(left.lines) == 4 and len(dots) == len(drawn)
    along = (drawn - values[:, 1].mean()).abs().sum()
    assert abs(dots[:, 0]).sum() == pytest.approx(float(along), rel=0.02)
