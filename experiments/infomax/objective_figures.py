"""How the losses of Deep InfoMax push on scores, and what its goals ask for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from experiments.infomax.ablations_figures import LOSSES
from experiments.infomax.model_tables import LOSS_COLOURS
from experiments.infomax.models import PAPER_NAMES
from experiments.style import COLOURS, LINES, finish
from ibutils import checks
from reproduce.view import View

BOUNDS = {"donsker_varadhan": "Donsker-Varadhan", "jensen_shannon": "Jensen-Shannon"}
BOUNDS |= {"info_nce": "infoNCE"}
COLOUR_OF = {PAPER_NAMES[loss]: colour for loss, colour in LOSS_COLOURS.items()}


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        seed: Of all draws.
        images: Digits that the last section trains on.
        epochs: Passes over them.
    """

    seed: int = 0
    images: int = 256
    epochs: int = 4

    def __post_init__(self) -> None:
        """Refuse what cannot be trained on."""
        checks.count("seed", self.seed, least=0)
        checks.count("images", self.images, least=64, most=1400)
        checks.count("epochs", self.epochs)


def concentration_of_the_push(curves: Mapping[tuple[float, str], Tensor]) -> Figure:
    """Draw the share of the push that the hardest negatives take, by spread and loss.

    Args:
        curves: Cumulated shares of the sorted negatives by spread of the scores and loss.
    """
    spreads = sorted({spread for spread, _ in curves})
    figure, axes = plt.subplots(1, len(spreads), figsize=(8, 3.4), sharey=True)
    for axis, spread in zip(axes, spreads, strict=True):
        own = {name: curve for (s, name), curve in curves.items() if s == spread}
        for (name, curve), line in zip(own.items(), ("-.", "-", "--"), strict=True):
            thinned = curve[:: max(1, len(curve) // 1000)]
            share, look = torch.linspace(0, 100, len(thinned)), dict(color=COLOUR_OF[name])
            axis.plot(share, 100 * thinned, line, label=BOUNDS[name], **look)
        axis.set(xlabel="hardest negatives, %", title=f"scores with spread {spread:g}")
    axes[0].set_ylabel("their share of the push, %")
    axes[1].legend()
    return finish(figure, "simulated scores of 64 images with 64 locations, smoke profile")


def derivatives_by_shift(shifts: Tensor, curves: Mapping[tuple[str, str], Tensor]) -> Figure:
    """Draw push and pull of infoNCE with own images removed or marked, by the shift of scores.

    Args:
        shifts: Of the scores.
        curves: Push and pull by the scores that are shifted and the treatment of own images.
    """
    cases = list(dict.fromkeys(case for case, _ in curves))
    figure, axes = plt.subplots(1, len(cases), figsize=(8, 4.2), sharex=True)
    for axis, case in zip(axes, cases, strict=True):
        own = {name: curve for (c, name), curve in curves.items() if c == case}
        for i, kind in enumerate(("push on negatives", "pull on positives")):
            for (name, curve), line in zip(own.items(), LINES, strict=False):
                label = f"{kind}, {name}"
                axis.plot(shifts, curve[:, i], line, color=COLOURS[i], label=label)
        axis.set(title=f"shift of {case}", xlabel="shift", yscale="log", ylim=(1e-9, 3))
    axes[0].invert_xaxis()
    axes[0].set_ylabel("total derivative")
    title = "simulated scores of 16 images with 16 locations, smoke profile"
    return finish(figure, title, legend=axes[1], columns=2)


def information_by_direction(angles: Tensor, goals: Mapping[str, Tensor]) -> Figure:
    """Draw what a linear code of a Gaussian image tells, by its direction, with the maxima.

    Args:
        angles: From the loud place to the mean of all others, in radians.
        goals: Information in nats by name.
    """
    figure, axis = plt.subplots(figsize=(6, 3.4))
    degrees = angles.rad2deg()
    looks = (COLOURS[1], "-"), (COLOURS[2], "--"), ("0.4", "-")
    for (label, values), (colour, line) in zip(goals.items(), looks, strict=True):
        axis.plot(degrees, values, line, color=colour, label=label)
        axis.plot(degrees[values.argmax()], values.max(), "o", color=colour)
    axis.set(
        xlabel="direction $w$, from the loud place to all others (degrees)",
        ylabel="information, nats",
    )
    axis.set_title("Gaussian image of 16 places, exact")
    axis.legend()
    return finish(figure)


def terms_by_epoch(histories: Mapping[str, Mapping[str, Tensor]], *, title: str) -> Figure:
    """Draw the local and the discriminator's loss by epoch.

    Args:
        histories: Terms of the objective by loss.
        title: Title of the figure.
    """
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.6))
    for (name, history), mark in zip(histories.items(), "s^o", strict=True):
        epochs = range(1, len(history["local"]) + 1)
        for axis, term in zip(axes, ("local", "discriminator"), strict=True):
            look = dict(marker=mark, color=COLOUR_OF[name], label=BOUNDS[name])
            axis.plot(epochs, history[term], **look)
    for axis, label in zip(axes, ("local loss, nats", "discriminator's loss, nats"), strict=True):
        axis.set(xlabel="epoch", ylabel=label, xticks=epochs)
    axes[1].axhline(2 * math.log(2), color="0.6", ls=":", label="guessing")
    return finish(figure, title, legend=axes[1])


def lost_with_one_negative(view: View) -> pd.DataFrame:
    """Points of accuracy lost at the code with one negative image instead of all."""
    rows = view.rows("DIM-F9")
    rows = rows[(rows["layer"] == "y") & (rows["metric"] == "accuracy")]
    table = 100 * rows.pivot_table(index="loss", columns="log2_images", values="value")
    lost = (table.iloc[:, -1] - table.iloc[:, 0]).reindex([*LOSSES]).rename(index=LOSSES)
    return (
        lost.round(1)
        .rename(f"points lost, {view.source('DIM-F9')}")
        .to_frame()
        .rename_axis("loss")
    )
