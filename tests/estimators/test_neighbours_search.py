"""Neighbours by trees and by all distances, and points in boxes, against one another and loops."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ibutils.estimators import boxes, search
from ibutils.estimators.search import Neighbours, Variable, by_distances
from ibutils.estimators.trees import by_trees

some = settings(max_examples=40, deadline=None)


def samples(
    n: int, dimensions: int, labels: int, grid: float, source: torch.Generator
) -> Variable:
    """Return a variable of some coordinates on a grid, with some labels or none."""
    values = torch.randn(n, dimensions, generator=source, dtype=torch.float64)
    values = (values * grid).round() / grid if grid else values
    return Variable(values, torch.randint(labels, (n,), generator=source) if labels else None)


def rows(found: Neighbours) -> list[list[float]]:
    """Return what was found of each sample, in an order of its own."""
    return sorted(torch.stack([field.double() for field in found], dim=1).tolist())


@given(
    st.tuples(*[st.integers(0, 4)] * 3),
    st.tuples(*[st.integers(0, 3)] * 3),
    st.sampled_from([0.0, 1.0, 4.0, 1e6]),
    st.sampled_from([5, 40, 90]),
    st.sampled_from([1, 3, 1000]),
    st.integers(0, 1000),
)
@some
def test_trees_and_distances_find_the_same(dimensions, labels, grid, n, k, seed):
    source = torch.Generator().manual_seed(seed)
    variables = [samples(n, d, m, grid, source) for d, m in zip(dimensions, labels, strict=True)]
    by = [find(*variables, k=min(k, n - 1)) for find in (by_trees, by_distances)]
    assert rows(by[0]) == rows(by[1])


def test_stripes_of_any_height(monkeypatch):
    source = torch.Generator().manual_seed(0)
    variables = [samples(70, d, 2, 0.0, source) for d in (2, 1, 1)]
    whole = by_distances(*variables, k=3)
    monkeypatch.setitem(search.PAIRS, "cpu", 200)
    for part, one in zip(by_distances(*variables, k=3), whole, strict=True):
        assert torch.equal(part, one)


def test_samples_that_repeat_in_many_dimensions():
    """Trees count those that repeat 1, 2, 4, ... times one after the other."""
    source = torch.Generator().manual_seed(0)
    x = Variable(torch.randint(2, (90, 4), generator=source).double())
    y, nothing = samples(90, 1, 0, 0.0, source), Variable(x.values[:, :0])
    trees, distances = (find(x, y, nothing, k=3) for find in (by_trees, by_distances))
    assert rows(trees) == rows(distances)
    assert int(distances.near_x.min()) > 1


def test_labels_far_apart_in_number_and_negative():
    source = torch.Generator().manual_seed(0)
    x, y = samples(60, 4, 3, 0.0, source), samples(60, 1, 2, 0.0, source)
    renamed = Variable(x.values, torch.tensor([-(10**15), 7, 10**15])[x.labels])
    nothing = Variable(x.values[:, :0])
    assert rows(by_trees(renamed, y, nothing, k=3)) == rows(by_distances(x, y, nothing, k=3))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 31, 40, 200])
@pytest.mark.parametrize("first", [3, 10**6])
def test_points_in_boxes(dimensions, n, first):
    source = np.random.default_rng(n)
    points = np.stack([source.permutation(n) for _ in range(dimensions)], axis=1)
    points[:, 0] %= first  # repeated values of the first coordinate
    low = source.integers(0, n + 1, (50, dimensions))
    high = np.minimum(low + source.integers(0, n + 1, (50, dimensions)), n)
    inside = (points >= low[:, None]) & (points < high[:, None])
    assert boxes.count(points, low, high).tolist() == inside.all(2).sum(1).tolist()
    small = np.minimum(high, 40)  # limits with fewer bits than the points have
    inside = (points >= low[:, None]) & (points < small[:, None])
    expected = inside.all(2).sum(1).tolist()
    assert boxes.count(points, np.minimum(low, small), small).tolist() == expected


class TestNeighbourhood:
    """What distances to the nearest samples say."""

    def of(self, *reach: float, norm: float = 0.0) -> tuple[int, float, bool, float]:
        found = search.neighbourhood(
            torch.tensor([reach], dtype=torch.float64), torch.tensor([norm], dtype=torch.float64)
        )
        k, distance, tied, within = (one.item() for one in found)
        return k, distance, tied, within

    def test_the_radius_is_just_below_the_distance(self):
        k, distance, tied, within = self.of(0.0, 1.0, 2.0, 3.0)
        assert (k, distance, tied) == (2, 2.0, False)
        assert 2 - 1e-14 < within < 2

    @pytest.mark.parametrize(
        ("reach", "tied"),
        [
            ((0.0, 0.0, 2.0, 3.0), True),
            ((0.0, 1.0, 1.0, 3.0), True),
            ((0.0, 1.0, 2.0, 2.0), True),
            ((0.0, 1.0, 2.0, float("inf")), False),
            ((0.0, float("inf"), float("inf"), float("inf")), False),
        ],
    )
    def test_ties(self, reach, tied):
        assert self.of(*reach)[2] is tied

    def test_rounding_of_large_numbers_is_no_difference(self):
        assert not self.of(0.0, 1.0, 2.0, 2.0 + 1e-9)[2]
        assert self.of(0.0, 1.0, 2.0, 2.0 + 1e-9, norm=1e7)[2]

    def test_fewer_neighbours_than_asked_for(self):
        assert self.of(0.0, 1.0, float("inf"), float("inf"))[:2] == (1, 1.0)
        assert self.of(0.0, *[float("inf")] * 3) == (0, 0.0, False, 0.0)
