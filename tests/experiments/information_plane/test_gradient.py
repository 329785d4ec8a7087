"""The step of the gradient's signal-to-noise ratio, on courses with and without one."""

import numpy as np
import pandas as pd
import pytest

from experiments.information_plane.gradient import measure, signal_step
from experiments.information_plane.plane_record import FACTORS
from reproduce.claims import difference
from reproduce.record import key

MEMBER = dict(activation="tanh", l2=0.0, examples="shuffled", fraction=0.8, batch=256, hidden=5)
EPOCHS, NETWORKS, LAYERS = 60, 50, 6


def noise(*, memory, spread=0.7, seed=0):
    """Return courses without a trend: logarithms that forget at a rate, or not at all."""
    draws = np.random.default_rng(seed).normal(size=(EPOCHS, NETWORKS, LAYERS))
    logs = np.zeros_like(draws)
    logs[0] = draws[0]
    for epoch in range(1, EPOCHS):
        logs[epoch] = memory * logs[epoch - 1] + (1 - memory**2) ** 0.5 * draws[epoch]
    return np.exp(spread * logs)


@pytest.mark.parametrize("memory", [0.0, 0.9])
def test_noise_passes_for_a_fall_by_the_maximum_and_not_by_windows(memory):
    """The maximum over the end is above two on noise alone, "significantly" so."""
    signal = noise(memory=memory)
    by_maximum = (signal.max(0) / signal[-1])[:, -2]
    by_windows = signal_step(signal)[:, -2]
    assert difference(by_maximum, margin=2.0).p < 0.01
    assert difference(by_windows, margin=2.0).p > 0.5
    logs = np.log(signal_step(signal))  # over all layers, whose noises are independent here
    assert abs(logs.mean()) < 4 * logs.std() / logs.size**0.5


def test_a_step_is_measured_through_noise():
    signal = noise(memory=0.0, spread=0.3)
    signal[: EPOCHS // 2] *= 5.0
    logs = np.log(signal_step(signal))
    assert abs(logs.mean() - np.log(5.0)) < 4 * logs.std() / logs.size**0.5


def test_one_epoch_does_not_decide_and_a_dead_network_does_not_fall():
    signal = np.ones((EPOCHS, 2, 1))
    signal[0], signal[-1] = 1e3, 1e-3
    signal[:, 1] = 0.0
    assert signal_step(signal).tolist() == [[1.0], [1.0]]


def test_rows_hold_the_step_of_their_own_seed_and_layer():
    signal = noise(memory=0.0).astype(np.float32)
    other = MEMBER | {"activation": "relu"}
    rows = pd.DataFrame(
        dict(**member, layer=float(layer), seed=seed, metric="signal_fall", value=0.0, unit="x")
        for member in (MEMBER, other)
        for layer in range(1, LAYERS + 1)
        for seed in reversed(range(NETWORKS))
    )
    found = measure(rows, {key(MEMBER): {"signal": signal}, key(other): {"signal": 1 / signal}})
    assert set(found["metric"]) == {"signal_step"} and len(found) == 2 * NETWORKS * LAYERS
    steps = found.set_index([*FACTORS, "layer", "seed"])["value"]
    for member, course in ((MEMBER, signal), (other, 1 / signal)):
        expected = signal_step(course.astype(float))[7, 3]
        assert steps[(*member.values(), 4.0, 7)] == pytest.approx(expected, rel=1e-5)
