"""InfoNCE with the density ratio for its critic."""

import math

import pytest

from experiments.foundations.exact_critic import with_exact_critic
from ibutils.tasks import catalogue


@pytest.mark.parametrize("pairs", [50, 400])
def test_even_the_best_critic_stays_below_the_ceiling(pairs):
    truth = catalogue()["normal-sparse-20x20-20x0.75"].mutual_information()
    found = with_exact_critic("normal-sparse-20x20-20x0.75", pairs)
    assert math.log(pairs) - 1 < found <= math.log(pairs) < truth


def test_well_below_the_ceiling_it_reads_the_truth():
    truth = catalogue()["normal-1x1-0.9"].mutual_information()
    assert with_exact_critic("normal-1x1-0.9", 1000) == pytest.approx(truth, abs=0.1)
