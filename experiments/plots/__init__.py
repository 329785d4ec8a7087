"""Figures drawn from recorded tables and arrays, never from live objects."""

from ibutils.extras import extra

with extra("plots"):
    from experiments.foundations.calibration_figures import (
        calibration_table,
        error_map,
        errors_along,
        estimate_against_truth,
    )
    from experiments.foundations.information_figures import binned_information, plug_in_bias
    from experiments.foundations.jensen_shannon_figures import (
        critic_readings,
        divergence_against_information,
    )
    from experiments.plots.estimators import (
        activation_shapes,
        edges_over_activity,
        information_against_resolution,
        information_against_weight,
        largest_activity,
        planes_by_estimator,
    )
    from experiments.plots.information_dropout import (
        error_against_width,
        error_and_correlation,
        information_by_layer,
        percent_against_beta,
        rates_of_units,
    )
    from experiments.plots.nuisances import digit_ratio, information_maps, prior_fit, titled_images
    from experiments.plots.prior_matching import codes, encoder_gradients, game_over_training
    from experiments.style import COLOURS, finish

__all__ = [
    "COLOURS",
    "activation_shapes",
    "binned_information",
    "calibration_table",
    "codes",
    "critic_readings",
    "digit_ratio",
    "divergence_against_information",
    "edges_over_activity",
    "encoder_gradients",
    "error_against_width",
    "error_and_correlation",
    "error_map",
    "errors_along",
    "estimate_against_truth",
    "finish",
    "game_over_training",
    "information_against_resolution",
    "information_against_weight",
    "information_by_layer",
    "information_maps",
    "largest_activity",
    "percent_against_beta",
    "planes_by_estimator",
    "plug_in_bias",
    "prior_fit",
    "rates_of_units",
    "titled_images",
]
