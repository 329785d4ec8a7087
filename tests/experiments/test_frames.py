"""Frames behind a slider: all of one size, one shown, each said in words."""

import re

import matplotlib.pyplot as plt
import pytest

from experiments.frames import frames


def figure(height: float = 2.0) -> plt.Figure:
    made, axes = plt.subplots(figsize=(3, height))
    axes.plot([0, 1])
    plt.close(made)
    return made


def test_one_frame_is_shown_and_each_says_its_value() -> None:
    made = frames(
        {"0.1": figure(), "<1>": figure()}, setting="beta", alternative="a line", start="<1>"
    ).data
    images = re.findall(r"<img[^>]*>", made)
    assert ["hidden" in image for image in images] == [True, False]
    assert 'alt="a line, beta 0.1"' in images[0] and "&lt;1&gt;" in images[1]
    assert 'max="1"' in made and "http" not in made


def test_without_scripts_there_are_no_dead_controls() -> None:
    made = frames({"0": figure()}, setting="beta", alternative="a", start="0").data
    assert 'class="frames-controls" hidden' in made


def test_a_start_without_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="start"):
        frames({"0": figure()}, setting="beta", alternative="a", start="1")
