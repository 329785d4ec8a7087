"""MLP, SVM and fine-tuning: perfect where classes separate, chance where nothing is to learn."""

import math

import pytest
import torch
from sklearn.svm import SVC

from ibutils.nets.encoders import basic32
from ibutils.probes import Probe, fine_tuning_probe, mlp_probe, svm_probe
from ibutils.probes.mlp import accuracy
from ibutils.train import generator

pytestmark = pytest.mark.filterwarnings("ignore::ibutils.probes.ProbeWarning")  # see test_health

FAILURES = 4.0  # standard errors that a test allows


def clusters(n, seed, *, classes=4, spread=0.3):
    """Return points around corners of a cube, and the corner of each."""
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(classes, (n,), generator=g)
    corner = 2.0 * (y[:, None] >> torch.arange(2) & 1) - 1
    return corner + spread * (2 * torch.rand(n, 2, generator=g) - 1), y


def test_features_whose_squares_overflow_are_named():
    x, y = clusters(40, 0)
    large = 1e200 * x.double()
    for train, test in ((large, x), (large, large)):
        with pytest.raises(ValueError, match=r"train_x and test_x must have finite squares"):
            svm_probe(train, y, test, y, seed=0)


@pytest.mark.parametrize("probe", [mlp_probe, svm_probe])
def test_separable_features_are_told_apart_without_error(probe):
    options = {"epochs": 6} if probe is mlp_probe else {}
    assert probe(*clusters(320, 0), *clusters(200, 1), seed=0, **options).value == 1.0


@pytest.mark.parametrize("probe", [mlp_probe, svm_probe])
def test_features_that_say_nothing_leave_chance(probe):
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(1256, 4, generator=g), torch.arange(1256) % 2
    options = {"epochs": 3} if probe is mlp_probe else {"penalty": 0.01}
    found = probe(x[:256], y[:256], x[256:], y[256:], seed=0, **options).value
    assert abs(found - 0.5) < FAILURES * math.sqrt(0.25 / 1000)


def test_a_hidden_layer_solves_what_no_line_does():
    """Exclusive or: opposite corners share a class."""
    x, corner = clusters(320, 0)
    y = (corner == 0) | (corner == 3)
    test, corner = clusters(200, 1)
    answer = (corner == 0) | (corner == 3)
    assert mlp_probe(x, y.long(), test, answer.long(), epochs=10, seed=0).value == 1.0
    line = svm_probe(x, y.long(), test, answer.long(), seed=0, penalty=0.01)
    assert line.value < 0.8  # a line has at most three of the four corners on the right sides


def test_the_probe_is_a_function_of_its_seed():
    x, y = clusters(128, 0, spread=1.5)
    found = [mlp_probe(x, y, x, y, epochs=2, seed=seed, last=1).value for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_dropout_keeps_the_mean_and_is_off_without_noise():
    probe = Probe(3, 2, hidden=20_000, dropout=0.25).eval()
    x = torch.ones(1, 3)
    noise = probe.draw_noise(1, generator=generator(0, "noise"))
    kept = noise < probe.keep
    assert abs(float(kept.double().mean()) - 0.75) < FAILURES * math.sqrt(0.1875 / 20_000)
    plain = probe.last(probe.norm(probe.first(x)).relu())
    assert torch.equal(probe(x), plain)
    dropped = probe.last(probe.norm(probe.first(x) * kept / 0.75).relu())
    torch.testing.assert_close(probe(x, noise), dropped)
    with pytest.raises(ValueError, match="dropout must be at least 0 and below 1, got 1"):
        Probe(3, 2, dropout=1.0)


def test_the_machine_minimises_the_hinge_loss():
    """Scikit-learn's other solver, without standardising, agrees on standardised features."""
    x, y = clusters(200, 0, classes=2, spread=2.5)
    test, answer = clusters(200, 1, classes=2, spread=2.5)
    mean, std = x.mean(0), x.std(0, correction=0)
    other = SVC(kernel="linear", C=1.0).fit((x - mean) / std, y)
    theirs = other.score((test - mean) / std, answer)
    ours = svm_probe(x, y, test, answer, seed=0, iterations=100_000)
    assert abs(ours.value - theirs) <= 0.01  # the one penalises its bias, the other does not


def test_the_machine_does_not_see_the_scale_of_features():
    x, y = clusters(200, 0, spread=2.0)
    scale, shift = torch.tensor([1e-2, 1e3]), torch.tensor([5.0, -7.0])
    options = {"seed": 0, "penalty": 0.01}
    plain = svm_probe(x, y, x, y, **options)
    assert svm_probe(x * scale + shift, y, x * scale + shift, y, **options) == plain


@pytest.mark.parametrize("probe", [mlp_probe, svm_probe])
def test_each_sample_is_tested_by_itself(probe):
    """The accuracy is the mean of those on parts, each of which holds a single class."""
    options = {"seed": 0} | ({"epochs": 4} if probe is mlp_probe else {})
    x, y = clusters(200, 0, classes=2, spread=1.5)
    test, answer = clusters(100, 1, classes=2, spread=1.5)
    whole = probe(x, y, test, answer, **options).value
    hits = [
        float((answer == label).sum())
        * probe(x, y, test[answer == label], answer[answer == label], **options).value
        for label in range(2)
    ]
    assert whole == pytest.approx(sum(hits) / 100)


@pytest.mark.parametrize(("probe", "options"), [(mlp_probe, {"epochs": 1}), (svm_probe, {})])
def test_disagreeing_features_and_labels_are_refused(probe, options):
    x, y = clusters(64, 0)
    with pytest.raises(ValueError, match=r"train_x \(64, 2\) and train_y \(63,\) must have one"):
        probe(x, y[:-1], x, y, seed=0, **options)
    with pytest.raises(ValueError, match=r"test_x \(63, 2\) and test_y \(64,\) must have one"):
        probe(x, y, x[:-1], y, seed=0, **options)


def bright_and_dark(n, seed):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(2, (n,), generator=g)
    return (2 * y - 1)[:, None, None, None] + 0.1 * torch.randn(n, 3, 32, 32, generator=g), y


def test_fine_tuning_learns_and_leaves_the_encoder_as_it_was():
    encoder = basic32(channels=1 / 16, generator=generator(0, "weights")).eval()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    train, test = bright_and_dark(96, 0), bright_and_dark(50, 1)
    options = {"epochs": 5, "seed": 0, "learning_rate": 1e-2, "batch_size": 32}
    assert fine_tuning_probe(encoder, *train, *test, **options).value == 1.0
    assert not encoder.training
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_fine_tuning_moves_the_encoder():
    """With a frozen classifier, what is learned is learned by the encoder."""
    from ibutils.probes import FineTuned, recipe
    from ibutils.train import Learner, fit

    encoder = basic32(channels=1 / 16, generator=generator(0, "weights"))
    probe = Probe(encoder.conv_size, 2, generator=generator(1, "weights")).requires_grad_(False)
    model = FineTuned(encoder, probe)
    x, y = bright_and_dark(96, 0)
    fit(Learner(model, recipe(4, batch_size=32, learning_rate=1e-2)), x, y, seeds=[0])
    assert accuracy(model.eval(), x, y) == 1.0


@pytest.mark.parametrize("probe", [mlp_probe, svm_probe])
def test_a_single_class_tells_nothing(probe):
    """All accuracies are one then."""
    (x, y), options = clusters(64, 0), {"epochs": 3} if probe is mlp_probe else {}
    with pytest.raises(ValueError, match="train_y must hold at least 2 classes, got 64 times"):
        probe(x, torch.zeros_like(y), x, y, seed=0, **options)
