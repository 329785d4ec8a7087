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
from experiments.published_codes.fixture import load


@dataclass(frozen=True, eq=False)  # each is itself
class Code:
    """A published code, or a part of it.

    Attributes:
        fixture: Name of its file.
        title: What is compared, the heading of its section on the page.
        comparisons: One for each quantity.
        source: Repository and version, where the head of the file says more than these.
    """

    fixture: str
    title: str
    comparisons: tuple[Comparison, ...]
    source: tuple[str, str] | None = None

    @property
    def repository(self) -> str:
        """Owner and name."""
        return self.source[0] if self.source else self._reference["repository"]

    @property
    def version(self) -> str:
        """The commit that was run, or the release."""
        return self.source[1] if self.source else self._reference["commit"]

    @property
    def _reference(self) -> dict[str, str]:
        return load(self.fixture).about["reference"]


CODES = (
    Code("ibsgd_kde", "Bounds by pairwise distances (KDE)", information_plane.KDE),
    Code("ibsgd_binning", "Fixed bins and bins of a given size", information_plane.BINS),
    Code(
        "idnns_fixed_edges",
        "Fixed bins of the first information planes",
        information_plane.FIXED_EDGES,
    ),
    Code("adaptive_estimators_ebab", "Adaptive bins (EBAB)", information_plane.ADAPTIVE),
    Code("vib_demo", "Losses and schedule of the official code", vib.OFFICIAL),
    Code("1konny_vib", "Losses, schedule and size of another implementation", vib.PYTORCH),
    Code("dim_losses", "The three losses on scores", infomax_losses.LOSSES),
    Code("dim_prior", "The game with the prior", infomax_losses.PRIOR),
    Code(
        "dim_parameter_counts", "Sizes of encoders, heads and discriminator", infomax_losses.SIZES
    ),
    Code("information_dropout_kl", "Noise and divergences of a layer", noise_rates.KL),
    Code(
        "information_dropout_total_correlation",
        "Total correlation from samples",
        noise_rates.TOTAL_CORRELATION,
    ),
    Code(
        "information_dropout_parameter_counts", "Sizes of the All-CNN networks", noise_rates.SIZES
    ),
    Code("smile", "Seven bounds of the SMILE code", scores.SMILE),
    Code(
        "torch_mist", "Five bounds of torch-mist", scores.MIST, ("mfederici/torch-mist", "0.2.17")
    ),
    Code("npeet_ksg", "NPEET", ksg.NPEET),
    Code("sklearn_ksg", "scikit-learn", ksg.SKLEARN, ("scikit-learn/scikit-learn", "1.9.1")),
    Code("bmi_ksg", "bmi", ksg.BMI),
    Code(
        "labels_against_continuous",
        "Two codes on samples of several sizes",
        ksg.CONTINUOUS,
        ("gregversteeg/NPEET", "8b0d9485423f74e5eb199324cf362765596538d3"),
    ),
)
