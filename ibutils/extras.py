"""Packages that only some features need, and that pip installs by the name of an extra."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Name the cure where the import of an optional package fails.

    Args:
        name: The extra of ``ibutils`` that installs the package: ``"data"``, ``"plots"``,
            ``"probes"`` or ``"book"``.

    Raises:
        ImportError: The package is not installed.

    Example:
        >>> with extra("data"):
        ...     import torchvisoin
        Traceback (most recent call last):
        ImportError: this needs torchvisoin, which is not installed: pip install "ibutils[data]"
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.partition(".")[0] == "ibutils":
            raise
        raise ImportError(
            f'this needs {missing}, which is not installed: pip install "ibutils[{name}]"',
            name=missing,
        ) from error
