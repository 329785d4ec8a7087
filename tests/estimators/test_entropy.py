"""Nearest-neighbour entropies against closed forms and a loop."""

import math

import pytest
import torch
from scipy.special import digamma, gammaln

from ibutils.estimators.entropy import entropy_from_distances, neighbour_distances
from ibutils.train import generator


def test_distances_equal_a_loop() -> None:
    x = torch.randn(40, 3, generator=generator(0, "loop"), dtype=torch.float64)
    for k in (1, 2, 5):
        twin = [sorted(float((a - b).norm()) for b in x)[k] for a in x]
        assert neighbour_distances(x, k=k).tolist() == pytest.approx(twin, abs=1e-12)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_entropy_of_a_gaussian(d: int) -> None:
    """Tolerance: four standard errors of the mean of the logarithms, and the bias in d = 5."""
    n = 4000
    x = torch.randn(n, d, generator=generator(1, "normal")) * 3
    r = neighbour_distances(x, k=2)
    truth = d / 2 * math.log(2 * math.pi * math.e * 9)
    error = d * float(r.log().std()) / math.sqrt(n)
    bias = 0.1 if d == 5 else 0.0
    estimate = float(entropy_from_distances(r, dimension=d, k=2))
    assert estimate == pytest.approx(truth, abs=4 * error + bias)


def test_formula_term_by_term() -> None:
    r = torch.tensor([0.5, 2.0], dtype=torch.float64)
    expected = (
        3 / 2 * math.log(0.5 * 2.0) + 1.5 * math.log(math.pi) - gammaln(2.5) + digamma(2)
    ) - digamma(1)
    found = entropy_from_distances(r, dimension=3, k=1, offset=0.0)
    assert float(found) == pytest.approx(expected, abs=1e-12)


def test_scaling_adds_d_log_scale() -> None:
    x = torch.randn(300, 4, generator=generator(2, "scale"), dtype=torch.float64)
    one, two = (
        entropy_from_distances(neighbour_distances(s * x, k=2), dimension=4, k=2, offset=0.0)
        for s in (1, 7)
    )
    assert float(two - one) == pytest.approx(4 * math.log(7), abs=1e-10)


def test_of_repeated_samples_the_offset_sets_the_value() -> None:
    x = torch.zeros(10, 3)
    r = neighbour_distances(x, k=2)
    assert r.tolist() == [0.0] * 10
    fine, coarse = (entropy_from_distances(r, dimension=3, k=2, offset=e) for e in (1e-16, 1e-8))
    assert float(coarse - fine) == pytest.approx(3 * 8 * math.log(10), rel=1e-9)
    assert float(entropy_from_distances(r, dimension=3, k=2, offset=0.0)) == -math.inf


def test_arrays_lists_and_other_types_give_the_same() -> None:
    x = torch.randn(50, generator=generator(3, "types"), dtype=torch.float64)
    r = neighbour_distances(x[:, None], k=2)
    assert torch.equal(neighbour_distances(x.tolist(), k=2), r)
    assert torch.equal(neighbour_distances(x.numpy(), k=2), r)
    assert neighbour_distances(x.float().requires_grad_(), k=2).dtype == torch.float64
    assert neighbour_distances(torch.arange(5), k=2).tolist() == [2.0, 1.0, 1.0, 1.0, 2.0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_distances_of_any_precision_are_read_in_double(dtype: torch.dtype) -> None:
    """In single precision the logarithms would be rounded, and in half the offset be zero."""
    exact = torch.tensor([0.0, 0.25, 3.0, 0.5])
    found = entropy_from_distances(exact.to(dtype), dimension=3, k=2)
    assert torch.equal(found, entropy_from_distances(exact.double(), dimension=3, k=2))


@pytest.mark.parametrize("k", [0, 5])
def test_refuses_neighbours_that_are_not_there(k: int) -> None:
    with pytest.raises(ValueError, match=f"k must be from 1 to 4, got {k}"):
        neighbour_distances(torch.rand(5, 2), k=k)


def test_refuses_values_that_are_not_finite() -> None:
    with pytest.raises(ValueError, match=r"x is not finite at \[1, 0\]: nan"):
        neighbour_distances(torch.tensor([[0.0], [math.nan], [1.0]]), k=1)


def test_refuses_what_are_no_samples() -> None:
    with pytest.raises(ValueError, match=r"x must be samples .* got shape \(5, 2, 2\)"):
        neighbour_distances(torch.rand(5, 2, 2), k=2)
    with pytest.raises(TypeError, match="x must hold numbers"):
        neighbour_distances(["a", "b", "c"], k=2)


@pytest.mark.parametrize(
    ("distances", "message"),
    [
        (torch.tensor([1.0, -0.5, 2.0]), "distances must not be negative, got -0.5"),
        (torch.tensor([1.0, math.nan]), r"distances is not finite at \[1\]: nan"),
        (torch.tensor([1.0, math.inf]), r"distances is not finite at \[1\]: inf"),
        (torch.ones(0), "distances must not be empty"),
    ],
)
def test_refuses_what_are_no_distances(distances: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        entropy_from_distances(distances, dimension=1, k=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dimension": 0}, "dimension must be at least 1, got 0"),
        ({"dimension": 1, "offset": -1.0}, "offset must be at least 0, got -1.0"),
        ({"dimension": 1, "offset": math.nan}, "offset must be at least 0, got nan"),
        ({"dimension": 1, "k": 0}, "k must be from 1 to 3, got 0"),
        ({"dimension": 1, "k": 4}, "k must be from 1 to 3, got 4"),
    ],
)
def test_refuses_numbers_out_of_range(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        entropy_from_distances(torch.ones(4), **{"k": 2, **options})
