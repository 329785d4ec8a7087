"""The prior-matching term of Deep InfoMax, as one loss for both players."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ibutils import checks
from ibutils.nets import perceptron
from ibutils.prior_matching import FORMS, PRIORS, discriminator_loss, encoder_loss


class PriorMatching(nn.Module):
    r"""A discriminator of codes, and the losses of the game that it plays with the encoder.

    Codes for the uniform prior pass through a sigmoid, which puts them in its support. The
    encoder's loss treats the discriminator's weights as constants, and the discriminator's loss
    the codes: one step on the sum moves both players.

    Args:
        code: Dimension of the code.
        prior: ``"uniform"`` on the unit cube or ``"gaussian"``.
        form: ``"non_saturating"`` as in the official code, or ``"minimax"`` as in equation 7.
        penalty: Weight of the squared gradient of the discriminator by its input, averaged
            over samples of the prior and codes. The official code, as published, takes that of
            the last sample of a batch alone, over the size of the batch.
        hidden: Widths of the discriminator's hidden layers.
        squash: Whether codes pass through the sigmoid here. Otherwise they must lie in the
            support already, which is checked.
        generator: Source of the initial weights.

    Raises:
        TypeError: An option is of the wrong type.
        ValueError: Unknown prior or form, a size below 1, or a negative penalty.

    :cite:t:`hjelm2019learning`, equation 7.

    Example:
        >>> game = PriorMatching(2, prior="uniform", hidden=[8])
        >>> [bool(loss > 0) for loss in game(torch.randn(5, 2), torch.rand(5, 2))]
        [True, True]
    """

    def __init__(
        self,
        code: int,
        *,
        prior: str = "uniform",
        form: str = "non_saturating",
        penalty: float = 0.0,
        hidden: tuple[int, ...] | list[int] = (1000, 200),
        squash: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        checks.count("code", code)
        check_prior(prior)
        checks.choice("form", form, FORMS)
        checks.number("penalty", penalty, least=0)
        checks.counts("hidden", hidden)
        checks.instance("squash", squash, bool)
        checks.generator(generator)
        self.code = code
        self.prior, self.form, self.penalty, self.squash = prior, form, penalty, squash
        self.discriminator = perceptron([code, *hidden, 1], generator=generator)

    def forward(
        self, y: Float[Tensor, "n d"], samples: Float[Tensor, "n d"]
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Return the loss of the encoder and that of the discriminator, in nats.

        Args:
            y: Output of the encoder.
            samples: Draws from the prior.

        Raises:
            TypeError: An argument is no tensor.
            ValueError: Codes and samples are not as many, or not of the dimension given; or,
                without ``squash``, a code is outside of the support of the prior.
        """
        for name, values in (("y", y), ("samples", samples)):
            checks.tensor(name, values, ndim=2)
            if values.shape[1] != self.code:
                raise ValueError(f"{name} must be [n, {self.code}], got {tuple(values.shape)}")
        checks.same_shape(y=y, samples=samples)
        if self.prior == "uniform" and self.squash:
            y = y.sigmoid()
        elif not self.squash:
            check_support(y, prior=self.prior)
        frozen = {name: p.detach() for name, p in self.discriminator.named_parameters()}
        judged = torch.func.functional_call(self.discriminator, frozen, (y,))
        of_encoder = encoder_loss(judged, form=self.form)
        codes = y.detach()
        loss = discriminator_loss(self.discriminator(samples), self.discriminator(codes))
        if self.penalty > 0:
            loss = loss + self.penalty / 2 * (self._slope(samples) + self._slope(codes))
        return of_encoder, loss

    def _slope(self, at: Tensor) -> Tensor:
        """Return the mean squared gradient of the logit by its input."""
        # It differentiates twice, which compiled code does not. Said here and not by a decorator,
        # which would import the compiler, seconds, with this module.
        return torch.compiler.disable(_square_slope)(self.discriminator, at)


def _square_slope(network: nn.Module, at: Tensor) -> Tensor:
    with torch.enable_grad():  # where a loss is only looked at, too
        at = at.detach().requires_grad_()
        (slope,) = torch.autograd.grad(network(at).sum(), at, create_graph=True)
    return slope.square().sum(1).mean()


def check_prior(prior: str) -> None:
    """Raise for an unknown prior."""
    checks.choice("prior", prior, PRIORS)


def check_support(codes: Float[Tensor, "n d"], *, prior: str) -> None:
    """Raise unless the prior has a density at all codes.

    Raises:
        TypeError: The codes are no tensor.
        ValueError: Unknown prior, or a code outside of its support.

    Example:
        >>> check_support(torch.tensor([[0.5, 1.5]]), prior="uniform")
        Traceback (most recent call last):
        ValueError: codes for the uniform prior must lie in [0, 1], got 1.5
    """
    check_prior(prior)
    checks.tensor("codes", codes, ndim=2)
    inside = codes.isfinite() if prior == "gaussian" else (codes >= 0) & (codes <= 1)
    if not bool(inside.all()):
        worst = float(codes[~inside][0])
        support = "be finite" if prior == "gaussian" else "lie in [0, 1]"
        raise ValueError(f"codes for the {prior} prior must {support}, got {worst:g}")
