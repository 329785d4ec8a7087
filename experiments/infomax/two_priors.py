"""A generator trained against an encoder that draws data and samples to two priors."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ibutils.infomax import PriorMatching
from ibutils.train import Trainable

PENALTY = 1.0  # weight of the squared gradient of the discriminators


class TwoPriors(Trainable):
    r"""An encoder to one number, drawn to a normal law for data and another for samples.

    With discriminators :math:`D_P, D_Q` of the laws :math:`\mathcal N(\mu_P, 1)` and
    :math:`\mathcal N(\mu_Q, 1)`, the encoder E plays the game of prior matching on images x of the
    data and on samples :math:`G(z)`, and the generator lowers

    .. math:: \big(\mathbb E_z E(G(z)) - \mu_P\big)^2

    All players move in one step: each term holds the networks of the others fixed.

    Args:
        encoder: Maps images ``[n, ...]`` to ``[n, 1]``.
        generator: Maps latent vectors ``[n, latent]`` to images.
        latent: Dimension of the latent vectors, standard normal.
        means: The means of the two laws, that of the data first.
        source: Source of the initial weights of the discriminators.

    Raises:
        ValueError: The means are equal.

    :cite:t:`hjelm2019learning`, appendix A.8.
    """

    def __init__(
        self,
        encoder: nn.Module,
        generator: nn.Module,
        *,
        latent: int,
        means: tuple[float, float] = (1.0, -1.0),
        source: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if means[0] == means[1]:
            raise ValueError(f"means must differ, got {means}")
        self.encoder, self.generator = encoder, generator
        self.latent, self.means = latent, means
        self.matching = nn.ModuleList(
            PriorMatching(1, prior="gaussian", penalty=PENALTY, hidden=(64, 64), generator=source)
            for _ in means
        )

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return latent vectors beside a sample for each law, ``[batch, latent + 2]``."""
        shape = (batch, self.latent + 2)
        return torch.randn(shape, generator=generator, device=generator.device)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the players' losses and their sum; ``labels`` are not used."""
        z, *samples = noise.split([self.latent, 1, 1], dim=1)
        made = self.generator(z)
        codes = self.encoder(inputs), self.encoder(made.detach())
        games = [
            game(code - mean, sample)
            for game, code, mean, sample in zip(
                self.matching, codes, self.means, samples, strict=True
            )
        ]
        of_encoder = games[0][0] + games[1][0]
        of_discriminators = games[0][1] + games[1][1]
        frozen = {name: p.detach() for name, p in self.encoder.named_parameters()}
        seen = torch.func.functional_call(self.encoder, frozen, (made,))
        of_generator = (seen.mean() - self.means[0]).square()
        return {
            "loss": of_encoder + of_discriminators + of_generator,
            "encoder": of_encoder,
            "discriminators": of_discriminators,
            "generator": of_generator,
            "data_code": codes[0].mean(),
            "sample_code": codes[1].mean(),
        }


def certified_divergence(means: tuple[float, float]) -> float:
    r"""Return the divergence that an encoder proves which meets both laws exactly, in nats.

    .. math:: \mathrm{KL}[P \,\Vert\, Q] \ge \tfrac12 (\mu_P - \mu_Q)^2

    for data :math:`P` and samples :math:`Q`, by data processing. It says nothing where the
    divergence is infinite, as for laws on different manifolds.

    Example:
        >>> certified_divergence((1.0, -1.0))
        2.0
    """
    return (means[0] - means[1]) ** 2 / 2


def images_of(
    generator: nn.Module, z: Float[Tensor, "n latent"], side: int
) -> Float[Tensor, "n 1 side side"]:
    """Return generated images of one channel from a network with flat outputs."""
    with torch.no_grad():
        made = generator(z)
    return made.unflatten(1, (1, side, side))
