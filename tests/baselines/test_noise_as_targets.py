"""NAT: the assignment is the best of all, and stays one target an image."""

import math
from itertools import permutations

import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch.nn import functional as F

from ibutils.baselines import NoiseAsTargets
from ibutils.baselines.noise_as_targets import best_assignment
from ibutils.nets.encoders import basic32

N = 12


@pytest.fixture
def model(generator):
    return NoiseAsTargets(basic32(channels=1 / 16, code=4, generator=generator), N)


@pytest.fixture
def images(generator):
    return torch.randn(N, 3, 32, 32, generator=generator)


def test_no_permutation_is_better(generator):
    codes, targets = torch.randn(2, 6, 3, generator=generator)
    distance = torch.cdist(codes, targets).square().tolist()
    sums = {
        order: sum(distance[i][j] for i, j in enumerate(order)) for order in permutations(range(6))
    }
    assert tuple(best_assignment(codes, targets).tolist()) == min(sums, key=sums.get)


def test_on_the_sphere_it_is_scipys_assignment_by_inner_products(generator):
    codes, targets = F.normalize(torch.randn(2, 40, 8, generator=generator), dim=-1)
    _, theirs = linear_sum_assignment(codes @ targets.T, maximize=True)
    assert best_assignment(codes, targets).tolist() == theirs.tolist()


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_where_zero_is_does_not_matter(offset, dtype, generator):
    """Codes that are the shuffled targets find themselves, and others what all digits tell."""
    targets = (offset + torch.randn(60, 2, generator=generator)).to(dtype)
    order = torch.randperm(60, generator=generator)
    assert best_assignment(targets[order], targets).tolist() == order.tolist()
    codes = (offset + torch.randn(60, 2, generator=generator)).to(dtype)
    cost = (codes.double()[:, None] - targets.double()).square().sum(-1)
    assert best_assignment(codes, targets).tolist() == linear_sum_assignment(cost)[1].tolist()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_assigned(dtype, generator):
    codes, targets = torch.randn(2, 60, 2, generator=generator).to(dtype)
    expected = best_assignment(codes.double(), targets.double())
    assert best_assignment(codes, targets).equal(expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_model_in_half_precision_trains(dtype, images, generator):
    encoder = basic32(channels=1 / 16, code=4, generator=generator)
    model = NoiseAsTargets(encoder, len(images), generator=generator).to(dtype)
    numbers = torch.arange(len(images))
    noise = model.draw_noise(len(images), generator=generator)
    loss = model.objective(images.to(dtype), numbers, noise)["loss"]
    loss.backward()
    assert loss.dtype == torch.float32 and bool(loss.isfinite())


def test_targets_are_uniform_on_the_sphere(generator):
    """Of a uniform point the components have mean 0 and mean square 1 / d."""
    d, n = 4, 4000
    model = NoiseAsTargets(basic32(channels=1 / 16, code=d), n, generator=generator)
    torch.testing.assert_close(model.targets.norm(dim=1), torch.ones(n))
    assert bool((model.targets.mean(0).abs() < 4 * math.sqrt(1 / d / n)).all())
    spread = math.sqrt((3 / (d * (d + 2)) - 1 / d**2) / n)
    assert bool(((model.targets.square().mean(0) - 1 / d).abs() < 4 * spread).all())


def test_images_exchange_targets_and_each_keeps_one(model, images):
    codes = F.normalize(model.encoder(images).y, dim=1)
    before = (codes - model.targets[model.assignment]).square().sum(1).mean()
    numbers = torch.tensor([7, 0, 3, 11])
    others = [i for i in range(N) if i not in numbers.tolist()]
    kept = model.assignment[others].clone()
    model.objective(images[numbers], numbers, torch.empty(4, 0))
    assert torch.equal(model.assignment[others], kept)
    terms = model.objective(images, torch.arange(N), torch.empty(N, 0))
    assert sorted(model.assignment.tolist()) == list(range(N))
    assert float(terms["loss"].detach()) < float(before.detach())
    assert float(terms["moved"]) > 0
    held = (codes - model.targets[model.assignment]).square().sum(1).mean()
    torch.testing.assert_close(terms["loss"], held)


def test_a_best_assignment_does_not_move(model, images):
    numbers, noise = torch.arange(N), torch.empty(N, 0)
    model.objective(images, numbers, noise)
    assert float(model.objective(images, numbers, noise)["moved"]) == 0


def test_nothing_is_exchanged_in_evaluation(model, images):
    before = model.assignment.clone()
    model.eval().objective(images, torch.arange(N), torch.empty(N, 0))
    assert torch.equal(model.assignment, before)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ([3, 1, 3, 0], "labels must be the numbers of images, but 3 occurs twice"),
        ([0, 1, 2, 12], "labels must be the numbers of images, 0..11, got 0..12"),
        ([-1, 1, 2, 3], "labels must be the numbers of images, 0..11, got -1..3"),
    ],
)
def test_classes_in_the_place_of_numbers_are_refused(model, images, numbers, message):
    with pytest.raises(ValueError, match=message):
        model.objective(images[:4], torch.tensor(numbers), torch.empty(4, 0))


def test_at_least_one_image_is_needed():
    with pytest.raises(ValueError, match="images must be at least 1, got 0"):
        NoiseAsTargets(basic32(channels=1 / 16), 0)
