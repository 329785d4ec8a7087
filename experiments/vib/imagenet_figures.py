"""Figures and quoted tables of the chapter on the ImageNet head."""

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from torch import Tensor

from experiments.style import finish
from ibutils import checks
from ibutils.information import nats_to_bits
from reproduce.view import View


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


def section_4_2_5(view: View) -> pd.DataFrame:
    """What the text says of the heads."""
    quoted = view.paper
    rows = quoted[(quoted["target"] == "VIB-IN") & quoted.index.str.startswith("quoted-")]
    rows = rows.dropna(subset="metric").set_index("item")
    return rows[["value", "unit", "source"]].rename_axis("quoted, not run")


def table_2(view: View) -> pd.DataFrame:
    """What Table 2 says of attacks through the pretrained network."""
    rows = view.paper[view.paper.index.str.startswith("t2-")]
    rows = rows.assign(model=rows["item"].str.split(",").str[0])
    table = rows.pivot_table(index="metric", columns="model", values="value")
    names = {"hit": "target hit rate", "l2": "L2", "linf": "Linf"}
    table = table.loc[[*names], ["Determ", "IRv2", "VIB(0.01)"]]
    return table.rename(index=names).rename_axis("quoted, not run")


FIGURES = {"VIB-IN as quoted": section_4_2_5, "VIB-T2 as quoted": table_2}
