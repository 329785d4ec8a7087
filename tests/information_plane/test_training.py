"""Networks trained together against the same ones trained alone by ``torch.optim``."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from ibutils import train
from ibutils.information_plane import Optimisation, fit, split, training
from ibutils.nets import ACTIVATIONS, StackedPerceptrons, narrow_perceptron

SIZES, SEEDS, COUNT = (5, 4, 3, 3), (3, 1, 4), 60
TRAIN = split(COUNT, seeds=SEEDS, fraction=0.7)  # 42 examples: four steps of 10 and one of 2
SETTINGS = Optimisation(batch_size=10, learning_rate=1e-2)
L2 = torch.tensor([0.0, 0.1, 0.0], dtype=torch.float64)
EPOCHS = [0, 1, 3, 4]
TOLERANCE = 1e-9  # in double precision, after 20 steps


def examples():
    """Return inputs in double precision and three classes."""
    g = torch.Generator().manual_seed(1)
    inputs = torch.randn(COUNT, 5, generator=g, dtype=torch.float64)
    return inputs, inputs[:, :3].argmax(-1)


def models(activation="tanh"):
    """Return one untrained network a seed."""
    return [
        narrow_perceptron(SIZES, activation=activation, generator=train.generator(s, "w")).double()
        for s in SEEDS
    ]


def nothing(snapshot):
    """Measure nothing."""
    return {}


def run(nets=None, measure=nothing, **options):
    """Train three small networks without compiling."""
    nets = StackedPerceptrons(models()) if nets is None else nets
    options = dict(train=TRAIN, seeds=SEEDS, epochs=EPOCHS, optimisation=SETTINGS) | options
    return nets, fit(nets, *examples(), measure=measure, compiled=False, **options)


def alone(model, order, *, epochs, l2, shuffle=None):
    """Train one ordinary module, with batches of ten in the order given."""
    inputs, labels = examples()
    adam = torch.optim.Adam(model.parameters(), lr=1e-2)
    penalised = [p for p in model.parameters() if p.ndim == 2][:-1]
    for epoch in range(epochs):
        rows = order if shuffle is None else order[shuffle(epoch)]
        for index in rows.split(10):
            loss = nn.functional.cross_entropy(model(inputs[index]), labels[index])
            loss = loss + l2 / 2 * sum(p.square().sum() for p in penalised)
            adam.zero_grad()
            (10 * loss).backward()  # a sum over the batch, as in the published code
            adam.step()
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_members_equal_modules_trained_alone(activation):
    nets, history = run(StackedPerceptrons(models(activation)), l2=L2)
    inputs, labels = examples()
    for i, model in enumerate(models(activation)):
        weights = alone(model, TRAIN[i], epochs=EPOCHS[-1], l2=float(L2[i]))
        torch.testing.assert_close(nets.parameter[:, i], weights, rtol=0, atol=TOLERANCE)
        hits = (model(inputs).argmax(-1) == labels).double()
        rest = torch.tensor([n for n in range(COUNT) if n not in TRAIN[i].tolist()])
        for name, rows in {"train_accuracy": TRAIN[i], "test_accuracy": rest}.items():
            assert float(history[name][-1, i]) == pytest.approx(float(hits[rows].mean()))


def test_reshuffled_members_equal_modules_trained_alone():
    settings = Optimisation(batch_size=10, learning_rate=1e-2, reshuffle=True)
    nets, _ = run(optimisation=settings)
    kept, _ = run()
    for i, (model, seed) in enumerate(zip(models(), SEEDS, strict=True)):

        def order(epoch, seed=seed):
            g = train.generator(seed, f"order of epoch {epoch}")
            return torch.randperm(TRAIN.shape[1], generator=g)

        weights = alone(model, TRAIN[i], epochs=EPOCHS[-1], l2=0.0, shuffle=order)
        torch.testing.assert_close(nets.parameter[:, i], weights, rtol=0, atol=TOLERANCE)
    assert not torch.allclose(nets.parameter, kept.parameter)


def test_a_batch_larger_than_the_data_is_all_of_it():
    whole, _ = run(optimisation=Optimisation(batch_size=42, learning_rate=1e-2))
    larger, _ = run(optimisation=Optimisation(batch_size=1000, learning_rate=1e-2))
    assert torch.equal(whole.parameter, larger.parameter)


def test_company_changes_a_member_by_rounding_only():
    nets, history = run(l2=L2)
    for i in range(3):
        own = StackedPerceptrons(models()[i : i + 1])
        one, measured = run(own, train=TRAIN[i : i + 1], seeds=SEEDS[i : i + 1], l2=L2[i : i + 1])
        torch.testing.assert_close(
            one.parameter[:, 0], nets.parameter[:, i], rtol=0, atol=TOLERANCE
        )
        for name, values in measured.items():
            torch.testing.assert_close(values[:, 0], history[name][:, i], equal_nan=True)


def test_same_seeds_give_identical_bits():
    (one, first), (two, second) = run(), run()
    assert torch.equal(one.parameter, two.parameter)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_layers_are_measured_at_the_start_of_each_logged_epoch():
    """Epoch zero is the untrained network; activities are those of all examples."""
    inputs, _ = examples()
    seen = []

    def measure(snapshot):
        seen.append(snapshot.epoch)
        expected = snapshot.nets.activity(inputs)
        pairs = zip(snapshot.activity, expected, strict=True)
        assert all(torch.equal(a, b) and a.shape[:2] == (3, COUNT) for a, b in pairs)
        return {"weights": snapshot.nets.parameter, "epoch": torch.tensor(snapshot.epoch)}

    nets, history = run(measure=measure)
    assert seen == EPOCHS == history["epoch"].tolist()
    assert torch.equal(history["weights"][0], StackedPerceptrons(models()).parameter)
    assert torch.equal(history["weights"][-1], nets.parameter)
    for position, epoch in enumerate(EPOCHS):
        weights = alone(models()[0], TRAIN[0], epochs=epoch, l2=0.0)
        torch.testing.assert_close(
            history["weights"][position, :, 0], weights, rtol=0, atol=TOLERANCE
        )


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("reshuffle", [False, True])
def test_resume_is_bit_identical(tmp_path, monkeypatch, reshuffle):
    """Killed after epoch 3 was logged: that epoch is trained again, and nothing measured twice."""
    settings = Optimisation(batch_size=10, learning_rate=1e-2, reshuffle=reshuffle)
    seen = []

    def measure(snapshot):
        seen.append(snapshot.epoch)
        return {"last": snapshot.activity[-1]}

    options = dict(measure=measure, optimisation=settings, epochs=[0, 1, 3, 5])
    nets, history = run(**options)
    seen.clear()
    checkpoint, calls, check = tmp_path / "a" / "b.pt", iter(range(4)), training._check_finite

    def dying(*arguments):
        if next(calls, None) is None:
            raise Killed
        check(*arguments)

    monkeypatch.setattr(training, "_check_finite", dying)
    with pytest.raises(Killed):
        run(checkpoint=checkpoint, **options)
    monkeypatch.undo()
    resumed, again = run(checkpoint=checkpoint, **options)
    assert seen == [0, 1, 3, 5]
    assert torch.equal(nets.parameter, resumed.parameter)
    assert all(torch.equal(history[name], again[name]) for name in history)
    _, finished = run(checkpoint=checkpoint, **options)
    assert seen == [0, 1, 3, 5]
    assert all(torch.equal(history[name], finished[name]) for name in history)
    assert [path.name for path in checkpoint.parent.iterdir()] == ["b.pt"]


def test_weights_that_are_not_finite_stop_with_epoch_and_member():
    """A gradient too large for its type in one member, in the first epoch."""
    inputs, labels = examples()
    nets = StackedPerceptrons(models())
    nets.parameter[0, 1] = torch.inf
    with pytest.raises(FloatingPointError, match=r"member 1 \(seed 1\) .* after epoch 0;"):
        fit(
            nets,
            inputs,
            labels,
            train=TRAIN,
            seeds=SEEDS,
            epochs=EPOCHS,
            measure=nothing,
            compiled=False,
        )
    assert bool(nets.parameter[:, [0, 2]].isfinite().all())


def test_dead_networks_train_on():
    """A ReLU network that never fires learns the label frequencies through its last biases."""
    given = models("relu")
    with torch.no_grad():
        given[1][0].bias.fill_(-100.0)
    nets, _ = run(StackedPerceptrons(given), epochs=list(range(5)))
    dead = nets.tensors(nets.parameter)
    assert torch.equal(dead[0][..., 1], given[1][0].weight)
    assert bool(nets.parameter.isfinite().all()) and bool(dead[-1][..., 1].any())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(epochs=[]), r"got \[\]"),
        (dict(epochs=[0, 2, 2]), r"got \[0, 2, 2\]"),
        (dict(epochs=[-1, 2]), r"got \[-1, 2\]"),
        (dict(seeds=[0, 1]), "3 networks, 3 splits and 2 seeds"),
        (dict(train=TRAIN[:2]), "3 networks, 2 splits and 3 seeds"),
    ],
)
def test_what_does_not_fit_together_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        run(**options)


@pytest.mark.parametrize("setting", [dict(batch_size=0), dict(learning_rate=-1.0)])
def test_settings_that_cannot_train_are_refused(setting):
    ((name, value),) = setting.items()
    with pytest.raises(ValueError, match=f"{name} must be .* got {value}"):
        Optimisation(**setting)


def test_a_compiler_is_looked_for_where_torch_does(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", str(tmp_path / "none"))
    assert not training.has_compiler()
    compiler = tmp_path / "some"
    compiler.touch(mode=0o755)
    monkeypatch.setenv("CXX", str(compiler))
    assert training.has_compiler()


# Without the shapes that are checked in tests, which can't be compiled.
COMPILED = """
import torch
from ibutils.information_plane import Optimisation, fit, split
from ibutils.nets import StackedPerceptrons, narrow_perceptron
from ibutils.train import generator

