"""Values that tests draw with a seed of their own."""

import torch


def normal(*shape, seed=0, dtype=torch.float64):
    """Return standard normal values, drawn in double precision."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def random_table(*shape, seed, spread=2.0):
    """Return random distributions along the last axis; the wider, the surer."""
    return (spread * normal(*shape, seed=seed)).softmax(-1)
