"""Fifty narrow networks trained together against the same one after another.

Both take steps of Adam with batches of 256 words of the 12-bit task. Alone is the usual loop:
``nn.Sequential``, ``cross_entropy``, ``backward``, and the fused optimiser. Compiling is left
out of the times and reported. Target: together at least 25 times faster on two cores.
"""

import time

import torch
from common import Target, options, paired, report
from torch import nn

from ibutils.data import icosahedral
from ibutils.information_plane import StackedLearner, recipe, split
from ibutils.information_plane.stacked_learner import has_compiler
from ibutils.nets import StackedPerceptrons, narrow_perceptron
from ibutils.train import generator

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
MEMBERS = 50
TOGETHER, ALONE = 130, 65  # steps that are timed: of all members, and of one


def model(seed):
    """Return an untrained network of the paper's size."""
    g = generator(seed, "weights")
    return narrow_perceptron(activation="tanh", generator=g).to(DEVICE)


def together(words, labels):
    """Return a function that takes steps with all members, and the time of its first call."""
    seeds = range(MEMBERS)
    nets = StackedPerceptrons([model(seed) for seed in seeds])
    train = split(len(words), seeds=seeds).to(DEVICE)
    learner = StackedLearner(nets, recipe(1), train=train)
    steps = list(learner.batches(words, labels, [], 0))

    def work():
        for step in range(TOGETHER):
            learner.step(*steps[step % len(steps)])

    start = time.perf_counter()
    learner.step(*steps[0])
    return work, time.perf_counter() - start


def alone(words, labels):
    """Return a function that takes steps with one member."""
    net, (train,) = model(0), split(len(words), seeds=[0]).to(DEVICE)
    steps = [(words[index], labels[index]) for index in train.split(256)]
    adam = torch.optim.Adam(net.parameters(), lr=4e-4, fused=True)

    def work():
        for step in range(ALONE):
            inputs, targets = steps[step % len(steps)]
            adam.zero_grad()
            nn.functional.cross_entropy(net(inputs), targets).backward()
            adam.step()

    return work


def main():
    """Time both ways and report."""
    arguments = options(__doc__, repeats=9)
    words, labels = (values.to(DEVICE) for values in icosahedral.read())
    all_members, compiling = together(words.float(), labels)
    one = alone(words.float(), labels)
    ratio, fast, slow = paired(all_members, one, repeats=arguments.repeats)
    ratio *= TOGETHER * MEMBERS / ALONE
    rate = TOGETHER * MEMBERS / fast
    detail = (
        f"{1e6 / rate:.0f} us a step and member together ({rate:.0f} a second), "
        f"{1e6 * slow / ALONE:.0f} us alone; compiled: {has_compiler()}, in {compiling:.0f} s"
    )
    return report(
        Target(f"plane_training_{DEVICE}", 25.0, at_most=False), ratio, detail, arguments
    )


if __name__ == "__main__":
    raise SystemExit(main())
