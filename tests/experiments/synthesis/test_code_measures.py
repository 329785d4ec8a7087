"""Measurements of codes on channels whose information is known, and against other programs."""

import math

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.synthesis import code_measures, one_plane
from experiments.synthesis.code_measures import (
    CodesOfSplit,
    attacked,
    input_information,
    label_readings,
    linear_of,
    linear_readings,
    measured,
    picture,
    reader,
    structured_rate,
)
from experiments.synthesis.objectives import build
from experiments.synthesis.shifted_images import ShiftedImages, load_shifted, shifted
from ibutils.information_dropout import estimate_total_correlation
from ibutils.vib import GaussianCode


def channel(n, k, scale, seed):
    g = torch.Generator().manual_seed(seed)
    mean = torch.randn(n, k, generator=g)
    code = GaussianCode(mean, torch.full_like(mean, math.log(scale)))
    return code, code.sample(torch.randn(n, k, generator=g))


def test_bounds_hold_the_information_of_a_gaussian_channel():
    k, scale = 2, 0.5
    truth = k / 2 * math.log(1 + scale**-2)
    (train, _), (law, drawn) = channel(4000, k, scale, 0), channel(4000, k, scale, 1)
    found = {
        r["metric"]: r["value"] for r in input_information(train, CodesOfSplit(law, drawn, None))
    }
    assert found["ceiling"] == math.log(4000)
    # The Gaussian is the true marginal, so the structured bound is tight.
    assert found["structured"] == pytest.approx(truth, abs=0.05)
    assert found["info_nce"] == pytest.approx(truth, abs=0.1)
    assert found["info_nce"] <= found["leave_one_out"]


def test_one_gaussian_bounds_a_code_of_two_groups_from_above():
    """Two far points: log 2 nats, but a Gaussian as wide as both says more."""
    mean = torch.tensor([[-20.0], [20.0]]).repeat(500, 1)
    code = GaussianCode(mean, torch.zeros(1000, 1))
    assert structured_rate(code, code) == pytest.approx(0.5 * math.log(401), rel=1e-3)


@pytest.mark.parametrize("count", [100, 600])
def test_a_linear_reading_is_that_of_scikit_learn(count):
    g = torch.Generator().manual_seed(0)
    labels = torch.randint(10, (count,), generator=g)
    codes = 3 * torch.randn(count, 5, generator=g) + labels[:, None]
    theirs = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    theirs.fit(codes.double().numpy(), labels.numpy())
    expected = torch.from_numpy(theirs.predict_log_proba(codes.double().numpy()))
    own = linear_of(codes, labels)(codes).log_softmax(1).double()
    torch.testing.assert_close(own, expected, atol=1e-4, rtol=1e-4)


def test_a_class_that_few_labels_lack_is_never_said():
    labels = torch.tensor([0, 1, 2]).repeat(10)
    logits = linear_of(torch.randn(30, 4), labels)(torch.randn(50, 4))
    assert set(logits.argmax(1).tolist()) <= {0, 1, 2}


def test_a_shift_is_a_roll_into_zeros():
    images = torch.rand(3, 1, 4, 9)
    moved = shifted(images, torch.tensor([0, 1, 2]), offset=2)
    assert torch.equal(moved[0, :, :, :-2], images[0, :, :, 2:]) and not moved[0, :, :, -2:].any()
    assert torch.equal(moved[1], images[1])
    assert torch.equal(moved[2, :, :, 2:], images[2, :, :, :-2]) and not moved[2, :, :, :2].any()


def test_places_do_not_depend_on_the_class():
    part = load_shifted("digits", count=0, split="train", offset=1, device="cpu")
    table = torch.zeros(10, 3).index_put(
        (part.labels, part.places), torch.ones(()), accumulate=True
    )
    expected = table.sum(1, keepdim=True) * table.sum(0) / table.sum()
    square = ((table - expected) ** 2 / expected).sum()
    assert square < 40  # chi-square with 18 degrees of freedom: p about 0.002
    with pytest.raises(ValueError, match="from 0 to 1400, got 1401"):
        load_shifted("digits", count=1401, split="train", offset=1, device="cpu")
    again = load_shifted("digits", count=50, split="train", offset=1, device="cpu")
    assert torch.equal(again.images, part.images[:50])


@pytest.mark.parametrize("method", ["vib", "supervised"])
def test_every_code_is_read_by_the_same_measures(method):
    settings = one_plane.Settings(images=300, probe_epochs=1)
    data = one_plane.load(settings, "cpu")
    model = build(method, 0.01, settings, torch.Size([1, 8, 8]), seed=0)
    rows, codes = measured(model, data, settings, seed=0)
    found = {row["metric"]: row for row in rows}
    assert ("rate" in found) == (method == "vib") == ("total_correlation" in found)
    assert all(math.isfinite(row["value"]) for row in rows)
    assert found["info_nce"]["value"] <= found["ceiling"]["value"] == math.log(len(codes.drawn))
    if method == "vib":  # of the codes as they are drawn
        expected = estimate_total_correlation(codes.drawn).value
        assert found["total_correlation"]["value"] == pytest.approx(expected)
    if method == "supervised":  # whitened, and read at the stated noise
        train = reader(model, data, noise=0.5)(data.parts["train"].images)
        torch.testing.assert_close(train.mean.T.cov(), torch.eye(4), atol=0.02, rtol=0)
        assert torch.allclose(train.scale, torch.tensor(0.5))


