"""The chooser counts what the record holds, and a lost training as a miss."""

import json
import re

import pandas as pd
import pytest

from experiments.foundations import chooser
from reproduce.view import View

KEYS = ("task", "samples", "seed", "method", "metric", "value")
ROWS = [
    ("normal-1x1-0.5", 500, 0, "exact", "estimate", 0.14),
    ("normal-1x1-0.5", 500, 0, "ksg", "estimate", 0.15),
    ("normal-1x1-0.5", 500, 0, "nwj", "estimate", 3.0),
    ("normal-sparse-5x5-5x0.9", 500, 0, "exact", "estimate", 2.5),
    ("normal-sparse-5x5-5x0.9", 500, 0, "ksg", "estimate", 1.0),
    ("normal-sparse-5x5-5x0.9", 500, 0, "nwj", "failed", 1.0),
]


@pytest.fixture
def found() -> pd.DataFrame:
    return chooser.outcomes(pd.DataFrame(ROWS, columns=list(KEYS)))


def test_levels_are_those_of_truth_and_dimension(found: pd.DataFrame) -> None:
    levels = found.groupby("task")[["information", "dimension"]].first().to_numpy().tolist()
    assert levels == [[0, 0], [2, 1]]


def test_a_lost_training_is_a_miss_and_the_worst(found: pd.DataFrame) -> None:
    shown = chooser.summary(found).set_index("estimator")
    assert shown.loc["KSG"].tolist() == ["1 of 2 tasks", "-1.50", "normal 5 + 5, 5 of 0.9"]
    assert shown.loc["NWJ"].tolist() == ["0 of 2 tasks", "no value", "normal 5 + 5, 5 of 0.9"]


def test_the_page_holds_every_row_and_a_still_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(View, "rows", lambda self, target: pd.DataFrame(ROWS, columns=list(KEYS)))
    page = chooser.who_can_be_believed(View("foundations", None)).data
    held = json.loads(re.search(r"application/json\">(.*?)</script>", page)[1])
    assert len(held["rows"]) == 4 and page.count("<tr") == 3
    assert re.search(r'chooser-menus" hidden', page)
