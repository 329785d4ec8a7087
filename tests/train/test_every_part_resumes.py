"""A training of each part, stopped after any epoch, ends bit-identical to one that was not."""

import functools

import pytest
import torch
from test_loop import vib as small_vib
from torch import nn

from ibutils import ensemble, infomax, information_dropout, information_plane, probes, vib
from ibutils.information_dropout import NoisyClassifier, check_priors, warm_up_beta
from ibutils.information_dropout.dropout_mlp import dropout_mlp
from ibutils.information_plane import Looks, StackedLearner, split
from ibutils.nets import StackedPerceptrons, narrow_perceptron
from ibutils.nets.encoders import basic32
from ibutils.probes import Probe
from ibutils.train import Learner, MeanOfLast, adam, fit, generator, milestones

EPOCHS, N = 4, 24


class Stopped(Exception):
    """Stands for the end of the process."""


class Training:
    """A learner with its callbacks, seeds and data, made anew by each call of ``PARTS``."""

    def __init__(self, learner, inputs, labels, *, callbacks=(), seeds=(7,), save_at=None):
        self.learner, self.data, self.seeds = learner, (inputs, labels), list(seeds)
        self.callbacks, self.save_at = list(callbacks), save_at

    def run(self, checkpoint=None, stop=None):
        """Return all that training leaves, as tensors in one order."""
        stopping = [functools.partial(_stop, stop)] if stop is not None else []
        options = dict(checkpoint=checkpoint, save_at=self.save_at)
        calls = [*self.callbacks, *stopping]
        history = fit(self.learner, *self.data, seeds=self.seeds, callbacks=calls, **options)
        found = [*history.values(), *self.learner.tensors().values(), *self.learner.average]
        for callback in self.callbacks:
            if hasattr(callback, "state_dict"):
                (state,) = callback.state_dict().values()
                found += state.values() if isinstance(state, dict) else [torch.tensor(state)]
        states = self.learner.optimizer.state_dict()["state"].values()
        found += [value for state in states for value in state.values()]
        return [value.detach().clone() for value in found]


def _stop(at, learner, epoch):
    if epoch == at:
        raise Stopped


def vectors():
    inputs = torch.randn(N, 6, generator=generator(0, "inputs"))
    return inputs, inputs[:, :3].argmax(1)


def of_vib():
    return Training(Learner(small_vib(0), vib.recipe(EPOCHS, batch_size=10)), *vectors())


def of_an_ensemble():
    models = [small_vib(seed, beta=beta) for seed, beta in ((0, 0.0), (1, 0.5))]
    learner = ensemble.Ensemble(models, vib.recipe(EPOCHS, batch_size=10))
    return Training(learner, *vectors(), seeds=(3, 5))


def noisy(seed):
    g = generator(seed, "weights")
    network = dropout_mlp(4, inputs=6, classes=3, activation="softplus", generator=g)
    return NoisyClassifier(network, beta=1.0, samples=N)


def rising():
    return [check_priors, warm_up_beta(3)]


def of_information_dropout():
    recipe = information_dropout.recipe(EPOCHS, batch_size=10, milestones=(1, 3))
    return Training(Learner(noisy(0), recipe), *vectors(), callbacks=rising())


def of_noisy_ensembles():
    recipe = information_dropout.recipe(EPOCHS, batch_size=10, weight_decay=1e-3)
    learner = ensemble.Ensemble([noisy(0), noisy(1)], recipe)
    return Training(learner, *vectors(), callbacks=rising(), seeds=(1, 2))


def of_infomax():
    g = generator(0, "weights")
    model = infomax.DeepInfoMax(
        basic32(channels=1 / 16, generator=g), infomax.Terms(gamma=0.1), units=8, generator=g
    )
    images = torch.rand(N, 3, 32, 32, generator=generator(0, "images")) * 2 - 1
    recipe = infomax.recipe(EPOCHS, batch_size=12, learning_rate=1e-3)
    return Training(Learner(model, recipe), images, torch.zeros(N))


def of_a_probe():
    model = Probe(6, 3, hidden=8, generator=generator(0, "weights"))
    inputs, labels = vectors()
    measured = MeanOfLast(lambda: float(model(inputs).detach().square().mean()), last=3)
    recipe = probes.recipe(EPOCHS, batch_size=12, learning_rate=1e-2, milestones=(2,))
    return Training(Learner(model, recipe), inputs, labels, callbacks=[measured])


