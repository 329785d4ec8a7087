"""Accuracy of a linear support vector machine on frozen features."""

from jaxtyping import Float, Int
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from torch import Tensor

from ibutils.probes.training import check_agreement


def svm_probe(
    train_x: Float[Tensor, "n d"],
    train_y: Int[Tensor, " n"],
    test_x: Float[Tensor, "m d"],
    test_y: Int[Tensor, " m"],
    *,
    seed: int,
    penalty: float = 1.0,
    iterations: int = 1000,
) -> float:
    r"""Return the test accuracy of one linear machine a class, against all others.

    Each minimises
    :math:`\tfrac12 \|w\|^2 + C \sum_i \max(0, 1 - t_i (w^\top x_i + b))` with
    :math:`t_i = \pm 1`, on features standardised by the training features.

    Args:
        train_x: Features to train on, ``[n, d]``.
        train_y: Their classes, ``[n]``.
        test_x: Features to test on, ``[m, d]``.
        test_y: Their classes, ``[m]``.
        seed: Order of the coordinates; without effect on a machine that converged.
        penalty: :math:`C`, positive.
        iterations: Passes over the training features at most.

    Returns:
        The share of correct predictions, in [0, 1]. Scikit-learn warns of a machine that has
        not converged.

    Raises:
        ValueError: Features and labels disagree, or there is a single class.

    :cite:t:`hjelm2019learning`, section 4.1; :cite:t:`pedregosa2011scikit`.

    Example:
        >>> import torch
        >>> y = torch.arange(20) % 2
        >>> x = torch.stack([2.0 * y - 1, torch.zeros(20)], dim=1)
        >>> svm_probe(x, y, x, y, seed=0)
        1.0
    """
    check_agreement(train_x, train_y, "training")
    check_agreement(test_x, test_y, "test")
    machine = make_pipeline(
        StandardScaler(),
        LinearSVC(loss="hinge", C=penalty, dual=True, random_state=seed, max_iter=iterations),
    )
    machine.fit(train_x.cpu().numpy(), train_y.cpu().numpy())
    return float(machine.score(test_x.cpu().numpy(), test_y.cpu().numpy()))
