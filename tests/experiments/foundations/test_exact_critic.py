"""InfoNCE and NWJ with the density ratio for their critic."""

import math

import pytest

from experiments.foundations.exact_critic import READ, with_exact_critic
from ibutils.tasks import catalogue


@pytest.mark.parametrize("pairs", [50, 400])
def test_even_the_best_critic_stays_below_the_ceiling(pairs):
    truth = catalogue()["normal-sparse-20x20-20x0.75"].mutual_information()
    found = with_exact_critic("info_nce", "normal-sparse-20x20-20x0.75", pairs)
    assert math.log(pairs) - 1 < found <= math.log(pairs) < truth


@pytest.mark.parametrize("bound", READ)
def test_well_below_the_ceiling_it_reads_the_truth(bound):
    truth = catalogue()["normal-1x1-0.9"].mutual_information()
    assert with_exact_critic(bound, "normal-1x1-0.9", 1000) == pytest.approx(truth, abs=0.1)
