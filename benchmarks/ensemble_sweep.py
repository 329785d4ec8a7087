"""A sweep of ten betas and three seeds by ``ensemble`` against one member after another.

Both run the same training loop on inputs of MNIST's size, for a few steps a member: with the
network of Deep VIB, and on a CPU also with a smaller one. Target: on a GPU at least 8 times
faster, on two cores at most 1.15 times slower.
"""

import itertools

import torch
from common import Target, options, paired, report

from ibutils import ensemble, train
from ibutils.nets import linear, perceptron
from ibutils.train import Learner, generator
from ibutils.vib import VIB, StochasticEncoder, recipe

GPU = torch.cuda.is_available()
DEVICE = "cuda" if GPU else "cpu"
NETWORKS = {"full": (1024, 256), "small": (256, 64)}  # hidden width, dimension of the code
BETAS = (0.0, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 1.0)
SWEEP = list(itertools.product(BETAS, range(3)))
RECIPE = recipe(1)
EXAMPLES = 6000 if GPU else 600


def build(beta, seed, hidden, k):
    """Return an untrained member of the sweep."""
    g = generator(seed, "weights")
    encoder = StochasticEncoder(
        perceptron([784, hidden, hidden, 2 * k], generator=g), bottleneck=k
    )
    return VIB(encoder, linear(k, 10, generator=g), beta=beta).to(DEVICE)


def compare(network, repeats):
    """Return the ratio of times, the times of both ways, and the size of the groups."""
    inputs = torch.rand(EXAMPLES, 784, device=DEVICE)
    labels = torch.randint(10, (EXAMPLES,), device=DEVICE)
    models = [build(beta, seed, *NETWORKS[network]) for beta, seed in SWEEP]
    seeds = [seed for _, seed in SWEEP]

    def one_after_another():
        for model, seed in zip(models, seeds, strict=True):
            learner = Learner(model, RECIPE)
            train.fit(learner, inputs, labels, seeds=[seed])
            learner.averaged()

    def together():
        list(ensemble.fit_each(models, RECIPE, inputs, labels, seeds=seeds))

    size = min(ensemble.group_size(models[0]), len(models))
    return *paired(one_after_another, together, repeats=repeats), size


def main():
    """Time both ways and report."""
    arguments = options(__doc__, repeats=11)
    status = 0
    for network in ("full",) if GPU else NETWORKS:
        ratio, alone, together, size = compare(network, arguments.repeats)
        name = f"ensemble_sweep_{network}_{DEVICE}"
        target = Target(name, 8.0, at_most=False) if GPU else Target(name, 1.15, at_most=True)
        detail = f"one after another {alone:.1f} s, in groups of {size} {together:.1f} s"
        status |= report(target, 1 / ratio if GPU else ratio, detail, arguments)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
