"""Four codes of the estimator by nearest neighbours."""

from functools import partial

import torch
from torch import Tensor

from experiments.published_codes.comparison import Comparison, Side, only
from experiments.published_codes.fixture import Case, output
from ibutils.estimators.neighbours import ksg, ross
from ibutils.information import nats_to_bits


def _samples(case: Case, *, standardised: bool = False) -> tuple[Tensor, Tensor]:
    x, y = case.given("x"), case.given("y")
    return (x / x.std(0, correction=0), y / y.std(0, correction=0)) if standardised else (x, y)


def _ours(
    case: Case, k: int, *, standardised: bool = False, clipped: bool = False, bits: bool = False
) -> float:
    """Return our estimate, at least 0 where the published code clips."""
    value = float(ksg(*_samples(case, standardised=standardised), k=k, standardise=False).value)
    value = nats_to_bits(value) if bits else value
    return max(0.0, value) if clipped else value


def _of_one_coordinate(theirs: Side) -> Side:
    """Return the cases whose variables have one coordinate each, so that all norms agree."""
    return only(lambda case: case.given("x").shape[1] == case.given("y").shape[1] == 1, theirs)


def _mean_of_neighbourhoods(case: Case) -> float:
    values = [_ours(case, k, standardised=True, clipped=True) for k in (5, 10)]
    return sum(values) / len(values)


def _euclidean(case: Case, *, standardised: bool, k: int = 3) -> Tensor:
    """Return the estimate with Euclidean distances within x and y, which ``ibutils`` has not."""
    x, y = _samples(case, standardised=standardised)
    of_x, of_y = (torch.cdist(z, z, compute_mode="donot_use_mm_for_euclid_dist") for z in (x, y))
    reach = torch.maximum(of_x, of_y).sort(dim=1).values[:, k : k + 1]
    near = [(distance < reach).sum(1).double().digamma().mean() for distance in (of_x, of_y)]
    ends = torch.tensor([k, len(x)], dtype=torch.float64).digamma().sum()
    return (ends - near[0] - near[1]).clamp_min(0.0)


def _default_recounted(case: Case) -> Tensor:
    return (
        _euclidean(case, standardised=True, k=5) + _euclidean(case, standardised=True, k=10)
    ) / 2


def _recounted(case: Case) -> Tensor:
    return torch.stack([_euclidean(case, standardised=scaled) for scaled in (False, True)])


def _as_is_and_standardised(case: Case, *, clipped: bool) -> Tensor:
    values = [_ours(case, 3, standardised=scaled, clipped=clipped) for scaled in (False, True)]
    return torch.tensor(values, dtype=torch.float64)


def _their_euclidean(case: Case) -> Tensor:
    return torch.stack([case.found("euclidean_as_is"), case.found("euclidean_standardised")])


plain = partial(_ours, k=3)
clipped = partial(plain, clipped=True)
clipped_scaled = partial(clipped, standardised=True)

NPEET = (
    Comparison("nats, no jitter", output("nats_without_jitter"), plain),
    Comparison(
        "bits, no jitter",
        output("bits_without_jitter"),
        partial(plain, bits=True),
        gaps={"bits (its default base 2)": plain},
    ),
    Comparison("with jitter", output("nats_with_jitter"), plain),
)

SKLEARN = (
    Comparison(
        "_compute_mi_cc: max(0, ours)",
        output("compute_mi_cc"),
        clipped,
        gaps={"_compute_mi_cc, not clipped": plain},
    ),
    Comparison(
        "mutual_info_regression: max(0, ours of standardised samples)",
        output("mutual_info_regression_random_state_0"),
        clipped_scaled,
        gaps={"mutual_info_regression, samples as they are": plain},
    ),
    Comparison(
        "_compute_mi_cc of standardised samples: max(0, ours)",
        output("compute_mi_cc_of_scaled_samples"),
        clipped_scaled,
        stated=0.0,
    ),
)

BMI = (
    Comparison(
        "chebyshev: max(0, ours)",
        output("chebyshev_as_is"),
        clipped,
        gaps={"chebyshev, not clipped": plain},
    ),
    Comparison(
        "chebyshev: max(0, ours) of standardised samples",
        output("chebyshev_standardised"),
        clipped_scaled,
    ),
    Comparison(
        "euclidean: max(0, ours), one coordinate each",
        _of_one_coordinate(output("euclidean_as_is")),
        clipped,
    ),
    Comparison(
        "euclidean: max(0, ours) of standardised samples, one coordinate each",
        _of_one_coordinate(output("euclidean_standardised")),
        clipped_scaled,
    ),
    Comparison(
        "default (mean over k = 5, 10), one coordinate each",
        _of_one_coordinate(output("default_neighbourhoods_5_and_10_euclidean_standardised")),
        _mean_of_neighbourhoods,
    ),
    Comparison(
        "default, recounted outside ibutils with its norm",
        output("default_neighbourhoods_5_and_10_euclidean_standardised"),
        _default_recounted,
        stated=0.0,
    ),
    Comparison(
        "euclidean, recounted outside ibutils with its norm",
        _their_euclidean,
        _recounted,
        gaps={
            "euclidean, not clipped": partial(_as_is_and_standardised, clipped=False),
            "euclidean within x and y": partial(_as_is_and_standardised, clipped=True),
        },
    ),
)


def _of_table(case: Case) -> float:
    return _ours(case, case.options["k"])


def _labels(case: Case) -> float:
    """Return our estimate of the information between x and labels, raised to 0 as theirs is."""
    found = ross(case.given("x"), case.given("labels"), k=case.options["k"], standardise=False)
    return max(0.0, float(found.value))


CONTINUOUS = (
    Comparison("NPEET", output("npeet_without_jitter"), _of_table, stated=7e-16),
    Comparison(
        "scikit-learn: max(0, ours)",
        output("sklearn_continuous", optional=True),
        lambda case: max(0.0, _of_table(case)),
        stated=7e-16,
    ),
    Comparison(
        "scikit-learn, labels against x: max(0, ours)",
        output("sklearn_labels_against_x", optional=True),
        _labels,
        stated=7e-16,
    ),
)
