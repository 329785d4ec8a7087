"""An ensemble's members against the same models trained alone."""

import functools

import numpy as np
import pytest
import torch
from torch import nn

from ibutils import ensemble
from ibutils.baselines import Classifier, DropoutClassifier, label_smoothing_loss
from ibutils.ensemble import Ensemble
from ibutils.nets import linear, perceptron
from ibutils.train import Learner, Recipe, Stream, adam, fit, generator, staircase
from ibutils.vib import VIB, StochasticEncoder

SIZE, CLASSES = 12, 3
BETAS, SEEDS = (0.0, 2**-10, 0.5), (3, 1, 4)
TOLERANCE = 1e-9  # in double precision, after 20 steps
RECIPE = Recipe(4, adam(1e-2, momentum=0.5), staircase(0.97), batch_size=10, averaging=0.8)


def images(device="cpu"):
    """Return 47 inputs and labels in double precision: five batches, one of them short."""
    g = torch.Generator().manual_seed(1)
    inputs = torch.randn(47, SIZE, generator=g, dtype=torch.float64)
    return inputs.to(device), inputs[:, :CLASSES].argmax(dim=-1).to(device)


def vib(seed, beta, bottleneck=2, covariance="full"):
    """Return a small VIB with seeded weights."""
    g = generator(seed, "weights")
    width = StochasticEncoder.width(bottleneck, covariance)
    network = perceptron([SIZE, 16, 16, width], generator=g)
    encoder = StochasticEncoder(network, bottleneck=bottleneck, covariance=covariance)
    return VIB(encoder, linear(bottleneck, CLASSES, generator=g), beta=beta).double()


def dropout(seed, _):
    """Return a small classifier whose noise drops units."""
    network = perceptron([SIZE, 16, CLASSES], generator=generator(seed, "weights"))
    return DropoutClassifier(network, rate=0.5).double()


def smoothed(seed, _):
    """Return a small classifier with another loss."""
    network = perceptron([SIZE, 16, CLASSES], generator=generator(seed, "weights"))
    loss = functools.partial(label_smoothing_loss, epsilon=0.1)
    return Classifier(network, loss=loss).double()


def members(build=vib):
    """Return three untrained models that differ in seed and beta."""
    return [build(seed, beta) for seed, beta in zip(SEEDS, BETAS, strict=True)]


def distance(left, right):
    """Return the largest difference between the weights of two models."""
    pairs = zip(left.state_dict().values(), right.state_dict().values(), strict=True)
    return max(float((a - b).abs().max()) for a, b in pairs)


@pytest.mark.parametrize(
    "build",
    [
        vib,
        functools.partial(vib, bottleneck=256, covariance="diagonal"),
        functools.partial(vib, bottleneck=5, covariance="full"),
        dropout,
        smoothed,
    ],
)
def test_members_equal_those_trained_alone(build):
    """Twenty steps with given orders and noise; values, averages and logged terms agree."""
    inputs, labels = images()
    together = Ensemble(members(build), RECIPE)
    alone = [Learner(model, RECIPE) for model in members(build)]
    streams, batches = [Stream(seed) for seed in SEEDS], dict(count=len(inputs), batch_size=10)
    for _ in range(4):
        epochs = [stream.epoch(together.model, **batches) for stream in streams]
        for draws in zip(*epochs, strict=True):
            terms = together.step(*together.gather(inputs, labels, draws))
            for i, (index, noise) in enumerate(draws):
                own = alone[i].step(inputs[index], labels[index], noise)
                for name, term in own.items():
                    assert abs(float(terms[name][i] - term)) < TOLERANCE
        together.schedule.step()
        for learner in alone:
            learner.schedule.step()
    stacks = {name: x.detach() for name, x in together.tensors().items()}
    for i, (learner, start) in enumerate(zip(alone, members(build), strict=True)):
        assert distance(together.averaged()[i], learner.averaged()) < TOLERANCE
        assert distance(learner.averaged(), start) > 1e-3
        for name, p in learner.model.named_parameters():
            assert float((stacks[name][i] - p.detach()).abs().max()) < TOLERANCE, name


