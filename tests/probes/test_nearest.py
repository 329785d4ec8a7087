"""Nearest neighbours against scikit-learn, and shares whose value is known."""

import math

import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from ibutils.probes import class_share, nearest


def test_neighbours_are_scikit_learns(generator):
    codes = torch.randn(120, 5, generator=generator)
    queries = torch.tensor([3, 117, 0])
    search = NearestNeighbors(metric="manhattan").fit(codes)
    theirs = search.kneighbors(codes[queries], n_neighbors=5, return_distance=False)[:, 1:]
    assert nearest(codes, queries, k=4, chunk=2).tolist() == theirs.tolist()


@pytest.mark.parametrize("chunk", [1, 7, 120])
def test_neighbours_do_not_depend_on_how_many_are_compared_at_once(generator, chunk):
    codes, labels = torch.randn(120, 5, generator=generator), torch.arange(120) % 3
    queries = torch.arange(120)
    whole = nearest(codes, queries, k=4, chunk=500)
    assert torch.equal(nearest(codes, queries, k=4, chunk=chunk), whole)
    assert class_share(codes, labels, chunk=chunk) == class_share(codes, labels)


def test_the_distance_is_the_sum_of_differences():
    """The second point is nearer in the Euclidean norm, the first in the other."""
    codes = torch.tensor([[0.0, 0.0], [1.5, 0.0], [1.0, 1.0]])
    assert nearest(codes, torch.tensor([0]), k=1).tolist() == [[1]]


def test_a_query_that_has_a_double_is_still_not_its_own_neighbour():
    codes = torch.zeros(3, 2)
    for query in range(3):
        assert query not in nearest(codes, torch.tensor([query]), k=2).tolist()[0]


def test_codes_of_one_point_a_class_share_it_and_random_ones_do_not(generator):
    labels = torch.arange(1000) % 5
    jitter = 1e-3 * torch.randn(1000, 2, generator=generator)
    assert class_share(labels[:, None] + jitter, labels).value == 1.0
    codes = torch.randn(1000, 2, generator=generator)
    expected = 199 / 999  # of all others, those of the same class
    # Neighbourhoods overlap, so the shares count as those of 1000 queries, not of 4000 pairs.
    assert abs(class_share(codes, labels).value - expected) < 4 * math.sqrt(expected / 1000)


def test_chunks_do_not_matter(generator):
    codes, labels = torch.randn(70, 3, generator=generator), torch.arange(70) % 2
    assert class_share(codes, labels, k=3, chunk=9) == class_share(codes, labels, k=3)


@pytest.mark.parametrize("k", [0, 3])
def test_bad_k_is_refused(k):
    with pytest.raises(ValueError, match=f"k must be from 1 to 2, got {k}"):
        nearest(torch.zeros(3, 2), torch.tensor([0]), k=k)


def test_disagreeing_labels_are_refused():
    with pytest.raises(ValueError, match=r"codes \(3, 2\) and labels \(2,\) must have one length"):
        class_share(torch.zeros(3, 2), torch.zeros(2, dtype=torch.long))
