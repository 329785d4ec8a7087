"""The losses written as loops over pairs of images and locations, one term after the other."""

import math

import torch

BOUNDS = ("donsker_varadhan", "jensen_shannon", "info_nce")


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).double()


def softplus(t):
    return torch.clamp(t, min=0) + torch.log1p(torch.exp(-t.abs()))


def log_sum_exp(terms):
    top = max(float(term.detach()) for term in terms)
    return top + sum(torch.exp(term - top) for term in terms).log()


def loop(scores, bound, others=None):
    """Return the loss, by default against all other images, or against those of each row."""
    n, _, locations = scores.shape
    others = others or [[i for i in range(n) if i != j] for j in range(n)]
    joint = [scores[j, j, k] for j in range(n) for k in range(locations)]
    product = [scores[i, j, k] for j in range(n) for i in others[j] for k in range(locations)]
    if bound == "jensen_shannon":
        below = sum(softplus(-t) for t in joint) / len(joint)
        return below + sum(softplus(t) for t in product) / len(product)
    if bound == "donsker_varadhan":
        return log_sum_exp(product) - math.log(len(product)) - sum(joint) / len(joint)
    total = 0
    for j in range(n):
        rest = [scores[i, j, k] for i in others[j] for k in range(locations)]
        for k in range(locations):
            total = total + log_sum_exp([scores[j, j, k], *rest]) - scores[j, j, k]
    return total / (n * locations)


def value_and_gradients(loss, *arguments):
    leaves = [a.detach().clone().requires_grad_() for a in arguments]
    value = loss(*leaves)
    return value.detach(), torch.autograd.grad(value, leaves)