class Said(torch.nn.Module):
    """A reader that says what one component of a code is, with two nats for it."""

    def __init__(self, component):
        super().__init__()
        self.component = component

    def forward(self, codes):
        return 2.0 * torch.nn.functional.one_hot(codes[:, self.component].long(), 4)


def test_labels_and_places_are_read_off_the_codes_of_test_images(monkeypatch):
    """Three of four test labels are said right, and all places; of training images none."""
    labels, places = torch.tensor([0, 0, 1, 2] * 5), torch.tensor([1, 2, 0, 1] * 5)
    said = torch.tensor([0, 0, 1, 3] * 5)
    test = torch.stack([said, places], 1).float()
    asked = []

    def perceptron_of(codes, classes, epochs, *, seed):
        asked.append((codes.shape[0], epochs, seed))
        return Said(0 if torch.equal(classes, labels[:8]) else 1)

    def split(codes, count):
        part = ShiftedImages(torch.zeros(count, 1, 2, 2), labels[:count], places[:count], "")
        return CodesOfSplit(GaussianCode(codes, torch.zeros_like(codes)), codes, part)

    monkeypatch.setattr(code_measures, "perceptron_of", perceptron_of)
    settings = one_plane.Settings(probe_epochs=7)
    rows = label_readings(split(3 - test[:8], 8), split(test, 20), settings, seed=5)
    found = {row["metric"]: row["value"] for row in rows}
    assert found["mlp"] == 0.75 and found["place"] == 1.0 and asked == [(8, 7, 5)] * 2
    entropy = 0.5 * math.log(2) + 0.5 * math.log(4)
    assert found["label_entropy"] == pytest.approx(entropy)
    total = math.log(math.exp(2) + 3)  # of four classes
    assert found["label_information"] == pytest.approx(entropy + 0.75 * 2 - total)
    units = {row["metric"]: row["unit"] for row in rows}
    assert units["label_information"] == "nat" and units["place"] == "1"


def test_linear_readings_learn_on_training_codes_and_means_apart():
    """Of test images those of class 9 look like class 0; means stand one place further."""

    def split(labels, shown):
        codes = 5 * torch.eye(10)[shown]
        law = GaussianCode(codes.roll(1, 1), torch.zeros_like(codes))
        places = torch.zeros_like(labels)
        return CodesOfSplit(law, codes, ShiftedImages(torch.zeros(1), labels, places, ""))

    learned = torch.arange(300) % 10
    labels = torch.cat([torch.arange(90) % 9, torch.full((40,), 9)])
    shown = torch.where(labels == 9, 0, labels)
    rows = linear_readings(split(learned, learned), split(labels, shown))
    found = {row["metric"]: row["value"] for row in rows}
    expected = dict.fromkeys(("linear", "linear_mean", "linear_100", "linear_1000"), 90 / 130)
    assert found == pytest.approx(expected)


def test_the_plane_that_is_drawn_has_the_two_largest_variances():
    sizes = torch.tensor([2.0, 1.0, 3.0])
    points = torch.cat([torch.diag(sizes), -torch.diag(sizes)])
    part = ShiftedImages(torch.zeros(6, 1, 2, 2), torch.arange(6), torch.arange(6) % 3, "")
    share, held = picture(CodesOfSplit(GaussianCode(points, points), points, part))
    assert share["value"] == pytest.approx((9 + 4) / 14) and share["target"] == "SYN-F2"
    extent = sorted(abs(held["points"]).max(0).tolist())
    assert extent == pytest.approx([2.0, 3.0]) and held["label"].tolist() == [*range(6)]


def test_a_step_against_a_linear_map_of_pixels_is_known():
    """Codes are three pixels, the class is the brightest: a step over half the gap turns all."""
    g = torch.Generator().manual_seed(0)
    labels = torch.arange(300) % 3
    images = 0.4 + 0.2 * torch.eye(3)[labels] + 0.01 * torch.randn(300, 3, generator=g)
    images = images[:, None, None, :]
    part = ShiftedImages(images, labels, labels, "")

    def read(x):
        return GaussianCode(x[:, 0, 0], torch.zeros(len(x), 3))

    codes = CodesOfSplit(read(images), images[:, 0, 0], part)
    assert attacked(read, codes, part, epsilon=0.05) == 1.0
    assert attacked(read, codes, part, epsilon=0.15) == 0.0
