"""The neural dependency measure: how far the components of a code are from independent."""

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.estimators.estimate import Estimate
from ibutils.information import log_mean_exp
from ibutils.inputs import Data
from ibutils.modes import learning
from ibutils.nets.layers import perceptron
from ibutils.prior_matching import sample_prior
from ibutils.probes.health import TrainTest, below_zero, examined, largest_share, settled
from ibutils.probes.recipes import critic_recipe
from ibutils.probes.split import alike
from ibutils.train import Learner, Trainable, fit, generator


def shuffle_columns(
    codes: Float[Tensor, "n d"], noise: Float[Tensor, "n d"]
) -> Float[Tensor, "n d"]:
    """Return codes with every column permuted on its own, in the order of the noise.

    Raises:
        TypeError: An argument is no tensor.
        ValueError: There is not one number of noise for each of the codes.

    Example:
        >>> shuffle_columns(torch.tensor([[1.0, 4.0], [2.0, 5.0]]), torch.eye(2)).tolist()
        [[2.0, 4.0], [1.0, 5.0]]
    """
    checks.tensor("codes", codes, ndim=2)
    checks.tensor("noise", noise, ndim=2)
    checks.same_shape(codes=codes, noise=noise)
    return codes.gather(0, noise.argsort(0))


class Dependency(Trainable):
    r"""A critic that tells codes from codes whose columns were shuffled.

    It maximises :math:`\mathbb E_p T - \mathbb E_q e^{T - 1}`, a lower bound of
    :math:`\mathrm{KL}[p \,\Vert\, q]`, with codes from :math:`p` and shuffled ones from the
    product of the marginals :math:`q`.

    Args:
        code: Dimension of the code.
        hidden: Widths of the hidden layers.
        generator: Source of the initial weights.

    Raises:
        TypeError: A size is no integer.
        ValueError: A size is less than 1.
    """

    def __init__(
        self,
        code: int,
        *,
        hidden: tuple[int, ...] = (1000, 200),
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        checks.count("code", code)
        checks.counts("hidden", hidden)
        checks.generator(generator)
        self.code = code
        self.critic = perceptron([code, *hidden, 1], generator=generator)

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return uniform noise ``[batch, code]``, whose ranks are the permutations."""
        return sample_prior("uniform", batch, self.code, generator=generator)

    def scores(
        self, codes: Float[Tensor, "n d"], noise: Float[Tensor, "n d"]
    ) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """Return the scores of codes and of shuffled codes."""
        joint, product = self.critic(codes), self.critic(shuffle_columns(codes, noise))
        return joint.squeeze(-1), product.squeeze(-1)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return minus the bound as the ``loss``, in nats; ``labels`` are not used.

        Raises:
            TypeError: Inputs or noise are no tensor.
            ValueError: They are not ``[n, code]`` both.
        """
        checks.tensor("inputs", inputs, ndim=2)
        if inputs.shape[1] != self.code:
            raise ValueError(f"inputs must be [n, {self.code}], got {tuple(inputs.shape)}")
        checks.tensor("noise", noise, ndim=2)
        checks.same_shape(inputs=inputs, noise=noise)
        joint, product = self.scores(inputs, noise)
        return {"loss": (product - 1).exp().mean() - joint.mean()}


@learning()
def neural_dependency(
    train: Data,
    test: Data,
    *,
    steps: int,
    seed: int,
    batch_size: int = 10_000,
    learning_rate: float = 1e-4,
    hidden: tuple[int, ...] = (1000, 200),
) -> TrainTest:
    r"""Estimate the total correlation of a code by a critic trained against shuffled codes.

    .. math::
        \mathrm{KL}\Big[p(y) \,\Big\Vert\, \prod_k p(y_k)\Big]
        \ge \mathbb E_p T - \log \mathbb E_q e^T

    Total correlation does not depend on the scale of a component, and a critic that learns for
    a few steps does: each component is standardised first, by the codes to train on. The
    official code reads them as they are.

    Args:
        train: Codes that the critic is trained on, ``[n, d]``, as a tensor, an array, a frame or a
            list.
        test: Codes that it has not seen, ``[m, d]``.
        steps: Gradient steps at least; whole passes over the codes are made.
        seed: What weights, batches and permutations follow from.
        batch_size: Codes in a step.
        learning_rate: Of Adam; falls to a tenth after half and again after three quarters.
        hidden: Widths of the hidden layers of the critic.

    Returns:
        The Donsker-Varadhan value in nats on both samples, not clipped at zero. That of ``test``
        is a sample value of a lower bound; that of ``train``, which the official code reports,
        is biased upward. It has converged when the training loss came to rest; degenerate is
        the share that one shuffled code has in the mean of :math:`e^T` over test codes.

    Raises:
        TypeError: Codes are no numbers, or an option is of the wrong type.
        ValueError: Fewer than two codes, codes that are not finite, dimensions that disagree, or
            an option out of range.
        FloatingPointError: The loss is not finite, as with too large a learning rate.

    :cite:t:`hjelm2019learning`, section 4.1, NDM.

    Example:
        >>> g = torch.Generator().manual_seed(0)
        >>> y = torch.randn(2000, 1, generator=g).expand(2000, 2)  # two equal components
        >>> found = neural_dependency(y, y, steps=80, seed=0, learning_rate=1e-2, hidden=(32,))
        >>> found.test.value > 0.5, found.health.converged
        (True, True)
    """
    train, test = alike(train=train, test=test, least=2)
    recipe = critic_recipe(
        steps, count=len(train), batch_size=batch_size, learning_rate=learning_rate
    )
    mean, scale = train.mean(0), train.std(0)
    scale = torch.where(scale > 0, scale, 1)  # a constant component stays one
    train, test = ((codes - mean) / scale for codes in (train, test))
    model = Dependency(train.shape[1], hidden=hidden, generator=generator(seed, "weights"))
    model.to(train.device, train.dtype)
    unused = train.new_zeros(len(train))  # a divergence has no labels
    history = fit(Learner(model, recipe), train, unused, seeds=[seed])
    (learned, _), (tested, share) = (_value(model, codes, seed) for codes in (train, test))
    health = examined(
        "NDM",
        converged=settled(history["loss"][:, 0]),
        degenerate=share,
        counted="the mean over shuffled codes is a single one",
    )
    return TrainTest(learned, tested, health)


@torch.no_grad()
def _value(model: Dependency, codes: Tensor, seed: int) -> tuple[Estimate, float]:
    """Return the value, its standard error by the delta method, and the largest share."""
    source = generator(seed, "evaluation", device=codes.device)
    joint, product = model.scores(codes, model.draw_noise(len(codes), generator=source))
    joint, product = joint.double(), product.double()
    log_mean = log_mean_exp(product, dim=0)
    spread = joint.var() + (product - log_mean).exp().var()
    value, stderr = float(joint.mean() - log_mean), float((spread / len(codes)).sqrt())
    found = Estimate(value, stderr, diagnostics=below_zero(value, stderr))
    return found, largest_share(product)
