"""Tables 1 and 2 of Deep InfoMax, what they are read on, and what the paper's settings cost."""

import json
import re
from functools import partial
from math import log

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from experiments.course_figures import course_lines, ending, term
from experiments.infomax.model_tables import (
    LOSS_COLOURS,
    MODELS,
    TITLES,
    beside_paper,
    by_layer,
    of_data,
)
from experiments.picture_rows import picture_rows
from experiments.quoted import quoted
from experiments.style import COLOURS, finish
from ibutils.project import project_root
from reproduce.view import View

STEPS = 782_000  # of 1,000 epochs of CIFAR-10 in batches of 64


def photographs(view: View) -> Figure:
    """Images of the test set that the recorded encoders are read on."""
    member, held = min(view.members("DIM-F16"), key=lambda one: one[0]["data"])
    title = f"the first test images, {TITLES.get(member['data'], member['data'])}"
    return picture_rows({"": held["images"]}, title=title)


def training(view: View) -> Figure:
    """Terms of the objective over training on CIFAR-10, and the loss of the prior's critic."""
    rows = of_data(view.rows("DIM-T1"))
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 5), layout="constrained")
    by_model = {
        name: rows[(rows["method"] == method) & (rows["loss"] == loss)]
        for (method, loss), name in MODELS.items()
        if method in ("dim_global", "dim_both", "dim_local")
    }
    of_jsd = [name for name, own in by_model.items() if (own["loss"] == "jsd").any()]
    of_model = {MODELS["dim_global", "jsd"]: COLOURS[3], MODELS["dim_both", "jsd"]: COLOURS[4]}
    of_model |= {MODELS["dim_local", loss]: colour for loss, colour in LOSS_COLOURS.items()}
    courses = {
        f"{name}, {kind} term": term(by_model[name], kind)
        for name in of_jsd
        for kind in ("global", "local")
    }
    course_lines(left, courses, colours=[of_model[name] for name in of_jsd for _ in range(2)])
    left.set(ylabel="Jensen-Shannon term, nats", yscale="log")
    discriminators = {name: term(own, "discriminator") for name, own in by_model.items()}
    course_lines(right, discriminators, colours=[of_model[name] for name in discriminators])
    right.axhline(2 * log(2), color="0.4", lw=1, ls=":", label="guessing")
    right.set_ylabel("discriminator of the prior, nats")
    for axes in (left, right):
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.02), fontsize=10)
    return finish(figure, view.source("DIM-T1"))


def cost_of_the_paper() -> pd.DataFrame:
    """Return how long 1,000 epochs of local DIM take where a step of full heads was timed."""
    stored = json.loads((project_root() / "benchmarks/baselines.json").read_text())
    lines = {}
    for name, words in (("infomax_step_cpu", "CPU cores"), ("infomax_step_cuda", "GPU")):
        if name not in stored:
            lines[words] = ["not timed", "-"]
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


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes: mean accuracies of Table 1 in percent, gains of local DIM.

    A gain is over global DIM, both with the Jensen-Shannon loss; their terms are those of the
    last epoch.
    """
    every = of_data(view.rows("DIM-T1"))
    if not len(every):
        return {}
    rows = every[(every["metric"] == "accuracy") & (every["split"] == "test")]
    rows = rows.fillna({"loss": "none"})
    means = 100 * rows.groupby(["method", "loss", "layer"])["value"].mean()
    found = quoted("t1", means)
    for layer in ("conv", "y"):
        pair = [f"t1-{method}-jsd-{layer}" for method in ("dim_local", "dim_global")]
        if found.keys() >= {*pair}:
            found[f"gain-{layer}"] = found[pair[0]] - found[pair[1]]
    rested = every[every["metric"] == "accuracy_converged"].groupby("layer")["value"]
    for name, own in rested:
        found |= {f"rested-{name}": int(own.sum()), f"rested-{name}-of": len(own)}
    of_jsd = every[every["loss"] == "jsd"]
    for method, kind in (("dim_global", "global"), ("dim_local", "local")):
        course = term(of_jsd[of_jsd["method"] == method], kind)
        if len(course):
            found[f"course-{kind}"] = ending(course)
    return found


FIGURES = {
    "DIM-T1": partial(by_layer, target="DIM-T1"),
    "DIM-T1 at the code": partial(by_layer, target="DIM-T1", layers=["y"]),
    "DIM-T1 training": training,
    "photographs": photographs,
    "DIM-T1 CIFAR-10": partial(beside_paper, target="DIM-T1", data="cifar10"),
    "DIM-T1 CIFAR-100": partial(beside_paper, target="DIM-T1", data="cifar100"),
    "DIM-T2 Tiny ImageNet": partial(beside_paper, target="DIM-T2", data="tiny_imagenet"),
    "DIM-T2 STL-10": partial(beside_paper, target="DIM-T2", data="stl10"),
    "DIM-T2 fine-tuned": partial(beside_paper, target="DIM-T2", data="stl10", metric="fine_tuned"),
}
