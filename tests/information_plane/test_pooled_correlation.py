"""What a correlation over pooled groups can reach when there is none within them."""

import numpy as np
import pytest
from scipy import stats


@pytest.mark.parametrize("groups", [2, 3, 8])
def test_ranks_of_separate_groups_correlate_no_more_than_their_number_allows(groups):
    """One minus the inverse square of their number: 3/4 for two, while Pearson's tends to one."""
    each, rng = 20_000, np.random.default_rng(0)
    at = np.repeat(np.arange(groups), each)
    x, y = (1e3 * at + rng.normal(size=at.size) for _ in range(2))
    assert stats.spearmanr(x, y).statistic == pytest.approx(1 - 1 / groups**2, abs=0.01)
    assert stats.pearsonr(x, y).statistic > 0.9999


def test_the_penalty_keeps_its_value_at_two_scales_and_is_least_between():
    """The exercise on scales: the square of c times one norm, over c the other's."""
    first, second = 3.0, 0.5  # squared norms of the two matrices

    def penalty(c):
        return c**2 * first + second / c**2

    mirror = (second / first) ** 0.5
    assert penalty(mirror) == pytest.approx(penalty(1.0), rel=1e-12)
    least = mirror**0.5
    assert penalty(least) < penalty(1.0) and penalty(0.99 * least) > penalty(least)
    assert penalty(1.01 * least) > penalty(least)
