"""Reading a nuisance off a frozen representation, and whether two labels are independent."""

import copy
import math

import pytest
import torch
from sklearn.metrics import mutual_info_score

from experiments.information_dropout.noisy_units import (
    activity_and_noise,
    classification_errors,
    noisy_activity,
)
from experiments.information_dropout.nuisance import (
    NuisanceReader,
    label_information,
    permutation_quantile,
)
from ibutils.information_dropout import NoisyClassifier
from ibutils.information_dropout.all_cnn import all_cnn_32
from ibutils.train import Learner, Recipe, adam, fit, generator


def frozen(**options):
    options = dict(width=1 / 16, channels=1, size=16, generator=generator(0, "weights")) | options
    return NoisyClassifier(all_cnn_32(**options), beta=1.0, samples=10).eval()


def corners(count, seed=0):
    """Return images with a bright corner, one of four, and which."""
    labels = torch.randint(4, (count,), generator=generator(seed, "corners"))
    images = torch.zeros(count, 1, 16, 16)
    for n, corner in enumerate(labels.tolist()):
        row, column = 8 * (corner // 2), 8 * (corner % 2)
        images[n, 0, row : row + 6, column : column + 6] = 1 + corner
    return images, labels


def test_reading_changes_neither_weights_nor_statistics_of_the_frozen_network():
    model = frozen()
    before = copy.deepcopy(model.state_dict())
    reader = NuisanceReader(model, "conv_6", classes=4, generator=generator(0, "reader"))
    fit(Learner(reader, Recipe(1, adam(1e-2))), *corners(100), seeds=[0])
    after = reader.frozen.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_the_reader_learns_what_the_representation_shows():
    reader = NuisanceReader(frozen(), "conv_6", classes=4, generator=generator(0, "reader"))
    learner = Learner(reader, Recipe(4, adam(1e-2), batch_size=25))
    fit(learner, *corners(300), seeds=[0])
    trained, (images, labels) = learner.averaged(), corners(200, seed=1)
    noise = trained.draw_noise(len(images), generator=generator(0, "noise"))
    with torch.no_grad():
        assert (trained(images, noise).argmax(1) == labels).float().mean() > 0.9


def test_information_of_labels_agrees_with_scikit_learn():
    g = generator(0, "labels")
    first = torch.randint(10, (500,), generator=g)
    second = (first + torch.randint(4, (500,), generator=g)) % 10
    expected = mutual_info_score(first.numpy(), second.numpy())
    assert label_information(first, second) == pytest.approx(expected)


def test_independent_labels_lie_below_the_permutation_quantile_and_equal_ones_above():
    first, second = torch.randint(10, (2, 2000), generator=generator(1, "labels"))
    level = permutation_quantile(first, second, draws=200, generator=generator(0, "orders"))
    mean = 81 / (2 * 2000)  # of a plug-in estimate of independent labels, to first order
    assert mean < level < 2 * mean
    assert label_information(first, second) < level < label_information(first, first)
    assert label_information(first, first) < math.log(10)


def test_errors_with_noise_off_and_on_agree_with_single_predictions():
    model, (images, labels) = frozen(width=1 / 8), corners(60)
    found = classification_errors(
        model, images, labels, generator=generator(0, "noise"), batch_size=60
    )
    noise = model.draw_noise(60, generator=generator(0, "noise"))
    with torch.no_grad():
        for name, logits in (("error", model(images)), ("error_noisy", model(images, noise))):
            wrong = (logits.argmax(1) != labels).double().mean()
            assert found[name] == pytest.approx(float(wrong))
    with pytest.raises(ValueError, match="labels must have 60 entries, one a sample, got 59"):
        classification_errors(model, images, labels[1:], generator=generator(0, "noise"))


def test_activity_is_that_of_the_layer_under_noise():
    model, (images, _) = frozen(), corners(8)
    activity = noisy_activity(model, images, "drop_2", generator=generator(0, "noise"))
    noise = model.draw_noise(8, generator=generator(0, "noise"))
    with torch.no_grad():
        expected = model.network(images, noise, upto="drop_2").flatten(1)
    torch.testing.assert_close(activity, expected)


def test_activity_times_its_noise_is_the_noisy_activity():
    """Of one draw, whose last units are the noise of the last noisy layer."""
    model, (images, _), g = frozen(), corners(8), generator(0, "noise")
    noise = model.draw_noise(8, generator=generator(0, "noise"))
    activity, alpha = activity_and_noise(model, images, "drop_2", generator=g)
    own = noise[:, -activity.shape[1] :]
    noisy = noisy_activity(model, images, "drop_2", generator=generator(0, "noise"))
    torch.testing.assert_close(activity * (alpha * own).exp(), noisy)
    assert bool((alpha > 0).all()) and not torch.equal(activity, noisy)
    with pytest.raises(ValueError, match="'conv_6' is no layer of Information Dropout"):
        activity_and_noise(model, images, "conv_6", generator=g)
