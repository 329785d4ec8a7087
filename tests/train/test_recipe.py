"""Optimisers, schedules and the papers' recipes against what they stand for."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from ibutils import infomax, information_dropout, information_plane, probes, train, vib
from ibutils.baselines import Classifier
from ibutils.probes.recipes import critic_recipe, two_thirds
from ibutils.train import Learner, Recipe, adam, milestones, nesterov, staircase


def learner(recipe):
    return Learner(Classifier(nn.Linear(4, 3)), recipe)


def rates(recipe):
    """Return the learning rate of each epoch."""
    trained, found = learner(recipe), []
    for _ in range(recipe.epochs):
        found.append(trained.optimizer.param_groups[0]["lr"])
        trained.optimizer.step()  # the schedule warns where no step was taken
        trained.schedule.step()
    return found


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_staircase_falls_by_its_factor(every):
    found = rates(Recipe(10, adam(0.1), staircase(0.5, every=every)))
    assert found == pytest.approx([0.1 * 0.5 ** (e // every) for e in range(10)], rel=1e-12)


def test_milestones_are_epochs_after_which_the_rate_falls():
    found = rates(Recipe(5, adam(1.0), milestones((2, 3), 0.25)))
    assert found == pytest.approx([1, 1, 1 / 4, 1 / 16, 1 / 16])
    assert rates(Recipe(3, adam(1.0))) == [1.0] * 3


def test_deep_vib_ends_where_the_paper_ends():
    """1e-4 times 0.97 to the power 99 in the last two of 200 epochs."""
    found = rates(vib.recipe(200))
    assert found[0] == found[1] == 1e-4
    assert found[-1] == found[-2] == pytest.approx(4.90e-6, rel=1e-3)
    assert found[-3] > found[-2]


@pytest.mark.parametrize(
    ("recipe", "batch_size", "averaging", "rate", "momentum"),
    [
        (vib.recipe(200), 100, 0.999, 1e-4, 0.5),
        (infomax.recipe(200), 64, 0.0, 1e-4, 0.5),
        (probes.recipe(200), 64, 0.0, 1e-4, 0.5),
        (information_plane.recipe(200), 256, 0.0, 4e-4, 0.9),
        (information_dropout.recipe(200), 100, 0.0, 0.05, 0.9),
    ],
)
def test_defaults_are_those_of_the_papers(recipe, batch_size, averaging, rate, momentum):
    found = learner(replace(recipe, compile=False)).optimizer.param_groups[0]
    own = found["momentum"] if "momentum" in found else found["betas"][0]
    assert (recipe.batch_size, recipe.averaging) == (batch_size, averaging)
    assert (found["lr"], own) == (rate, momentum)


def test_information_dropout_falls_three_times_under_nesterov_momentum():
    found = rates(information_dropout.recipe(200))
    assert [e for e in range(1, 200) if found[e] < found[e - 1]] == [80, 120, 160]
    assert found[-1] == pytest.approx(5e-5)
    assert learner(information_dropout.recipe(1)).optimizer.param_groups[0]["nesterov"]


@pytest.mark.parametrize(
    ("steps", "count", "batch", "epochs", "falls"),
    [(10, 100, 40, 4, [2, 3]), (1, 100, 40, 1, [1, 2]), (80, 100, 10, 8, [4, 6])],
)
def test_critics_make_whole_passes_and_fall_twice(steps, count, batch, epochs, falls):
    recipe = critic_recipe(steps, count=count, batch_size=batch, learning_rate=1.0)
    found = rates(replace(recipe, epochs=epochs + 3))
    assert recipe.epochs == epochs
    assert [e for e in range(1, epochs + 3) if found[e] < found[e - 1]] == falls


@pytest.mark.parametrize(
    ("epochs", "last"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (9, 6), (200, 133)]
)
def test_probes_fall_once_after_two_thirds_of_their_epochs(epochs, last):
    assert two_thirds(epochs) == (last,)
    found = rates(probes.recipe(epochs + 1, milestones=two_thirds(epochs)))
    assert [e for e in range(1, epochs + 1) if found[e] < found[e - 1]] == [last]


def test_weight_decay_spares_biases():
    """With a zero gradient, a matrix shrinks by rate times decay and a bias stays."""
    rule = nesterov(0.1, momentum=0.5, weight_decay=0.2)
    trained = learner(Recipe(1, rule))
    model = trained.model
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    trained.optimizer.step()
    weight, bias = model.network.weight, model.network.bias
    shrunk = before["network.weight"] * (1 - 0.1 * 0.2 * 1.5)  # Nesterov: 1 + momentum
    torch.testing.assert_close(weight.detach(), shrunk)
    assert torch.equal(bias.detach(), before["network.bias"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Recipe(0, adam(1.0)), "epochs must be at least 1, got 0"),
        (lambda: Recipe(1, adam(1.0), batch_size=0), "batch_size must be at least 1, got 0"),
        (lambda: Recipe(1, adam(1.0), averaging=1.0), "averaging must be .* below 1, got 1.0"),
        (lambda: Recipe(1, adam(1.0), averaging=-0.1), "averaging must be at least 0 .* -0.1"),
        (lambda: Recipe(1, adam(1.0), precision="half"), "precision must be one of .* 'half'"),
        (lambda: adam(0.0), "learning_rate must be above 0, got 0.0"),
        (lambda: adam(math.nan), "learning_rate must be above 0, got nan"),
        (lambda: adam(math.inf), "learning_rate must be above 0, got inf"),
        (lambda: adam(1.0, momentum=1.0), "momentum must be at least 0 and below 1, got 1.0"),
        (lambda: nesterov(-1.0), "learning_rate must be above 0, got -1.0"),
        (lambda: nesterov(1.0, momentum=0.0), "momentum must be above 0 and below 1, got 0.0"),
        (lambda: nesterov(1.0, weight_decay=-1.0), "weight_decay must be at least 0, got -1.0"),
        (lambda: staircase(0.0), "decay must be above 0, got 0.0"),
        (lambda: staircase(0.5, every=0), "every must be at least 1, got 0"),
        (lambda: milestones((3, 2)), r"milestones must increase, got \(3, 2\)"),
        (lambda: milestones((0, 2)), r"milestones\[0\] must be at least 1, got 0"),
        (lambda: milestones((2,), math.nan), "decay must be above 0, got nan"),
    ],
)
def test_what_cannot_train_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_schedule_that_wants_a_measure_is_refused():
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau
    with pytest.raises(ValueError, match=r"schedule must .* got ReduceLROnPlateau"):
        learner(Recipe(1, adam(1.0), plateau))


def test_what_is_no_training_is_a_type_error():
    with pytest.raises(TypeError):
        Recipe(1, "adam")
    with pytest.raises(TypeError):
        train.fit(learner(vib.recipe(1)), *two(), seeds=[0], callbacks=["none"])


def two():
    return torch.zeros(2, 4), torch.zeros(2, dtype=torch.long)
