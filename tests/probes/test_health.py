"""Probes say when they have not converged, and when their number rests on nothing."""

import warnings

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from ibutils.critics import Concatenated
from ibutils.probes import (
    ProbeWarning,
    class_share,
    mine,
    mlp_probe,
    neural_dependency,
    reconstruction_probe,
    svm_probe,
)
from ibutils.probes.health import below_zero, examined, largest_share, settled
from ibutils.train import generator

CLASSES = 10


def weak(n, seed, *, shift=0.3, d=64):
    """Return standard normal features whose mean depends a little on one of ten classes."""
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % CLASSES
    means = shift * torch.randn(CLASSES, d, generator=torch.Generator().manual_seed(99))
    return means[y] + torch.randn(n, d, generator=g), y


def quiet(probe, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ProbeWarning)
        return probe(*args, **options)


class TestHinge:
    """One class against nine others, from features that hold a little of each."""

    @pytest.mark.parametrize(("shift", "constant"), [(0.1, True), (3.0, False)])
    def test_the_constant_machine_is_optimal_where_the_mean_lies_in_the_reduced_hull(
        self, shift, constant
    ):
        # A linear programme: is the mean of a class a mean of others, none above 1 / n_c?
        x, y = (a.double().numpy() for a in weak(400, 0, shift=shift, d=8))
        x = (x - x.mean(0)) / x.std(0)
        machine = LinearSVC(loss="hinge", C=10.0, max_iter=1_000_000, random_state=0).fit(x, y)
        for label in range(CLASSES):
            own, others = x[y == label], x[y != label]
            found = linprog(
                np.zeros(len(others)),
                A_eq=np.vstack([others.T, np.ones(len(others))]),
                b_eq=np.append(own.mean(0), 1),
                bounds=(0, 1 / len(own)),
            )
            assert (found.status == 0) == constant
            norm = np.linalg.norm(machine.coef_[label])
            assert (norm < 1e-2) == constant

    def test_what_the_hinge_reads_is_noise_and_the_probe_says_so(self):
        train, test = weak(2000, 0, shift=0.1), weak(2000, 1, shift=0.1)
        with pytest.warns(ProbeWarning, match="100% of the classes have a machine that is no"):
            hinge = svm_probe(*train, *test, seed=0)
        squared = svm_probe(*train, *test, seed=0, loss="squared_hinge")
        logistic = LogisticRegression(max_iter=1000).fit(*(a.numpy() for a in train))
        assert hinge.health.degenerate == 1.0 and hinge.health.converged
        assert squared.health.degenerate == 0.0 and squared.health.converged
        theirs = logistic.score(*(a.numpy() for a in test))
        assert squared.value > hinge.value + 0.05
        assert abs(squared.value - theirs) < 0.04

    def test_a_solver_that_was_stopped_is_worse_than_the_constant_and_says_so(self):
        train, test = weak(2000, 0, shift=0.1), weak(2000, 1, shift=0.1)
        with pytest.warns(ProbeWarning) as caught:
            found = svm_probe(*train, *test, seed=0, iterations=5)
        assert not found.health.converged and found.health.degenerate == 1.0
        assert len(caught) == 2 == len(found.health.notes)

    @pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
    def test_strong_features_are_healthy(self, loss):
        train, test = weak(1000, 0, shift=3.0), weak(1000, 1, shift=3.0)
        found = svm_probe(*train, *test, seed=0, loss=loss, iterations=100_000)
        assert found.value > 0.99 and found.health.notes == ()

    def test_unknown_losses_are_refused(self):
        with pytest.raises(ValueError, match=r"loss must be one of .*, got 'cubic'"):
            svm_probe(*weak(20, 0), *weak(20, 1), seed=0, loss="cubic")


