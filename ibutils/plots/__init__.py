"""Figures drawn from recorded tables and arrays, never from live objects."""

from ibutils.plots.calibration import (
    calibration_table,
    error_map,
    errors_along,
    estimate_against_truth,
)
from ibutils.plots.information import binned_information, plug_in_bias
from ibutils.plots.jensen_shannon import critic_readings, divergence_against_information
from ibutils.plots.prior_matching import codes, encoder_gradients, game_over_training
from ibutils.plots.robustness import (
    adversarial_digits,
    effect_of_iterations,
    relative_sizes,
    search_accuracy,
    sign_accuracy,
    stronger_attacks,
)
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
    "adversarial_digits",
    "binned_information",
    "calibration_table",
    "codes",
    "codes_over_entropy",
    "critic_readings",
    "divergence_against_information",
    "effect_of_iterations",
    "encoder_gradients",
    "error_against_beta",
    "error_map",
    "errors_along",
    "estimate_against_truth",
    "finish",
    "game_over_training",
    "information_curve",
    "plug_in_bias",
    "rate_against_beta",
    "rate_against_epoch",
    "relative_sizes",
    "search_accuracy",
    "sign_accuracy",
    "stronger_attacks",
    "style",
    "table_one",
]
