"""Neural estimates: train a critic, choose it on other samples, report on yet others."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ibutils.bounds import donsker_varadhan, info_nce, jensen_shannon, nwj, smile
from ibutils.critics import Concatenated, Separable
from ibutils.estimators.estimate import Estimate, heavy_tails

Bound = Callable[[Tensor], Tensor]
CLIP = 5.0  # of SMILE


def _smile(scores: Tensor) -> Tensor:
    return smile(scores, clip=CLIP)


def _nwj_of_ratio(scores: Tensor) -> Tensor:
    """Return NWJ of scores whose optimum is the log-ratio, one less than that of NWJ."""
    return nwj(scores + 1)


# What trains and chooses the critic, and what its scores are then read through. The
# Jensen-Shannon value is no estimate of information, so its critic is read through a bound.
OBJECTIVES: dict[str, tuple[Bound, Bound]] = {
    "donsker_varadhan": (donsker_varadhan, donsker_varadhan),
    "nwj": (nwj, nwj),
    "info_nce": (info_nce, info_nce),
    "jensen_shannon": (jensen_shannon, donsker_varadhan),
    "jensen_shannon_nwj": (jensen_shannon, _nwj_of_ratio),
    "smile": (jensen_shannon, _smile),
}
# Critics by name. One smooth hidden layer suits smooth log-ratios; two rectified ones find edges
# and steps that it misses, and fit few pairs of a smooth ratio worse. Neither is the better one
# on all tasks, and a value belongs to its critic.
CRITICS: dict[str, Callable[..., nn.Module]] = {
    "separable": partial(Separable, width=128, embedding=32, depth=1, activation=nn.GELU),
    "separable_relu": partial(Separable, width=128, embedding=32, depth=2, activation=nn.ReLU),
    "concatenated": partial(Concatenated, width=64, depth=2, activation=nn.GELU),
}
WEIGHT_DECAY = 1.0  # without it, a critic of a few thousand pairs learns them by heart
TRAIN, VALIDATION = 0.6, 0.1  # shares of the samples; the rest is for the report
CHECKS = 40  # evaluations on the validation samples while training
GROUPS = 10  # of the jackknife
BLOCK = 256  # samples whose pairs are scored at once outside training

LEAST = 40  # samples: below, the jackknife has groups of less than one
ENOUGH = 100  # training samples for each dimension of (x, y)
RISE = 0.02  # nats that the last tenth of training must have gained to be a warning


def estimate(
    x: Float[Tensor, "n dx"],
    y: Float[Tensor, "n dy"],
    *,
    bound: str = "info_nce",
    critic: str | nn.Module = "separable",
    steps: int = 2000,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    generator: torch.Generator | None = None,
) -> Estimate:
    r"""Estimate mutual information by training a critic on a variational bound.

    The samples are split at random. 60 % train the critic. 10 % choose the step at which its
    objective is best. On the remaining 30 %, that neither has seen, the value is

    .. math:: \hat I = B\big((T_{\hat\theta}(x_i, y_j))_{i, j \in \text{test}}\big)

    with the bound :math:`B`. Inputs are standardised by mean and standard deviation of the
    training samples. Memory grows as the square of the number of test samples.

    Args:
        x: Samples ``[n, dx]``.
        y: Their partners ``[n, dy]``.
        bound: ``"donsker_varadhan"``, ``"nwj"``, ``"info_nce"``, ``"jensen_shannon"`` or
            ``"jensen_shannon_nwj"`` (trained on Jensen-Shannon, read through Donsker-Varadhan or
            NWJ), or ``"smile"`` (trained on Jensen-Shannon, read with ratios clipped at
            :math:`e^{\pm 5}`).
        critic: ``"separable"`` (one hidden layer of 128 GELU units each, 32 products),
            ``"separable_relu"`` (two of 128 ReLU units), ``"concatenated"`` (two of 64 GELU
            units), or a module that maps standardised x and y to scores ``[n, n]`` and is
            trained in place.
        steps: Gradient steps.
        batch_size: Pairs in a step, at most those there are to train on.
        learning_rate: Of Adam with decoupled weight decay.
        generator: Where the split, the weights and the batches come from.

    Returns:
        The value in nats, negative if it came out so; its standard error over test samples (a
        jackknife, which does not repeat the training); diagnostics.

    Raises:
        ValueError: Unknown bound or critic, samples that disagree, are too few, constant or not
            finite, or settings that are not positive.
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
    (found,) = estimates(
        x,
        y,
        bounds=[bound],
        critic=critic,
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        generator=generator,
    ).values()
    return found


