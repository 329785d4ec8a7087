"""Cluttered digits and occluded photographs: a slow twin, the law, and the same bytes anywhere."""

import numpy as np
import pytest
import torch

from ibutils import data
from ibutils.data.composed import cluttered, occluded
from ibutils.data.images import images
from ibutils.train import generator

SIDE, PATCH, PIECES = 32, 3, 4
CLUTTER = "077f13cb7b4c6cc4a23b197b8ad01d263809a7083a604e652c15fefba04d2689"
OCCLUDED = "5ec610567dbb48e499194be257e3e784dc7e700762d05bfd1637e3c6f6d2e13b"


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", split="train")


def made(pixels, split="train", name="x"):
    return images(pixels, np.arange(len(pixels)) % 10, levels=255, name=name, split=split)


@pytest.fixture(scope="module")
def photographs():
    random = np.random.default_rng(0)
    return made(random.integers(0, 256, (3000, 3, 12, 12), dtype=np.uint8))


class TestClutter:
    def test_a_slow_twin(self, digits):
        """One image and one pixel at a time, from the same random numbers."""
        count, canvas = 600, np.zeros((600, SIDE, SIDE), int)  # more than one chunk
        found = cluttered(digits, count=count, size=SIDE, distractors=PIECES, patch=PATCH, seed=3)
        g = generator(3, "clutter of digits train")

        def draw(below):
            return torch.randint(below, (count,), generator=g).tolist()

        def paste(n, row, column, piece):
            for i, line in enumerate(piece):
                for j, value in enumerate(line):
                    canvas[n, row + i, column + j] += value

        pixels = digits.pixels[:, 0].numpy().astype(int)
        for _ in range(PIECES):
            which, top, left = draw(len(pixels)), draw(9 - PATCH), draw(9 - PATCH)
            rows, columns = draw(SIDE - PATCH + 1), draw(SIDE - PATCH + 1)
            for n in range(count):
                cut = pixels[which[n], top[n] : top[n] + PATCH, left[n] : left[n] + PATCH]
                paste(n, rows[n], columns[n], cut)
        order = torch.randperm(len(pixels), generator=g)[:count]
        rows, columns = draw(SIDE - 7), draw(SIDE - 7)
        for n in range(count):
            paste(n, rows[n], columns[n], pixels[order[n]])
        expected = torch.from_numpy(canvas.clip(max=16)).to(torch.uint8)
        assert torch.equal(found.images.pixels[:, 0], expected)
        assert torch.equal(found.images.labels, digits.labels[order])
        assert found.corner.tolist() == [[r, c] for r, c in zip(rows, columns, strict=True)]

    def test_the_same_bytes_on_every_machine(self, digits):
        found = cluttered(digits, count=50, size=SIDE, distractors=2, patch=PATCH)
        assert found.images.checksum == CLUTTER

    def test_seed_and_split_decide(self, digits):
        def pixels(source=digits, seed=0):
            options = dict(count=5, size=SIDE, distractors=2, patch=PATCH)
            return cluttered(source, seed=seed, **options).images.pixels

        assert torch.equal(pixels(), pixels())
        assert not torch.equal(pixels(), pixels(seed=1))
        other = images(
            digits.pixels.numpy(), digits.labels.numpy(), levels=16, name="digits", split="test"
        )
        assert not torch.equal(pixels(), pixels(other))

    def test_each_digit_comes_once_before_any_comes_again(self, digits):
        found = cluttered(digits, count=2 * len(digits), size=8, distractors=0)
        first, second = found.index.split(len(digits))
        assert first.sort().values.tolist() == second.sort().values.tolist()
        assert torch.equal(found.images.pixels, digits.pixels[found.index])

    def test_sums_stop_at_white(self):
        white = made(np.full((2, 1, 4, 4), 255, np.uint8))
        found = cluttered(white, count=20, size=4, distractors=5, patch=4)
        assert bool((found.images.pixels == 255).all())

    def test_places_are_uniform(self, digits):
        corner = cluttered(digits, count=4000, size=11, distractors=0).corner
        counts = torch.bincount(4 * corner[:, 0] + corner[:, 1], minlength=16)
        assert int(corner.min()) == 0 and int(corner.max()) == 3
        statistic = float(((counts - 250.0) ** 2 / 250).sum())  # chi-squared, 15 degrees
        assert statistic < 44  # passed by chance once in 10,000 seeds, and the seed is fixed

    def test_masks_tell_digit_from_clutter(self, digits):
        found = cluttered(digits, count=30, size=SIDE, distractors=PIECES, patch=PATCH)
        which = torch.arange(5, 25)
        digit, clutter = found.masks(which)
        pixels = found.images.pixels[which, 0]
        assert torch.equal(digit | clutter, pixels > 0)
        assert not bool((digit & clutter).any())
        own = digits.pixels[found.index[which], 0] > 0
        assert torch.equal(digit.sum((1, 2)), own.sum((1, 2)))
        row, column = found.corner[5].tolist()
        assert torch.equal(digit[0, row : row + 8, column : column + 8], own[0])

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            (dict(count=0), "count must be at least 1, got 0"),
            (dict(distractors=-1), "distractors must be at least 0, got -1"),
            (dict(size=7), "size must be at least 8, got 7"),
            (dict(patch=9), "patch must be from 1 to 8, got 9"),
            (dict(patch=0), "patch must be from 1 to 8, got 0"),
        ],
    )
    def test_bad_sizes(self, digits, options, told):
        with pytest.raises(ValueError, match=told):
            cluttered(digits, **dict(count=2, size=SIDE, distractors=1, patch=PATCH) | options)

    def test_colour_is_refused(self, photographs):
        with pytest.raises(ValueError, match="grey images, got 3 channels"):
            cluttered(photographs, count=2)


