"""Figures and quoted tables of the chapter on the ImageNet head."""

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler
from torch import Tensor

from experiments.style import COLOURS, finish
from ibutils import checks
from ibutils.information import nats_to_bits
from reproduce.view import View

SHOWN = 4000  # rows of features that are drawn
MODELS = {
    "Determ": "head without noise (Determ)",
    "IRv2": "original network (IRv2)",
    "VIB(0.01)": "VIB, β = 0.01",
}
ATTACKED = {
    "hit": "target hit rate",
    "l2": "size of the change, L₂",
    "linf": "its largest entry, L∞",
}


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        train_file: Features of the user; none: generated ones.
        test_file: The same for the test.
        dimension: Of the features; the paper: 1536.
        classes: How many; the paper: 1000.
        hidden: Width of each of the two hidden layers; the paper: 1024.
        bottleneck: K; the paper: 1024.
        betas: Of the VIB heads.
        epochs: Passes over the training rows; the paper: 200.
        batch_size: Rows of a step.
        learning_rate: Of Adam at the start; the paper: 0.0001.
        averaging: Decay of the moving average of the weights; the paper: 0.999.
    """

    train_file: str = ""
    test_file: str = ""
    dimension: int = 1536
    classes: int = 20
    hidden: int = 64
    bottleneck: int = 32
    betas: tuple[float, ...] = (0.01, 0.0)
    epochs: int = 15
    batch_size: int = 200
    learning_rate: float = 1e-3
    averaging: float = 0.95

    def __post_init__(self) -> None:
        """Refuse one file without the other, and negative rates."""
        if bool(self.train_file) != bool(self.test_file):
            named = f"{self.train_file!r} and {self.test_file!r}"
            raise ValueError(f"train_file and test_file must both be named, or none, got {named}")
        for beta in self.betas:
            checks.number("betas", beta, least=0)


def rates(histories: Mapping[str, Mapping[str, Tensor]], *, title: str) -> Figure:
    """Draw the mean rate of the training batches of each head that has one, in bits."""
    figure, axes = plt.subplots()
    for (name, history), marker in zip(histories.items(), "osD^v", strict=False):
        if "rate" in history:
            bits = nats_to_bits(history["rate"][:, 0])
            axes.plot(range(1, len(bits) + 1), bits, marker=marker, label=name)
    axes.set(xlabel="epoch", ylabel="mean rate, bits", yscale="log", title=title)
    axes.legend()
    return finish(figure)


def features(values: Tensor, labels: Tensor, *, title: str) -> Figure:
    """Draw features in their two leading directions, and the variance of all directions.

    Args:
        values: Features ``[n, d]``, of which the first are drawn.
        labels: Their classes, ``[n]``; four of them are drawn.
        title: Title of the figure.
    """
    own = values[:SHOWN].detach().cpu().double()
    own = own - own.mean(0)
    variances, directions = torch.linalg.eigh(own.T @ own / (len(own) - 1))
    plane = own @ directions[:, [-1, -2]]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    for i, (label, marker) in enumerate(zip(labels.unique()[:4].tolist(), "osD^", strict=False)):
        dots = plane[labels[:SHOWN].cpu() == label]
        left.plot(*dots.T, marker, ms=3, color=COLOURS[i], label=f"class {label}")
    left.set(xlabel="first direction", ylabel="second direction", title="four of the classes")
    left.margins(y=0.25)
    left.legend(ncols=4, loc="upper center", handletextpad=0.1, columnspacing=0.6)
    right.plot(range(1, len(variances) + 1), variances.flip(0), color=COLOURS[0])
    right.set(xscale="log", yscale="log", xlabel="direction, by rank", ylabel="variance")
    return finish(figure, title)


def section_4_2_5(view: View) -> Styler:
    """What the text says of the heads."""
    quoted = view.paper[view.paper["target"] == "VIB-IN"]["value"]
    rows = {
        "original network": (quoted["quoted-imagenet-original"], "-"),
        "VIB, β = 0.01": (
            quoted["quoted-imagenet-vib"],
            f"about {quoted['quoted-imagenet-vib-rate']:.0f}",
        ),
        "VIB, β = 0": (
            quoted["quoted-imagenet-zero"],
            f"more than {quoted['quoted-imagenet-zero-rate']:,.0f}",
        ),
        "head without noise": (quoted["quoted-imagenet-deterministic"], "-"),
    }
    columns = ["accuracy, %", "rate, bits"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.rename_axis("quoted, not run").style.format("{:g}", subset=[columns[0]])


def table_2(view: View) -> Styler:
    """What Table 2 says of attacks through the pretrained network."""
    rows = view.paper[view.paper.index.str.startswith("t2-")]
    rows = rows.assign(model=rows["item"].str.split(",").str[0])
    table = rows.pivot_table(index="model", columns="metric", values="value")
    table = table.loc[[*MODELS], [*ATTACKED]].rename(index=MODELS, columns=ATTACKED)
    named = table.rename_axis("quoted, not run").rename_axis(columns=None)
    return named.style.format("{:g}")


FIGURES = {"VIB-IN as quoted": section_4_2_5, "VIB-T2 as quoted": table_2}
