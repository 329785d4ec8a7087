"""Samplers of (x, y) whose mutual information is known exactly."""

from ibutils.tasks.catalogue import catalogue
from ibutils.tasks.channels import Table, symmetric_channel
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
    Transform,
    Transformed,
    both,
)
from ibutils.tasks.uniform_noise import UniformNoise

__all__ = [
    "ASINH",
    "HALF_CUBE",
    "NORMAL_CDF",
    "SPIRAL",
    "SWISS_ROLL",
    "WIGGLY",
    "NoisyLayer",
    "Normal",
    "Student",
    "Table",
    "Task",
    "Transform",
    "Transformed",
    "UniformNoise",
    "both",
    "catalogue",
    "dense_normal",
    "sparse_normal",
    "symmetric_channel",
]
