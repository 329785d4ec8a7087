"""A progress bar, where tqdm is installed."""

from collections.abc import Iterable, Iterator
from typing import Any


class Hidden:
    """A bar that nobody sees: it only passes on what it iterates over."""

    def __init__(self, iterable: Iterable[Any] | None = None) -> None:
        self._iterable = iterable or ()

    def __iter__(self) -> Iterator[Any]:
        """Iterate over what was given."""
        return iter(self._iterable)

    def update(self, n: int = 1) -> None:
        """Count ``n`` more."""

    def set_postfix(self, **values: float) -> None:
        """Show values behind the bar."""

    def close(self) -> None:
        """End the bar."""


def track(
    iterable: Iterable[Any] | None = None,
    *,
    unit: str,
    show: bool,
    total: int | None = None,
    initial: int = 0,
) -> Any:
    """Return an iterable that shows how far it is, on the error stream.

    Args:
        iterable: What to iterate over; with none, ``update`` counts.
        unit: What is counted.
        show: Whether to show a bar. Without tqdm there is none to be seen.
        total: How many there are, if the iterable cannot tell.
        initial: How many were done before.

    Returns:
        The bar: an iterable with ``update``, ``set_postfix`` and ``close``, as tqdm has them.

    Example:
        >>> list(track(range(3), unit="step", show=False))
        [0, 1, 2]
    """
    if not show:
        return Hidden(iterable)
    try:
        from tqdm.auto import tqdm
    except ModuleNotFoundError:
        return Hidden(iterable)
    return tqdm(iterable, unit=unit, total=total, initial=initial)
