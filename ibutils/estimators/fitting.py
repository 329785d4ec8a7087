"""How the critic of a neural estimate is trained, and which of its states is kept."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ibutils.estimators.blockwise import score, table
from ibutils.inputs import Pair
from ibutils.progress import track

CHECKS = 40  # evaluations on the validation samples while training
VALIDATED = 4096  # of them, at most: their table of scores is held whole


def fit(
    network: nn.Module,
    train: Pair,
    validation: Pair,
    *,
    objective: Callable[[Tensor], Tensor],
    steps: int,
    batch_size: int,
    learning_rate: float,
    weight_decay: float,
    generator: torch.Generator | None,
    progress: bool,
) -> list[float]:
    """Train a critic, and leave it in the state that is best on the validation samples.

    Args:
        network: The critic, trained in place.
        train: Samples to train on.
        validation: Samples to choose the state on.
        objective: Of a table of scores; it is maximised.
        steps: Gradient steps.
        batch_size: Pairs in a step.
        learning_rate: Of Adam with decoupled weight decay.
        weight_decay: Of Adam; with w, no parameter grows far beyond 1 / w.
        generator: Source of the batches.
        progress: Whether to show a bar.

    Returns:
        The objective on the validation samples, along training; minus infinity first.

    Raises:
        ValueError: No gradient leads from the scores to the parameters.
        FloatingPointError: The objective is not finite.
    """
    held_out = Pair(*(part[:VALIDATED] for part in validation))
    learned = [one for one in network.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=learning_rate, weight_decay=weight_decay, fused=True)
    network.train()
    curve, best = [-math.inf], _copy(network)
    for step in track(range(1, steps + 1), unit="step", show=progress):
        index = permutation(len(train.x), generator)[:batch_size].to(train.x.device)
        loss = -objective(score(network, train.x[index], train.y[index]))
        if not loss.requires_grad:
            raise ValueError(
                "critic must return scores that its parameters can learn from, but "
                "they carry no gradient"
            )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % max(1, steps // CHECKS) == 0:
            if not loss.isfinite():
                raise FloatingPointError(f"the loss is {loss.item()} at step {step}")
            reached = float(objective(table(network, *held_out)))
            if reached > max(curve):
                best = _copy(network)
            curve.append(reached)
    optimizer.zero_grad()  # whoever trains the network on starts without gradients of ours
    network.load_state_dict(best)
    return curve


def standardised(samples: Tensor, train: Tensor) -> Tensor:
    """Return columns with mean zero and deviation one on the training samples.

    Columns that do not vary there become zero. A power of two takes units away beforehand: that
    is exact, and no square leaves the range of numbers. All but the first step is in place:
    thousands of labels, a column each, fill the memory a few times over otherwise.
    """
    largest = samples.abs().amax(0).frexp().exponent
    found, exponent = samples.frexp()
    found.ldexp_(exponent.sub_(largest).clamp_(max=0))
    seen = found[train]
    deviation, mean = torch.std_mean(seen, dim=0)
    varies = (seen != seen[0]).any(0) & (deviation > 0)
    return found.sub_(mean).div_(deviation).masked_fill_(~varies, 0.0)


def permutation(n: int, generator: torch.Generator | None) -> Tensor:
    """Return a random order, on the device of the generator."""
    device = generator.device if generator is not None else None
    return torch.randperm(n, generator=generator, device=device)


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}
