r"""Bounds on mutual information as functions of a batch of scores, all in nats.

``scores[i, j]`` is the score :math:`T(x_i, y_j)` of a pair by a critic. The diagonal holds a
sample of the joint :math:`p(x, y)`. The :math:`n(n-1)` other entries stand for the product
:math:`p(x)\,p(y)`. No function changes its arguments, and all can be differentiated. Scores in
half precision are read in single, and so is their value. A score that is not a number makes the
value none either.

What a bound says is about expectations. The value of one batch scatters around its expectation,
and lies above or below the information like any estimate.
"""

from ibutils.bounds.conditional import (
    barber_agakov_lower,
    barber_agakov_upper,
    club,
    leave_one_out_upper,
)
from ibutils.bounds.contrastive import info_nce, info_nce_from_embeddings, interpolated
from ibutils.bounds.gaussian_codes import Sandwich, gaussian_sandwich
from ibutils.bounds.variational import (
    donsker_varadhan,
    jensen_shannon,
    nwj,
    smile,
    tuba,
)

__all__ = [
    "Sandwich",
    "barber_agakov_lower",
    "barber_agakov_upper",
    "club",
    "donsker_varadhan",
    "gaussian_sandwich",
    "info_nce",
    "info_nce_from_embeddings",
    "interpolated",
    "jensen_shannon",
    "leave_one_out_upper",
    "nwj",
    "smile",
    "tuba",
]
