"""The record of planes: names of its members, and informations in two bytes each.

Two bytes are what lets every seed of a plane fit into a record.
"""

import math
from typing import Any

import numpy as np

from ibutils import checks, inputs
from ibutils.information import nats_to_bits
from reproduce.record import key

# What a member is: networks of one activation, penalty and way of training, one a seed.
USUAL = {"examples": "shuffled", "fraction": 0.8, "batch": 256, "hidden": 5}
FACTORS = ["activation", "l2", *USUAL]

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


def member_key(activation: str, *, l2: float = 0.0, **changes: Any) -> str:
    """Return the name on record of networks that differ from the main recipe in the given way.

    Raises:
        TypeError: The penalty is no number.
        ValueError: The penalty is negative.

    Example:
        >>> member_key("tanh", fraction=0.3)
        'activation=tanh,l2=0,examples=shuffled,fraction=0.3,batch=256,hidden=5'
    """
    checks.number("l2", l2, least=0)
    return key({"activation": activation, "l2": l2} | USUAL | changes)


def in_bits(stored: np.ndarray) -> np.ndarray:
    """Return packed informations of the 12-bit task in bits.

    Example:
        >>> in_bits(np.array([0, 32767], dtype=np.int16)).round(9).tolist()
        [0.0, 12.0]
    """
    return nats_to_bits(unpack(stored, ceiling=CEILING))
