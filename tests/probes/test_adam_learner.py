"""The learner of probes: batch statistics survive a resume, and stopping changes nothing."""

import pytest
import torch
from torch import nn

from ibutils.probes import AdamLearner, AdamRecipe, Probe
from ibutils.probes.training import check_batches, mean_of_last
from ibutils.train import fit, generator

N = 96


def data():
    g = torch.Generator().manual_seed(0)
    return torch.randn(N, 5, generator=g), torch.randint(3, (N,), generator=g)


def learner(epochs, **options):
    probe = Probe(5, 3, hidden=16, generator=generator(0, "weights"))
    return AdamLearner(probe, AdamRecipe(epochs=epochs, batch_size=32, **options))


def test_the_weights_are_their_own_average():
    trained = learner(2)
    fit(trained, *data(), seeds=[0])
    averaged = trained.averaged().state_dict()
    for name, value in trained.model.state_dict().items():
        assert torch.equal(value, averaged[name])


def test_a_killed_training_ends_as_one_that_was_not(tmp_path):
    whole, path = learner(4, milestones=(3,)), tmp_path / "probe.pt"
    fit(whole, *data(), seeds=[0])
    first = learner(4, milestones=(3,))
    first.recipe = AdamRecipe(epochs=2, batch_size=32)
    fit(first, *data(), seeds=[0], checkpoint=path)
    second = learner(4, milestones=(3,))
    fit(second, *data(), seeds=[0], checkpoint=path)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name
    assert int(second.model.norm.num_batches_tracked) == 12


def test_milestones_lower_the_learning_rate():
    trained = learner(4, learning_rate=1.0, milestones=(2, 3))
    rates = []
    for _ in range(4):
        rates.append(trained.optimizer.param_groups[0]["lr"])
        trained.optimizer.step()
        trained.schedule.step()
    assert rates == pytest.approx([1.0, 1.0, 0.1, 0.01])


def test_measuring_between_epochs_does_not_change_the_training():
    whole, watched, seen = learner(5), learner(5), []
    fit(whole, *data(), seeds=[0])

    def measure():
        assert not watched.model.training
        seen.append(len(seen))
        return float(seen[-1])

    mean, losses = mean_of_last(watched, *data(), seed=0, last=3, measure=measure)
    assert (seen, mean, len(losses)) == ([0, 1, 2], 1.0, 5)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, watched.model.state_dict()[name]), name


def test_there_are_no_more_last_epochs_than_epochs():
    mean, losses = mean_of_last(learner(2), *data(), seed=0, last=9, measure=lambda: 1.0)
    assert (mean, len(losses)) == (1.0, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"epochs": 1, "momentum": 1.0}, r"momentum must be at least 0 and below 1, got 1.0"),
        ({"epochs": 9, "milestones": (3, 2)}, r"milestones must increase, got \(3, 2\)"),
        ({"epochs": 9, "milestones": (0, 2)}, r"milestones\[0\] must be at least 1, got 0"),
    ],
)
def test_bad_recipes_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        AdamRecipe(**options)


def test_a_last_batch_of_one_is_refused():
    check_batches("x", torch.zeros(64, 3), 64)
    with pytest.raises(ValueError, match="65 samples of x in batches of batch_size=64 leave"):
        check_batches("x", torch.zeros(65, 3), 64)
    with pytest.raises(ValueError, match="Expected more than 1 value"):  # what it would meet
        nn.BatchNorm1d(3)(torch.zeros(1, 3))
