"""Figures of the theory of Information Dropout, from computed values."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.distributions import LogNormal

from experiments.monte_carlo import Settings as Settings  # what the chapter is opened with
from experiments.style import COLOURS, finish
from ibutils.exact import bottlenecks
from ibutils.information_dropout import TotalCorrelation

FLIPPED, BETAS = 0.1, (0.3, 0.5, 0.6, 0.7)  # of the bit that arrives flipped
BETA, SCALE = 0.2, 0.3  # of the Lagrangian against the angle


def bit_of_noise() -> Figure:
    """Draw the bottleneck of a bit that arrives flipped: its losses, and its best codes."""
    q, many = np.linspace(0, 0.5, 201), np.linspace(0.2, 0.8, 121)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
    for i, beta in enumerate(BETAS):
        losses = [bottlenecks.channel_loss(x, noise=FLIPPED, beta=beta) for x in q]
        left.plot(q, losses, color=COLOURS[i], label=rf"$\beta = {beta}$")
        left.plot(*bottlenecks.optimal_flip(noise=FLIPPED, beta=beta), "o", color=COLOURS[i])
    left.set(xlabel="flip probability $q$ of the code", ylabel="loss $L(q)$ in nats")
    left.legend()
    best = [bottlenecks.optimal_flip(noise=FLIPPED, beta=beta).flip for beta in many]
    right.plot(many, best, color=COLOURS[0])
    threshold = (1 - 2 * FLIPPED) ** 2  # from here on the constant code is optimal
    right.axvline(threshold, color="0.5", ls="--", label=r"threshold $(1 - 2p)^2$")
    right.set(xlabel=r"weight $\beta$ of the rate", ylabel=r"optimal $q^\star$")
    right.legend()
    return finish(figure)


def divergences(alphas: Tensor, curves: Mapping[str, tuple[Tensor, Sequence[Tensor]]]) -> Figure:
    """Draw the density of the noise, and what both priors charge for its scale.

    Args:
        alphas: Scales of the noise, ``[n]``.
        curves: By prior, its divergences in nats ``[n]``, and draws of each of them.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
    values = torch.linspace(0.02, 4, 400)
    for i, alpha in enumerate((0.1, 0.35, 0.7)):
        density = LogNormal(0.0, alpha).log_prob(values).exp()
        left.plot(values, density, color=COLOURS[i], label=rf"$\alpha = {alpha}$")
    left.set(xlabel=r"noise $\varepsilon$", ylabel="density")
    left.legend()
    for i, (label, (exact, draws)) in enumerate(curves.items()):
        right.plot(alphas, exact, color=COLOURS[i], label=label)
        right.plot(alphas, [d.mean() for d in draws], "o", color=COLOURS[i], ms=3)
    right.set(xlabel=r"scale $\alpha$ of the noise", ylabel="divergence in nats")
    right.legend()
    return finish(figure)


def rate_and_correlation(
    share: Tensor, information: Tensor, correlation: Tensor, rates: Tensor
) -> Figure:
    """Draw information, total correlation on top of it, and the rate with the best prior.

    Args:
        share: Share of the code with equal components, ``[n]``.
        information: I(z; x) in nats, ``[n]``.
        correlation: Total correlation, ``[n]``.
        rates: Rates with the best factorised prior, ``[n]``.
    """
    figure, axes = plt.subplots(figsize=(5, 3))
    axes.plot(share, information, color=COLOURS[0], label="$I(z; x)$")
    top = information + correlation
    look = dict(color=COLOURS[1], alpha=0.3, label=r"$\mathrm{TC}(z)$")
    axes.fill_between(share, information, top, **look)
    axes.plot(share, rates, "k:", label="rate, best factorised prior")
    axes.set(xlabel="share $t$ of the code with equal components", ylabel="nats", ylim=(0, None))
    axes.legend()
    return finish(figure)


def floors(
    counts: Sequence[int],
    panels: Mapping[str, tuple[Sequence[Sequence[TotalCorrelation]], float]],
) -> Figure:
    """Draw estimates of total correlation, raw and less their floor, against samples.

    Args:
        counts: Numbers of samples.
        panels: By title, repeated estimates at each number of samples, and the truth.
    """
    figure, grid = plt.subplots(1, len(panels), figsize=(8, 3), sharey=True)
    for axes, (title, (found, truth)) in zip(grid, panels.items(), strict=True):
        for i, (name, label) in enumerate((("raw", "raw"), ("value", "less its floor"))):
            values = np.array([[getattr(one, name) for one in row] for row in found])
            look = dict(fmt="o-", color=COLOURS[1 - i], ms=3, label=label)
            axes.errorbar(counts, values.mean(1), values.std(1), **look)
        axes.axhline(truth, color="k", ls=":", label="exact")
        axes.set(xscale="log", xlabel="samples $n$", title=f"{title} components")
    grid[0].set_ylabel("total correlation in nats")
    grid[0].legend()
    return finish(figure)


def turned_codes(angles: Tensor, found: pd.DataFrame) -> Figure:
    """Draw the Lagrangian against the angle of a code, and the noise that is kept.

    Args:
        angles: In radians, ``[n]``.
        found: Best codes with ``input_scale``, ``beta``, ``variance_2``, and the closed form
            ``exact`` of the latter.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
    variance = SCALE**2
    one = bottlenecks.optimal_variance(input_variance=variance, beta=BETA)
    firsts = ((1e4, "10^4"), (1.0, "1"), (one, r"\sigma_2^2"))
    for i, (first, name) in enumerate(firsts):
        line = [torch.full_like(angles, first), torch.full_like(angles, one)]
        values = bottlenecks.toy_loss(angles, *line, input_variance=variance, beta=BETA)
        left.plot(angles, values, color=COLOURS[i], label=rf"$\sigma_1^2 = {name}$")
    left.set(xlabel=r"angle $\theta$ in radians", ylabel="Lagrangian in nats", ylim=(0.2, None))
    left.legend(loc="lower left")
    for colour, (scale, part) in zip(COLOURS, found.groupby("input_scale"), strict=False):
        name = rf"$\sigma_\xi = {scale}$"
        right.plot(part["beta"], part["exact"] ** 0.5, color=colour, label=name)
        right.plot(part["beta"], part["variance_2"] ** 0.5, "o", color=colour)
    right.set(xscale="log", xlabel=r"weight $\beta$", ylabel=r"kept noise $\sigma_2^\star$")
    right.legend()
    return finish(figure)
