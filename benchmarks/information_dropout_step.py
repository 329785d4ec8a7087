"""Forward and backward pass of networks with Information Dropout against plain binary dropout.

Both compute the gradients of one batch of 100, noise included: through ``ibutils`` with the
divergence in the loss, and as a plain PyTorch network with ``nn.Dropout`` in the same places.
Targets: at most 1.9 times for the perceptron of three layers of 800, and 1.4 times for
All-CNN-32 at a quarter of its width. The share of the products of matrices that the heads of the
noise must cost by their own arithmetic is reported beside.
"""

import torch
from common import Target, options, paired, report
from torch import nn
from torch.nn import functional as F

from ibutils.information_dropout import InformationDropout, NoisyClassifier
from ibutils.information_dropout.all_cnn import all_cnn_32
from ibutils.information_dropout.dropout_mlp import dropout_mlp
from ibutils.train import generator

BATCH, WIDTH, UNITS = 100, 0.25, 800
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
MLP = Target(f"information_dropout_step_mlp_{DEVICE}", 1.9, at_most=True)
ALL_CNN = Target(f"information_dropout_step_all_cnn_{DEVICE}", 1.4, at_most=True)


def plain(network):
    """Return the layers of one of our networks as a plain one with ``nn.Dropout``."""
    found = []
    for name, layer in network.layers.items():
        found += [layer.transform, nn.Dropout(0.5)] if name in network.noisy else [layer]
    return nn.Sequential(*found)


def plain_pass(network, inputs, labels):
    """Return a function that computes the gradients of the plain network."""

    def run():
        network.zero_grad()
        F.cross_entropy(network(inputs), labels).backward()

    return run


def package_pass(network, inputs, labels):
    """Return a function that computes the gradients through ``ibutils``."""
    model = NoisyClassifier(network, beta=1.0, samples=60_000)
    g = generator(0, "noise", device=DEVICE)

    def run():
        model.zero_grad()
        noise = model.draw_noise(len(inputs), generator=g)
        model.objective(inputs, labels, noise)["loss"].backward()

    return run


def products(network, shape):
    """Return multiplications and additions of a forward pass: in all, and in heads."""
    counts = []

    def count(layer, _, out):
        counts.append(out[0].numel() * layer.weight[0].numel())

    def total(part):
        layers = [m for m in part.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
        hooks = [layer.register_forward_hook(count) for layer in layers]
        counts.clear()
        with torch.no_grad():
            network.eval()(torch.zeros(1, *shape, device=DEVICE))
        network.train()
        for hook in hooks:
            hook.remove()
        return sum(counts)

    noisy = [m for m in network.modules() if isinstance(m, InformationDropout)]
    return total(network), sum(total(layer.alpha_head) for layer in noisy)


def main():
    """Time both networks and report."""
    arguments = options(__doc__, repeats=21)
    labels = torch.randint(10, (BATCH,), device=DEVICE)
    status = 0
    for target, build, shape in (
        (MLP, lambda **o: dropout_mlp(UNITS, **o), (784,)),
        (ALL_CNN, lambda **o: all_cnn_32(width=WIDTH, **o), (3, 32, 32)),
    ):
        inputs = torch.randn(BATCH, *shape, device=DEVICE)
        ours, binary = build().to(DEVICE), plain(build(dropout="binary")).to(DEVICE)
        ratio, base, own = paired(
            plain_pass(binary, inputs, labels),
            package_pass(ours, inputs, labels),
            repeats=arguments.repeats,
        )
        whole, heads = products(ours, shape)
        detail = f"{own * 1e3:.1f} ms a pass, binary dropout {base * 1e3:.1f} ms; the heads"
        detail += f" alone are {whole / (whole - heads):.2f} times the products"
        status |= report(target, ratio, detail, arguments)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
