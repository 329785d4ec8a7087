"""Figures drawn from recorded tables and arrays, never from live objects."""

from ibutils.extras import extra

with extra("plots"):
    from experiments.foundations.calibration_figures import (
        calibration_table,
        error_map,
        errors_along,
        estimate_against_truth,
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
    from experiments.style import COLOURS, finish

__all__ = [
    "COLOURS",
    "activation_shapes",
    "calibration_table",
    "digit_ratio",
    "edges_over_activity",
    "error_against_width",
    "error_and_correlation",
    "error_map",
    "errors_along",
    "estimate_against_truth",
    "finish",
    "information_against_resolution",
    "information_against_weight",
    "information_by_layer",
    "information_maps",
    "largest_activity",
    "percent_against_beta",
    "planes_by_estimator",
    "prior_fit",
    "rates_of_units",
    "titled_images",
]
