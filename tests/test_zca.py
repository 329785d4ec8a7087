"""Normalised images, and the whitening that stays closest to its input."""

import numpy as np
import pytest
import torch

from ibutils.train import generator
from ibutils.whitening import fit_whitening, fit_zca, standardise


@pytest.fixture
def features():
    g = generator(0, "features")
    mixing = torch.randn(5, 5, generator=g, dtype=torch.float64)
    return torch.randn(4000, 5, generator=g, dtype=torch.float64) @ mixing + 3


def test_whitened_features_have_unit_covariance(features):
    white = fit_zca(features)(features)
    torch.testing.assert_close(white.T.cov(), torch.eye(5).double(), atol=1e-3, rtol=0)
    torch.testing.assert_close(white.mean(0), torch.zeros(5).double(), atol=1e-9, rtol=0)


def test_of_all_whitenings_it_moves_features_the_least(features):
    """Any other is a rotation of it; principal components are one of them."""
    centred = features - features.mean(0)
    zca = fit_zca(features)
    least = (zca(features) - centred).square().sum()
    others = [fit_whitening(features)(features)]
    for seed in range(5):
        turn, _ = torch.linalg.qr(torch.randn(5, 5, generator=generator(seed, "turn")).double())
        others.append(zca(features) @ turn)
    assert all((other - centred).square().sum() > least for other in others)


def test_epsilon_is_added_to_standard_deviations():
    flat = torch.zeros(10, 2)
    flat[:, 0] = torch.arange(10.0)
    zca = fit_zca(flat, epsilon=0.5)
    np.testing.assert_allclose(zca.matrix[1, 1], 2.0)
    np.testing.assert_allclose(zca.matrix[0, 0], 1 / (flat[:, 0].std() + 0.5), rtol=1e-6)


def test_each_image_is_normalised_by_itself():
    images = torch.rand(6, 3, 4, 4, generator=generator(0, "images")) * 7 + 1
    found = standardise(images)
    torch.testing.assert_close(found.mean((1, 2, 3)), torch.zeros(6), atol=1e-6, rtol=0)
    torch.testing.assert_close(found.std((1, 2, 3)), torch.ones(6))
    torch.testing.assert_close(found[2], standardise(images[2:3])[0])


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="images must vary: 1 have one value"):
        standardise(torch.ones(1, 1, 2, 2))
    with pytest.raises(ValueError, match="got 1"):
        fit_zca(torch.ones(1, 3))
    with pytest.raises(ValueError, match=r"got 0\.0"):
        fit_zca(torch.ones(4, 3), epsilon=0.0)