@pytest.mark.parametrize("size", [1, 2, 3])
def test_fit_equals_training_one_after_another(size, monkeypatch):
    """Whatever the groups, each model keeps its place, its beta and its own streams."""
    monkeypatch.setattr(ensemble, "group_size", lambda model: size)
    inputs, labels = images()
    found = list(ensemble.fit_each(members(), RECIPE, inputs, labels, seeds=SEEDS))
    assert [float(model.beta) for model, _ in found] == list(BETAS)
    for (model, history), start, seed in zip(found, members(), SEEDS, strict=True):
        learner = Learner(start, RECIPE)
        own = fit(learner, inputs, labels, seeds=[seed])
        assert distance(model, learner.averaged()) < TOLERANCE
        assert not any(p.requires_grad for p in model.parameters())
        for name, term in own.items():
            torch.testing.assert_close(history[name], term[:, 0], rtol=0, atol=TOLERANCE)


def test_given_models_are_left_as_they_are():
    models = members()
    learner = Ensemble(models, RECIPE)
    fit(learner, *images(), seeds=SEEDS)
    assert all(distance(a, b) == 0 for a, b in zip(models, members(), strict=True))


def test_frozen_parameters_stay():
    models = members()
    for model in models:
        model.decoder.weight.requires_grad_(False)
    for (model, _), start in zip(
        ensemble.fit_each(models, RECIPE, *images(), seeds=SEEDS), members(), strict=True
    ):
        assert torch.equal(model.decoder.weight, start.decoder.weight)
        assert not torch.equal(model.decoder.bias, start.decoder.bias)


class Killed(Exception):
    """Stands for the end of the process."""


def test_resume_is_bit_identical(tmp_path, monkeypatch):
    """Killed within the third epoch of a group, then repeated: as if nothing had happened."""
    inputs, labels = images()

    def run(folder):
        return list(
            ensemble.fit_each(
                members(),
                RECIPE,
                inputs,
                labels,
                seeds=SEEDS,
                checkpoint=lambda group: folder / f"{group.start}-{group.stop}.pt",
            )
        )

    undisturbed = run(tmp_path / "whole")
    step, calls = Ensemble.step, iter(range(13))

    def dying(self, *batch):
        if next(calls, None) is None:
            raise Killed
        return step(self, *batch)

    monkeypatch.setattr(Ensemble, "step", dying)
    with pytest.raises(Killed):
        run(tmp_path / "cut")
    steps = []
    monkeypatch.setattr(Ensemble, "step", lambda *a: steps.append(1) or step(*a))
    resumed = run(tmp_path / "cut")
    assert len(steps) == 10  # two of four epochs were kept
    for (model, history), (same, own) in zip(resumed, undisturbed, strict=True):
        assert distance(model, same) == 0
        assert all(torch.equal(history[name], own[name]) for name in own)


def test_a_member_that_diverges_is_named_and_harms_no_other():
    """A bad example stops training at the first step, and in the member, that meets it."""
    inputs, labels = images()
    inputs[20] = torch.nan
    stops = {}
    for seed in SEEDS:
        order = torch.randperm(len(inputs), generator=generator(seed, "order"))
        stops[int((order == 20).nonzero()) // 10] = seed
    step = min(stops)
    with pytest.raises(FloatingPointError, match=rf"step {step} .*seed {stops[step]}\b"):
        fit(Ensemble(members(), RECIPE), inputs, labels, seeds=SEEDS)

    clean, _ = images()
    batch = torch.stack([inputs[:30], clean[:30], clean[:30]])
    noise = torch.zeros(3, 30, 2, dtype=torch.float64)
    learner = Ensemble(members(), RECIPE)
    losses = learner.step(batch, labels[:30].expand(3, -1), noise)["loss"]
    assert losses.isfinite().tolist() == [False, True, True]
    assert all(x.isfinite().all() for p in learner.parameters for x in p[1:])


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([], "at least one model"),
        ([vib(0, 0.1), dropout(0, None)], "VIB in model 0 and DropoutClassifier in model 1"),
        ([vib(0, 0.1), vib(0, 0.1, bottleneck=3)], r"bottleneck is 2 in model 0 and 3"),
        ([vib(0, 0.1), vib(0, 0.1).float()], "float64 on cpu in model 0 and .*float32"),
        (
            [DropoutClassifier(nn.Sequential(nn.Linear(2, 2)), rate=r) for r in (0.5, 0.25)],
            "keep is 0.5 in model 0 and 0.75 in model 1",
        ),
    ],
)
def test_models_that_cannot_be_stacked_are_refused(models, message):
    with pytest.raises(ValueError, match=message):
        Ensemble(models, RECIPE)
    with pytest.raises(ValueError, match=message):
        ensemble.fit_each(models, RECIPE, *images(), seeds=range(len(models)))


