"""The bit that arrives flipped is drawn with its best codes; bad parameters are refused."""

import matplotlib

matplotlib.use("Agg")

import pytest

from experiments.information_dropout import theory_figures
from reproduce import settings


def test_the_best_code_is_below_every_code_drawn_and_between_the_ends():
    left, right = theory_figures.bit_of_noise().axes
    curves, dots = left.lines[::2], left.lines[1::2]
    assert len(curves) == len(dots) == 4
    for i, (curve, dot) in enumerate(zip(curves, dots, strict=True)):
        (flip,), (loss,) = dot.get_data()
        assert loss <= curve.get_ydata().min() + 1e-9
        assert 0 < flip < 0.5 if i < 3 else flip == pytest.approx(0.5)
    (threshold, _) = right.lines[1].get_xdata()
    assert threshold == pytest.approx(0.64)


def test_an_estimate_needs_samples():
    given = vars(theory_figures.Settings()) | {"samples": 10}
    with pytest.raises(ValueError, match="samples must be at least 1000, got 10"):
        settings.read(theory_figures.Settings, given)
