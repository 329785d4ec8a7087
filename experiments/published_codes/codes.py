"""The published codes: a file of numbers each, with all its comparisons."""

from dataclasses import dataclass

from experiments.published_codes import (
    infomax_losses,
    information_plane,
    ksg,
    noise_rates,
    scores,
    vib,
)
from experiments.published_codes.comparison import Comparison


@dataclass(frozen=True, eq=False)  # each is itself
class Code:
    """A published code, or a part of it.

    Attributes:
        fixture: Name of its file.
        title: What is compared, the heading of its section on the page.
        repository: Owner and name.
        version: The commit that was run, or the release.
        comparisons: One for each quantity.
    """

    fixture: str
    title: str
    repository: str
    version: str
    comparisons: tuple[Comparison, ...]


CODES = (
    Code(
        "ibsgd_kde",
        "Bounds by pairwise distances (KDE)",
        "artemyk/ibsgd",
        "04c1b62e457949913ef6ced24a59922eb22293bc",
        information_plane.KDE,
    ),
    Code(
        "ibsgd_binning",
        "Fixed bins and bins of a given size",
        "artemyk/ibsgd",
        "04c1b62e457949913ef6ced24a59922eb22293bc",
        information_plane.BINS,
    ),
    Code(
        "idnns_fixed_edges",
        "Fixed bins of the first information planes",
        "ravidziv/IDNNs",
        "e53f054ee1fd0fafd90a717835e259a904b195bf",
        information_plane.FIXED_EDGES,
    ),
    Code(
        "adaptive_estimators_ebab",
        "Adaptive bins (EBAB)",
        "ivansche/adaptive_estimators",
        "584a4288be4502a504d9ec10289c2421639b9582",
        information_plane.ADAPTIVE,
    ),
    Code(
        "vib_demo",
        "Losses and schedule of the official code",
        "alexalemi/vib_demo",
        "e7194697ee313277532b66509f4eb0f5f928e257",
        vib.OFFICIAL,
    ),
    Code(
        "1konny_vib",
        "Losses, schedule and size of another implementation",
        "1Konny/VIB-pytorch",
        "dad74f78439dad2eabfe3de506b62c35ed0a35de",
        vib.PYTORCH,
    ),
    Code(
        "dim_losses",
        "The three losses on scores",
        "rdevon/DIM",
        "bac4765a8126746675f517c7bfa1b04b88044d51",
        infomax_losses.LOSSES,
    ),
    Code(
        "dim_prior",
        "The game with the prior",
        "rdevon/DIM",
        "bac4765a8126746675f517c7bfa1b04b88044d51",
        infomax_losses.PRIOR,
    ),
    Code(
        "dim_parameter_counts",
        "Sizes of encoders, heads and discriminator",
        "rdevon/DIM",
        "bac4765a8126746675f517c7bfa1b04b88044d51",
        infomax_losses.SIZES,
    ),
    Code(
        "information_dropout_kl",
        "Noise and divergences of a layer",
        "ucla-vision/information-dropout",
        "c80b58d0360e9b88544ea94ca307977f7c732137",
        noise_rates.KL,
    ),
    Code(
        "information_dropout_total_correlation",
        "Total correlation from samples",
        "ucla-vision/information-dropout",
        "c80b58d0360e9b88544ea94ca307977f7c732137",
        noise_rates.TOTAL_CORRELATION,
    ),
    Code(
        "information_dropout_parameter_counts",
        "Sizes of the All-CNN networks",
        "ucla-vision/information-dropout",
        "c80b58d0360e9b88544ea94ca307977f7c732137",
        noise_rates.SIZES,
    ),
    Code(
        "smile",
        "Seven bounds of the SMILE code",
        "ermongroup/smile-mi-estimator",
        "afa72e03f4c80a0997eb8f6b95d7f96bdf916ea7",
        scores.SMILE,
    ),
    Code("torch_mist", "Five bounds of torch-mist", "mfederici/torch-mist", "0.2.17", scores.MIST),
    Code(
        "npeet_ksg",
        "NPEET",
        "gregversteeg/NPEET",
        "8b0d9485423f74e5eb199324cf362765596538d3",
        ksg.NPEET,
    ),
    Code("sklearn_ksg", "scikit-learn", "scikit-learn/scikit-learn", "1.9.1", ksg.SKLEARN),
    Code(
        "bmi_ksg",
        "bmi",
        "cbg-ethz/bmi",
        "6c569b93f966dbdf53d4eb3fc287c791d87f2cd2",
        ksg.BMI,
    ),
    Code(
        "labels_against_continuous",
        "Two codes on samples of several sizes",
        "gregversteeg/NPEET",
        "8b0d9485423f74e5eb199324cf362765596538d3",
        ksg.CONTINUOUS,
    ),
)
