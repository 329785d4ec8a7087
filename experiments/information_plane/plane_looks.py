"""What is looked at while networks train, and afterwards at their activity once more.

Activity is dropped once it is measured. Weights are kept, so that it can be computed again.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from experiments.information_plane.gradient import signal_to_noise, weight_norms
from ibutils.information_plane import Snapshot, coordinates, dead_units, published_binning
from ibutils.information_plane.plane import Estimator
from ibutils.nets import StackedPerceptrons

SATURATED = 0.95  # size of a saturated activity
HISTOGRAM = 40  # bins of a histogram of activity


def look(
    labels: Int[Tensor, " n"],
    train: Int[Tensor, "members train"],
    snapshot: Snapshot,
    *,
    low: float,
    bins: int,
) -> dict[str, Tensor]:
    """Return what is measured at each logged epoch; the activity itself is not kept."""
    layers = snapshot.activity
    found = coordinates(layers, labels, {"ebab": partial(published_binning, low=low, bins=bins)})
    saturated = [(h.abs() > SATURATED).double().mean((1, 2)) for h in layers]
    found["largest"] = torch.stack([h.amax((1, 2)) for h in layers], dim=-1)
    found["saturated"] = torch.stack(saturated, dim=-1)
    found["dead_units"] = torch.stack([dead_units(h) for h in layers], dim=-1)
    found["weights"] = snapshot.nets.parameter.T
    right = layers[-1].gather(2, labels.expand(len(train), -1)[..., None]).squeeze(-1).double()
    losses = -right.clamp_min(torch.finfo(torch.float32).tiny).log()
    training = losses.gather(1, train).sum(1)
    found["train_cross_entropy"] = training / train.shape[1]
    found["test_cross_entropy"] = (losses.sum(1) - training) / (len(labels) - train.shape[1])
    return found


class Trained(NamedTuple):
    """The networks of a member after training, and what was seen on the way.

    Attributes:
        nets: The networks, one a seed.
        history: What ``look`` returned, with one entry a logged epoch.
        train: Positions of the training words of each network.
        words: All words ``[n, 12]``.
        labels: Their labels ``[n]``.
        logged: The logged epochs.
    """

    nets: StackedPerceptrons
    history: Mapping[str, Tensor]
    train: Int[Tensor, "members train"]
    words: Float[Tensor, "n d"]
    labels: Int[Tensor, " n"]
    logged: list[int]

    def spread(self, count: int) -> list[int]:
        """Return positions among the logged epochs, the first and the last included."""
        places = torch.linspace(0, len(self.logged) - 1, count).tolist()
        return sorted({round(place) for place in places})

    def restored(self, positions: Sequence[int]) -> Iterator[StackedPerceptrons]:
        """Yield the networks as they were at some logged epochs."""
        for position in positions:
            self.nets.parameter.copy_(self.history["weights"][position].T)
            yield self.nets

    def activity(
        self, positions: Sequence[int], count: int | None = None
    ) -> Iterator[list[Tensor]]:
        """Yield the layers of the first networks at some logged epochs, from the weights."""
        for nets in self.restored(positions):
            yield [layer[:count] for layer in nets.activity(self.words)]

    def both(self, name: str) -> Float[Tensor, "epochs members layers 2"]:
        """Return both informations at all logged epochs by an estimator of ``look``."""
        sides = [self.history[f"{name}_{side}"] for side in ("input", "labels")]
        return torch.stack(sides, dim=-1)

    def courses(
        self,
        estimators: Mapping[str, Estimator],
        positions: Sequence[int],
        count: int | None = None,
    ) -> dict[str, Float[Tensor, "positions members layers 2"]]:
        """Return both informations at some logged epochs by further estimators."""
        looks = self.activity(positions, count)
        found = [coordinates(layers, self.labels, estimators) for layers in looks]

        def side(name: str) -> Tensor:
            return torch.stack([one[name] for one in found]).cpu()

        sides = {name: [side(f"{name}_input"), side(f"{name}_labels")] for name in estimators}
        return {name: torch.stack(both, dim=-1) for name, both in sides.items()}


def gradients(trained: Trained, positions: Sequence[int]) -> dict[str, Tensor]:
    """Return the gradient's ratio of signal to noise, and norms of weights, by position."""
    signal, norms = [], []
    for nets in trained.restored(positions):
        ratio = signal_to_noise(nets, trained.words, trained.labels, train=trained.train)
        signal.append(ratio.cpu())
        norms.append(weight_norms(nets, nets.parameter).cpu())
    return {"signal": torch.stack(signal), "norms": torch.stack(norms)}


def histograms(
    trained: Trained, positions: Sequence[int], activation: str
) -> Float[Tensor, "positions layers bins"]:
    """Return shares of activity in even bins, over all networks."""
    low, high = (-1, 1) if activation == "tanh" else (0, 10)  # then the last bin is open
    found = [
        torch.stack([h.clamp(low, high).histc(HISTOGRAM, low, high) / h.numel() for h in layers])
        for layers in trained.activity(positions)
    ]
    return torch.stack(found).cpu()
