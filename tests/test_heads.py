"""Heads on features: their size, their scale, the whitening before them, the file they read."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from experiments.vib.imagenet_heads import deterministic_head, vib_head
from experiments.vib.pretrained import read_features
from ibutils.whitening import fit_whitening


def test_the_published_head_has_the_published_number_of_weights():
    head = vib_head(beta=0.01)
    assert sum(p.numel() for p in head.parameters()) == 5_747_688


def test_the_mean_replaces_the_code_in_the_deterministic_head():
    mean, code = deterministic_head(), vib_head(beta=0.0)
    fewer = 1024 * 1024 + 1024  # no scales
    sizes = [sum(p.numel() for p in head.parameters()) for head in (code, mean)]
    assert sizes[0] - sizes[1] == fewer


def test_scales_start_near_one():
    """softplus(0.57) = 1.018: the sign of the bias is plus."""
    head = vib_head(8, 3, beta=0.01, hidden=4, bottleneck=2).requires_grad_(False)
    code = head.encoder(torch.zeros(2, 8))
    assert float(code.scale.mean()) == pytest.approx(math.log1p(math.exp(0.57)), rel=1e-6)
    assert torch.equal(code.mean, torch.zeros(2, 2))


@given(seed=st.integers(0, 100), size=st.integers(1, 6))
def test_whitened_features_have_unit_covariance(seed, size):
    g = torch.Generator().manual_seed(seed)
    shape = {"generator": g, "dtype": torch.float64}
    features = torch.randn(40, size, **shape) @ torch.randn(size, size, **shape) + 3
    found = fit_whitening(features, epsilon=1e-12)(features)
    torch.testing.assert_close(found.mean(0), torch.zeros(size).double(), atol=1e-6, rtol=0)
    covariance = found.T.cov().reshape(size, size)
    torch.testing.assert_close(covariance, torch.eye(size).double(), atol=1e-3, rtol=0)


def test_whitening_keeps_mahalanobis_distances():
    g = torch.Generator().manual_seed(0)
    features = torch.randn(50, 4, generator=g, dtype=torch.float64) * torch.tensor([1, 2, 3, 4])
    found = fit_whitening(features, epsilon=1e-12)(features)
    inverse = torch.linalg.inv(features.T.cov())
    difference = features[0] - features[1]
    expected = (difference @ inverse @ difference).sqrt()
    torch.testing.assert_close((found[0] - found[1]).norm(), expected)


def test_a_direction_without_variance_stays_finite():
    features = torch.tensor([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    assert fit_whitening(features)(features).isfinite().all()


def test_whitening_refuses():
    with pytest.raises(ValueError, match="at least two rows, got 1"):
        fit_whitening(torch.zeros(1, 3))
    with pytest.raises(ValueError, match="epsilon must be above 0, got 0"):
        fit_whitening(torch.zeros(4, 3), epsilon=0.0)


FEATURES = np.arange(12, dtype="f4").reshape(4, 3)
LABELS = np.array([0, 1, 1, 4])
HOLE = np.where(FEATURES == 1, np.nan, FEATURES).astype("f4")


def save(folder, **arrays):
    path = folder / "train.npz"
    np.savez(path, **{"features": FEATURES, "labels": LABELS, **arrays})
    return path


def test_a_file_is_read_as_it_was_written(tmp_path):
    found = read_features(save(tmp_path), dimension=3, classes=5)
    assert len(found) == 4
    assert torch.equal(found.values, torch.from_numpy(FEATURES))
    assert torch.equal(found.labels, torch.from_numpy(LABELS))
    halves = save(tmp_path, features=FEATURES.astype("f2"), labels=LABELS.astype("u2"))
    again = read_features(halves, dimension=3, classes=5)
    assert again.values.dtype == torch.float32 and again.checksum == found.checksum


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"features": FEATURES[:, :2]}, r"features must be \[n, 3\], got \(4, 2\)"),
        ({"features": FEATURES[:0], "labels": LABELS[:0]}, r"got \(0, 3\)"),
        ({"features": FEATURES.astype(int)}, "floating-point, got int64"),
        (
            {"features": HOLE},
            "row 0 of the features is not finite",
        ),
        ({"labels": LABELS[:3]}, "labels must be 4 integers, got int64"),
        ({"labels": LABELS.astype(float)}, "labels must be 4 integers, got float64"),
        ({"labels": LABELS + 1}, r"labels must lie in 0..4, got 1..5"),
        ({"labels": LABELS - 1}, r"labels must lie in 0..4, got -1..3"),
        ({"features": np.array([[{}]], dtype=object)}, "no archive|pickle"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, arrays, message):
    with pytest.raises(ValueError, match=message):
        read_features(save(tmp_path, **arrays), dimension=3, classes=5)


def test_what_is_no_archive_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file of features"):
        read_features(tmp_path / "none.npz")
    path = tmp_path / "text.npz"
    path.write_text("features")
    with pytest.raises(ValueError):
        read_features(path)
    np.savez(path, labels=LABELS)
    with pytest.raises(ValueError, match=r"has no array \['features'\]"):
        read_features(path)
    np.save(tmp_path / "one.npy", FEATURES)
    with pytest.raises(ValueError, match="no archive"):
        read_features(tmp_path / "one.npy")