x = torch.randn(30, 5, generator=generator(0, "x"), dtype=torch.float64)
options = dict(train=split(30, seeds=[0, 1]), seeds=[0, 1], epochs=[0, 3], l2=0.1)
options |= dict(measure=lambda snapshot: {}, optimisation=Optimisation(10, 1e-2))
found = []
for compiled in (False, True):
    models = [
        narrow_perceptron((5, 3, 2), activation="prelu", generator=generator(seed, "w")).double()
        for seed in (0, 1)
    ]
    nets = StackedPerceptrons(models)
    start = nets.parameter.clone()
    fit(nets, x, (x[:, 0] > 0).long(), compiled=compiled, **options)
    found.append(nets.parameter)
for other in (found[0], start):
    print(float((found[1] - other).abs().max()))
"""


@pytest.mark.slow
@pytest.mark.skipif(not training.has_compiler(), reason="needs a C++ compiler")
def test_the_compiled_step_is_the_same():
    command = [sys.executable, "-c", COMPILED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    difference, change = map(float, done.stdout.split())
    assert difference < TOLERANCE < change


@pytest.mark.gpu
def test_members_equal_modules_trained_alone_on_a_gpu():
    nets, _ = run(l2=L2)
    found = StackedPerceptrons([model.cuda() for model in models()])
    inputs, labels = (x.cuda() for x in examples())
    options = dict(seeds=SEEDS, epochs=EPOCHS, optimisation=SETTINGS, l2=L2.cuda())
    fit(found, inputs, labels, train=TRAIN.cuda(), measure=nothing, compiled=False, **options)
    torch.testing.assert_close(found.parameter.cpu(), nets.parameter, rtol=0, atol=TOLERANCE)
