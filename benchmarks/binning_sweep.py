"""Binning of many layers at once against NumPy's ``unique`` over rows, one layer after another.

50 members of a 12-10-7-5-4-3-2 network on all 4,096 inputs: 300 layers, with bins of equal width
and with edges between equally many distinct values. The values must be the same. Target: at
least 8 times faster.
"""

import numpy as np
import torch
from common import Target, options, paired, report

from ibutils.estimators import binning

MEMBERS, INPUTS, WIDTHS, BINS = 50, 4096, (10, 7, 5, 4, 3, 2), 30


def activities():
    """Return the tanh activity of each layer at random weights, ``[members, inputs, units]``."""
    g = torch.Generator().manual_seed(0)
    bits = torch.arange(INPUTS)[:, None] >> torch.arange(12) & 1
    values, layers = (2.0 * bits - 1).expand(MEMBERS, -1, -1), []
    for width in WIDTHS:
        weight = torch.randn(MEMBERS, values.shape[-1], width, generator=g)
        values = torch.tanh(values @ weight * 2 / values.shape[-1] ** 0.5)
        layers.append(values)
    return layers, torch.randint(2, (INPUTS,), generator=g)


def entropy(rows):
    """Return the entropy of the rows of an integer array, in nats."""
    counts = np.unique(rows, axis=0, return_counts=True)[1]
    return np.log(len(rows)) - (counts * np.log(counts)).sum() / len(rows)


def plain_edges(layer, adaptive):
    """Return the edges of one layer as one would write them in a script."""
    if not adaptive:
        return np.linspace(-1, 1, BINS + 1)
    values = np.unique(layer)
    return values[np.minimum(np.arange(BINS + 1) * len(values) // BINS, len(values) - 1)]


def plain_sweep(layers, labels, adaptive):
    """Return I(X; T) and I(T; Y) of each layer and member, one by one."""
    h_labels, found = entropy(labels[:, None]), []
    for layer in layers:
        for member in layer:
            cells = np.digitize(member, plain_edges(member, adaptive)[1:-1])
            h_cells = entropy(cells)
            joint = entropy(np.column_stack([cells, labels]))
            found.append((h_cells, h_cells + h_labels - joint))
    return np.array(found)


def package_sweep(layers, labels, adaptive):
    """Return the same through ``ibutils``, all members at once."""
    found = []
    for layer in layers:
        if adaptive:
            edges = binning.equal_distinct_edges(layer, bins=BINS)
        else:
            edges = binning.uniform_edges(-1.0, 1.0, bins=BINS)
        result = binning.information(layer, labels, edges=edges)
        found.append(torch.stack([result.about_input.value, result.about_labels.value], -1))
    return torch.cat(found).numpy()


def main():
    """Time both kinds of edges and report."""
    arguments, status = options(__doc__, repeats=5), 0
    layers, labels = activities()
    arrays = [layer.numpy() for layer in layers]
    for adaptive in (False, True):

        def plain(adaptive=adaptive):
            return plain_sweep(arrays, labels.numpy(), adaptive)

        def package(adaptive=adaptive):
            return package_sweep(layers, labels, adaptive)

        np.testing.assert_allclose(package(), plain(), rtol=0, atol=1e-12)
        ratio, own, other = paired(package, plain, repeats=arguments.repeats)
        name = "binning_sweep_" + ("equal_distinct" if adaptive else "uniform")
        detail = f"{own:.2f} s for 300 layers, np.unique {other:.2f} s"
        status |= report(Target(name, 8.0, at_most=False), ratio, detail, arguments)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
