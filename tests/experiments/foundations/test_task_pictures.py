"""Tasks have names for readers, and their pictures hold the samples."""

import matplotlib

matplotlib.use("Agg")

import re

import numpy as np
import torch

from experiments.foundations.task_pictures import PICTURED, drawn_tasks, scattered, titled
from ibutils.tasks import catalogue


def test_each_task_has_a_name_of_its_own_that_tells_its_dimensions():
    names = {task: titled(task) for task in catalogue()}
    assert len(set(names.values())) == len(names)
    for task, name in names.items():
        assert name != task
        dims = re.search(r"(\d+)x(\d+)", task)
        assert f" {dims[1]} + {dims[2]}" in name


def test_what_is_no_task_keeps_its_name():
    assert titled("a") == "a"


def test_a_picture_holds_every_pair_and_colours_what_lies_in_the_plane():
    generator = torch.Generator().manual_seed(0)
    line, plane = torch.randn(2, 40, 1, generator=generator)
    rolled = torch.randn(40, 2, generator=generator)
    others = {name: (plane, line) for name in ("third", "fourth")}  # a row of three, and one
    figure = scattered({"line": (line, plane), "plane": (rolled, plane), **others})
    first, second, third, fourth = (axes for axes in figure.axes if axes.get_visible())
    assert third.get_title() == "third" and fourth.get_title() == "fourth"
    np.testing.assert_allclose(
        first.collections[0].get_offsets(), torch.cat([line, plane], 1), rtol=1e-6
    )
    np.testing.assert_allclose(second.collections[0].get_offsets(), rolled, rtol=1e-6)
    np.testing.assert_allclose(second.collections[0].get_array(), plane[:, 0], rtol=1e-6)


def test_each_title_holds_the_exact_information():
    for axes, task in zip(drawn_tasks(n=20).axes, PICTURED, strict=True):
        assert axes.get_title().endswith(f"{catalogue()[task].mutual_information():.2f} nats")
