"""Random numbers of a training: each purpose of each seed draws from a source of its own."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ibutils import checks
from ibutils.train.trainable import Trainable

LEAST_SEED = -(2**63)


def generator(seed: int, stream: str, *, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator for one purpose of one seed, independent of all others.

    Raises:
        TypeError: The seed is no integer, or the device no name.
        ValueError: The seed is below ``LEAST_SEED``, or there is no such device.

    Example:
        >>> a, b = generator(0, "weights"), generator(0, "order")
        >>> bool(torch.equal(torch.rand(3, generator=a), torch.rand(3, generator=b)))
        False
    """
    checks.count("seed", seed, least=LEAST_SEED)
    checks.device(device)
    digest = hashlib.sha256(f"{stream}:{seed}".encode()).digest()
    return torch.Generator(device=device).manual_seed(int.from_bytes(digest[:6], "big"))


class Stream:
    """The order and the noise of one member's batches, which follow from its seed.

    Args:
        seed: Of the member.
        device: Of the inputs.

    Raises:
        TypeError: An argument is of another type.
        ValueError: There is no such device.
    """

    def __init__(self, seed: int, *, device: torch.device | str = "cpu") -> None:
        self.seed = seed
        self.order = generator(seed, "order", device=device)
        self.noise = generator(seed, "noise", device=device)

    def epoch(
        self, model: Trainable, *, count: int, batch_size: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the index and the noise of each batch of one pass over ``count`` examples.

        Raises:
            TypeError: ``model`` is no model, or ``count`` or ``batch_size`` no integer.
            ValueError: A number is below 1.
        """
        checks.instance("model", model, Trainable)
        checks.sizes(count=count, batch_size=batch_size)
        order = torch.randperm(count, generator=self.order, device=self.order.device)
        for index in order.split(int(batch_size)):
            yield index, model.draw_noise(len(index), generator=self.noise)

    def state_dict(self) -> dict[str, Tensor]:
        """Return where both sources stand."""
        return {"order": self.order.get_state(), "noise": self.noise.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from there."""
        self.order.set_state(state["order"])
        self.noise.set_state(state["noise"])


class GlobalSource:
    """The generators of torch itself, from which networks such as ``nn.Dropout`` draw.

    Args:
        seed: What they draw in a training follows from.
        device: Of the inputs.
    """

    def __init__(self, seed: int, *, device: torch.device | str = "cpu") -> None:
        self.seed, place = seed, torch.device(device)
        self.generators = [torch.default_generator]
        if place.type == "cuda":
            self.generators.append(torch.cuda.default_generators[place.index])

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let them start from the seed; afterwards they are where they were before."""
        with torch.random.fork_rng(devices=[source.device for source in self.generators[1:]]):
            for source in self.generators:
                own = generator(self.seed, "global", device=source.device)
                source.set_state(own.get_state())
            yield

    def state_dict(self) -> dict[str, Tensor]:
        """Return where they stand, by type of device."""
        return {source.device.type: source.get_state() for source in self.generators}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from there."""
        for source in self.generators:
            source.set_state(state[source.device.type])
