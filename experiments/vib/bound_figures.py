"""Figures of the chapter on the VIB bound, from what its cells compute."""

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from experiments.monte_carlo import Settings as Settings  # what the chapter is opened with
from experiments.style import COLOURS, finish

BLUE, ORANGE, GREEN, RED = COLOURS[:4]
Curve = tuple[Tensor, Tensor]  # I(X;Z) and I(Z;Y) of some encoders


def both_bounds(
    shares: Tensor, lower: Tensor, relevance: Tensor, upper: Tensor, kept: Tensor
) -> Figure:
    """Draw both bounds against the share of a wrong decoder or marginal."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.4))
    panels = (
        (axes[0], lower, relevance, "$I(Z;Y)$", "decoder bound", "wrong decoder"),
        (axes[1], upper, kept, "$I(X;Z)$", "marginal bound", "wrong marginal"),
    )
    for axis, bound, exact, name, label, wrong in panels:
        axis.axhline(exact, color=BLUE, label=f"exact {name}")
        axis.plot(shares, bound, "--", color=ORANGE, label=label)
        axis.fill_between(shares, bound, exact, color=ORANGE, alpha=0.2, label="gap: KL term")
        axis.set(xlabel=f"share $t$ of the {wrong}", ylabel=f"{name} in nats")
        axis.legend()
    return finish(figure)


def information_plane(curve: Curve, betas: Tensor, others: Curve, ceiling: Tensor) -> Figure:
    """Draw what minimising the VIB loss traces, and random encoders."""
    figure, axis = plt.subplots(figsize=(6, 3.6))
    top = float(ceiling)
    axis.plot([0, top], [0, top], color="0.5", linestyle=":", label="$I(Z;Y) = I(X;Z)$")
    axis.axhline(top, color="0.5", linestyle="--", label="$I(X;Y)$")
    axis.scatter(*others, s=6, color=ORANGE, alpha=0.5, label="random encoders")
    axis.plot(*curve, color=BLUE, label="VIB on tables")
    dots = axis.scatter(*curve, c=betas, edgecolors=BLUE, s=30, **_BY_BETA)
    figure.colorbar(dots, label=r"$\beta$")
    return _in_the_plane(figure, axis)


def corner(
    ends: Curve, squared: Tensor, betas: Tensor, others: Curve, entropies: tuple[Tensor, Tensor]
) -> Figure:
    """Draw where the alternation ends on deterministic labels, with I(X;Z) and its square.

    Args:
        ends: Of the alternation for each beta.
        squared: I(X;Z), on the diagonal, that is best with the square.
        betas: Of the square.
        others: Random encoders.
        entropies: H(Y) and H(X).
    """
    figure, axis = plt.subplots(figsize=(6, 3.6))
    of_label, of_input = map(float, entropies)
    corners = [0, of_label, of_input], [0, of_label, of_label]
    axis.plot(*corners, color=BLUE, label="information curve")
    axis.scatter(*others, s=6, color=ORANGE, alpha=0.5, label="random encoders")
    label = r"with $I(X;Z)^2$"
    dots = axis.scatter(squared, squared, c=betas, label=label, edgecolors=BLUE, s=36, **_BY_BETA)
    figure.colorbar(dots, label=r"$\beta$ of the square")
    star: dict[str, Any] = dict(marker="*", s=160, color=RED, zorder=4)
    axis.scatter(*ends, label=r"alternation, each $\beta$", **star)
    return _in_the_plane(figure, axis)


_BY_BETA: dict[str, Any] = dict(norm="log", cmap="cividis", zorder=3)


def _in_the_plane(figure: Figure, axis: Axes) -> Figure:
    axis.set(xlabel="$I(X;Z)$ in nats", ylabel="$I(Z;Y)$ in nats")
    axis.legend(loc="lower right", fontsize=9, frameon=True)
    return finish(figure)


def gaussian_channel(
    kept: Curve,
    sampled: Curve,
    gains: Tensor,
    relevance: tuple[Tensor, Tensor],
    slopes: Tensor,
    best: Tensor,
) -> Figure:
    """Draw both bounds on a Gaussian channel.

    Args:
        kept: Exact I(X;Z) and rate for each gain.
        sampled: Some gains, and Monte-Carlo means of the rate there.
        gains: Of the encoder.
        relevance: Exact I(Z;Y), and the decoder bound for each slope.
        slopes: Of the decoder.
        best: The gain at which the rate is I(X;Z), and the slope at which the bound is tight.
    """
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.4))
    axes[0].plot(gains, kept[0], color=BLUE, label="exact $I(X;Z)$")
    axes[0].plot(gains, kept[1], "--", color=ORANGE, label="rate")
    axes[0].plot(*sampled, ".", color=GREEN, label="its Monte-Carlo mean")
    axes[0].axvline(float(best), color="0.5", linestyle=":", label="$g^2 + \\sigma^2 = 1$")
    axes[0].set(xlabel="gain $g$ of the encoder", ylabel="$I(X;Z)$ in nats")
    axes[1].axhline(float(relevance[0]), color=BLUE, label="exact $I(Z;Y)$")
    axes[1].plot(slopes, relevance[1], "--", color=ORANGE, label="decoder bound")
    axes[1].axvline(float(best), color="0.5", linestyle=":", label="$w = g$")
    axes[1].set(xlabel="slope $w$ of the decoder", ylabel="$I(Z;Y)$ in nats")
    for axis in axes:
        axis.legend(fontsize=9, frameon=True)
    return finish(figure)


def averaged_predictions(
    means: Tensor, probabilities: tuple[Tensor, Tensor], logits: tuple[Tensor, Tensor]
) -> Figure:
    """Draw predictions against the mean of the code: of all samples, and of twelve."""
    figure, axis = plt.subplots(figsize=(6, 3.2))
    for (limit, few), colour, name in (
        (probabilities, BLUE, "mean probability"),
        (logits, ORANGE, "mean logit"),
    ):
        axis.plot(means, limit, color=colour, label=f"{name}, all samples")
        axis.plot(means, few, ":", color=colour, label=f"{name}, 12 samples")
    axis.set(xlabel=r"mean $\mu$ of the code", ylabel="predicted probability")
    axis.legend(fontsize=9)
    return finish(figure)


def error_of_the_formula(scales: Tensor, error: Tensor, standard_error: Tensor) -> Figure:
    """Draw the error of the second-order formula against the scale of the covariance."""
    figure, axis = plt.subplots(figsize=(6, 3.4))
    bars: dict[str, Any] = dict(fmt="o", color=BLUE, markersize=4, label="Monte Carlo")
    axis.errorbar(scales, error.abs(), 2 * standard_error, **bars)
    reference = float(error[0].abs()) * (scales / scales[0]) ** 2
    axis.plot(scales, reference, "--", color=ORANGE, label="slope 2")
    axis.set(xscale="log", yscale="log", xlabel="scale $c$ of the covariance")
    axis.set_ylabel("error in nats")
    axis.legend()
    return finish(figure)
