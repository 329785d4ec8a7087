"""Codes of two dimensions, Figure 2 of Deep VIB, and with them what each price does."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from scipy.stats import chi2

from experiments.frames import frames
from experiments.style import COLOURS, beta_axis, beta_positions, finish, over_seeds
from experiments.vib.embedding import decoder_entropy
from ibutils.information import nats_to_bits
from reproduce.view import View

Codes = Mapping[str, np.ndarray]  # of images and of the decoder, by name


def codes_by_beta(view: View) -> dict[float, Codes]:
    """Return the recorded codes of the first seed by beta."""
    return {float(member["beta"]): own for member, own in view.members("VIB-F2", first=True)}


def codes_over_entropy(arrays: Mapping[float, Codes]) -> Figure:
    """Draw Figure 2: 95 % ellipses of p(z|x), coloured by class, over the entropy of q(y|z).

    Args:
        arrays: For each beta the ``mean`` ``[n, 2]``, ``cholesky`` ``[n, 2, 2]``, ``label``
            ``[n]`` of images and the ``weight`` and ``bias`` of the decoder.
    """
    figure, panels = plt.subplots(
        1, len(arrays), figsize=(0.8 + 3.0 * len(arrays), 4.2), squeeze=False
    )
    for axes, (beta, codes) in zip(panels[0], sorted(arrays.items()), strict=True):
        ellipses(axes, codes)
        axes.set(title=rf"$\beta$ = {beta:g}", xlabel="$z_1$", ylabel="$z_2$")
    handles = [plt.Line2D([], [], marker="o", ls="", color=colour) for colour in COLOURS]
    classes = [str(c) for c in range(len(handles))]
    figure.legend(handles, classes, title="class", loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure)


def ellipses(axes: Axes, codes: Codes) -> None:
    """Draw the codes of one model over the entropy of its decoder."""
    mean, cholesky, label = codes["mean"], codes["cholesky"], codes["label"]
    radius = np.sqrt(chi2.ppf(0.95, df=2))
    covariance = cholesky @ cholesky.transpose(0, 2, 1)
    lengths, directions = np.linalg.eigh(covariance)
    reach = np.abs(mean).max() + radius * np.sqrt(np.median(lengths[:, 1]))
    grid = np.linspace(-reach, reach, 200)
    points = np.stack(np.meshgrid(grid, grid), axis=-1)
    uncertainty = nats_to_bits(decoder_entropy(points, codes["weight"], codes["bias"]))
    shown = axes.pcolormesh(grid, grid, uncertainty, cmap="gray_r", rasterized=True)
    axes.figure.colorbar(
        shown, ax=axes, label="entropy of q(y|z), bits", location="bottom", pad=0.18
    )
    axes.add_collection(
        EllipseCollection(
            widths=2 * radius * np.sqrt(lengths[:, 1]),
            heights=2 * radius * np.sqrt(lengths[:, 0]),
            angles=np.degrees(np.arctan2(directions[:, 1, 1], directions[:, 0, 1])),
            units="xy",
            offsets=mean,
            transOffset=axes.transData,
            facecolors="none",
            edgecolors=[COLOURS[c] for c in label],
            linewidths=0.4,
        )
    )
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")


def price_by_price(view: View) -> HTML:
    """The recorded frames of Figures 1 and 2 over beta, to be stepped through."""
    errors = _test(view.rows("VIB-F1a"), "error_12", 100.0)
    rates = _test(view.rows("VIB-F1d"), "rate", nats_to_bits(1.0))
    codes = codes_by_beta(view)
    betas = [beta for beta in errors["beta"] if beta in set(rates["beta"])]
    pictures = {f"{beta:g}": _frame(beta, errors, rates, codes.get(beta)) for beta in betas}
    what = "Test error and rate against beta with one beta marked, and two-dimensional codes"
    start = f"{next(iter(codes), betas[0]):g}"
    return frames(pictures, setting="beta", alternative=what, start=start)


def _test(rows: pd.DataFrame, metric: str, scale: float) -> pd.DataFrame:
    chosen = rows[(rows["split"] == "test") & (rows["metric"] == metric)]
    return over_seeds(chosen.assign(value=scale * chosen["value"]), "beta")


def _frame(beta: float, errors: pd.DataFrame, rates: pd.DataFrame, codes: Codes | None) -> Figure:
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 4))
    _marked(left, errors, beta, "test error, %", COLOURS[0])
    _marked(middle, rates, beta, "rate, bits", COLOURS[1])
    if codes is None:
        right.text(0.5, 0.5, "no codes of two dimensions\nare on record here", ha="center")
        right.set_axis_off()
    else:
        ellipses(right, codes)
        right.set(title="codes, K = 2", xlabel="$z_1$", ylabel="$z_2$")
    return finish(figure)


def _marked(axes: Axes, means: pd.DataFrame, beta: float, label: str, colour: str) -> None:
    """Draw a curve over beta, and the mean at one beta with its number."""
    betas = list(means["beta"])
    places = dict(zip(betas, beta_positions(means["beta"]), strict=True))
    axes.plot(list(places.values()), means["mean"], "o-", color=colour, alpha=0.35)
    here = float(means.set_index("beta")["mean"][beta])
    axes.plot([places[beta]], [here], "o", color=colour, ms=11)
    number, unit = f"{here:,.0f}" if here >= 100 else f"{here:.3g}", label.split(", ")[1]
    axes.set(yscale="log", ylabel=label, title=f"{number} {unit}")
    beta_axis(axes, betas)
