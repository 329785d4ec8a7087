"""Networks trained together against the same ones trained alone by ``torch.optim``."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from ibutils import train
from ibutils.information_plane import Looks, StackedLearner, recipe, split, stacked_learner
from ibutils.nets import ACTIVATIONS, StackedPerceptrons, narrow_perceptron

SIZES, SEEDS, COUNT = (5, 4, 3, 3), (3, 1, 4), 60
TRAIN = split(COUNT, seeds=SEEDS, fraction=0.7)  # 42 examples: four steps of 10 and one of 2
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


def run(
    nets=None,
    measure=nothing,
    *,
    seeds=SEEDS,
    epochs=EPOCHS,
    data=None,
    batch_size=10,
    callbacks=(),
    checkpoint=None,
    **options,
):
    """Train three small networks without compiling; return them and what was seen of them."""
    nets = StackedPerceptrons(models()) if nets is None else nets
    data = examples() if data is None else data
    own = recipe(epochs[-1], batch_size=batch_size, learning_rate=1e-2, compile=False)
    learner = StackedLearner(nets, own, **{"train": TRAIN, **options})
    looks = Looks(*data, epochs=epochs, measure=measure)
    calls, when = [looks, *callbacks], dict(checkpoint=checkpoint, save_at=epochs)
    assert train.fit(learner, *data, seeds=seeds, callbacks=calls, **when) == {}
    return nets, looks.history


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
    nets, _ = run(reshuffle=True)
    kept, _ = run()
    for i, (model, seed) in enumerate(zip(models(), SEEDS, strict=True)):

        def order(epoch, seed=seed):
            g = train.generator(seed, f"order of epoch {epoch}")
            return torch.randperm(TRAIN.shape[1], generator=g)

        weights = alone(model, TRAIN[i], epochs=EPOCHS[-1], l2=0.0, shuffle=order)
        torch.testing.assert_close(nets.parameter[:, i], weights, rtol=0, atol=TOLERANCE)
    assert not torch.allclose(nets.parameter, kept.parameter)


def test_a_batch_larger_than_the_data_is_all_of_it():
    whole, _ = run(batch_size=42)
    larger, _ = run(batch_size=1000)
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
def test_resume_is_bit_identical(tmp_path, reshuffle):
    """Killed after an epoch that is not logged: trained again, and nothing looked at twice."""
    seen = []

    def measure(snapshot):
        seen.append(snapshot.epoch)
        return {"last": snapshot.activity[-1]}

    def dying(learner, epoch):
        if epoch == 4:
            raise Killed

    options = dict(measure=measure, reshuffle=reshuffle, epochs=[0, 1, 3, 5])
    nets, history = run(**options)
    seen.clear()
    checkpoint = tmp_path / "a" / "b.pt"
    with pytest.raises(Killed):
        run(checkpoint=checkpoint, callbacks=[dying], **options)
    resumed, again = run(checkpoint=checkpoint, **options)
    assert seen == [0, 1, 3, 5]
    assert torch.equal(nets.parameter, resumed.parameter)
    assert all(torch.equal(history[name], again[name]) for name in history)
    _, finished = run(checkpoint=checkpoint, **options)
    assert seen == [0, 1, 3, 5]
    assert all(torch.equal(history[name], finished[name]) for name in history)
    assert [path.name for path in checkpoint.parent.iterdir()] == ["b.pt"]


def test_weights_that_are_not_finite_stop_with_epoch_and_seed():
    """A weight that is infinite in one member, in the first epoch."""
    nets = StackedPerceptrons(models())
    nets.parameter[0, 1] = torch.inf
    with pytest.raises(FloatingPointError, match=r"not finite after epoch 0 \(seed 1\)"):
        run(nets)
    assert bool(nets.parameter[:, [0, 2]].isfinite().all())


def test_one_weight_is_enough_to_be_not_finite():
    learner = StackedLearner(StackedPerceptrons(models()), recipe(1, compile=False), train=TRAIN)
    learner.nets.parameter[-1, 2] = torch.nan
    assert learner.finite().tolist() == [True, True, False]


def test_averages_are_of_the_steps_and_make_ordinary_models():
    own = train.Recipe(1, train.adam(1e-2), batch_size=10, averaging=0.5)
    learner = StackedLearner(StackedPerceptrons(models()), own, train=TRAIN)
    expected = learner.nets.parameter.clone()
    for batch in learner.batches(*examples(), [], 0):
        learner.step(*batch)
        expected = 0.5 * expected + 0.5 * learner.nets.parameter
    for i, model in enumerate(learner.averaged()):
        weights = torch.cat([p.detach().flatten() for p in model.parameters()])
        torch.testing.assert_close(weights, expected[:, i])


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
        (dict(epochs=[0, 2, 2]), r"got \[0, 2, 2\]"),
        (dict(epochs=[-1, 2]), r"got \[-1, 2\]"),
        (dict(seeds=[0, 1]), r"for each of 3 models, got \[0, 1\]"),
        (dict(data=(examples()[0].float(), examples()[1])), "float64 as the nets, got .*float32"),
        (dict(train=TRAIN[:2]), "train must be of 3 networks, got 2 splits"),
        (dict(train=TRAIN + COUNT), r"train must lie in 0\.\.59, got 60\.\."),
        (dict(l2=-0.1), r"l2 must be at least 0, got -0\.1"),
        (dict(l2=-L2), "l2 must be at least 0 for each of 3 members"),
    ],
)
def test_what_does_not_fit_together_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        run(**options)


def test_batches_are_those_of_the_labels_given():
    learner = StackedLearner(StackedPerceptrons(models()), recipe(1, compile=False), train=TRAIN)
    inputs, labels = examples()
    for given in (labels, labels.roll(1)):
        ((_, targets),) = learner.batches(inputs, given, [], 0)
        assert torch.equal(targets.argmax(0), given[TRAIN])


def test_there_is_something_to_look_at():
    with pytest.raises(ValueError, match=r"from 0 or later, got \[\]"):
        Looks(*examples(), epochs=[], measure=nothing)


def test_a_compiler_is_looked_for_where_torch_does(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", str(tmp_path / "none"))
    assert not stacked_learner.has_compiler()
    compiler = tmp_path / "some"
    compiler.touch(mode=0o755)
    monkeypatch.setenv("CXX", str(compiler))
    assert stacked_learner.has_compiler()


# Without the shapes that are checked in tests, which can't be compiled.
COMPILED = """
import torch
from ibutils.information_plane import StackedLearner, recipe, split
from ibutils.nets import StackedPerceptrons, narrow_perceptron
from ibutils.train import fit, generator

