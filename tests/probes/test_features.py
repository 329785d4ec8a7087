"""Features of a frozen encoder: evaluation mode, no gradient, any batch."""

import pytest
import torch
from torch import nn

from ibutils.nets.encoders import basic32
from ibutils.probes import features


def test_features_are_those_of_evaluation_and_the_mode_comes_back(generator):
    encoder, images = basic32(channels=1 / 16), torch.randn(7, 3, 32, 32, generator=generator)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    found = features(encoder.train(), images, layers=("local", "y"), batch_size=3)
    assert encoder.training
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, before[name]), name  # batch statistics have not moved
    with torch.no_grad():
        expected = encoder.eval()(images)
    for name, layer in found.items():
        torch.testing.assert_close(layer, getattr(expected, name))
        assert not layer.requires_grad
    features(encoder, images)
    assert not encoder.training


def test_a_part_that_the_caller_holds_frozen_stays_frozen():
    encoder = basic32(channels=1 / 16).train()
    norms = [module for module in encoder.modules() if isinstance(module, nn.BatchNorm2d)]
    norms[0].eval()
    features(encoder, torch.zeros(2, 3, 32, 32))
    assert encoder.training
    assert [norm.training for norm in norms] == [False] + [True] * (len(norms) - 1)


def test_missing_layers_and_images_are_named():
    encoder = basic32(channels=1 / 16)
    with pytest.raises(ValueError, match="the encoder, which has no 'z'"):
        features(encoder, torch.zeros(2, 3, 32, 32), layers=("y", "z"))
    with pytest.raises(ValueError, match="inputs must not be empty"):
        features(encoder, torch.zeros(0, 3, 32, 32))
