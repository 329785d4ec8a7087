"""Bounds in training stay on their side of a known information, and the figure shows both."""

import matplotlib

matplotlib.use("Agg")

import math

import numpy as np
import pandas as pd
import pytest

from experiments.foundations import staircase
from experiments.foundations.staircase import CONDITIONAL, TRAININGS, WEIGHT

PAIRS, STEPS, LEVELS = 32, 150, (1.0, 6.0)
TRAINED = [name for _, readings in TRAININGS.values() for name in readings]


@pytest.fixture(scope="module")
def courses():
    return staircase.climbs(steps=STEPS, pairs=PAIRS, seed=0, levels=LEVELS)


def level(courses, nats):
    """Return the second half of a level, behind the climb."""
    return courses[courses["truth"] == nats].iloc[STEPS // 2 :]


def test_every_bound_has_a_course_over_the_staircase(courses):
    assert list(courses) == ["truth", *TRAINED, *CONDITIONAL]
    assert courses["truth"].tolist() == [1.0] * STEPS + [6.0] * STEPS
    assert np.isfinite(courses.to_numpy()).all()


def test_ceilings_hold_on_every_batch(courses):
    assert courses["InfoNCE"].max() <= math.log(PAIRS) + 1e-5
    assert courses["interpolated"].max() <= 1 + math.log((PAIRS - 1) / WEIGHT) + 1e-5
    assert level(courses, 6.0)["InfoNCE"].mean() > 0.6 * math.log(PAIRS)  # and it is climbed to


@pytest.mark.parametrize("name", TRAINED)
def test_a_low_step_is_reached_from_below(courses, name):
    """One nat is easy: a course comes within half of it, and passes it by its scatter only."""
    found = level(courses, 1.0)[name]
    assert 0.5 < found.mean() < 1.0 + 4 * found.std() / math.sqrt(len(found))


@pytest.mark.parametrize("name", CONDITIONAL)
def test_the_true_conditional_gives_the_truth_from_above(courses, name):
    for nats in LEVELS:
        found = level(courses, nats)[name]
        assert found.mean() > nats - 4 * found.std() / math.sqrt(len(found))


def test_a_critic_that_has_seen_nothing_reads_nothing(courses):
    """A critic near zero: NWJ, whose best scores are one more than the others', reads -1 / e."""
    expected = pd.Series({name: -math.exp(-1) if name == "NWJ" else 0.0 for name in TRAINED})
    assert (courses[TRAINED].iloc[0] - expected).abs().max() < 0.2


def test_the_figure_holds_the_truth_and_the_courses():
    rows = pd.DataFrame({"truth": [2.0, 2.0, 4.0], "NWJ": [0.0, 1.0, 3.0]})
    axes = staircase.staircase(rows, pairs=8, window=2).axes[0]
    raw, smooth, truth, ceiling = (line.get_ydata() for line in axes.lines)
    assert list(raw) == [0.0, 1.0, 3.0] and list(smooth) == [0.0, 0.5, 2.0]
    assert list(truth) == [2.0, 2.0, 4.0] and set(ceiling) == {math.log(8)}
