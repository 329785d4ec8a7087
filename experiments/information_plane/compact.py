"""Informations in two bytes each, so that every seed of a plane fits into a record."""

import math

import numpy as np

from ibutils import checks, inputs

CEILING = math.log(4096)  # nats: all words of twelve bits are told apart
LARGEST = np.iinfo(np.int16).max


def pack(values: np.ndarray, *, ceiling: float) -> np.ndarray:
    r"""Return values as whole multiples of :math:`c / 32767`.

    Args:
        values: Of any shape, at most :math:`c` in size.
        ceiling: The largest size :math:`c` that occurs, such as :math:`\log n`.

    Returns:
        Integers of 16 bits, of the shape of ``values``.

    Raises:
        TypeError: The values or the ceiling are no numbers.
        ValueError: The ceiling is not positive, or a value lies beyond it or is not finite.

    Example:
        >>> pack(np.array([0.0, 1.0, -2.0]), ceiling=2.0).tolist()
        [0, 16384, -32767]
    """
    checks.number("ceiling", ceiling, above=0)
    values = inputs.numeric("values", values).numpy()
    largest = np.abs(values).max(initial=0.0)
    if not largest <= ceiling * (1 + 1 / LARGEST):
        raise ValueError(f"values up to {largest} do not fit below a ceiling of {ceiling}")
    return np.rint(np.clip(values / ceiling, -1, 1) * LARGEST).astype(np.int16)


def unpack(stored: np.ndarray, *, ceiling: float) -> np.ndarray:
    r"""Return the values that ``pack`` stored, each within :math:`c / 65534`.

    Args:
        stored: Integers of 16 bits.
        ceiling: The ceiling :math:`c` they were packed with.

    Returns:
        Of the shape of ``stored``.

    Raises:
        TypeError: These are no integers of 16 bits.
        ValueError: The ceiling is not positive.

    Example:
        >>> unpack(np.array([0, -32767], dtype=np.int16), ceiling=2.0).tolist()
        [0.0, -2.0]
    """
    checks.number("ceiling", ceiling, above=0)
    if not isinstance(stored, np.ndarray) or stored.dtype != np.int16:
        raise TypeError(f"stored must hold integers of 16 bits, got {checks.described(stored)}")
    return ceiling * (stored / LARGEST)
