"""The penalty on the output: the gradient of its objective, and none where there is none."""

import pytest
import torch
from torch import nn

from experiments.information_plane.planes import USUAL, build
from experiments.information_plane.regularisation import PenalisedLearner, weights_of_the_output
from ibutils.information_plane import StackedLearner, recipe, split
from ibutils.train import Stream

SEEDS = (0, 1)


@pytest.fixture
def words():
    g = torch.Generator().manual_seed(0)
    return torch.randint(0, 2, (64, 12), generator=g).float(), torch.randint(2, (64,), generator=g)


def nets():
    return build({"activation": "relu"} | USUAL, SEEDS)


def stepped(learner, words):
    streams = [Stream(seed) for seed in SEEDS]
    learner.step(*next(learner.batches(*words, streams, 0)))
    return learner.nets.parameter.grad.clone()


def options(own):
    return dict(recipe=recipe(1, compile=False), train=split(64, seeds=SEEDS)) | own


def test_the_gradient_is_that_of_cross_entropy_and_both_penalties(words):
    hidden, output = 0.03, 0.7
    learner = PenalisedLearner(nets(), **options(dict(l2=hidden, output=output)))
    got, train = stepped(learner, words), split(64, seeds=SEEDS)
    for place, net in enumerate(nets().members()):
        weights = [layer.weight for layer in net if isinstance(layer, nn.Linear)]
        own = train[place]
        loss = nn.functional.cross_entropy(net(words[0][own]), words[1][own])
        loss = loss + hidden / 2 * sum(w.square().sum() for w in weights[:-1])
        loss = loss + output / 2 * weights[-1].square().sum()
        gradients = torch.autograd.grad(loss, list(net.parameters()))
        expected = torch.cat([gradient.flatten() for gradient in gradients])
        torch.testing.assert_close(got[:, place], expected, rtol=1e-4, atol=1e-6)


def test_without_a_penalty_on_the_output_nothing_changes(words):
    usual = stepped(StackedLearner(nets(), **options(dict(l2=0.03))), words)
    assert torch.equal(
        usual, stepped(PenalisedLearner(nets(), **options(dict(l2=0.03, output=0.0))), words)
    )


def test_only_weights_of_the_last_layer_are_marked():
    stack = nets()
    marked = [w.unique().tolist() for w in stack.tensors(weights_of_the_output(stack))]
    assert marked[-2:] == [[1.0], [0.0]]
    assert all(one == [0.0] for one in marked[:-2])
