"""Calls of the information plane."""

import torch
from torch import Tensor

from ibutils import information_plane as plane
from ibutils.exact import linear_networks, one_neuron, student_teacher
from ibutils.nets import StackedPerceptrons, narrow_perceptron

from ..registry import call, given
from .data_for_calls import covariance, generator, labels, normal


def nets() -> StackedPerceptrons:
    one = narrow_perceptron([4, 3, 2], activation="tanh", generator=generator())
    other = narrow_perceptron([4, 3, 2], activation="tanh", generator=generator())
    return StackedPerceptrons([one, other])


def layer() -> Tensor:
    return normal(2, 12, 3).tanh()


call(plane.recipe, lambda: given(2, batch_size=4, learning_rate=1e-3, compile=False))
call(plane.adaptive_binning, lambda: given(layer(), labels(12), bins=4))
call(plane.adaptive_kde, lambda: given(layer(), labels(12), constant=1e-3))
call(plane.binning_with_own_ends, lambda: given(layer(), labels(12), bins=4))
call(plane.published_binning, lambda: given(layer(), labels(12), low=-1.0, bins=4))
call(
    plane.coordinates,
    lambda: given([layer(), layer()], labels(12), {"ebab": plane.adaptive_binning}),
)
call(plane.dead_units, lambda: given(layer()))
for score in (plane.drop, plane.relative_drop, plane.signed_change):
    call(score, lambda: given(torch.rand(6, 3)))
call(
    plane.StackedLearner,
    lambda: given(nets(), plane.recipe(2, compile=False), train=plane.split(10, seeds=[0, 1])),
)
call(
    plane.Looks,
    lambda: given(
        normal(10, 4),
        labels(10, 2),
        epochs=[0, 2],
        measure=lambda snapshot: {"mean": snapshot.activity[0].mean((1, 2))},
    ),
)
call(plane.log_spaced_epochs, lambda: given(20, points=5))
call(plane.split, lambda: given(10, seeds=[0, 1], fraction=0.8))


call(one_neuron.information, lambda: given(normal(5), one_neuron.tanh_borders(bins=4)))
call(one_neuron.tanh_borders, lambda: given(bins=4))
call(one_neuron.relu_borders, lambda: given(width=0.5, largest=2.0))

NOISE = dict(noise_variance=0.5)
call(
    linear_networks.information_about_input,
    lambda: given(normal(3, 4), covariance(4), **NOISE),
)
call(
    linear_networks.information_about_block,
    lambda: given(
        normal(3, 4), covariance(4), block=torch.tensor([True, True, False, False]), **NOISE
    ),
)
call(
    linear_networks.information_about_output,
    lambda: given(normal(3, 4), normal(2, 4), covariance(4), output_noise_variance=0.3, **NOISE),
)
call(
    linear_networks.generalisation_error,
    lambda: given(normal(2, 4), normal(2, 4), covariance(4), output_noise_variance=0.3),
)
call(
    student_teacher.sample_teacher,
    lambda: given(6, 4, 2, snr=1.0, relevant=3, generator=generator()),
)


call(
    student_teacher.descend,
    lambda: given(
        [normal(3, 4).double(), normal(2, 3).double()],
        normal(6, 4).double(),
        normal(6, 2).double(),
        learning_rate=0.1,
        batch_size=4,
        generator=generator(),
    ),
)
