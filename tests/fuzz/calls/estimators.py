"""Calls of estimators, of tasks and of the calibration."""

import torch

from ibutils import estimators, tasks
from ibutils.estimators import binning, entropy, estimate_mi, kde, neighbours, neural, tables

from ..registry import Given, call, given
from .data_for_calls import covariance, generator, joint, labels, normal

call(estimators.Estimate.interval, lambda: given(estimators.Estimate(0.25, 0.1), level=0.9))
call(estimators.Estimate.to_bits, lambda: given(estimators.Estimate(0.25, 0.1)))
call(estimators.Estimate.summary, lambda: given(estimators.Estimate(0.25, 0.1)))

call(binning.uniform_edges, lambda: given(-1.0, 1.0, bins=4))
call(binning.equal_distinct_edges, lambda: given(normal(2, 20, 3), bins=4))
call(
    binning.information,
    lambda: given(normal(20, 3).tanh(), labels(20), edges=torch.linspace(-1, 1, 5)),
)
call(binning.information_of_samples, lambda: given(normal(20, 1), normal(20, 1), bins=4))
call(
    kde.information,
    lambda: given(normal(20, 3), labels(20), noise_variance=0.1, bound="upper"),
)
call(kde.adaptive_noise, lambda: given(normal(20, 3), constant=1e-3))
call(neighbours.ksg, lambda: given(normal(30, 2), normal(30, 1), k=3))
call(neighbours.ross, lambda: given(normal(30, 2), labels(30), k=3))
call(neighbours.conditional_ksg, lambda: given(normal(30, 2), normal(30, 1), normal(30, 1), k=3))
call(tables.plug_in, lambda: given(labels(30), labels(30, 4), correction="miller_madow"))
call(tables.plug_in, lambda: given(labels(30), labels(30, 4), labels(30, 2), correction=None))
call(estimate_mi, lambda: given(normal(60, 2), normal(60, 1), method="auto"))
call(estimate_mi, lambda: given(normal(60, 2), labels(60)))
call(estimate_mi, lambda: given(labels(60), labels(60, 4), z=labels(60, 2)))
call(estimate_mi, lambda: given(normal(60, 2), normal(60, 1), z=normal(60, 1), k=2))
call(entropy.neighbour_distances, lambda: given(normal(30, 2), k=2))
call(entropy.entropy_from_distances, lambda: given(torch.rand(30), dimension=2, k=2))


def trained(**more: object) -> Given:
    options = dict(steps=2, batch_size=8, learning_rate=1e-3, generator=generator())
    return given(normal(40, 2), normal(40, 3), critic="separable", **options, **more)


call(neural.estimate, lambda: trained(bound="info_nce"))
call(neural.estimates, lambda: trained(bounds=["donsker_varadhan"]))


EXAMPLES = {
    tasks.NoisyLayer: lambda: given("layer", activation="tanh", units=2, noise_std=0.5, gain=1.5),
    tasks.Normal: lambda: given("normal", covariance(4), 2),
    tasks.Student: lambda: given("student", covariance(4), 2, 5.0),
    tasks.Table: lambda: given("table", joint(3, 4), copies=1),
    tasks.UniformNoise: lambda: given("uniform", 0.3, copies=1),
    tasks.Transformed: lambda: given("mapped", dense(), tasks.ASINH, tasks.HALF_CUBE),
}


def dense() -> tasks.Normal:
    return tasks.dense_normal(2, 2, correlation=0.3)


for kind, build in EXAMPLES.items():
    call(kind, build)
call(tasks.Transform, lambda: given("double", lambda x: 2 * x, lambda x: x / 2, added=0))
call(tasks.Task.sample, lambda: given(dense(), 5, generator=generator()))
call(tasks.Task.log_ratio, lambda: given(dense(), normal(5, 2), normal(4, 2)))
call(tasks.Normal.mutual_information, lambda: given(dense()))
call(tasks.both, lambda: given(dense(), tasks.ASINH))
call(tasks.catalogue, given)
call(tasks.dense_normal, lambda: given(3, 2, correlation=0.3))
call(tasks.sparse_normal, lambda: given(3, 2, correlation=0.3, pairs=2))
call(tasks.symmetric_channel, lambda: given(3, error=0.2, copies=1))
