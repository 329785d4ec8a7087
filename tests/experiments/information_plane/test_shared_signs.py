"""Agreement of two observers beyond chance: independence, identity, and dead networks."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from experiments.information_plane.shared_signs import HIDDEN, beyond_chance, changes, measure
from reproduce.record import key


def test_of_independent_observers_the_mean_is_zero_however_often_both_see_rises():
    rises = np.random.default_rng(0).random((2, 200_000, 5)) < 0.8
    found = beyond_chance(rises)
    assert (rises[0] == rises[1]).mean() > 0.6
    assert abs(found.mean()) < 4 * found.std() / np.sqrt(len(found))


def test_it_is_the_numerator_of_kappa():
    rises = np.random.default_rng(0).random((2, 50, 1)) < 0.6
    rises[1, :30] = rises[0, :30]
    agreed = (rises[0] == rises[1]).mean()
    kappa = cohen_kappa_score(*rises[..., 0])
    chance = (agreed - kappa) / (1 - kappa)
    assert beyond_chance(rises).mean() == pytest.approx(agreed - chance)


def course(ends):
    """Return both informations of a course, ``[2, epochs, layers]``, that starts at zero."""
    values = np.zeros((2, 3, HIDDEN + 1))
    values[0, -1, :HIDDEN] = ends
    values[1] = 9.0  # of the labels, which do not count
    return values


@pytest.fixture
def recorded():
    signs = {0: (1, 1, 1, 1, -1), 1: (1, -1, 1, -1, -1), 2: (0,) * HIDDEN}
    rows = pd.DataFrame(
        dict(target="AE-F3", activation="relu", seed=seed, split="all", metric=metric)
        | dict(value=0.5, unit="1")
        for seed in signs
        for metric in ("sign_agreement", "ebab_hidden_drop")
    )
    arrays = {
        key(dict(activation="relu", seed=seed)): dict(ebab=course(own), akde=course(own))
        for seed, own in signs.items()
    }
    return rows, arrays


def test_dead_networks_are_left_out(recorded):
    rows, arrays = recorded
    assert set(changes(rows, arrays)["seed"]) == {0, 1}
    found = measure(rows, arrays)
    assert set(found["metric"]) == {"agreement_beyond_chance"} and len(found) == 2
    assert found["value"].tolist() == pytest.approx([0.2, 0.2])  # layers 2 and 4 differ: 2 / 5 / 2


def test_networks_without_courses_say_nothing(recorded):
    rows, _ = recorded
    assert not len(measure(rows, {}))