class Weighted(Classifier):
    """A classifier with a setting that is no tensor of its state."""

    def __init__(self, weight):
        super().__init__(nn.Linear(2, 2))
        self._weight = weight


@pytest.mark.parametrize("wrapped", [lambda x: x, lambda x: [x], lambda x: {"all": x}])
@pytest.mark.parametrize("kind", [float, np.asarray, torch.tensor])
def test_any_setting_counts_to_its_last_number(kind, wrapped):
    ones, other = [1.0] * 2000, [*[1.0] * 1000, 1.0 + 1e-12, *[1.0] * 999]
    if kind is float:
        ones, other = 1.0, 1.0 + 1e-12
    elif kind is torch.tensor:
        kind = functools.partial(torch.tensor, dtype=torch.float64)
    ensemble.check_alike([Weighted(wrapped(kind(ones))) for _ in range(2)])
    with pytest.raises(ValueError, match="in parameters and buffers only, but _weight is"):
        ensemble.check_alike([Weighted(wrapped(kind(x))) for x in (ones, other)])


class Held(nn.BatchNorm1d):
    """Batch normalisation that stays in evaluation mode."""

    def train(self, mode=True):
        return super().train(False)


def test_models_that_gather_statistics_are_refused():
    def models(norm):
        return [Classifier(nn.Sequential(nn.Linear(SIZE, 4), norm(4))).double() for _ in range(2)]

    with pytest.raises(ValueError, match=r"network\.1 does: BatchNorm1d.*; train such .* one by"):
        Ensemble(models(nn.BatchNorm1d), RECIPE)
    with pytest.raises(ValueError, match="train such models one by one"):
        ensemble.fit_each(models(nn.BatchNorm1d), RECIPE, *images(), seeds=[0, 1])
    given = models(Held)
    list(ensemble.fit_each(given, RECIPE, *images(), seeds=[0, 1]))
    assert given[0].network[1].num_batches_tracked == 0


def test_models_that_draw_noise_of_their_own_are_refused():
    def models(rate):
        layers = nn.Linear(SIZE, 4), nn.Dropout(rate)
        return [Classifier(nn.Sequential(*layers)).double() for _ in range(2)]

    with pytest.raises(ValueError, match=r"network\.1 does not: Dropout.*; train such .* one by"):
        Ensemble(models(0.5), RECIPE)
    Ensemble(models(0.0), RECIPE)


def test_equal_losses_made_twice_are_alike():
    assert smoothed(0, None).loss is not smoothed(1, None).loss
    ensemble.check_alike([smoothed(0, None), smoothed(1, None)])


def test_numbers_of_models_and_seeds_must_agree():
    with pytest.raises(ValueError, match="3 models and 2 seeds"):
        ensemble.fit_each(members(), RECIPE, *images(), seeds=[0, 1])


def test_group_size_follows_the_cache_on_a_cpu_only():
    small, large = perceptron([64, 64, 10]), perceptron([784, 1024, 1024, 512])
    assert ensemble.group_size(small) > 30
    assert ensemble.group_size(large) == 1
    assert ensemble.group_size(large.to("meta")) > 1000


@pytest.mark.gpu
def test_members_equal_those_trained_alone_on_a_gpu():
    inputs, labels = images("cuda")
    models = [model.cuda() for model in members()]
    found = ensemble.fit_each(models, RECIPE, inputs, labels, seeds=SEEDS)
    for (model, _), start, seed in zip(found, members(), SEEDS, strict=True):
        learner = Learner(start.cuda(), RECIPE)
        fit(learner, inputs, labels, seeds=[seed])
        assert distance(model, learner.averaged()) < TOLERANCE
