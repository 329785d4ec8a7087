"""Scores of compression on courses whose scores are known, and dead units."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ibutils.information_plane import SCORES, dead_units, drop, relative_drop, signed_change
from ibutils.nets import StackedPerceptrons, narrow_perceptron

COURSES = torch.tensor([[4.0, 6.0, 5.0], [2.0, 3.0, 4.0], [5.0, 3.0, 1.0], [0.0, 0.0, 0.0]]).T


def test_scores_of_known_courses():
    """Rise and fall, rise, fall, and a layer that holds no information."""
    assert drop(COURSES).tolist() == [1.0, 0.0, 4.0, 0.0]
    assert relative_drop(COURSES).tolist() == pytest.approx([1 / 6, 0.0, 0.8, 0.0])
    assert signed_change(COURSES).tolist() == [1.0, 2.0, -4.0, 0.0]
    assert list(SCORES) == ["drop", "relative_drop", "signed_change"]


@given(st.lists(st.floats(0, 12), min_size=1, max_size=20), st.floats(0.1, 10))
def test_scores_as_functions_of_the_unit(values, factor):
    """The drop is at least minus the change, the share lies in [0, 1] and has no unit."""
    course = torch.tensor(values, dtype=torch.float64)
    assert drop(course) >= max(0, -float(signed_change(course)))
    assert 0 <= relative_drop(course) <= 1
    torch.testing.assert_close(relative_drop(factor * course), relative_drop(course))
    torch.testing.assert_close(drop(factor * course), factor * drop(course))


def test_batches_of_courses_keep_their_shape():
    course = torch.rand(7, 3, 2)
    for score in SCORES.values():
        assert score(course).shape == (3, 2)
        assert torch.equal(score(course)[1, 1], score(course[:, 1, 1]))


@pytest.mark.parametrize("score", SCORES.values())
@pytest.mark.parametrize(
    ("course", "message"),
    [
        (torch.zeros(0, 2), r"shape \(0, 2\)"),
        (torch.tensor([1.0, torch.nan]), "not finite at .1.: nan"),
        (torch.tensor([1.0, torch.inf]), "not finite at .1.: inf"),
    ],
)
def test_courses_without_a_score_are_refused(score, course, message):
    with pytest.raises(ValueError, match=message):
        score(course)


def test_a_share_of_negative_information_is_refused():
    with pytest.raises(ValueError, match=r"got -0\.5"):
        relative_drop(torch.tensor([1.0, -0.5]))


def test_dead_units_are_counted_by_layer_and_member(generator):
    """A ReLU below zero for every input never fires; the layers after it are constant too."""
    models = [
        narrow_perceptron((4, 3, 3, 2), activation="relu", generator=generator) for _ in range(2)
    ]
    with torch.no_grad():
        models[1][0].bias.fill_(-100.0)
        for position in (0, 2):  # of positive inputs, positive weights make positive units
            models[0][position].weight.abs_()
    activity = StackedPerceptrons(models).activity(torch.rand(20, 4, generator=generator))
    assert [dead_units(layer).tolist() for layer in activity[:-1]] == [[0, 3], [0, 3]]


def test_saturated_units_are_not_dead_while_they_take_both_values():
    activity = torch.tensor([[1.0, 1.0], [-1.0, 1.0]])
    assert int(dead_units(activity)) == 1


def test_dead_units_need_inputs():
    with pytest.raises(ValueError, match=r"shape \(0, 3\)"):
        dead_units(torch.zeros(0, 3))
