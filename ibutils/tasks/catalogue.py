"""The tasks on which estimators are calibrated: 0 to 8 nats, 1 to 25 dimensions."""

from dataclasses import replace

import torch

from ibutils.tasks.channels import symmetric_channel
from ibutils.tasks.elliptical import Normal, Student, dense_normal, sparse_normal
from ibutils.tasks.noisy_layers import NoisyLayer
from ibutils.tasks.task import Task
from ibutils.tasks.transforms import (
    ASINH,
    HALF_CUBE,
    NORMAL_CDF,
    SPIRAL,
    SWISS_ROLL,
    WIGGLY,
    Transformed,
    both,
)
from ibutils.tasks.uniform_noise import UniformNoise


def catalogue() -> dict[str, Task]:
    """Return the tasks by name, in families.

    Names are ``<map>-<family>-<dimensions>-<strength>``. The first nine are the normal tasks of at
    most five dimensions and less than two nats.

    :cite:t:`czyz2023beyond` is the model; strengths are ours.

    Example:
        >>> tasks = catalogue()
        >>> len(tasks) >= 25, max(task.dim_x for task in tasks.values())
        (True, 25)
        >>> round(tasks["normal-1x1-0.9"].mutual_information(), 4)
        0.8304
    """
    found = [*_normals(), *_transformed(), *_students(), *_bounded(), *_layers()]
    return {task.name: task for task in found}


def _pair(correlation: float) -> Normal:
    return _named(
        sparse_normal(1, 1, correlation=correlation, pairs=1), f"normal-1x1-{correlation:g}"
    )


def _named(task: Normal, name: str) -> Normal:
    return replace(task, name=name)


def _normals() -> list[Task]:
    return [
        *(_pair(correlation) for correlation in (0.0, 0.5, 0.9, 0.98)),
        dense_normal(2, 2, correlation=0.5),
        dense_normal(5, 5, correlation=0.5),
        sparse_normal(3, 3, correlation=0.8, pairs=2),
        sparse_normal(5, 5, correlation=0.8, pairs=2),
        sparse_normal(5, 5, correlation=0.7, pairs=5),
        _pair(0.999),
        sparse_normal(5, 5, correlation=0.95, pairs=5),
        sparse_normal(10, 10, correlation=0.8, pairs=10),
        sparse_normal(20, 20, correlation=0.75, pairs=20),
        dense_normal(25, 25, correlation=0.5),
        sparse_normal(25, 25, correlation=0.8, pairs=2),
    ]


def _transformed() -> list[Task]:
    strong = _pair(0.9)
    uniform = both(strong, NORMAL_CDF)
    rolled = Transformed("swiss-roll-normal-1x1-0.9", uniform, SWISS_ROLL, None)
    sparse = sparse_normal(5, 5, correlation=0.8, pairs=2)
    wide = sparse_normal(25, 25, correlation=0.8, pairs=2)
    one_dimensional = [both(strong, map_) for map_ in (HALF_CUBE, WIGGLY)]
    mapped = [both(sparse, map_) for map_ in (NORMAL_CDF, HALF_CUBE, SPIRAL)]
    return [uniform, *one_dimensional, rolled, *mapped, both(wide, HALF_CUBE)]


def _students() -> list[Task]:
    def student(dim: int, freedom: float) -> Student:
        identity = torch.eye(2 * dim, dtype=torch.float64)
        return Student(f"student-{dim}x{dim}-{freedom:g}", identity, dim, freedom)

    heavy = student(2, 1.0)
    return [student(1, 1.0), heavy, student(5, 2.0), both(heavy, ASINH)]


def _bounded() -> list[Task]:
    return [
        UniformNoise("uniform-1x1-0.75", 0.75),
        UniformNoise("uniform-1x1-0.1", 0.1),
        UniformNoise("uniform-3x3-0.25", 0.25, copies=3),
        symmetric_channel(2, error=0.1),
        symmetric_channel(8, error=0.2),
        symmetric_channel(2, error=0.1, copies=8),
    ]


def _layers() -> list[Task]:
    return [
        NoisyLayer("layer-tanh-1x1", "tanh", 1, noise_std=0.2, gain=2.0),
        NoisyLayer("layer-tanh-5x5", "tanh", 5, noise_std=0.5, gain=2.0),
        NoisyLayer("layer-relu-3x3", "relu", 3, noise_std=0.3),
        NoisyLayer("layer-sign-3x3", "sign", 3, noise_std=0.5),
        NoisyLayer("layer-linear-10x10", "linear", 10, noise_std=1.0),
    ]
