"""The 12-bit task against its published file and the geometry of the icosahedron."""

import math

import pytest
import torch

from ibutils.data import icosahedral

WORDS, LABELS = icosahedral.read()


def test_labels_have_the_published_statistics():
    """Counts by number of ones, entropy, and influence of a bit, as found in the file."""
    ones = WORDS.long().sum(1)
    found = torch.stack([LABELS[ones == k].sum() for k in range(13)]).tolist()
    assert found == [0, 0, 0, 0, 0, 60, 532, 732, 495, 220, 66, 12, 1]
    p = LABELS.double().mean()
    entropy = -(p * p.log2() + (1 - p) * (1 - p).log2())
    assert round(float(entropy), 6) == 0.999157
    for bit in range(12):
        flipped = torch.arange(4096) ^ (1 << bit)
        assert round(float((LABELS != LABELS[flipped]).double().mean()), 4) == 0.2158


def test_the_published_split_is_uneven():
    """The last fifth of the words in numeric order is mostly of class one."""
    assert round(float(LABELS[:3277].double().mean()), 3) == 0.437
    assert round(float(LABELS[3277:].double().mean()), 3) == 0.836


def test_words_are_all_numbers_in_binary():
    assert [int("".join(map(str, word)), 2) for word in WORDS.tolist()] == list(range(4096))


def test_symmetries_are_the_full_icosahedral_group():
    """Closed under composition, of order 120, and carrying each bit to each by ten of them."""
    found = icosahedral.symmetries()
    known = {tuple(p) for p in found.tolist()}
    assert len(known) == len(found) == 120
    assert all(tuple(p[q].tolist()) in known for p in found[::7] for q in found)
    assert torch.bincount(found[:, 0], minlength=12).tolist() == [10] * 12


def test_edges_are_those_of_an_icosahedron():
    """Each vertex has five neighbours that form a ring, and one that is opposite."""
    joined = icosahedral._adjacency()
    assert torch.equal(joined, joined.T) and joined.sum(1).tolist() == [5] * 12
    for vertex in range(12):
        ring = joined[joined[vertex]][:, joined[vertex]]
        assert ring.sum(1).tolist() == [2] * 5
    apart = (joined.long() @ joined.long() == 0) & ~joined
    pairs = [(a, int(row.nonzero())) for a, row in enumerate(apart) if a < int(row.nonzero())]
    assert pairs == [(0, 9), (1, 7), (2, 5), (3, 6), (4, 10), (8, 11)]


def test_orbits_are_counted_by_burnside():
    """The mean number of words that a symmetry leaves alone is the number of orbits, 82."""
    found = icosahedral.orbits()
    assert len(found.unique()) == 82
    assert len(found[LABELS == 1].unique()) == 42
    cycles = []
    for symmetry in icosahedral.symmetries().tolist():
        seen, count = set(), 0
        for start in range(12):
            count += start not in seen
            while start not in seen:
                seen.add(start)
                start = symmetry[start]
        cycles.append(count)
    assert sum(2**count for count in cycles) / 120 == 82


def test_labels_are_constant_on_orbits():
    found = icosahedral.orbits()
    assert torch.equal(LABELS, LABELS[found])
    assert bool((found <= torch.arange(4096)).all())


def test_words_that_differ_are_refused(monkeypatch):
    monkeypatch.setattr(icosahedral, "ONES", icosahedral.ONES[1:])
    with pytest.raises(ValueError, match="labels of the 12-bit task: expected sha256 7773"):
        icosahedral.read()


def test_symmetries_need_these_edges(monkeypatch):
    """Another graph has other symmetries, and labels that are no longer the published ones."""
    monkeypatch.setattr(icosahedral, "EDGES", icosahedral.EDGES.replace("0-2 ", "0-1 "))
    assert len(icosahedral.symmetries()) < 120
    with pytest.raises(ValueError, match="labels"):
        icosahedral.read()
    assert math.log2(len(WORDS)) == 12
