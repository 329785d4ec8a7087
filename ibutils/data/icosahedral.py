"""The 12-bit task of the information plane, generated from the symmetry of the icosahedron.

The twelve bits of a word stand for the vertices of an icosahedron. The label is the same for
words that a rotation or a reflection of it carries into each other, that is on each orbit.
"""

import hashlib

import torch
from jaxtyping import Bool, Int, UInt8
from torch import Tensor

BITS = 12
EDGES = (
    "0-2 0-4 0-6 0-7 0-8 1-5 1-6 1-8 1-9 1-10 2-6 2-7 2-10 2-11 3-4 3-5 3-7 3-9 3-11 4-5 "
    "4-7 4-8 5-8 5-9 6-8 6-10 7-11 9-10 9-11 10-11"
)  # pairs of bits, the first being the most significant
MANY, FEW = 8, 4  # ones that decide the label alone: at least, at most
ONES = (
    *(62, 63, 111, 119, 123, 126, 159, 187, 287, 317, 343),
    *(127, 191, 223, 319, 351, 367, 415, 431, 471, 501, 719),
)  # the smallest word of each orbit in between that has label one
CHECKSUMS = {
    "words": "60c7b77cf130b18f25d81c397d55270e50faaf4a6193c2d4480ad14a00035909",
    "labels": "77732f16f85e91b49d3997196b56163b3bd362d8cf631468a8de3f986e88359f",
}


def read() -> tuple[UInt8[Tensor, "words bits"], Int[Tensor, " words"]]:
    """Return all words of twelve bits in numeric order, and their labels.

    Nothing is read from a file; the checksums are those of the file that
    :cite:t:`shwartzziv2017opening` published with their code.

    Returns:
        Bits ``[4096, 12]``, the most significant first, and labels ``[4096]``, 0 or 1.

    Raises:
        ValueError: What was generated differs from the published file.

    Example:
        >>> words, labels = read()
        >>> words.shape, int(labels.sum())
        (torch.Size([4096, 12]), 2118)
    """
    words = bits()
    found = orbits()
    ones = words.sum(1)
    between = torch.isin(found, torch.tensor(ONES)) & (ones > FEW) & (ones < MANY)
    labels = ((ones >= MANY) | between).long()
    for name, values in {"words": words, "labels": labels.to(torch.uint8)}.items():
        digest = hashlib.sha256(values.contiguous().numpy().data).hexdigest()
        if digest != CHECKSUMS[name]:
            raise ValueError(
                f"{name} of the 12-bit task: expected sha256 {CHECKSUMS[name]}, found {digest}"
            )
    return words, labels


def bits() -> UInt8[Tensor, "words bits"]:
    """Return the bits of 0, 1, ..., 4095, ``[4096, 12]``, the most significant first."""
    places = torch.arange(BITS - 1, -1, -1)
    return (torch.arange(2**BITS)[:, None] >> places & 1).to(torch.uint8)


def symmetries() -> Int[Tensor, "symmetries bits"]:
    """Return the permutations of bits that carry edges of the icosahedron into edges.

    Returns:
        The bit that takes each place, ``[120, 12]``.

    Example:
        >>> symmetries()[0].tolist()  # the identity
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    """
    joined = _adjacency().tolist()
    maps: list[tuple[int, ...]] = [()]
    for vertex in range(BITS):  # a map of the first vertices is extended by one that fits
        maps = [
            (*known, image)
            for known in maps
            for image in range(BITS)
            if image not in known
            and all(joined[vertex][v] == joined[image][known[v]] for v in range(vertex))
        ]
    return torch.tensor(maps)


def orbits() -> Int[Tensor, " words"]:
    """Return the smallest word that each word can be carried into, ``[4096]``.

    Example:
        >>> len(orbits().unique())
        82
    """
    places = 2 ** torch.arange(BITS - 1, -1, -1)
    words = bits().long()
    return torch.stack([words[:, image] @ places for image in symmetries()]).amin(0)


def _adjacency() -> Bool[Tensor, "bits bits"]:
    """Return which pairs of bits are neighbours on the icosahedron, ``[12, 12]``."""
    joined = torch.zeros(BITS, BITS, dtype=torch.bool)
    for edge in EDGES.split():
        a, b = map(int, edge.split("-"))
        joined[a, b] = joined[b, a] = True
    return joined
