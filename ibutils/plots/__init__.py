"""Figures drawn from recorded tables and arrays, never from live objects."""

from ibutils.plots.style import COLOURS, finish, style
from ibutils.plots.vib import (
    codes_over_entropy,
    error_against_beta,
    information_curve,
    rate_against_beta,
    rate_against_epoch,
    table_one,
)

__all__ = [
    "COLOURS",
    "codes_over_entropy",
    "error_against_beta",
    "finish",
    "information_curve",
    "rate_against_beta",
    "rate_against_epoch",
    "style",
    "table_one",
]
