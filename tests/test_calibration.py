"""Errors of recorded estimates: the margin is a tenth of the truth, or 0.05 nats."""

import matplotlib

matplotlib.use("Agg")

from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch

from experiments.foundations import calibrated, calibration
from experiments.foundations import calibration_figures as plots
from experiments.foundations.errors import measure
from ibutils import Estimate
from ibutils.estimators import kde
from ibutils.information import mutual_information
from ibutils.tasks import catalogue
from ibutils.train import generator


def table(**values):
    """Return the rows of one task: estimates by method, the truth among them."""
    member = dict(target="FND-CAL", task="a", samples=500, seed=0, split="all", unit="nat")
    rows = [dict(member, method=m, metric="estimate", value=v) for m, v in values.items()]
    rows += [
        dict(member, method=m, metric="warnings", value=float(m == "ksg"), unit="1")
        for m in values
        if m != "exact"
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("truth", "estimate", "share"),
    [(2.0, 1.9, -0.5), (0.0, 0.05, 1.0), (0.5, 0.55, 1.0), (0.2, 0.15, -1.0), (4.0, 4.8, 2.0)],
)
def test_the_share_is_the_error_over_the_margin(truth, estimate, share):
    found = measure(table(exact=truth, ksg=estimate)).set_index("metric")["value"]
    assert found["error"] == pytest.approx(estimate - truth)
    assert found["share"] == pytest.approx(share)


def test_the_truth_itself_has_no_error_and_must_be_there():
    assert set(measure(table(exact=1.0, ksg=0.9, smile=1.2))["method"]) == {"ksg", "smile"}
    with pytest.raises(ValueError, match="no exact value of a with seed 0"):
        measure(table(ksg=0.9))


def test_a_second_critic_shares_the_truth_of_its_sample():
    """Its rows repeat the truth, and rows recorded before it name no critic."""
    first = table(exact=1.0, info_nce=0.8, ksg=0.9)
    second = table(exact=1.0, info_nce_relu=0.9).assign(critic="separable_relu")
    errors = measure(pd.concat([first, second])).query("metric == 'error'")
    found = errors.set_index("method")["value"]
    assert found["info_nce"] == pytest.approx(-0.2)
    assert found["info_nce_relu"] == pytest.approx(-0.1)


def test_the_table_marks_warnings_and_what_diverged():
    rows = table(exact=1.0, ksg=0.9, nwj=1.1)
    lost = dict(rows.iloc[0], method="smile", metric="failed", value=1.0)
    known = dict(rows.iloc[0], task="b", method="smile")
    shown = plots.calibration_table(
        pd.concat([rows, pd.DataFrame([lost, known, dict(known, method="exact")])]), samples=500
    )
    assert shown.loc["a"].to_dict() == {
        "truth": "1.00",
        "KSG": "0.90 ± 0.00!",
        "NWJ": "1.10 ± 0.00",
        "SMILE": "–",
    }


def test_the_map_shows_means_and_leaves_out_what_diverged():
    rows = table(exact=1.0, ksg=0.9, nwj=1.4)
    rows = pd.concat([rows, rows.assign(task="b"), rows.assign(samples=5000, value=7.0)])
    lost = dict(rows.iloc[0], task="b", method="nwj", metric="failed", value=1.0)
    axes = plots.error_map(pd.concat([rows, pd.DataFrame([lost])]), samples=500).axes[0]
    (image,) = axes.images
    np.testing.assert_allclose(image.get_array().filled(np.nan), [[-0.1, 0.4], [-0.1, np.nan]])
    assert [text.get_text() for text in axes.texts] == ["0.90!", "1.40", "0.90!", "–"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a  (1.00)", "b  (1.00)"]


def test_estimates_stand_over_their_truth_under_their_ceiling():
    rows = table(exact=1.0, info_nce=0.8)
    rows = pd.concat([rows, rows.assign(samples=5000), rows.assign(seed=1)])
    (axes,) = plots.estimate_against_truth(
        rows, method="info_nce", ceilings={5000: 7.3, 500: 5.0}
    ).axes
    for bars in axes.containers:
        np.testing.assert_allclose(bars.lines[0].get_xydata(), [[1.0, 0.8]])
    dashed = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "--"]
    assert dashed == [7.3, 5.0]


def test_two_critics_are_compared_on_the_seeds_that_both_have():
    first = pd.concat(
        [table(exact=1.0, info_nce=v).assign(seed=i) for i, v in enumerate([0.9, 5])]
    )
    rows = pd.concat([first, table(exact=1.0, info_nce_relu=0.7).assign(critic="separable_relu")])
    (axes,) = plots.two_critics(rows, samples=500).axes
    smooth, rectified = (line.get_xdata().tolist() for line in axes.lines[:2])
    assert smooth == pytest.approx([-0.1]) and rectified == pytest.approx([-0.3])


