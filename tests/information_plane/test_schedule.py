"""Splits and logged epochs against the numbers of the published code."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ibutils.information_plane import log_spaced_epochs, schedule, split


def test_logged_epochs_are_those_of_the_published_code():
    """Truncation gives 274 of them; rounding would give 275."""
    epochs = log_spaced_epochs(8000)
    assert len(epochs) == 274 and epochs[:4] == [0, 1, 2, 3] and epochs[-2:] == [7820, 7999]
    powers = [2 ** (k * math.log2(8000) / 399) for k in range(400)]
    assert epochs[:-1] == sorted({int(power) - 1 for power in powers[:-1]})
    assert len({round(power) for power in powers}) == 275


@given(st.integers(1, 20_000), st.integers(2, 500))
def test_logged_epochs_run_from_the_first_to_the_last(epochs, points):
    found = log_spaced_epochs(epochs, points=points)
    assert found[0] == 0 and found[-1] == epochs - 1
    assert found == sorted(set(found))


@pytest.mark.parametrize(
    ("epochs", "points", "message"),
    [(0, 400, "epochs must be at least 1, got 0"), (100, 1, "points must be at least 2, got 1")],
)
def test_no_epochs_are_refused(epochs, points, message):
    with pytest.raises(ValueError, match=message):
        log_spaced_epochs(epochs, points=points)


def test_shuffled_splits_are_members_own():
    found = split(4096, seeds=[0, 1, 0])
    assert found.shape == (3, 3277)
    assert torch.equal(found[0], found[2]) and not torch.equal(found[0], found[1])
    assert all(len(row.unique()) == 3277 for row in found)
    overlap = torch.isin(found[0], found[1]).double().mean()
    spread = math.sqrt(0.8 * 0.2 / 3277)
    assert abs(float(overlap) - 0.8) < 4 * spread


def test_the_published_split_keeps_the_order():
    assert torch.equal(split(4096, seeds=[7, 8], shuffled=False), torch.arange(3277).expand(2, -1))


def test_a_split_does_not_depend_on_company_or_global_state():
    before = torch.get_rng_state()
    assert torch.equal(split(50, seeds=[4, 9])[1:], split(50, seeds=[9]))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("fraction", "size"), [(1.0, 10), (0.0, 0), (1.5, 15)])
def test_an_empty_part_is_refused(fraction, size):
    with pytest.raises(ValueError, match=f"fraction={fraction} of count=10 is {size}"):
        split(10, seeds=[0], fraction=fraction)


def test_no_seeds_are_refused():
    with pytest.raises(ValueError, match=r"seeds=\[\]"):
        split(10, seeds=[])


def test_reshuffling_permutes_the_members_own_examples():
    train = split(40, seeds=[0, 1])
    first, again, second = (schedule.reshuffled(train, [0, 1], epoch) for epoch in (3, 3, 4))
    assert torch.equal(first, again) and not torch.equal(first, second)
    assert torch.equal(first.sort().values, train.sort().values)


def test_batches_hold_each_example_once_with_its_label():
    """Seven examples in steps of three: targets weigh 1/3, and the last example weighs 1."""
    inputs = torch.arange(10.0)[:, None]
    order = torch.tensor([[4, 2, 9, 0, 1, 8, 3]])
    found = schedule.batches(inputs, torch.arange(10) % 2, order, 2, 3)
    assert len(found) == 3 and all(x.shape == (1, 1, 3) for x, _ in found)
    values = torch.cat([x[0, 0] for x, _ in found]).int().tolist()
    targets = torch.cat([t[:, 0] for _, t in found], dim=1).T
    seen = zip(values, targets, strict=True)
    kept = [(value, t.argmax().item(), t.sum().item()) for value, t in seen if t.any()]
    expected = [(n, n % 2, pytest.approx(1 / 3)) for n in (4, 2, 9, 0, 1, 8)]
    assert kept == [*expected, (3, 1, 1.0)]
