"""Chapters refuse parameters that they can't use, before anything is trained."""

import pytest

from experiments.foundations import calibration
from experiments.vib import bound_figures, imagenet_figures, mnist
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


@pytest.mark.parametrize(
    ("module", "name", "value", "message"),
    [
        (mnist, "data", "mnits", "data must be .*'mnits'"),
        (mnist, "wide", 0, "wide must be at least 1, got 0"),
        (mnist, "repeats", 0, "repeats must be at least 1, got 0"),
        (calibration, "steps", 0, "steps must be at least 1, got 0"),
        (calibration, "bins", 1, "bins must be at least 2, got 1"),
        (calibration, "concatenated_batch_size", 1, "batch_size must be at least 2, got 1"),
    ],
)
def test_what_a_training_cannot_use_is_refused_before_it_begins(module, name, value, message):
    refused(module, message, **{name: value})
