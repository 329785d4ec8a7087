"""How networks with Information Dropout are trained: the recipe, and two callbacks."""

from collections.abc import Sequence

from ibutils import checks, train
from ibutils.information_dropout.layer import MIN_ALPHA, InformationDropout
from ibutils.information_dropout.objective import warm_up
from ibutils.train import Callback, Learner, Recipe, nesterov


def recipe(
    epochs: int,
    *,
    batch_size: int = 100,
    learning_rate: float = 0.05,
    milestones: Sequence[int] = (80, 120, 160),
    weight_decay: float = 0.0,
) -> Recipe:
    """Return how All-CNN-32 is trained on CIFAR-10: Nesterov momentum 0.9, a falling rate.

    Args:
        epochs: Passes over the data.
        batch_size: Examples in a step.
        learning_rate: Initial learning rate.
        milestones: Epochs after each of which the learning rate falls to a tenth.
        weight_decay: As of :func:`ibutils.train.nesterov`.

    Raises:
        TypeError: A setting is of another type.
        ValueError: A setting is out of range.

    :cite:t:`achille2018information`; the defaults are those of the official code but
    for its weight decay of 0.001, which is left out here.

    Example:
        >>> recipe(200).batch_size
        100
    """
    rule = nesterov(learning_rate, weight_decay=weight_decay)
    return Recipe(epochs, rule, train.milestones(milestones), batch_size=batch_size)


def warm_up_beta(epochs: int) -> Callback:
    """Return a callback that raises the weight of the divergence over the first epochs.

    It sets the buffer ``warmth`` of each member to :func:`warm_up` of the epoch to come.

    Raises:
        TypeError: ``epochs`` is no integer.
        ValueError: ``epochs`` is negative; in a training, the model has no ``warmth``.
    """
    checks.count("epochs", epochs, least=0)

    def warm(learner: Learner, epoch: int) -> None:
        tensors = learner.tensors()
        if "warmth" not in tensors:
            raise ValueError(f"model must have a buffer 'warmth', got {[*tensors]}")
        tensors["warmth"].fill_(warm_up(epoch, epochs=epochs))

    return warm


def check_priors(learner: Learner, epoch: int) -> None:
    """Raise when a learned prior is narrower than the least noise; a callback.

    Nothing can follow such a prior but a constant: all activities of the layer have collapsed.

    Raises:
        TypeError: An argument is of another type.
        ValueError: It is; the message names layer, scale and epoch.
    """
    checks.instance("learner", learner, Learner)
    checks.count("epoch", epoch, least=0)
    tensors = learner.tensors()
    for name, layer in learner.model.named_modules():
        if isinstance(layer, InformationDropout) and layer.prior == "log_normal":
            scale = float(tensors[f"{name}.log_prior_scale"].detach().min().exp())
            if not scale > MIN_ALPHA:
                raise ValueError(
                    f"the prior scale of {name} has collapsed to {scale}, below the least noise "
                    f"{MIN_ALPHA}, after {epoch} epochs; lower beta or warm it up over more epochs"
                )
