"""Tests of the picture of the front page."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from experiments.front_figure import numbers_of_two_papers
from reproduce.printed import cells


@pytest.fixture
def panel():
    """Return the panel of accuracies."""
    figure = numbers_of_two_papers()
    yield figure.axes[1]
    plt.close(figure)


def test_each_accuracy_that_both_have_lies_within_the_axes(panel):
    low, high = panel.get_xlim()
    drawn = np.concatenate(
        [line.get_xydata() for line in panel.lines if len(line.get_xdata()) == 1]
    )
    assert panel.get_ylim() == (low, high)
    assert low <= drawn.min() and drawn.max() <= high
    nat = [c for c in cells("DIM-T1", "infomax") if c.item == "NAT" and c.profile == "laptop"]
    found = {(float(c.paper), float(np.mean(c.ours))) for c in nat if c.paper}
    assert found and found <= {tuple(point) for point in drawn}
