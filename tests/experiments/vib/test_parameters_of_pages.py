"""Chapters that train nothing that is recorded refuse parameters they can't use."""

import pytest

from experiments.vib import bound_figures, imagenet_figures
from reproduce import settings


def refused(module, message, **changed):
    given = vars(module.Settings()) | changed
    with pytest.raises((ValueError, TypeError), match=message):
        settings.read(module.Settings, given)


def test_an_estimate_needs_samples():
    refused(bound_figures, "samples must be at least 1000, got 10", samples=10)
    refused(bound_figures, "seed must be an integer, got 0.5", seed=0.5)


def test_features_come_from_two_files_or_none():
    named = "both be named, or none, got 'train.npz' and ''"
    refused(imagenet_figures, named, train_file="train.npz")
    refused(
        imagenet_figures,
        r"betas\[1\] must be a finite number, zero or more, got -1",
        betas=[0.1, -1],
    )