def estimates(
    x: Float[Tensor, "n dx"],
    y: Float[Tensor, "n dy"],
    *,
    bounds: Sequence[str],
    critic: str | nn.Module = "separable",
    steps: int = 2000,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    generator: torch.Generator | None = None,
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

    Returns:
        What ``estimate`` returns for each bound, by name.

    Raises:
        ValueError: The bounds train differently, or as ``estimate``.
        FloatingPointError: As ``estimate``.

    Example:
        >>> x = torch.randn(500, 1, generator=torch.Generator().manual_seed(0))
        >>> list(estimates(x, x**2, bounds=["jensen_shannon", "smile"], steps=10))
        ['jensen_shannon', 'smile']
    """
    positive = {"steps": steps, "batch_size": batch_size, "learning_rate": learning_rate}
    _check(x, y, bounds, positive)
    order = _permutation(len(x), generator).to(x.device)
    ends = round(TRAIN * len(x)), round((TRAIN + VALIDATION) * len(x))
    parts = order.tensor_split(ends)
    x, y = _standardised(x, parts[0]), _standardised(y, parts[0])
    train, validation, test = ((x[part], y[part]) for part in parts)
    network = _build(critic, x, y, generator)
    objective = OBJECTIVES[bounds[0]][0]
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=learning_rate, weight_decay=WEIGHT_DECAY, fused=True
    )
    curve, best = [-math.inf], _copy(network)
    for step in range(1, steps + 1):
        index = _permutation(len(train[0]), generator)[:batch_size].to(x.device)
        loss = -objective(network(train[0][index], train[1][index]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % max(1, steps // CHECKS) == 0:
            if not loss.isfinite():
                raise FloatingPointError(f"the loss is {loss.item()} at step {step}")
            reached = float(objective(_scores(network, *validation)))
            if reached > max(curve):
                best = _copy(network)
            curve.append(reached)
    network.load_state_dict(best)
    scores = _scores(network, *test)
    found = {}
    for bound in bounds:
        read = OBJECTIVES[bound][1]
        value = float(read(scores))
        doubts = _doubts(bound, value, len(scores), torch.cat(train, dim=1), curve)
        found[bound] = Estimate(value, _jackknife(scores, read), diagnostics=doubts)
    return found


def _check(x: Tensor, y: Tensor, bounds: Sequence[str], positive: dict[str, int | float]) -> None:
    """Raise for what cannot be estimated from."""
    for bound in bounds:
        if bound not in OBJECTIVES:
            raise ValueError(f"unknown bound {bound!r}; there are {', '.join(OBJECTIVES)}")
    if len({OBJECTIVES[bound][0] for bound in bounds}) != 1:
        raise ValueError(f"bounds {list(bounds)} are not trained alike")
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise ValueError(f"x [n, dx] and y [n, dy] disagree: {tuple(x.shape)}, {tuple(y.shape)}")
    if len(x) < LEAST:
        raise ValueError(f"at least {LEAST} samples are needed to split, got {len(x)}")
    for name, samples in (("x", x), ("y", y)):
        if not bool(samples.isfinite().all()):
            raise ValueError(f"{name} holds {float(samples[~samples.isfinite()][0])}")
    for name, setting in positive.items():
        if not setting > 0:
            raise ValueError(f"{name} must be positive, got {setting}")


def _permutation(n: int, generator: torch.Generator | None) -> Tensor:
    device = generator.device if generator is not None else None
    return torch.randperm(n, generator=generator, device=device)


def _standardised(samples: Tensor, train: Tensor) -> Tensor:
    """Return columns with mean zero and deviation one on the training samples."""
    deviation, mean = torch.std_mean(samples[train], dim=0)
    constant = (deviation == 0).nonzero().flatten().tolist()
    if constant:
        raise ValueError(f"columns {constant} are constant over the training samples")
    return ((samples - mean) / deviation).float()


def _build(
    critic: str | nn.Module, x: Tensor, y: Tensor, generator: torch.Generator | None
) -> nn.Module:
    if isinstance(critic, nn.Module):
        return critic
    if critic not in CRITICS:
        raise ValueError(f"unknown critic {critic!r}; there are {', '.join(CRITICS)} and modules")
    return CRITICS[critic](x.shape[1], y.shape[1], generator=generator).to(x.device)


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


@torch.no_grad()
def _scores(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return the scores of all pairs; but for a separable critic, block by block.

    A critic takes as many x as y, so the shorter part of a block is repeated and cut off again.
    """
    if isinstance(network, Separable):
        return network(x, y)
    network.eval()
    rows = []
    for xs in x.split(BLOCK):
        blocks = []
        for ys in y.split(BLOCK):
            size = torch.arange(max(len(xs), len(ys)), device=x.device)
            scored = network(xs[size % len(xs)], ys[size % len(ys)])
            blocks.append(scored[: len(xs), : len(ys)])
        rows.append(torch.cat(blocks, dim=1))
    network.train()
    return torch.cat(rows)


def _jackknife(scores: Tensor, read: Bound) -> float:
    """Return the standard error of a bound over samples: leave out one group after the other."""
    groups = min(GROUPS, len(scores) // 2)
    group = torch.arange(len(scores), device=scores.device) % groups
    values = [float(read(scores[group != g][:, group != g])) for g in range(groups)]
    variance = float(torch.tensor(values, dtype=torch.float64).var(correction=0))
    return math.sqrt((groups - 1) * variance)


def _doubts(
    bound: str, value: float, test: int, train: Tensor, curve: list[float]
) -> tuple[str, ...]:
    """Return what speaks against a value; ``train`` holds standardised x and y side by side."""
    found = []
    if bound == "info_nce" and value > math.log(test) - 1:
        found.append(
            f"InfoNCE is within 1 nat of its ceiling log {test} = {math.log(test):.2f}: "
            "the information may be far larger."
        )
    late = len(curve) - len(curve) // 10
    if max(curve[late:], default=-math.inf) - max(curve[:late]) > RISE:
        found.append("The critic was still improving when training ended.")
    if len(train) < ENOUGH * train.shape[1]:
        found.append(f"{len(train)} training samples are few for {train.shape[1]} dimensions.")
    found += heavy_tails(train)
    if value < 0:
        found.append("The value is negative, as no information is.")
    return tuple(found)