def of_planes(reshuffle=False, save_at=None):
    draws = [generator(seed, "weights") for seed in (0, 1)]
    models = [narrow_perceptron((6, 4, 3), activation="tanh", generator=g) for g in draws]
    recipe = information_plane.recipe(EPOCHS, batch_size=5, learning_rate=1e-2, compile=False)
    train = split(N, seeds=(0, 1))
    learner = StackedLearner(
        StackedPerceptrons(models), recipe, train=train, l2=0.1, reshuffle=reshuffle
    )
    looks = Looks(*vectors(), epochs=[0, 1, 3, 4], measure=lambda s: {"last": s.activity[-1]})
    return Training(learner, *vectors(), callbacks=[looks], seeds=(0, 1), save_at=save_at)


PARTS = {
    "vib": of_vib,
    "ensemble": of_an_ensemble,
    "information_dropout": of_information_dropout,
    "ensemble that warms up": of_noisy_ensembles,
    "infomax": of_infomax,
    "probe": of_a_probe,
    "planes": of_planes,
    "reshuffled planes": functools.partial(of_planes, reshuffle=True),
    "planes saved when looked at": functools.partial(of_planes, save_at=[1, 3, 4]),
}


@pytest.mark.parametrize("part", PARTS)
def test_stopped_after_any_epoch_it_ends_as_if_it_had_not(part, tmp_path):
    whole = PARTS[part]().run()
    for stop in range(1, EPOCHS + 1):
        path = tmp_path / f"{stop}.pt"
        with pytest.raises(Stopped):
            PARTS[part]().run(path, stop)
        resumed = PARTS[part]().run(path)
        assert len(whole) == len(resumed) > 3
        assert all(torch.equal(a, b) for a, b in zip(whole, resumed, strict=True)), stop
    again = PARTS[part]().run(path)  # on a finished training
    assert all(torch.equal(a, b) for a, b in zip(whole, again, strict=True))


@pytest.mark.parametrize("part", PARTS)
def test_it_trains(part):
    """So that equal ends are not those of trainings that do nothing."""
    training = PARTS[part]()
    before = [value.detach().clone() for value in training.learner.parameters]
    training.run()
    assert not any(
        torch.equal(a, b) for a, b in zip(before, training.learner.parameters, strict=True)
    )


def test_members_warm_up_in_an_ensemble_as_alone():
    training = of_noisy_ensembles()
    training.run()
    for place, seed in enumerate((1, 2)):
        alone = Learner(noisy(place), training.learner.recipe)
        fit(alone, *vectors(), seeds=[seed], callbacks=rising())
        for name, value in alone.tensors().items():
            stacked = training.learner.tensors()[name][place]
            torch.testing.assert_close(stacked, value, rtol=0, atol=1e-5)


def test_warmth_needs_a_model_that_has_it():
    learner = Learner(small_vib(0), vib.recipe(1))
    with pytest.raises(ValueError, match="model must have a buffer 'warmth'"):
        fit(learner, *vectors(), seeds=[0], callbacks=[warm_up_beta(2)])


def test_callbacks_are_told_of_each_epoch_and_keep_their_order():
    told = []
    calls = [lambda _, epoch, name=name: told.append((name, epoch)) for name in "ab"]
    fit(of_vib().learner, *vectors(), seeds=[0], callbacks=calls)
    assert told == [(name, epoch) for epoch in range(EPOCHS + 1) for name in "ab"]


def test_a_model_in_mixed_precision_trains_near_single():
    ends = []
    for precision in ("float32", "bfloat16"):
        recipe = infomax.recipe(3, batch_size=12, learning_rate=1e-3, precision=precision)
        training = of_infomax()
        learner = Learner(training.learner.model, recipe)
        ends.append(fit(learner, *training.data, seeds=[0])["loss"][-1])
    assert not torch.equal(*ends)
    torch.testing.assert_close(*ends, rtol=0.1, atol=0.1)


def test_any_optimiser_and_schedule_of_torch_can_be_handed_in():
    from ibutils.train import Recipe

    rule = functools.partial(torch.optim.AdamW, lr=1e-2, weight_decay=0.5)
    learner = Learner(small_vib(0), Recipe(2, rule, milestones((1,))))
    assert [group["weight_decay"] for group in learner.optimizer.param_groups] == [0.5, 0.0]
    history = fit(learner, *vectors(), seeds=[0])
    assert bool(history["loss"].isfinite().all()) and adam(1.0) is not adam(1.0)
    assert isinstance(learner.averaged(), nn.Module)


def test_one_member_whose_prior_collapses_stops_the_ensemble():
    models = [noisy(0), noisy(1)]
    layers = [m for m in models[1].modules() if getattr(m, "prior", None) == "log_normal"]
    with torch.no_grad():
        layers[0].log_prior_scale.fill_(-20.0)
    learner = ensemble.Ensemble(models, information_dropout.recipe(1))
    with pytest.raises(ValueError, match=r"has collapsed to .* after 3 epochs"):
        check_priors(learner, 3)
    check_priors(ensemble.Ensemble([noisy(0), noisy(1)], information_dropout.recipe(1)), 3)
