"""Figures drawn from recorded tables and arrays, never from live objects."""

from ibutils.plots.calibration import (
    calibration_table,
    error_map,
    errors_along,
    estimate_against_truth,
)
from ibutils.plots.estimators import (
    activation_shapes,
    edges_over_activity,
    information_against_resolution,
    information_against_weight,
    largest_activity,
    planes_by_estimator,
)
from ibutils.plots.information import binned_information, plug_in_bias
from ibutils.plots.information_plane import (
    accuracy_curves,
    changes,
    planes,
    scores_against_accuracy,
)
from ibutils.plots.jensen_shannon import critic_readings, divergence_against_information
from ibutils.plots.linear_networks import gradient_signal, information_and_errors
from ibutils.plots.plane_animation import plane_animation
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
    "accuracy_curves",
    "activation_shapes",
    "adversarial_digits",
    "binned_information",
    "calibration_table",
    "changes",
    "codes",
    "codes_over_entropy",
    "critic_readings",
    "divergence_against_information",
    "edges_over_activity",
    "effect_of_iterations",
    "encoder_gradients",
    "error_against_beta",
    "error_map",
    "errors_along",
    "estimate_against_truth",
    "finish",
    "game_over_training",
    "gradient_signal",
    "information_against_resolution",
    "information_against_weight",
    "information_and_errors",
    "information_curve",
    "largest_activity",
    "plane_animation",
    "planes",
    "planes_by_estimator",
    "plug_in_bias",
    "rate_against_beta",
    "rate_against_epoch",
    "relative_sizes",
    "scores_against_accuracy",
    "search_accuracy",
    "sign_accuracy",
    "stronger_attacks",
    "style",
    "table_one",
]
