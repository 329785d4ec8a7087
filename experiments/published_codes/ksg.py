"""Four codes of the estimator by nearest neighbours."""

from functools import partial

import torch
from torch import Tensor

from experiments.published_codes.comparison import Comparison
from experiments.published_codes.fixture import Case
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


def _theirs(case: Case, name: str) -> Tensor:
    return case.found(name)


def _plain(case: Case) -> bool:
    """Return whether each variable has one coordinate, so that all norms agree."""
    return case.given("x").shape[1] == case.given("y").shape[1] == 1


def _one_coordinate(case: Case, name: str) -> Tensor | None:
    return case.found(name) if _plain(case) else None


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


NPEET = (
    Comparison(
        "nats, no jitter", partial(_theirs, name="nats_without_jitter"), partial(_ours, k=3)
    ),
    Comparison(
        "bits, no jitter",
        partial(_theirs, name="bits_without_jitter"),
        partial(_ours, k=3, bits=True),
        gaps={"bits (its default base 2)": partial(_ours, k=3)},
    ),
    Comparison("with jitter", partial(_theirs, name="nats_with_jitter"), partial(_ours, k=3)),
)

SKLEARN = (
    Comparison(
        "_compute_mi_cc: max(0, ours)",
        partial(_theirs, name="compute_mi_cc"),
        partial(_ours, k=3, clipped=True),
        gaps={"_compute_mi_cc, not clipped": partial(_ours, k=3)},
    ),
    Comparison(
        "mutual_info_regression: max(0, ours of standardised samples)",
        partial(_theirs, name="mutual_info_regression_random_state_0"),
        partial(_ours, k=3, standardised=True, clipped=True),
        gaps={"mutual_info_regression, samples as they are": partial(_ours, k=3)},
    ),
    Comparison(
        "_compute_mi_cc of standardised samples: max(0, ours)",
        partial(_theirs, name="compute_mi_cc_of_scaled_samples"),
        partial(_ours, k=3, standardised=True, clipped=True),
        stated=0.0,
    ),
)

BMI = (
    Comparison(
        "chebyshev: max(0, ours)",
        partial(_theirs, name="chebyshev_as_is"),
        partial(_ours, k=3, clipped=True),
        gaps={"chebyshev, not clipped": partial(_ours, k=3)},
    ),
    Comparison(
        "chebyshev: max(0, ours) of standardised samples",
        partial(_theirs, name="chebyshev_standardised"),
        partial(_ours, k=3, standardised=True, clipped=True),
    ),
    Comparison(
        "euclidean: max(0, ours), one coordinate each",
        partial(_one_coordinate, name="euclidean_as_is"),
        partial(_ours, k=3, clipped=True),
    ),
    Comparison(
        "euclidean: max(0, ours) of standardised samples, one coordinate each",
        partial(_one_coordinate, name="euclidean_standardised"),
        partial(_ours, k=3, standardised=True, clipped=True),
    ),
    Comparison(
        "default (mean over k = 5, 10), one coordinate each",
        partial(_one_coordinate, name="default_neighbourhoods_5_and_10_euclidean_standardised"),
        _mean_of_neighbourhoods,
    ),
    Comparison(
        "default, recounted outside ibutils with its norm",
        partial(_theirs, name="default_neighbourhoods_5_and_10_euclidean_standardised"),
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


def _of_sklearn(case: Case, name: str) -> Tensor | None:
    return case.found(name) if name in case.output else None


CONTINUOUS = (
    Comparison("NPEET", partial(_theirs, name="npeet_without_jitter"), _of_table, stated=7e-16),
    Comparison(
        "scikit-learn: max(0, ours)",
        partial(_of_sklearn, name="sklearn_continuous"),
        lambda case: max(0.0, _of_table(case)),
        stated=7e-16,
    ),
    Comparison(
        "scikit-learn, labels against x: max(0, ours)",
        partial(_of_sklearn, name="sklearn_labels_against_x"),
        _labels,
        stated=7e-16,
    ),
)