x = torch.randn(30, 5, generator=generator(0, "x"), dtype=torch.float64)
found = []
for compiled in (False, True):
    models = [
        narrow_perceptron((5, 3, 2), activation="prelu", generator=generator(seed, "w")).double()
        for seed in (0, 1)
    ]
    nets = StackedPerceptrons(models)
    start = nets.parameter.clone()
    own = recipe(3, batch_size=10, learning_rate=1e-2, compile=compiled)
    learner = StackedLearner(nets, own, train=split(30, seeds=[0, 1]), l2=0.1)
    fit(learner, x, (x[:, 0] > 0).long(), seeds=[0, 1])
    found.append(nets.parameter)
for other in (found[0], start):
    print(float((found[1] - other).abs().max()))
"""


@pytest.mark.slow
@pytest.mark.skipif(not stacked_learner.has_compiler(), reason="needs a C++ compiler")
def test_the_compiled_step_is_the_same():
    command = [sys.executable, "-c", COMPILED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    difference, change = map(float, done.stdout.split())
    assert difference < TOLERANCE < change


@pytest.mark.gpu
def test_members_equal_modules_trained_alone_on_a_gpu():
    nets, _ = run(l2=L2)
    found = StackedPerceptrons([model.cuda() for model in models()])
    run(found, data=[x.cuda() for x in examples()], l2=L2.cuda(), train=TRAIN.cuda())
    torch.testing.assert_close(found.parameter.cpu(), nets.parameter, rtol=0, atol=TOLERANCE)
