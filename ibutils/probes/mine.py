"""MINE: the Donsker-Varadhan bound between images and their codes, by a trained critic."""

import copy
import math

import torch
from torch import Tensor, nn

from ibutils import checks, inputs
from ibutils.bounds import tuba
from ibutils.bounds.score_table import off_diagonal, split
from ibutils.estimators.estimate import Estimate
from ibutils.information import log_mean_exp
from ibutils.information.log_space import at_least_single
from ibutils.inputs import Data
from ibutils.modes import evaluating, learning
from ibutils.probes.health import TrainTest, below_zero, examined, settled
from ibutils.probes.recipes import check_batches, critic_recipe
from ibutils.probes.split import dtype_of
from ibutils.train import LEAST_SEED, Learner, Trainable, fit

BLOCK = 250  # pairs whose scores with one another are computed at once outside training


class Mine(Trainable):
    r"""A critic that ascends the Donsker-Varadhan bound by a gradient with less bias.

    The gradient of :math:`\log \mathbb E e^T` is :math:`\mathbb E[e^T \nabla T]` over
    :math:`\mathbb E e^T`; a mean over one batch as denominator biases it. MINE divides by a moving
    average :math:`a` over batches instead. That is the gradient of ``ibutils.bounds.tuba`` with
    the constant baseline :math:`a`, which is what is minimised here.

    Args:
        critic: Maps x ``[n, ...]`` and y ``[n, dy]`` to scores ``[n, n]``.
        decay: Weight of the past in the moving average.

    Raises:
        TypeError: The critic is no network, or ``decay`` no number.
        ValueError: ``decay`` is not in [0, 1).

    :cite:t:`belghazi2018mutual`, section 3.2.
    """

    log_average: Tensor

    def __init__(self, critic: nn.Module, *, decay: float = 0.99) -> None:
        super().__init__()
        checks.module("critic", critic)
        checks.number("decay", decay, least=0, below=1)
        self.critic, self.decay = critic, decay
        self.register_buffer("log_average", torch.tensor(torch.nan))

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the ``loss`` and the Donsker-Varadhan value, nats; ``labels`` are the y.

        In training mode the batch enters the moving average.

        Raises:
            TypeError: Inputs or labels are no tensor.
            ValueError: They have different lengths, or the critic does not score all pairs.
        """
        checks.tensor("inputs", inputs, kind="any")
        checks.tensor("labels", labels, kind="any")
        checks.same_length(inputs=inputs, labels=labels)
        with checks.suits(inputs=inputs, labels=labels):
            scores = _scores(self.critic, inputs, labels)
        _, log_mean = _split_mean(scores.detach())
        with torch.no_grad():
            first = self.log_average.isnan()
            past = self.log_average + (math.log(self.decay) if self.decay else -math.inf)
            mixed = torch.logaddexp(past, log_mean + math.log1p(-self.decay))
            average = torch.where(first, log_mean, mixed)
            if self.training:
                self.log_average.copy_(average)
        baseline = average.expand(len(scores))
        value = scores.detach().diagonal().mean() - log_mean
        return {"loss": -tuba(scores, baseline), "donsker_varadhan": value}


@learning()
def mine(
    train_x: Data,
    train_y: Data,
    test_x: Data,
    test_y: Data,
    *,
    critic: nn.Module,
    steps: int,
    seed: int,
    batch_size: int = 64,
    learning_rate: float = 1e-4,
) -> TrainTest:
    r"""Estimate the information between inputs and codes as MINE does.

    A code that is a deterministic function of its input and varies continuously, at least in
    part, shares infinite information with it: the value is then a property of critic, training
    and sample, and compares encoders only under the same ones.

    Args:
        train_x: Inputs that the critic is trained on, ``[n, ...]``, as a tensor, an array, a frame
            or a list; they are converted to the type of the critic's weights.
        train_y: Their codes, ``[n, dy]``.
        test_x: Inputs that it has not seen, ``[m, ...]``.
        test_y: Their codes, ``[m, dy]``.
        critic: Maps x and y to scores ``[n, n]``, such as
            ``ibutils.nets.image_code.ImageAndCode`` or those of ``ibutils.critics``; its weights
            are trained in place.
        steps: Gradient steps at least; whole passes over the samples are made.
        seed: What the order of the batches follows from.
        batch_size: Pairs in a step.
        learning_rate: Of Adam; falls to a tenth after half and again after three quarters.

    Returns:
        The Donsker-Varadhan value in nats on both samples, with a jackknife over blocks of at
        most 250 pairs as standard error: up to 500 pairs these are two blocks, whose interval is
        wide, as it has one degree of freedom. It has converged when the value in training came to
        rest; degenerate is the share that one test pair has in the mean of :math:`e^T`.

    Raises:
        TypeError: Inputs or codes are no numbers, or an option is of the wrong type.
        ValueError: Inputs and codes disagree, are not finite or are fewer than four, an option is
            out of range, or a last batch would hold a single pair.
        FloatingPointError: The loss is not finite, as with too large a learning rate.

    :cite:t:`belghazi2018mutual`, algorithm 1; :cite:t:`hjelm2019learning`, section 4.1.
    """
    checks.module("critic", critic)
    if any(weight.is_inference() for weight in critic.parameters()):
        raise ValueError(
            "critic has weights made under torch.inference_mode: nothing trains these"
        )
    train_x, train_y = _pairs(critic, train_x=train_x, train_y=train_y)
    test_x, test_y = _pairs(critic, test_x=test_x, test_y=test_y)
    for data in ({"train_x": train_x, "train_y": train_y}, {"test_x": test_x, "test_y": test_y}):
        with checks.suits(**data), torch.no_grad():
            tried = copy.deepcopy(critic).to(train_x.device).eval()
            _scores(tried, *(values[:2] for values in data.values()))
    checks.count("seed", seed, least=LEAST_SEED)
    check_batches("train_x", train_x, batch_size)
    recipe = critic_recipe(
        steps, count=len(train_x), batch_size=batch_size, learning_rate=learning_rate
    )
    with evaluating(critic):  # afterwards each part is in the mode that it was given in
        model = Mine(critic.train()).to(train_x.device)
        history = fit(Learner(model, recipe), train_x, train_y, seeds=[seed])
        model.eval()
        learned, _ = _value(critic, train_x, train_y)
        tested, share = _value(critic, test_x, test_y)
    health = examined(
        "MINE",
        converged=settled(history["donsker_varadhan"][:, 0]),
        degenerate=share,
        counted="the mean over mismatched pairs is a single one",
    )
    return TrainTest(learned, tested, health)


def _pairs(critic: nn.Module, **values: Data) -> tuple[Tensor, Tensor]:
    """Return inputs ``[n, ...]`` and codes ``[n, dy]``, by name, of the critic's type."""
    (of_x, x), (of_y, y) = values.items()
    y = inputs.samples(of_y, y, least=4)
    x = inputs.numeric(of_x, x)
    x = x[:, None] if x.ndim == 1 else x
    checks.tensor(of_x, x)
    checks.finite(of_x, x)
    checks.same_length(**{of_x: x, of_y: y})
    dtype = dtype_of(critic, torch.promote_types(x.dtype, y.dtype))
    return x.to(dtype), y.to(x.device, dtype)