class TestOccluded:
    def test_a_slow_twin(self, photographs, digits):
        found = occluded(photographs, digits, seed=1)
        g = generator(1, "digits over x train")
        count = len(photographs)
        which = torch.randint(len(digits), (count,), generator=g)
        rows = torch.randint(5, (count,), generator=g)
        columns = torch.randint(5, (count,), generator=g)
        for n in range(0, count, 37):
            expected = photographs.pixels[n].clone()
            row, column = int(rows[n]), int(columns[n])
            for i in range(8):
                for j in range(8):
                    stroke = int(digits.pixels[which[n], 0, i, j]) * 255 // 16
                    for c in range(3):
                        below = int(expected[c, row + i, column + j])
                        expected[c, row + i, column + j] = max(below, stroke)
            assert torch.equal(found.images.pixels[n], expected)
        assert torch.equal(found.nuisance, digits.labels[which])
        assert torch.equal(found.images.labels, photographs.labels)
        assert torch.equal(found.corner, torch.stack([rows, columns], 1))

    def test_the_same_bytes_on_every_machine(self, digits):
        assert occluded(digits, digits).images.checksum == OCCLUDED

    def test_the_photographs_stay_as_they_are(self, photographs, digits):
        before = photographs.pixels.clone()
        occluded(photographs, digits)
        assert torch.equal(photographs.pixels, before)

    def test_digit_and_photograph_are_independent(self, photographs, digits):
        found = occluded(photographs, digits)
        pairs = 10 * found.images.labels + found.nuisance
        counts = torch.bincount(pairs, minlength=100).reshape(10, 10).double()
        expected = counts.sum(1, keepdim=True) * counts.sum(0) / counts.sum()
        statistic = float(((counts - expected) ** 2 / expected).sum())  # 81 degrees
        assert statistic < 135  # passed by chance once in 10,000 seeds, and the seed is fixed

    def test_bad_input(self, photographs, digits):
        with pytest.raises(ValueError, match="digits must be grey, got 3 channels"):
            occluded(photographs, photographs)
        with pytest.raises(ValueError, match=r"\[12, 12\] pixels do not fit over \[8, 8\]"):
            occluded(digits, made(np.zeros((2, 1, 12, 12), np.uint8)))
        with pytest.raises(ValueError, match="one split, got 'train' and 'test'"):
            occluded(photographs, data.load("digits", split="test"))
