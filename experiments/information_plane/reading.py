"""What the record of the chapter on planes holds, in bits and by the names of its members."""

from typing import Any

import numpy as np

from experiments.information_plane.compact import CEILING, unpack
from ibutils import checks
from ibutils.information import nats_to_bits
from reproduce.record import key

USUAL = {"examples": "shuffled", "fraction": 0.8, "batch": 256, "hidden": 5}


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