def test_a_perceptron_that_was_stopped_early_says_so():
    train, test = weak(320, 0, shift=2.0), weak(320, 1, shift=2.0)
    with pytest.warns(ProbeWarning, match="perceptron: training has not come to rest"):
        short = mlp_probe(*train, *test, epochs=2, seed=0)
    long = mlp_probe(*train, *test, epochs=40, seed=0)
    assert not short.health.converged and long.health.converged
    assert long.value > 0.95


def test_a_perceptron_on_one_constant_never_predicts_most_classes():
    x, y = torch.zeros(320, 3), torch.arange(320) % CLASSES
    with pytest.warns(ProbeWarning, match="90% of the classes are never predicted"):
        found = mlp_probe(x, y, x, y, epochs=8, seed=0)
    assert found.health.degenerate == pytest.approx(0.9) and found.value == pytest.approx(0.1)


def test_equal_codes_have_no_nearest_neighbours():
    with pytest.warns(ProbeWarning, match="100% of the queries"):
        found = class_share(torch.zeros(40, 3), torch.arange(40) % 2)
    assert found.health.degenerate == 1.0
    codes = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    assert class_share(codes, torch.arange(40) % 2).health.degenerate == 0.0


def test_a_decoder_of_constant_codes_paints_the_mean_image():
    g = torch.Generator().manual_seed(0)
    images = torch.rand(64, 1, 32, 32, generator=g) * 2 - 1
    options = {"epochs": 2, "seed": 0, "channels": 1 / 16}
    codes = torch.zeros(64, 4)
    found = quiet(reconstruction_probe, codes, images, codes, images, **options)
    assert "100% of the reconstructions are the mean one" in found.health.notes


def test_a_value_that_one_pair_decides_is_no_mean():
    """A critic of huge scores: the largest of the mismatched pairs is the whole sum."""
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 200, 1, generator=g)

    class Huge(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.tensor(300.0))

        def forward(self, x, y):
            return self.scale * x @ y.T

    found = quiet(mine, x, y, x, y, critic=Huge(), steps=1, seed=0, learning_rate=1e-6)
    assert found.health.degenerate > 0.9 and "a single one" in " ".join(found.health.notes)
    calm = Concatenated(1, 1, width=16, depth=2, generator=generator(0, "weights"))
    assert quiet(mine, x, y, x, y, critic=calm, steps=1, seed=0).health.degenerate < 0.01


def test_a_dependency_measure_that_was_stopped_early_says_so():
    g = torch.Generator().manual_seed(0)
    codes = torch.randn(2000, 1, generator=g).expand(2000, 2)
    options = {"seed": 0, "hidden": (32,), "learning_rate": 1e-2}
    with pytest.warns(ProbeWarning, match="NDM: training has not come to rest"):
        short = neural_dependency(codes, codes, steps=8, **options)
    assert not short.health.converged
    assert quiet(neural_dependency, codes, codes, steps=300, **options).health.converged


def test_noise_around_a_level_is_at_rest_and_a_slope_is_not():
    g = torch.Generator().manual_seed(0)
    noise = torch.randn(200, 40, generator=g)
    assert sum(settled(course) for course in noise) > 180  # of 200, at three standard errors
    slope = -torch.linspace(0, 1, 40)
    assert not any(settled(slope + 0.01 * course) for course in noise)


def test_a_result_of_which_a_tenth_rests_on_nothing_says_so():
    options = {"converged": True, "counted": "the classes are never predicted"}
    assert examined("probe", degenerate=0.09, **options).notes == ()
    with pytest.warns(ProbeWarning, match="probe: 10% of the classes are never predicted"):
        assert examined("probe", degenerate=0.1, **options).degenerate == 0.1


@pytest.mark.parametrize(("value", "said"), [(0.3, False), (-0.19, False), (-0.21, True)])
def test_two_errors_below_zero_are_no_chance(value, said):
    assert bool(below_zero(value, 0.1)) == said


def test_the_largest_share_is_that_of_the_softmax():
    scores = torch.tensor([0.0, 1.0, 3.0])
    e = torch.exp(scores)
    assert largest_share(scores) == pytest.approx(float(e.max() / e.sum()))
