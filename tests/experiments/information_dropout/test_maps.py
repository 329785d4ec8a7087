"""Where information passes, against loops and networks whose maps are known."""

import itertools

import pytest
import torch

from experiments.information_dropout.maps import cell_masks, information_by_place, information_maps
from ibutils.data import load
from ibutils.data.composed import cluttered
from ibutils.information_dropout import NoisyClassifier
from ibutils.information_dropout.all_cnn import all_cnn_96
from ibutils.train import generator


@pytest.fixture(scope="module")
def images():
    digits = load("digits", split="train")
    return cluttered(digits, count=7, size=32, distractors=3, patch=4)


@pytest.fixture(scope="module")
def model():
    g = generator(0, "weights")
    network = all_cnn_96(blocks=(3, 3), size=32, generator=g)
    return NoisyClassifier(network, beta=1.0, samples=10).eval()


def test_cells_agree_with_a_loop():
    g = generator(0, "masks")
    digit, clutter = torch.rand(2, 5, 12, 8, generator=g) < 0.1
    shown, only_clutter = cell_masks(digit, clutter, (4, 2))
    for n, r, c in itertools.product(range(5), range(4), range(2)):
        square = slice(3 * r, 3 * r + 3), slice(4 * c, 4 * c + 4)
        assert shown[n, r, c] == digit[n][square].any()
        assert only_clutter[n, r, c] == (clutter[n][square].any() and not digit[n][square].any())


def test_cells_that_do_not_divide_the_image_are_refused():
    blank = torch.zeros(1, 9, 9, dtype=torch.bool)
    with pytest.raises(ValueError, match="2 by 3 cells"):
        cell_masks(blank, blank, (2, 3))


def test_means_by_place_agree_with_a_loop_over_images(model, images):
    inputs = images.images.floats(0.0, 1.0)
    found = information_by_place(model, inputs, images, batch_size=3)
    held = {"digit": [], "clutter": [], "background": []}
    for n in range(len(inputs)):
        which = torch.tensor([n])
        own = information_maps(model, inputs, which)["drop_1"][0]
        shown, only_clutter = (m[0] for m in cell_masks(*images.masks(which), own.shape))
        held["digit"] += own[shown].tolist()
        held["clutter"] += own[only_clutter].tolist()
        held["background"] += own[~shown & ~only_clutter].tolist()
    for name, values in held.items():
        assert getattr(found["drop_1"], name) == pytest.approx(sum(values) / len(values), rel=1e-5)


def test_a_network_that_passes_the_same_everywhere_has_a_ratio_of_one(images):
    network = all_cnn_96(blocks=(3, 3), size=32, generator=generator(0, "weights"))
    for layer in network.information_layers().values():
        torch.nn.init.zeros_(layer.alpha_head.weight)
    model = NoisyClassifier(network, beta=1.0, samples=10).eval()
    found = information_by_place(model, images.images.floats(0.0, 1.0), images)
    for places in found.values():
        assert places.digit == pytest.approx(places.clutter, rel=1e-5)


def test_inputs_and_images_have_to_agree(model, images):
    with pytest.raises(ValueError, match="5 inputs and 7 images"):
        information_by_place(model, images.images.floats(0.0, 1.0)[:5], images)
