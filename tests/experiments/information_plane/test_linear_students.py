"""What is measured of linear students: on curves and students whose answer is known by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch

from experiments.information_plane import linear_networks, linear_students
from experiments.information_plane.linear_networks import BATCH, Settings, summary
from experiments.information_plane.linear_students import (
    NOISES,
    distance,
    final_fall,
    gradient_ratio,
    look,
    student,
    worst_change,
)
from ibutils.exact import linear_networks as linear
from ibutils.exact.student_teacher import sample_teacher
from ibutils.train import generator


@pytest.fixture
def sample():
    return sample_teacher(60, 6, 1, snr=1.0, relevant=2, generator=generator(0, "teacher"))


def matrix(*shape):
    return torch.randn(*shape, generator=generator(1, "student"), dtype=torch.float64)


@pytest.mark.parametrize(
    ("course", "worst", "fall"),
    [
        ((1.0, 3.0, 2.0, 4.0), -1 / 4, -1 / 4),  # falls on the way, ends at its maximum
        ((2.0, 4.0, 3.0, 1.0), -3 / 4, 3 / 4),  # from the maximum, not from the point before
        ((2.0, 3.0, 6.0), 1 / 6, -3 / 6),  # only rises, by one at least
    ],
)
def test_changes_and_falls_are_shares_of_the_maximum(course, worst, fall):
    assert worst_change(np.array(course)) == pytest.approx(worst)
    assert final_fall(np.array(course)) == pytest.approx(fall)


def test_curves_are_compared_at_equal_times():
    few = {"time": np.array([0.0, 2.0, 4.0]), "a": np.array([0.0, 2.0, 4.0])}
    many = {"time": np.array([0.0, 1.0, 4.0]), "a": np.array([0.0, 1.0, 4.0])}
    assert distance(few, many, "a") == distance(many, few, "a") == 0
    other = many | {"a": np.array([0.0, 4.0, 4.0])}  # 3 above the line at 1
    assert distance(other, few, "a") == pytest.approx(3 / 4)


def test_weights_have_the_stated_variance_over_their_inputs():
    first, second = student((400, 100, 50), scale=0.1, source=generator(0, "student"))
    assert first.shape == (100, 400) and second.shape == (50, 100)
    for weight, inputs in ((first, 400), (second, 100)):
        assert float(weight.std() * inputs**0.5) == pytest.approx(0.1, rel=0.05)


def test_the_error_on_fresh_examples_is_that_of_many(sample):
    """The teacher itself errs by the noise of its labels alone, whose variance is one."""
    weights = [matrix(3, 6), matrix(1, 3)]
    found = look(weights, sample, relevant=6)
    gap = (weights[1] @ weights[0] - sample.teacher)[0]
    assert found["test_error"] == pytest.approx(float(gap.square().sum()) / 6 + 1.0)
    residue = sample.y - sample.x @ (weights[1] @ weights[0]).T
    assert found["train_error"] == pytest.approx(float(residue.square().mean()))
    perfect = look([torch.eye(6).double(), sample.teacher], sample, relevant=6)
    assert perfect["test_error"] == pytest.approx(1.0)


def test_what_is_known_of_irrelevant_inputs_is_that_of_the_last_ones(sample):
    weights = [matrix(3, 6), matrix(1, 3)]
    weights[0][:, 2:] = 0  # it reads the two relevant ones alone
    found = look(weights, sample, relevant=2)
    for name, variance in NOISES.items():
        alone = linear.information_about_input(
            weights[0], torch.eye(6).double() / 6, noise_variance=variance
        )
        assert found[f"relevant{name}"] == pytest.approx(float(alone))
        assert found[f"input_1{name}"] == pytest.approx(float(alone))
        assert found[f"irrelevant{name}"] == pytest.approx(0.0, abs=1e-12)
    assert found["input_1_small_noise"] > found["input_1"]
    assert "relevant" not in look(weights, sample, relevant=6)


def test_the_ratio_of_a_scalar_gradient_is_that_of_single_examples():
    sample = sample_teacher(30, 1, 1, snr=1.0, generator=generator(0, "teacher"))
    first, second = (matrix(2, 1, 1) + 0.5).unbind()
    gradients = []
    for x, y in zip(sample.x, sample.y, strict=True):
        weight = first.clone().requires_grad_()
        (0.5 * (second @ weight @ x - y).square().sum()).backward()
        gradients.append(float(weight.grad))
    expected = abs(np.mean(gradients)) / np.std(gradients, ddof=1)
    found = gradient_ratio([first, second], sample)
    assert found["gradient_snr"] == pytest.approx(expected)
    assert found["input"] == pytest.approx(0.5 * np.log1p(float(first) ** 2))


def test_rows_of_a_student_say_what_rises_and_falls():
    curves = {"test_error": np.array([4.0, 2.0, 3.0])}
    for name in NOISES:
        curves |= {
            f"input_1{name}": np.array([1.0, 4.0, 3.0]),
            f"output{name}": np.array([0.5, 2.0, 1.0]),
            f"relevant{name}": np.array([0.25, 1.0, 1.5]),
            f"irrelevant{name}": np.array([1.0, 5.0, 2.0]),
        }
    found = {row["metric"]: row for row in summary("SX-F6", curves)}
    assert found["overtraining"]["value"] == 1.5 and found["overtraining"]["split"] == "fresh"
    expected = {
        "worst_change": -1 / 4,
        "input_gain": 2.0,
        "output_loss": 1 / 2,
        "relevant_gain": 1.25,
        "irrelevant_rise": 4 / 5,
        "irrelevant_fall": 3 / 5,
    }
    for metric, value in expected.items():
        for name in NOISES:
            own = found[f"{metric}{name}"]
            assert own["value"] == pytest.approx(value), metric
            assert own["unit"] == ("nat" if metric.endswith("gain") else "1")


def asked(monkeypatch, member, settings):
    """Return what a member asks of each course that it is trained by."""
    calls = []

    def course(weights, sample, measure, **options):
        calls.append(dict(weights=weights, sample=sample, **options))
        time = np.array([0.0, 1.0, 2.0])
        names = ["gradient_snr", "input", "test_error"]
        names += [f"{name}{noise}" for name in ("input_1", "output") for noise in NOISES]
        names += [f"input_{layer}" for layer in range(2, 6)]
        falls = {"input_3": np.array([4.0, 4.0, 1.0]), "gradient_snr": np.array([4.0, 3.0, 1.0])}
        return {name: falls.get(name, 1.0 + time) for name in names} | {"time": time}

    monkeypatch.setattr(linear_networks, "course", course)
    (found,) = linear_networks.train([member], settings, None, checkpoint=Path("none"))
    return calls, {row["metric"]: row["value"] for row in found.rows}


@pytest.mark.parametrize("setting", ["full", "stochastic", "relevant", "relevant_full"])
def test_students_are_trained_as_their_member_says(monkeypatch, setting):
    settings = Settings(inputs=10, width=7, duration=30.0, points=5)
    member = dict(setting=setting, samples=40, scale=0.1, rate=0.03, seed=0)
    ((call,), _) = asked(monkeypatch, member, settings)
    assert call["batch"] == (None if setting.endswith("full") else BATCH)
    assert (call["rate"], call["until"], call["points"]) == (0.03, 30.0, 5)
    assert [tuple(w.shape) for w in call["weights"]] == [(7, 10), (1, 7)]
    assert float(call["weights"][0].abs().max()) < 0.2  # a tenth of normal ones over root ten
    assert call["sample"].x.shape == (40, 10)
    used = int((call["sample"].teacher != 0).sum())
    assert used == (3 if setting.startswith("relevant") else 10)


def test_of_a_deep_student_the_layer_that_loses_most_counts(monkeypatch):
    member = dict(setting="deep", samples=20, scale=1.0, rate=0.02, seed=0)
    calls, found = asked(monkeypatch, member, Settings())
    assert [(call["batch"], call["rate"]) for call in calls] == [(BATCH, 0.02), (None, 0.2)]
    assert torch.equal(calls[0]["weights"][0], calls[1]["weights"][0])  # one start
    assert found == {"worst_change": -3 / 4, "gap": 0.0}


def test_of_a_scalar_student_the_last_ratio_stands_over_the_first(monkeypatch):
    member = dict(setting="scalar", samples=20, scale=0.1, rate=1e-3, seed=0)
    calls, found = asked(monkeypatch, member, Settings())
    assert [call["batch"] for call in calls] == [None, 1]
    for kind in ("full", "stochastic"):
        assert found[f"snr_left_{kind}"] == 1 / 4
        assert found[f"worst_change_{kind}"] == pytest.approx(1 / 3)


def test_a_course_is_counted_in_steps_times_rate(sample):
    """Twelve steps of five among sixty examples make an epoch; one of all."""
    options = dict(rate=0.1, until=6.0, points=3, source=generator(0, "order"))
    for batch, per_epoch in ((5, 1.2), (None, 0.1)):
        weights = student((6, 2, 1), scale=0.1, source=generator(0, "student"))
        found = linear_students.course(
            weights, sample, lambda state: {"first": float(state[0][0, 0])}, batch=batch, **options
        )
        assert found["time"][0] == 0 and found["time"][-1] == pytest.approx(6.0)
        steps = found["time"] / per_epoch
        np.testing.assert_allclose(steps, np.round(steps))
        assert found["first"][0] == float(weights[0][0, 0])
