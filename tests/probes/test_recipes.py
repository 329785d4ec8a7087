"""How probes train: without an average, and measured between epochs without a change."""

import pytest
import torch
from torch import nn

from ibutils.probes import Probe, recipe
from ibutils.probes.recipes import check_batches
from ibutils.train import Learner, MeanOfLast, fit, generator

N = 96


def data():
    g = torch.Generator().manual_seed(0)
    return torch.randn(N, 5, generator=g), torch.randint(3, (N,), generator=g)


def learner(epochs, **options):
    probe = Probe(5, 3, hidden=16, generator=generator(0, "weights"))
    return Learner(probe, recipe(epochs, batch_size=32, **options))


def test_the_weights_are_their_own_average():
    trained = learner(2)
    fit(trained, *data(), seeds=[0])
    averaged = trained.averaged().state_dict()
    for name, value in trained.model.state_dict().items():
        assert torch.equal(value, averaged[name])


def test_measuring_between_epochs_does_not_change_the_training():
    whole, watched, seen = learner(5), learner(5), []
    fit(whole, *data(), seeds=[0])

    def measure():
        assert not watched.model.training
        seen.append(len(seen))
        return float(seen[-1])

    last = MeanOfLast(measure, last=3)
    fit(watched, *data(), seeds=[0], callbacks=[last])
    assert (seen, last.mean) == ([0, 1, 2], 1.0)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, watched.model.state_dict()[name]), name


def test_measuring_leaves_a_part_that_is_held_frozen_as_it_is():
    watched = learner(2)
    norm = next(m for m in watched.model.modules() if isinstance(m, nn.BatchNorm1d)).eval()
    MeanOfLast(lambda: 1.0, last=2)(watched, 2)
    assert watched.model.training
    assert not norm.training


def test_there_are_no_more_last_epochs_than_epochs():
    last = MeanOfLast(lambda: 1.0, last=9)
    fit(learner(2), *data(), seeds=[0], callbacks=[last])
    assert last.values == [1.0, 1.0]


def test_a_mean_of_nothing_is_refused():
    with pytest.raises(ValueError, match="values must hold a measure, got none of the last 2"):
        _ = MeanOfLast(lambda: 1.0, last=2).mean


def test_a_last_batch_of_one_is_refused():
    check_batches("x", torch.zeros(64, 3), 64)
    with pytest.raises(ValueError, match="65 samples of x in batches of batch_size=64 leave"):
        check_batches("x", torch.zeros(65, 3), 64)
    with pytest.raises(ValueError, match="Expected more than 1 value"):  # what it would meet
        nn.BatchNorm1d(3)(torch.zeros(1, 3))
