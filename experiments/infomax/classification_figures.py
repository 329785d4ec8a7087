"""Tables 1 to 3 of Deep InfoMax, and what the paper's settings cost."""

import json
import re
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from experiments.infomax.model_tables import (
    TITLES,
    beside_paper,
    by_layer,
    comparison,
    in_words,
    of_data,
)
from ibutils.project import project_root
from reproduce.view import View

STEPS = 782_000  # of 1,000 epochs of CIFAR-10 in batches of 64


def figure_of_table_1(view: View) -> Figure:
    """Accuracy of each model of Table 1 at each layer."""
    return by_layer(view, "DIM-T1")


def table_3(view: View, data: str) -> pd.DataFrame:
    """Return Table 3; where the paper's value is unverified, it says so in its place."""
    values = view.paper
    listed = values[values["method"].notna() & (values["target"] == "DIM-T3")]
    listed = listed[listed["data"] == data]
    paper = listed.assign(value=listed["value"].where(listed["tag"] != "UNVERIFIED"))
    found = comparison(of_data(view.rows("DIM-T3"), data), paper, metric="accuracy")
    missing = found["conv"].isna()
    shown = in_words(found)
    shown.loc[missing["paper"], ("conv", "paper")] = "unverified"
    shown.loc[missing["ours"], ("conv", "ours")] = "not run"
    return shown.rename_axis(index=TITLES[data])


def cost_of_the_paper() -> pd.DataFrame:
    """Return how long 1,000 epochs of local DIM take where a step of full heads was timed."""
    stored = json.loads((project_root() / "benchmarks/baselines.json").read_text())
    lines = {}
    for name, words in (("infomax_step_cpu", "CPU cores"), ("infomax_step_cuda", "GPU")):
        if name not in stored:
            lines[words] = ["not timed", ""]
            continue
        own = stored[name]
        match = re.search(r"([\d.]+) ms a step", own["detail"])
        assert match is not None  # what the benchmark prints
        taken = float(match[1])
        hours = taken / 1000 * STEPS / 3600
        shown = f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
        where = own["device"] if words == "GPU" else f"{own['threads']} {words}"
        lines[where] = [f"{taken:.0f} ms", shown]
    return pd.DataFrame.from_dict(lines, orient="index", columns=["a step", "1,000 epochs"])


FIGURES = {
    "DIM-T1": figure_of_table_1,
    "DIM-T1 CIFAR-10": partial(beside_paper, target="DIM-T1", data="cifar10"),
    "DIM-T1 CIFAR-100": partial(beside_paper, target="DIM-T1", data="cifar100"),
    "DIM-T2 Tiny ImageNet": partial(beside_paper, target="DIM-T2", data="tiny_imagenet"),
    "DIM-T2 STL-10": partial(beside_paper, target="DIM-T2", data="stl10"),
    "DIM-T2 fine-tuned": partial(beside_paper, target="DIM-T2", data="stl10", metric="fine_tuned"),
    "DIM-T3 CIFAR-10": partial(table_3, data="cifar10"),
    "DIM-T3 STL-10": partial(table_3, data="stl10"),
}
