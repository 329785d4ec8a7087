"""Errors of recorded estimates: the margin is a tenth of the truth, or 0.05 nats."""

import pandas as pd
import pytest
import torch

from ibutils import plots
from ibutils.calibration import measure
from ibutils.tasks import catalogue


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
        "SMILE": "–",  # noqa: RUF001
    }


def test_the_figures_draw_what_there_is():
    rows = table(exact=1.0, ksg=0.9, info_nce=1.1)
    rows = pd.concat([rows, rows.assign(task="b"), rows.assign(samples=5000)])
    assert len(plots.error_map(rows, samples=500).axes[0].get_yticks()) == 2
    axes = plots.estimate_against_truth(rows, method="info_nce", ceilings={500: 5.0, 5000: 7.3})
    assert axes.axes[0].get_xlabel() == "truth, nats"
    drawn = plots.errors_along(
        rows, tasks={"a": "1", "b": "2"}, methods=["ksg"], samples=500, xlabel="dimension"
    )
    assert [label.get_text() for label in drawn.axes[0].get_xticklabels()] == ["1", "2"]


def test_a_float_of_a_task_is_a_truth():
    task = catalogue()["channel-1x1-2-0.1"]
    value = task.mutual_information()
    assert isinstance(value, float) and not isinstance(value, torch.Tensor)
