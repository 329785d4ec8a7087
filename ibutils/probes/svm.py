"""Accuracy of a linear support vector machine on frozen features."""

import warnings

import numpy as np

from ibutils import checks
from ibutils.extras import extra
from ibutils.inputs import Data
from ibutils.probes.health import Reading, examined
from ibutils.probes.split import Split, of_features

with extra("probes"):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

MACHINES = ("hinge", "squared_hinge")
GAIN = 0.01  # of the constant machine's objective: with less, a class has no machine of its own


def svm_probe(
    train_x: Data,
    train_y: Data,
    test_x: Data,
    test_y: Data,
    *,
    seed: int,
    loss: str = "hinge",
    penalty: float = 1.0,
    iterations: int = 1000,
) -> Reading:
    r"""Return the test accuracy of one linear machine a class, against all others.

    Each minimises
    :math:`\tfrac12 \|w\|^2 + C \sum_i \max(0, 1 - t_i (w^\top x_i + b))^p` with
    :math:`t_i = \pm 1`, on features standardised by the training features; p is 1 for the hinge
    and 2 for the squared hinge. (The solver adds :math:`\tfrac12 b^2`.) With the hinge and one
    class among ten, :math:`w = 0` and :math:`b = -1` cost no more than 2 an image of the class,
    and where features are weak that is the optimum: the largest of ten equal outputs then says
    nothing.

    Args:
        train_x: Features to train on, ``[n, d]`` or ``[n]``, as a tensor, an array, a frame or a
            list.
        train_y: Their classes, ``[n]``: integers, truth values or strings.
        test_x: Features to test on, ``[m, d]`` or ``[m]``.
        test_y: Their classes, ``[m]``.
        seed: Order of the coordinates, from 0; without effect on a machine that converged.
        loss: ``"hinge"`` or ``"squared_hinge"``.
        penalty: :math:`C`, positive.
        iterations: Passes over the training features at most.

    Returns:
        The share of correct predictions, in [0, 1]. It has converged when the solver stopped
        before its limit; degenerate is the share of classes whose machine does not lower its
        objective by at least 1 % of that of the best constant, :math:`w = 0`.

    Raises:
        TypeError: Features are no numbers, or an option is of the wrong type.
        ValueError: Unknown loss, features and labels that disagree, features that are not finite
            or have no finite squares, a single class, or an option out of range.

    :cite:t:`hjelm2019learning`, section 4.1; :cite:t:`pedregosa2011scikit`.

    Example:
        >>> import torch
        >>> y = torch.arange(20) % 2
        >>> x = torch.stack([2.0 * y - 1, torch.zeros(20)], dim=1)
        >>> svm_probe(x, y, x, y, seed=0).value
        1.0
    """
    checks.count("seed", seed, least=0, most=2**32 - 1)
    checks.choice("loss", loss, MACHINES)
    checks.number("penalty", penalty, above=0)
    checks.count("iterations", iterations)
    split = of_features(train_x, train_y, test_x, test_y)
    scaler, labels = StandardScaler(), split.train_y.cpu().numpy()
    with np.errstate(over="ignore", invalid="ignore"):  # of which the next line says more
        learned = scaler.fit_transform(split.train_x.cpu().numpy())
        tested = scaler.transform(split.test_x.cpu().numpy())
    _check_scale(split, scaler.var_, learned, tested)
    machine = LinearSVC(
        loss=loss, C=float(penalty), dual=loss == "hinge", random_state=seed, max_iter=iterations
    )
    with warnings.catch_warnings():  # said below, with what else is wrong
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine.fit(learned, labels)
    health = examined(
        f"svm, {loss}",
        converged=int(machine.n_iter_) < iterations,
        degenerate=float((_gains(machine, learned, labels) < GAIN).mean()),
        counted="the classes have a machine that is no better than a constant",
    )
    return Reading(float(machine.score(tested, split.test_y.cpu().numpy())), health)


def _check_scale(split: Split, *standardised: np.ndarray) -> None:
    """Raise where features leave the range of numbers when they are standardised."""
    if not all(np.isfinite(values).all() for values in standardised):
        large = [float(values.abs().max()) for values in (split.train_x, split.test_x)]
        raise ValueError(
            "train_x and test_x must have finite squares to be standardised, got values up to "
            f"{large[0]:.3g} and {large[1]:.3g}: divide both by a large number"
        )


def _gains(machine: LinearSVC, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how far each machine's objective lies below that of the best constant, relatively."""
    classes = machine.classes_[-len(machine.coef_) :]  # of two classes one machine: the second
    positive = y[:, None] == classes
    missed = 1 - np.where(positive, 1, -1) * machine.decision_function(x).reshape(len(y), -1)
    power = MACHINES.index(machine.loss) + 1
    sums = (np.maximum(0, missed) ** power).sum(0)
    cost = (machine.coef_**2).sum(1) / 2 + machine.C * sums
    count, n = positive.sum(0), len(y)
    few = np.minimum(count, n - count)  # the hinge's best constant is the sign of the many
    constant = machine.C * (2 * few if power == 1 else 4 * count * (n - count) / n)
    return 1 - cost / constant
