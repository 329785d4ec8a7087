"""What happens between epochs: a function of the learner and of the epochs that are trained."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from ibutils import checks
from ibutils.modes import evaluating
from ibutils.train.learner import Learner

Callback = Callable[[Learner, int], None]


@runtime_checkable
class Stateful(Protocol):
    """A callback that remembers: what it knows is part of a checkpoint."""

    def state_dict(self) -> dict[str, Any]:
        """Return everything that resuming needs."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what ``state_dict`` returned."""


class MeanOfLast:
    """The mean of a measure over the last epochs, so that no epoch is chosen by it.

    Args:
        measure: Called after each of these epochs, with the model in evaluation mode.
        last: Number of epochs to average over; all of them when there are fewer.

    Raises:
        TypeError: ``measure`` is no function, or ``last`` no integer.
        ValueError: ``last`` is less than 1.
    """

    def __init__(self, measure: Callable[[], float], *, last: int) -> None:
        if not callable(measure):
            raise TypeError(f"measure must be a function, got {checks.described(measure)}")
        checks.count("last", last)
        self.measure, self.last = measure, last
        self.values: list[float] = []

    def __call__(self, learner: Learner, epoch: int) -> None:
        """Measure, if this is one of the last epochs."""
        if epoch > max(0, learner.recipe.epochs - self.last):
            with evaluating(learner.model):
                self.values.append(float(self.measure()))  # may be a number of numpy

    @property
    def mean(self) -> float:
        """The mean of what was measured.

        Raises:
            ValueError: Nothing was: none of the last epochs is trained.
        """
        if not self.values:
            raise ValueError(
                f"values must hold a measure, got none of the last {self.last} epochs"
            )
        return sum(self.values) / len(self.values)

    def state_dict(self) -> dict[str, Any]:
        """Return what was measured so far."""
        return {"values": self.values}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what was measured."""
        self.values = state["values"]