def _scores(critic: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return the scores ``[n, n]`` of all pairs, in single precision at least."""
    scores = critic(x, y)
    if scores.shape != (len(x), len(x)):
        raise ValueError(
            f"critic must return scores [n, n] of {len(x)} pairs, got {tuple(scores.shape)}"
        )
    return at_least_single(scores)


@torch.no_grad()
def _value(critic: nn.Module, x: Tensor, y: Tensor) -> tuple[Estimate, float]:
    """Return the value of blocks pooled, its jackknife error, and the largest share of a pair."""
    size = min(BLOCK, len(x) // 2)
    pairs = zip(x.split(size), y.split(size), strict=True)
    scores = [_scores(critic, *pair).double() for pair in pairs if len(pair[0]) > 1]
    joint, log_mean = (torch.stack(part) for part in zip(*map(_split_mean, scores), strict=True))
    pairs_of, negatives = zip(*((len(s), len(s) * (len(s) - 1)) for s in scores), strict=True)
    weight = joint.new_tensor(pairs_of), joint.new_tensor(negatives)

    def pooled(keep: Tensor) -> Tensor:
        mean = (joint * weight[0])[keep].sum() / weight[0][keep].sum()
        total = (log_mean + weight[1].log())[keep].logsumexp(0)
        return mean - total + weight[1][keep].sum().log()

    blocks = len(scores)
    every = torch.ones(blocks, dtype=torch.bool, device=x.device)
    without = ~torch.eye(blocks, dtype=torch.bool, device=x.device)
    left_out = torch.stack([pooled(keep) for keep in without])
    value = float(pooled(every))
    stderr = float(((blocks - 1) * left_out.var(correction=0)).sqrt())
    tops = torch.stack([off_diagonal(s).max() for s in scores])
    share = (tops.max() - (log_mean + weight[1].log()).logsumexp(0)).exp()
    doubts = below_zero(value, stderr)
    return Estimate(value, stderr, diagnostics=doubts, freedom=float(blocks - 1)), float(share)


def _split_mean(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean of the diagonal and the log-mean-exp of all else."""
    joint, product = split(scores)
    return joint.mean(), log_mean_exp(product, dim=0)
