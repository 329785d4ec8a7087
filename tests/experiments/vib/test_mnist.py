"""Members of the chapters on MNIST are built, trained and measured as settings and factors say."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from experiments.flat_images import FlatImages
from experiments.vib import half_width, mnist, robustness
from ibutils import ensemble
from ibutils.data import load
from ibutils.vib import VIB

SETTINGS = mnist.Settings(
    epochs=7, learning_rate=3e-4, averaging=0.9, hidden=5, wide=4, repeats=3, betas=(1e-3, 0.1)
)
PIXELS = 9


class Stop(Exception):
    """Training would begin here."""


@pytest.fixture
def data():
    g = torch.Generator().manual_seed(0)
    inputs = {
        split: torch.rand(n, PIXELS, generator=g) for split, n in (("train", 6), ("test", 8))
    }
    labels = {split: torch.arange(len(images)) for split, images in inputs.items()}
    return FlatImages(inputs, labels, {})


@pytest.fixture
def asked(monkeypatch):
    """Return what the training of a group is asked for, which then stops."""
    found = {}

    def fit_each(models, recipe, inputs, labels, *, seeds, checkpoint=None):
        found.update(models=models, recipe=recipe, data=(inputs, labels), seeds=seeds)
        raise Stop

    monkeypatch.setattr(ensemble, "fit_each", fit_each)
    return found


def rate(recipe):
    return recipe.optimiser([{"params": [nn.Parameter(torch.zeros(2, 2))]}]).param_groups[0]["lr"]


def vib(k, beta, seed=0):
    return dict(method="vib", bottleneck=k, beta=beta, seed=seed)


def other(method, k=None):
    return dict(method=method, bottleneck=k, beta=None, seed=0)


def test_members_train_on_training_images_as_the_settings_say(asked, data):
    members = [vib(4, beta, seed) for beta, seed in ((1e-3, 3), (0.1, 1))]
    with pytest.raises(Stop):
        list(mnist.train(members, SETTINGS, data, checkpoint=Path("none")))
    recipe = asked["recipe"]
    assert (recipe.epochs, recipe.averaging, rate(recipe)) == (7, 0.9, 3e-4)
    assert asked["data"] == (data.inputs["train"], data.labels["train"])
    assert asked["seeds"] == [3, 1]
    assert [float(model.beta) for model in asked["models"]] == pytest.approx([1e-3, 0.1])


def test_attacked_and_shipped_models_train_as_their_settings_say(asked, monkeypatch):
    chosen = robustness.Settings(epochs=7, learning_rate=3e-4, averaging=0.9, hidden=5, wide=4)
    held = robustness.load(chosen, "cpu")
    assert float(held.inputs.min()) == -1.0 and float(held.victims.pixels.min()) == 0.0
    assert not bool((held.victims.wrong == held.victims.classes).any())
    with pytest.raises(Stop):
        list(robustness.train([vib(4, 1e-3, 5)], chosen, held, checkpoint=Path("none")))
    recipe = asked["recipe"]
    assert (recipe.epochs, recipe.averaging, rate(recipe)) == (7, 0.9, 3e-4)
    assert asked["data"] == (held.inputs, held.labels) and asked["seeds"] == [5]
    small = FlatImages({"train": held.inputs}, {"train": held.labels}, {})
    monkeypatch.setattr(half_width, "load", lambda settings, device: small)
    with pytest.raises(Stop):
        half_width._train(nn.Identity())
    recipe, stated = asked["recipe"], half_width.SETTINGS
    assert (recipe.epochs, recipe.averaging) == (stated.epochs, stated.averaging)
    assert rate(recipe) == stated.learning_rate


def test_images_are_seen_from_minus_one_to_one():
    held = mnist.load(SETTINGS, "cpu")
    for split, images in held.inputs.items():
        raw = load("digits", split=split)
        torch.testing.assert_close(images, raw.flat(low=0.0, high=1.0) * 2 - 1)
        assert torch.equal(held.labels[split], raw.labels)


def test_the_narrow_code_alone_has_a_full_covariance():
    for k, covariance in ((mnist.NARROW, "full"), (4, "diagonal")):
        model = mnist.build(vib(k, 0.1), SETTINGS, inputs=PIXELS)
        assert isinstance(model, VIB) and model.encoder.covariance == covariance
        assert float(model.beta) == pytest.approx(0.1)
    widths = [p.shape for p in model.encoder.parameters() if p.ndim == 2]
    assert widths == [(5, PIXELS), (5, 5), (8, 5)]
    plain = mnist.build(other("deterministic", 4), SETTINGS, inputs=PIXELS)
    assert [p.shape for p in plain.parameters() if p.ndim == 2][-2:] == [(4, 5), (10, 4)]


def test_rivals_pay_the_penalties_of_the_paper():
    logits, labels = (
        torch.randn(6, 10, generator=torch.Generator().manual_seed(1)),
        torch.arange(6),
    )
    logs = logits.log_softmax(1)
    plain, entropy = F.cross_entropy(logits, labels), -(logs.exp() * logs).sum(1).mean()
    expected = {
        "baseline": plain,
        "confidence_penalty": plain - entropy,
        "label_smoothing": 0.9 * plain - 0.1 * logs.mean(),
    }
    for method, value in expected.items():
        model = mnist.build(other(method), SETTINGS, inputs=PIXELS)
        torch.testing.assert_close(model.loss(logits, labels), value)


@pytest.fixture
def measured(monkeypatch, data):
    """Return a function from a member to its tidy rows, by numbers that tell splits apart."""
    asked = []

    def evaluate(model, inputs, labels, *, samples, repeats, generator):
        split = "test" if inputs is data.inputs["test"] else "train"
        assert labels is data.labels[split]
        asked.append((split, samples, repeats))
        first = {"test": 10.0, "train": 20.0}[split]
        names = ("error", "error_12", "cross_entropy", "rate")
        return {name: first + place for place, name in enumerate(names)}

    monkeypatch.setattr(mnist, "evaluate", evaluate)
    history = {"rate": torch.arange(1.0, 8.0)}

    def rows(member):
        model = mnist.build(member, SETTINGS, inputs=PIXELS)
        return pd.DataFrame(mnist.measure(member, model, history, SETTINGS, data))

    rows.asked = asked
    return rows


def test_errors_are_those_of_twelve_samples_and_the_repeats_of_the_settings(measured):
    table = measured(vib(4, 1e-3)).query("metric != 'epoch_rate'")
    assert measured.asked == [("test", 12, 3), ("train", 12, 1)]
    expected = {
        ("VIB-F1a", "error"): (10.0, 20.0),
        ("VIB-F1a", "error_12"): (11.0, 21.0),
        ("VIB-F1c", "cross_entropy"): (12.0, 22.0),
        ("VIB-F1c", "rate"): (13.0, 23.0),
        ("VIB-F1d", "rate"): (13.0, 23.0),
    }
    found = table.pivot(index=["target", "metric"], columns="split", values="value")
    curves = found.drop("VIB-T1")
    assert {place: (row["test"], row["train"]) for place, row in curves.iterrows()} == expected
    assert found.loc[("VIB-T1", "error_12"), "test"] == 11.0
    assert found.loc["VIB-T1", "train"].isna().all()  # the table is of test images
    units = table.groupby("metric")["unit"].unique().map(list).to_dict()
    assert units == {"error": ["1"], "error_12": ["1"], "cross_entropy": ["nat"], "rate": ["nat"]}


def test_the_rate_of_an_epoch_is_its_own(measured):
    course = measured(vib(4, 0.1)).query("metric == 'epoch_rate'")
    assert course["epoch"].tolist() == course["value"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert set(course["target"]) == {"VIB-F1d"} and set(course["unit"]) == {"nat"}


@pytest.mark.parametrize(
    ("member", "targets"),
    [
        (vib(4, 1e-3), {"VIB-F1a", "VIB-F1c", "VIB-F1d", "VIB-T1"}),
        (vib(4, 0.1), {"VIB-F1a", "VIB-F1c", "VIB-F1d"}),
        (vib(2, 0.1), {"VIB-F1b", "VIB-F2"}),
        (vib(2, 1e-5), {"VIB-F1b"}),
        (other("dropout"), {"VIB-T1"}),
        (other("deterministic", 4), {"VIB-T1"}),
    ],
)
def test_a_member_serves_the_table_and_the_figures_that_show_it(measured, member, targets):
    assert set(measured(member)["target"]) == targets == set(mnist.targets(member))


def test_the_plane_of_codes_is_that_of_test_images(data):
    member = vib(2, 0.1)
    model = mnist.build(member, SETTINGS, inputs=PIXELS)
    held = mnist.picture(member, model, data)["VIB-F2"]
    with torch.no_grad():
        code = model.encoder(data.inputs["test"])
    torch.testing.assert_close(torch.from_numpy(held["mean"]), code.mean)
    assert not held["cholesky"][:, 0, 1].any() and held["cholesky"][:, 1, 0].any()
    assert held["label"].tolist() == data.labels["test"].tolist()
    assert held["weight"].shape == (10, 2) and held["bias"].shape == (10,)
    assert mnist.picture(vib(4, 0.1), model, data) == {}
