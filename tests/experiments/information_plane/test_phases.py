"""Fitting and compression on courses whose phases are known."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from experiments.information_plane.phases import (
    change_after_fitting,
    change_while_fitting,
    delay,
    fitting_end,
    rise,
)
from ibutils.information_plane import drop, signed_change

EPOCHS = torch.tensor([0, 1, 3, 7, 15, 31])
LABELS = torch.tensor([0.0, 0.3, 0.6, 0.95, 1.0, 1.0])  # fitted at epoch 7
TWO_PHASES = torch.tensor([4.0, 5.0, 6.0, 7.0, 5.0, 3.0])
FALL_WHILE_FITTING = torch.tensor([9.0, 9.5, 7.0, 5.0, 4.5, 4.0])
ONLY_RISE = torch.tensor([4.0, 5.0, 6.0, 7.0, 8.0, 9.0])


@pytest.mark.parametrize(
    ("course", "rises", "while_fitting", "after", "later"),
    [
        (TWO_PHASES, 3.0, 3.0, -4.0, 1.0),
        (FALL_WHILE_FITTING, 0.5, -4.0, -1.0, 0.25),
        (ONLY_RISE, 5.0, 3.0, 2.0, 4.0),
    ],
)
def test_known_courses(course, rises, while_fitting, after, later):
    assert int(fitting_end(LABELS)) == 3
    assert float(rise(course)) == rises
    assert float(change_while_fitting(course, LABELS)) == while_fitting
    assert float(change_after_fitting(course, LABELS)) == after
    assert float(delay(course, LABELS, EPOCHS)) == later


def test_a_layer_that_knows_the_label_from_the_start_has_no_fitting():
    """Nor does one that never knows it: all of the change comes after."""
    for labels in (torch.full((6,), 0.9), torch.zeros(6)):
        assert int(fitting_end(labels)) == 0
        assert float(change_while_fitting(TWO_PHASES, labels)) == 0
        assert float(change_after_fitting(TWO_PHASES, labels)) == -1.0


def test_the_fall_begins_at_the_last_of_equal_maxima():
    level = torch.tensor([12.0, 12.0, 12.0, 12.0, 11.0, 10.0])
    assert float(delay(level, LABELS, EPOCHS)) == 1.0


@given(st.lists(st.tuples(st.floats(0, 12), st.floats(0, 1)), min_size=1, max_size=20))
def test_the_changes_add_up(points):
    about_input, about_labels = torch.tensor(points, dtype=torch.float64).T
    parts = change_while_fitting(about_input, about_labels)
    parts = parts + change_after_fitting(about_input, about_labels)
    torch.testing.assert_close(parts, signed_change(about_input))
    torch.testing.assert_close(rise(about_input), drop(about_input) + signed_change(about_input))


def test_batches_of_courses_keep_their_shape():
    courses, labels = torch.rand(6, 3, 2), torch.rand(6, 3, 2)
    for measure in (change_while_fitting, change_after_fitting):
        assert torch.equal(
            measure(courses, labels)[1, 1], measure(courses[:, 1, 1], labels[:, 1, 1])
        )
    together = delay(courses, labels, EPOCHS)
    assert together.shape == (3, 2)
    assert torch.equal(together[2, 0], delay(courses[:, 2, 0], labels[:, 2, 0], EPOCHS))


def test_negative_information_has_no_phases():
    with pytest.raises(ValueError, match="about_labels must not be negative"):
        fitting_end(torch.tensor([0.5, -0.1]))
