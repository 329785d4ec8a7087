"""Probes in other people's programs: any data, any precision, any context, nothing changed."""

import numpy as np
import pandas as pd
import pytest
import torch

from ibutils.critics import Concatenated
from ibutils.nets.encoders import basic32
from ibutils.probes import (
    class_share,
    fine_tuning_probe,
    mine,
    mlp_probe,
    nearest,
    neural_dependency,
    reconstruction_probe,
    svm_probe,
)
from ibutils.train import generator
from tests.pretended_gpu import every_gpu

pytestmark = pytest.mark.filterwarnings("ignore::ibutils.probes.ProbeWarning")
N, M = 48, 36


def features(n, seed):
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))


def images(n, seed):
    return 2 * torch.rand(n, 3, 32, 32, generator=torch.Generator().manual_seed(seed)) - 1


def classes(n):
    return torch.arange(n) % 3


def encoder(dtype=torch.float32):
    return basic32(channels=1 / 32, code=4, generator=generator(0, "weights")).to(dtype)


@torch.inference_mode(False)
def critic(dtype=torch.float32):
    return Concatenated(4, 4, width=8, depth=1, generator=generator(0, "weights")).to(dtype)


X, TEST_X = features(N, 0), features(M, 1)
LABELLED = (X, classes(N), TEST_X, classes(M))
# Each with its data, and what runs it; networks that are given have the type of the data.
PROBES = {
    "mlp": (LABELLED, lambda *data: mlp_probe(*data, epochs=2, seed=0, batch_size=16)),
    "svm": (LABELLED, lambda *data: svm_probe(*data, seed=0, iterations=100)),
    "neighbours": ((X, classes(N)), lambda *data: class_share(*data, k=3)),
    "nearest": ((X, torch.tensor([5, 0, 7])), lambda *data: nearest(*data, k=3)),
    "dependency": (
        (X, TEST_X),
        lambda *data: neural_dependency(*data, steps=4, seed=0, batch_size=16, hidden=(8,)),
    ),
    "mine": (
        (X, X + features(N, 2), TEST_X, TEST_X + features(M, 3)),
        lambda *data: mine(
            *data, critic=critic(_type(data)), steps=6, seed=0, batch_size=16, learning_rate=1e-2
        ),
    ),
    "fine_tuning": (
        (images(N, 0), classes(N), images(M, 1), classes(M)),
        lambda *data: fine_tuning_probe(
            encoder(_type(data)), *data, epochs=1, seed=0, batch_size=16
        ),
    ),
    "reconstruction": (
        (X, images(N, 0), TEST_X, images(M, 1)),
        lambda *data: reconstruction_probe(
            *data, epochs=1, seed=0, channels=1 / 32, batch_size=16
        ),
    ),
}
every = pytest.mark.parametrize("name", PROBES)


def _type(data):
    return torch.float64 if "float64" in str(data[0].dtype) else torch.float32


def numbers(found):
    """Return all numbers of a result, however deep."""
    if isinstance(found, torch.Tensor):
        return found.double().flatten().tolist()
    if isinstance(found, (bool, int, float)):
        return [float(found)]
    if isinstance(found, dict):
        return [one for value in found.values() for one in numbers(value)]
    if isinstance(found, tuple):
        return [one for value in found for one in numbers(value)]
    parts = ("value", "stderr", "converged", "degenerate")
    return [one for part in parts if hasattr(found, part) for one in numbers(getattr(found, part))]


def run(name, change=lambda one: one):
    data, probe = PROBES[name]
    return probe(*map(change, data))


@every
def test_arrays_give_what_tensors_give(name):
    assert numbers(run(name, lambda one: one.numpy())) == numbers(run(name))


@pytest.mark.parametrize("name", ["mlp", "svm", "neighbours", "dependency"])
def test_frames_and_lists_of_precise_numbers_give_what_precise_tensors_give(name):
    def frame(one):
        return pd.DataFrame(one.double().numpy()) if one.ndim == 2 else pd.Series(one.numpy())

    truth = numbers(run(name, lambda one: one.double() if one.ndim == 2 else one))
    assert numbers(run(name, frame)) == truth
    assert numbers(run(name, lambda one: one.double().tolist() if one.ndim == 2 else one)) == truth


@pytest.mark.parametrize("name", ["mlp", "svm", "neighbours", "fine_tuning"])
@pytest.mark.parametrize(
    "names",
    [
        lambda one: one.to(torch.uint8),
        lambda one: (7 * one - 3).to(torch.int32),
        lambda one: np.array(["eggs", "ham", "spam"])[one.numpy()],
    ],
    ids=["bytes", "with gaps, below 0", "words"],
)
def test_only_which_labels_are_equal_counts(name, names):
    def renamed(one):
        return names(one) if one.ndim == 1 else one

    assert numbers(run(name, renamed)) == numbers(run(name))


def test_labels_to_test_on_mean_what_they_mean_in_training():
    """Two classes of three: the second class is the second, not the first of those left."""
    x, y = torch.eye(3).repeat(16, 1), torch.arange(48) % 3
    kept = y != 0
    for probe, options in ((mlp_probe, {"epochs": 30, "batch_size": 16}), (svm_probe, {})):
        assert probe(x, y, x[kept], y[kept], seed=0, **options).value == 1.0


@every
@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_gradients_may_be_switched_off_around_it(name, context):
    truth = numbers(run(name))
    with context():
        assert numbers(run(name, lambda one: one.clone())) == truth


@every
def test_mixed_precision_around_it_changes_nothing(name):
    truth = numbers(run(name))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert numbers(run(name)) == truth


@every
def test_inputs_with_a_graph_get_no_gradient_and_stay_as_they_are(name):
    def attached(one):
        return one.clone().requires_grad_() * 1 if one.is_floating_point() else one.clone()

    data, probe = PROBES[name]
    given = [attached(one) for one in data]
    state = torch.random.get_rng_state()
    assert numbers(probe(*given)) == numbers(run(name))
    assert all(torch.equal(one, before) for one, before in zip(given, data, strict=True))
    assert torch.equal(torch.random.get_rng_state(), state)


@every
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_any_precision_works_under_any_default(name, dtype):
    def cast(one):
        return one.to(dtype) if one.is_floating_point() else one

    found = numbers(run(name, cast))
    assert np.isfinite(found).all()
    torch.set_default_dtype(torch.float64)
    try:
        assert np.isfinite(numbers(run(name, cast))).all()
    finally:
        torch.set_default_dtype(torch.float32)


@every
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_refused_by_name_and_place(name, value):
    def spoilt(one):
        one = one.clone()
        if one.is_floating_point():
            one.view(-1)[3] = value
        return one

    with pytest.raises(ValueError, match=rf"(x|y|codes|train\w*) is not finite at .*: {value}"):
        run(name, spoilt)


@every
def test_words_in_the_place_of_numbers_are_refused(name):
    data, probe = PROBES[name]
    words = np.full(tuple(data[0].shape), "ham")
    with pytest.raises(TypeError, match="must hold numbers, got <U3 such as"):
        probe(words, *data[1:])


def test_a_critic_made_in_inference_mode_cannot_be_trained():
    with torch.inference_mode():
        network = Concatenated(4, 4, width=8, depth=1)
    with pytest.raises(ValueError, match=r"critic has weights made under torch.inference_mode"):
        mine(X, X, TEST_X, TEST_X, critic=network, steps=1, seed=0)


@every_gpu
@every
def test_results_are_on_the_device_of_the_inputs(name, gpu):
    with gpu():
        found = run(name, lambda one: one.cuda())
    if isinstance(found, torch.Tensor):
        assert found.is_cuda
