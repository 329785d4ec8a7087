"""The steps of the limit on lower bounds (theorem `thm-bounds-limit`), by enumeration."""

import itertools
import math

import pytest
import torch
from draws import normal
from truth import table

from ibutils.bounds import donsker_varadhan, info_nce
from ibutils.information import mutual_information


def resampled(p, n, k):
    """Return the law of n draws, with replacement, from k draws from p: ``[cells] * n``."""
    law = torch.zeros([len(p)] * n, dtype=torch.float64)
    for cells in itertools.product(range(len(p)), repeat=k):
        counts = torch.tensor(cells).bincount(minlength=len(p)).double() / k
        law += p[list(cells)].prod() * power(counts, n)
    return law


def power(p, n):
    """Return the law of n independent draws from p."""
    law = p
    for _ in range(n - 1):
        law = law[..., None] * p
    return law


@pytest.mark.parametrize(("n", "k"), [(2, 2), (2, 6), (3, 4), (3, 6)])
def test_a_sample_can_hardly_tell_a_source_from_a_few_points_of_it(n, k):
    p = normal(3).softmax(0)
    distance = 0.5 * float((resampled(p, n, k) - power(p, n)).abs().sum())
    assert 0 < distance <= n * (n - 1) / (2 * k)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_the_information_of_k_points_is_at_most_log_k(k):
    joint = table(3, 3, seed=0)
    for seed in range(20):
        cells = torch.multinomial(
            joint.flatten(), k, replacement=True, generator=torch.Generator().manual_seed(seed)
        )
        counts = cells.bincount(minlength=9).double().reshape(3, 3) / k
        assert float(mutual_information(counts)) <= math.log(k) + 1e-12
    assert float(mutual_information(torch.eye(k).double() / k)) == pytest.approx(math.log(k))


@pytest.mark.parametrize("n", [30, 100, 300])
def test_a_rule_for_one_family_reaches_twice_log_n(n):
    """Birthdays: without a repeat, few values are refuted; so log n is not the limit."""
    delta = 0.05
    certified = math.log(n * (n - 1) / (2 * math.log(1 / delta)))
    assert 2 * math.log(n) - 2 < certified and math.log(n) < certified
    for values in range(1, math.ceil(math.exp(certified))):  # those that the rule overstates
        no_repeat = math.exp(sum(math.log1p(-i / values) for i in range(min(n, values))))
        assert n > values or no_repeat <= delta


def test_a_critic_that_memorises_its_batch_proves_nothing():
    """On the batch it has seen, Donsker-Varadhan has no ceiling and InfoNCE stops at log n."""
    scores = 50 * torch.eye(8)
    assert float(donsker_varadhan(scores)) == 50
    assert float(info_nce(scores)) == pytest.approx(math.log(8))