def test_errors_along_tasks_keep_their_order_and_the_frame():
    first = table(exact=1.0, ksg=0.9, nwj=-50.0)
    rows = pd.concat([first, table(exact=1.0, ksg=1.2, nwj=0.7).assign(task="b")])
    (axes,) = plots.errors_along(
        rows,
        tasks={"b": "1", "a": "2", "never run": "3"},
        methods=["ksg", "nwj"],
        samples=500,
        xlabel="dimension",
    ).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2"]
    ksg, nwj = (bars.lines[0].get_ydata() for bars in axes.containers)
    assert ksg.tolist() == pytest.approx([0.2, -0.1])
    assert nwj.tolist() == pytest.approx([-0.3, -10.0])
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [line.get_ydata().tolist() for line in hollow if len(line.get_ydata())] == [[-10.0]]


SMALL = calibration.Settings(samples=200, few_samples=100, steps=70, batch_size=50)


def drawn(name, n=200):
    task = catalogue()[name]
    return calibrated.Drawn(task, *task.sample(n, generator=generator(0, "sample")), 4, SMALL)


def diverges(sample):
    raise FloatingPointError("the critic left the numbers")


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (
            lambda _: Estimate(0.5, 0.25, diagnostics=("Few samples.", "Ties.")),
            {"estimate": 0.5, "stderr": 0.25, "warnings": 2.0},
        ),
        (lambda _: Estimate(-0.5), {"estimate": -0.5, "warnings": 0.0}),
        (lambda _: Estimate(0.5, np.inf), {"estimate": 0.5, "warnings": 0.0}),
        (lambda _: Estimate(np.nan, 0.25), {"failed": 1.0}),
        (diverges, {"failed": 1.0}),
        (lambda _: None, {}),  # not defined on this task, which is no failure
    ],
)
def test_rows_hold_an_estimate_its_error_and_its_warnings_or_that_it_failed(run, expected):
    one = calibrated.Calibrated("a", "A", "key", "test", run)
    rows = calibrated.rows(one, drawn("normal-1x1-0.9"))
    assert {row["metric"]: row["value"] for row in rows} == expected
    units = {"estimate": "nat", "stderr": "nat"}
    assert all(row["unit"] == units.get(row["metric"], "1") for row in rows)
    assert {(row["method"], row["split"]) for row in rows} <= {("a", "test")}


def test_distances_bound_the_information_of_noisy_layers_alone():
    layer = drawn("layer-tanh-1x1")
    options = dict(noise_variance=layer.task.noise_variance)
    found = {bound: calibrated.pairwise(layer, bound).value for bound in ("lower", "upper")}
    for bound, value in found.items():
        expected = kde.information(layer.x, bound=bound, **options).about_input.value
        assert float(value) == pytest.approx(float(expected))
    assert found["lower"] < found["upper"]
    assert calibrated.pairwise(drawn("normal-1x1-0.9"), "lower") is None


def test_critics_train_where_the_settings_ask_for_them_and_as_they_say(monkeypatch):
    asked = []

    def estimate(x, y, *, method, generator, **options):
        asked.append(
            dict(method=method, first=float(torch.rand(1, generator=generator)), **options)
        )
        return Estimate(1.0)

    monkeypatch.setattr(calibrated, "estimate_mi", estimate)
    whole, few = drawn("normal-1x1-0.9"), drawn("normal-1x1-0.9", 100)
    assert calibrated.neural(whole, "nwj") and calibrated.neural(few, "nwj") is None
    assert calibrated.neural(few, "info_nce")
    assert calibrated.neural(few, "info_nce", critic="separable_relu")
    assert calibrated.neural(whole, "jensen_shannon", critic="concatenated")
    for other in (few, drawn("student-2x2-1")):
        assert calibrated.neural(other, "jensen_shannon", critic="concatenated") is None
    found = [(one["method"], one["critic"], one["batch_size"], one["steps"]) for one in asked]
    assert found == [
        ("nwj", "separable", 50, 70),
        ("info_nce", "separable", 50, 70),
        ("info_nce", "separable_relu", 50, 70),
        ("jensen_shannon", "concatenated", 32, 70),
    ]
    asked.clear()
    for bound in ("jensen_shannon", "jensen_shannon_nwj", "smile"):
        calibrated.neural(whole, bound)
    first, second, third = (one["first"] for one in asked)
    assert first == second == third  # one training, read in three ways


def test_a_float_of_a_task_is_a_truth():
    task = catalogue()["channel-1x1-2-0.1"]
    value = task.mutual_information()
    assert isinstance(value, float) and not isinstance(value, torch.Tensor)


def test_sampled_inputs_carry_less_on_average():
    """Over all samples of three inputs, each with its probability."""
    inputs = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    rows = [[0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.3, 0.3, 0.4]]
    channel = torch.tensor(rows, dtype=torch.float64)
    samples = torch.tensor(list(product(range(3), repeat=3)))
    found = mutual_information(channel[samples] / 3)  # the inputs of a sample are equally likely
    mean = inputs[samples].prod(1) @ found
    assert 0 < mean < mutual_information(inputs[:, None] * channel)
