"""Neural estimates: train a critic, choose it on other samples, report on yet others."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from ibutils import bounds as of_table
from ibutils import checks, inputs
from ibutils.critics import Concatenated, Separable
from ibutils.estimators import blockwise
from ibutils.estimators.blockwise import BlockwiseBound
from ibutils.estimators.doubts import heavy_tails
from ibutils.estimators.estimate import Estimate
from ibutils.estimators.fitting import fit, permutation, standardised
from ibutils.inputs import Data, Pair
from ibutils.modes import evaluating, learning

CLIP = 5.0  # of SMILE
# What trains and chooses the critic, and what its scores are then read through. The
# Jensen-Shannon value is no estimate of information, so its critic is read through a bound. The
# optimum of its scores is the log-ratio, one less than that of NWJ.
OBJECTIVES: dict[str, tuple[Callable[[Tensor], Tensor], BlockwiseBound]] = {
    "donsker_varadhan": (of_table.donsker_varadhan, BlockwiseBound(blockwise.donsker_varadhan)),
    "nwj": (of_table.nwj, BlockwiseBound(blockwise.nwj)),
    "info_nce": (of_table.info_nce, BlockwiseBound(blockwise.info_nce)),
    "jensen_shannon": (of_table.jensen_shannon, BlockwiseBound(blockwise.donsker_varadhan)),
    "jensen_shannon_nwj": (
        of_table.jensen_shannon,
        BlockwiseBound(partial(blockwise.nwj, shift=1.0)),
    ),
    "smile": (of_table.jensen_shannon, BlockwiseBound(blockwise.donsker_varadhan, clip=CLIP)),
}
# Critics by name. One smooth hidden layer suits smooth log-ratios; two rectified ones find edges
# and steps that it misses, and fit few pairs of a smooth ratio worse. Neither is the better one
# on all tasks, and a value belongs to its critic.
CRITICS: dict[str, Callable[..., nn.Module]] = {
    "separable": partial(Separable, width=128, embedding=32, depth=1, activation=nn.GELU),
    "separable_relu": partial(Separable, width=128, embedding=32, depth=2, activation=nn.ReLU),
    "concatenated": partial(Concatenated, width=64, depth=2, activation=nn.GELU),
}
OTHER = {"separable": "separable_relu"}  # which preset to compare; of all others the first
TRAIN, VALIDATION = 0.6, 0.1  # shares of the samples; the rest is for the report

WEIGHT_DECAY = 1.0  # of named critics: without, they learn a few thousand pairs by heart
LEAST = 40  # samples: below, the jackknife has groups of less than one
ENOUGH = 100  # training samples for each dimension of (x, y)
DIVERGED = -1.0  # nats, far below what a critic without skill reads
RISE = 0.02  # nats that the last tenth of training must have gained to be a warning


def estimate(
    x: Data,
    y: Data,
    *,
    bound: str = "info_nce",
    critic: str | nn.Module = "separable",
    steps: int = 2000,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    generator: torch.Generator | None = None,
    progress: bool = False,
) -> Estimate:
    r"""Estimate mutual information by training a critic on a variational bound.

    The samples are split at random. 60 % train the critic. 10 % choose the step at which its
    objective is best. On the remaining 30 %, that neither has seen, the value is

    .. math:: \hat I = B\big((T_{\hat\theta}(x_i, y_j))_{i, j \in \text{test}}\big)

    with the bound :math:`B`, whose scores are read block by block: memory grows with the samples,
    not with their pairs. Inputs are standardised by mean and standard deviation of the training
    samples, and are not modified. A column that does not vary there counts as zero throughout.

    A value belongs to its critic. One smooth hidden layer (``"separable"``) suits smooth
    log-ratios and few samples; two rectified ones (``"separable_relu"``) find edges and steps that
    it misses. Compare them where a doubt says so, or pass a module that knows more of the data.

    Args:
        x: Samples ``[n, dx]`` or ``[n]`` of numbers: a tensor, an array, a data frame or a column,
            a list.
        y: Their partners, likewise.
        bound: ``"donsker_varadhan"``, ``"nwj"``, ``"info_nce"``, ``"jensen_shannon"`` or
            ``"jensen_shannon_nwj"`` (trained on Jensen-Shannon, read through Donsker-Varadhan or
            NWJ), or ``"smile"`` (trained on Jensen-Shannon, read with ratios clipped at
            :math:`e^{\pm 5}`).
        critic: ``"separable"`` (one hidden layer of 128 GELU units each, 32 products),
            ``"separable_relu"`` (two of 128 ReLU units), ``"concatenated"`` (two of 64 GELU
            units), all of the default type; or a module that maps standardised x and y, of the
            type and on the device of its parameters, to scores ``[n, n]``, and is trained in
            place.
        steps: Gradient steps.
        batch_size: Pairs in a step, at most those there are to train on.
        learning_rate: Of Adam, with decoupled weight decay for the critics that have a name. A
            module is trained without: which of its weights are to stay small, it knows itself.
        generator: Where the split, the weights and the batches come from. By default the global
            source of PyTorch: each call draws anew, and moves its state. (``ibutils.estimate_mi``
            takes a fixed one.)
        progress: Whether to show how far training is, where tqdm is installed.

    Returns:
        The value in nats, negative if it came out so, and zero where x or y does not vary; its
        standard error over test samples (a jackknife, which does not repeat the training);
        diagnostics.

    Raises:
        TypeError: Samples that are no numbers, or settings of another type.
        ValueError: Unknown bound or critic, samples that disagree, are too few or not finite,
            settings that are not positive, or a critic that does not make a table.
        FloatingPointError: The objective is not finite, as happens to NWJ with heavy tails.

    :cite:t:`belghazi2018mutual`; :cite:t:`poole2019variational`; :cite:t:`song2020understanding`.

    Example:
        >>> g = torch.Generator().manual_seed(0)
        >>> x = torch.randn(2000, 1, generator=g)
        >>> y = 0.8 * x + 0.6 * torch.randn(2000, 1, generator=g)
        >>> found = estimate(x, y, steps=200, generator=g)
        >>> abs(found.value + math.log(0.6)) < 4 * found.stderr
        True
    """
    checks.choice("bound", bound, OBJECTIVES)
    (found,) = estimates(
        x,
        y,
        bounds=[bound],
        critic=critic,
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        generator=generator,
        progress=progress,
    ).values()
    return found


def estimates(
    x: Data,
    y: Data,
    *,
    bounds: Sequence[str],
    critic: str | nn.Module = "separable",
    steps: int = 2000,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    generator: torch.Generator | None = None,
    progress: bool = False,
) -> dict[str, Estimate]:
    r"""Estimate by several bounds that read one critic: one training instead of many.

    Args:
        x: As in ``estimate``, and so are the options.
        y: Likewise.
        bounds: Names that share what the critic is trained on, such as ``"jensen_shannon"``,
            ``"jensen_shannon_nwj"`` and ``"smile"``.
        critic: See ``estimate``.
        steps: See ``estimate``.
        batch_size: See ``estimate``.
        learning_rate: See ``estimate``.
        generator: See ``estimate``.
        progress: See ``estimate``.

    Returns:
        What ``estimate`` returns for each bound, by name.

    Raises:
        TypeError: As ``estimate``.
        ValueError: The bounds train differently, or as ``estimate``.
        FloatingPointError: As ``estimate``.

    Example:
        >>> x = torch.randn(500, 1, generator=torch.Generator().manual_seed(0))
        >>> list(estimates(x, x**2, bounds=["jensen_shannon", "smile"], steps=10))
        ['jensen_shannon', 'smile']
    """
    _check(bounds, critic)
    checks.count("steps", steps)
    checks.count("batch_size", batch_size, least=2)
    checks.number("learning_rate", learning_rate, above=0)
    checks.generator(generator)
    checks.instance("progress", progress, bool)
    given = inputs.pair(x, y, least=LEAST)
    with learning():
        order = permutation(len(given.x), generator).to(given.x.device)
        ends = round(TRAIN * len(order)), round((TRAIN + VALIDATION) * len(order))
        parts = order.tensor_split(ends)
        scaled = Pair(*(standardised(samples, parts[0]) for samples in given))
        if said := _constant(scaled):
            return dict.fromkeys(bounds, Estimate(0.0, 0.0, diagnostics=said))
        network = _build(critic, scaled, generator)
        like = next(one for one in network.parameters() if one.requires_grad)
        train, validation, test = (
            Pair(*(samples[part].to(like.device, like.dtype) for samples in scaled))
            for part in parts
        )
        with evaluating(network):  # which leaves a critic of the caller in its mode
            curve = fit(
                network,
                train,
                validation,
                objective=OBJECTIVES[bounds[0]][0],
                steps=steps,
                batch_size=batch_size,
                learning_rate=learning_rate,
                weight_decay=WEIGHT_DECAY if isinstance(critic, str) else 0.0,
                generator=generator,
                progress=progress,
            )
        found = {}
        for bound in bounds:
            value, stderr, freedom = blockwise.read(network, *test, OBJECTIVES[bound][1])
            doubts = _doubts(bound, critic, value, len(test.x), torch.cat(train, dim=1), curve)
            found[bound] = Estimate(value, stderr, diagnostics=doubts, freedom=freedom)
        return found


def _check(bounds: Sequence[str], critic: str | nn.Module) -> None:
    """Raise for bounds that do not share a critic, and for what is none."""
    checks.instance("bounds", bounds, (list, tuple))
    for bound in bounds:
        checks.choice("bounds", bound, OBJECTIVES)
    if len({OBJECTIVES[bound][0] for bound in bounds}) != 1:
        raise ValueError(f"bounds must be trained alike, got {list(bounds)}")
    checks.instance("critic", critic, (str, nn.Module))
    if isinstance(critic, str):
        checks.choice("critic", critic, CRITICS)
    elif not any(parameter.requires_grad for parameter in critic.parameters()):
        raise ValueError(f"critic must have parameters to train, got {type(critic).__name__}")


def _constant(scaled: Pair) -> tuple[str, ...]:
    """Return a sentence for each side that does not vary at all."""
    return tuple(
        f"{name} does not vary over the training samples: it carries no information."
        for name, samples in scaled._asdict().items()
        if not bool(samples.any())
    )


def _build(critic: str | nn.Module, scaled: Pair, generator: torch.Generator | None) -> nn.Module:
    if isinstance(critic, nn.Module):
        return critic
    sizes = scaled.x.shape[1], scaled.y.shape[1]
    if generator is not None and generator.device.type != "cpu":  # weights are drawn on the CPU
        seed = torch.randint(2**62, (1,), generator=generator, device=generator.device)
        generator = torch.Generator().manual_seed(int(seed))
    return CRITICS[critic](*sizes, generator=generator).to(scaled.x.device)


def _doubts(
    bound: str,
    critic: str | nn.Module,
    value: float,
    test: int,
    train: Tensor,
    curve: list[float],
) -> tuple[str, ...]:
    """Return what speaks against a value; ``train`` holds standardised x and y side by side."""
    found = []
    other = OTHER.get(critic, "separable") if isinstance(critic, str) else "separable"
    varying = train[:, train.any(0)]
    if value > math.log(test) - 1:
        near = f"log {test} = {math.log(test):.2f} nats"
        found.append(
            f"InfoNCE is within 1 nat of its ceiling {near}: the information may be far larger."
            if bound == "info_nce"
            else f"The value comes within 1 nat of {near}, or passes it: {test} held-out pairs "
            "tell little there, and the information may be far larger."
        )
    late = len(curve) - len(curve) // 10
    if max(curve[late:], default=-math.inf) - max(curve[:late]) > RISE:
        found.append(
            "The critic was still improving when training ended: more steps may find more, or "
            f"critic={other!r}."
        )
    if len(train) < ENOUGH * varying.shape[1]:
        found.append(f"{len(train)} training samples are few for {varying.shape[1]} dimensions.")
    if constant := train.shape[1] - varying.shape[1]:
        found.append(f"{constant} of {train.shape[1]} columns of x and y do not vary: left out.")
    found += heavy_tails(varying)
    if value < DIVERGED:
        found.append(
            "The value is far below zero, as no information is: exponentials of scores have "
            "diverged on the held-out pairs, or the critic is overfitted. InfoNCE is safe from "
            "the first."
        )
    elif value < 0:
        found.append(
            "The value is negative, as no information is: this critic finds no dependence. "
            f"Compare critic={other!r}."
        )
    return tuple(found)
