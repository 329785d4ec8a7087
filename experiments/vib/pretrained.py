"""Features of a pretrained network, read from a file of the user."""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils import checks

ARRAYS = ("features", "labels")


@dataclass(frozen=True, eq=False)
class PretrainedFeatures:
    """Features with their classes, held whole as tensors.

    Attributes:
        values: ``[n, d]``, single precision.
        labels: Class of each row, ``[n]``.
        classes: Number of classes.
        checksum: SHA-256 of the bytes of features and labels.
    """

    values: Float[Tensor, "n d"]
    labels: Int[Tensor, " n"]
    classes: int
    checksum: str

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.labels)


def read_features(
    path: str | Path, *, dimension: int = 1536, classes: int = 1000
) -> PretrainedFeatures:
    """Read a file of features and check it.

    The file is a NumPy archive (``np.savez``) with two arrays: ``features``, floating-point,
    ``[n, dimension]``, as the pretrained network puts them out and not yet whitened; and
    ``labels``, integers from 0 to ``classes - 1``, ``[n]``. Rows are in no particular order.

    Args:
        path: The file.
        dimension: Columns that ``features`` must have.
        classes: Number of classes.

    Returns:
        The features in single precision.

    Raises:
        TypeError: An argument has the wrong type.
        FileNotFoundError: There is no such file.
        ValueError: The file is no such archive, an array is missing, has another shape or type,
            holds values that are not finite, or labels out of range.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "train.npz"
        >>> np.savez(path, features=np.zeros((4, 8), "f4"), labels=np.array([0, 1, 2, 0]))
        >>> len(read_features(path, dimension=8, classes=3))
        4
    """
    checks.instance("path", path, (str, Path))
    checks.count("dimension", dimension)
    checks.count("classes", classes)
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file of features {path}")
    try:
        with np.load(path, allow_pickle=False) as stored:
            if missing := [name for name in ARRAYS if name not in stored.files]:
                raise ValueError(f"{path} has no array {missing}; it has {stored.files}")
            features, labels = (stored[name] for name in ARRAYS)
    except (zipfile.BadZipFile, EOFError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no archive as np.savez writes it: {error}") from error
    _check(path, features, labels, dimension, classes)
    values = np.ascontiguousarray(features, dtype=np.float32)
    whole = np.ascontiguousarray(labels, dtype="<i8")
    digest = hashlib.sha256(values.data)
    digest.update(whole.data)
    found = torch.from_numpy(values), torch.from_numpy(whole)
    return PretrainedFeatures(*found, classes=classes, checksum=digest.hexdigest())


def _check(
    path: Path, features: np.ndarray, labels: np.ndarray, dimension: int, classes: int
) -> None:
    """Raise ``ValueError`` that says what is wrong with the arrays of a file."""
    if features.ndim != 2 or features.shape[1] != dimension or not len(features):
        raise ValueError(f"{path}: features must be [n, {dimension}], got {features.shape}")
    if features.dtype.kind != "f":
        raise ValueError(f"{path}: features must be floating-point, got {features.dtype}")
    if labels.shape != features.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{path}: labels must be {len(features)} integers, got {labels.dtype} {labels.shape}"
        )
    if not np.isfinite(features).all():
        row = int((~np.isfinite(features)).any(axis=1).argmax())
        raise ValueError(f"{path}: row {row} of the features is not finite")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        raise ValueError(f"{path}: labels must lie in 0..{classes - 1}, got {low}..{high}")


def generated_features(
    count: int, *, dimension: int, classes: int, generator: torch.Generator, spread: int = 40
) -> PretrainedFeatures:
    """Return made-up features: class centres, a few wide directions, a little noise.

    Args:
        count: Number of rows.
        dimension: Of the features.
        classes: Number of classes, whose centres and directions are always the same.
        generator: Source of the rows.
        spread: Number of directions.

    Example:
        >>> g = torch.Generator().manual_seed(0)
        >>> generated_features(5, dimension=8, classes=3, generator=g).values.shape
        torch.Size([5, 8])
    """
    shared = torch.Generator().manual_seed(0)
    centres = torch.randn(classes, dimension, generator=shared)
    wide = torch.randn(spread, dimension, generator=shared)
    scales = torch.logspace(1, -1, spread)[:, None]
    labels = torch.randint(classes, (count,), generator=generator)
    values = 0.8 * centres[labels]
    values += torch.randn(count, spread, generator=generator) @ (scales * wide)
    values += torch.randn(count, dimension, generator=generator)
    return PretrainedFeatures(values.relu(), labels, classes=classes, checksum="generated")
