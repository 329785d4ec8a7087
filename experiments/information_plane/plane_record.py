"""The record of planes: names of its members, and informations in two bytes each.

Two bytes are what lets every seed of a plane fit into a record.
"""

import math
from typing import Any

import numpy as np

from ibutils.information import nats_to_bits
from reproduce.record import key

# What a member is: networks of one activation, penalty and way of training, one a seed.
USUAL = {"examples": "shuffled", "fraction": 0.8, "batch": 256, "hidden": 5}
FACTORS = ["activation", "l2", *USUAL]

CEILING = math.log(4096)  # nats: all words of twelve bits are told apart
LARGEST = np.iinfo(np.int16).max


def pack(values: np.ndarray) -> np.ndarray:
    r"""Return informations in nats as whole multiples of :math:`\log 4096 / 32767`.

    Returns:
        Integers of 16 bits, of the shape of ``values``.

    Raises:
        ValueError: A value exceeds :math:`\log 4096` in size, or is not finite.

    Example:
        >>> pack(CEILING * np.array([0.0, 0.5, -1.0])).tolist()
        [0, 16384, -32767]
    """
    largest = np.abs(values).max(initial=0.0)
    if not largest <= CEILING * (1 + 1 / LARGEST):
        raise ValueError(f"values up to {largest} do not fit below a ceiling of {CEILING:.4f}")
    return np.rint(np.clip(values / CEILING, -1, 1) * LARGEST).astype(np.int16)


def unpack(stored: np.ndarray) -> np.ndarray:
    r"""Return the informations that ``pack`` stored, each within half a step.

    Example:
        >>> unpack(np.array([0, -32767], dtype=np.int16)).round(4).tolist()
        [0.0, -8.3178]
    """
    return CEILING * (stored / LARGEST)


def member_key(activation: str, *, l2: float = 0.0, **changes: Any) -> str:
    """Return the name on record of networks that differ from the main recipe in the given way.

    Example:
        >>> member_key("tanh", fraction=0.3)
        'activation=tanh,l2=0,examples=shuffled,fraction=0.3,batch=256,hidden=5'
    """
    return key({"activation": activation, "l2": l2} | USUAL | changes)


def in_bits(stored: np.ndarray) -> np.ndarray:
    """Return packed informations of the 12-bit task in bits.

    Example:
        >>> in_bits(np.array([0, 32767], dtype=np.int16)).round(9).tolist()
        [0.0, 12.0]
    """
    return nats_to_bits(unpack(stored))
