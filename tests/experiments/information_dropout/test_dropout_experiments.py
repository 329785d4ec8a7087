"""The experiments of Information Dropout: their settings, members and preparation of data."""

import importlib
import json

import pytest
import torch
import yaml

from experiments.information_dropout import noisy_networks
from experiments.information_dropout.photographs import RIDGE, normalised, photographs, whitening
from ibutils.project import project_root
from reproduce import record, settings

CHAPTERS = ("width", "vae", "disentanglement", "nuisances")


def module(chapter):
    return importlib.import_module(f"experiments.information_dropout.{chapter}")


def laptop(chapter):
    """Return the settings of a chapter's laptop profile."""
    path = project_root() / "notebooks" / "information_dropout" / f"{chapter}.laptop.yaml"
    return settings.read(module(chapter).Settings, yaml.safe_load(path.read_text()))


def recorded(chapter):
    notebook = f"information_dropout/{chapter}"
    return [r for r in record.runs() if r["notebook"] == notebook and r["profile"] == "laptop"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_what_is_on_record_is_of_these_settings_and_of_this_grid(chapter):
    chosen = laptop(chapter)
    grid = {record.key(member) for member in module(chapter).grid(chosen)}
    own = json.loads(json.dumps(settings.identity(module(chapter), chosen)))
    runs = recorded(chapter)
    assert runs
    for run in runs:
        assert run["settings"] == own
        assert {record.key(entry["member"]) for entry in run["members"]} <= grid


@pytest.mark.parametrize(
    ("chapter", "wrong", "message"),
    [
        ("width", {"methods": ("none", "dropuot")}, "methods must be .*'dropuot'"),
        ("width", {"relu_beta": -1.0}, "relu_beta must be at least 0"),
        ("width", {"pictures": "cifra10"}, "pictures must be .*'cifra10'"),
        ("width", {"images": 0}, "images must be at least 1"),
        ("width", {"softplus_epochs": 0}, "softplus_epochs must be at least 1"),
        ("width", {"units": (50, 0)}, r"units\[1\] must be at least 1"),
        ("width", {"shares": (0.0,)}, "shares must be above 0"),
        ("width", {"alphas": (0.0,)}, "alphas must be above 0"),
        ("vae", {"factors": (0.0,)}, "factors must be above 0"),
        ("disentanglement", {"betas": (0.3, -3.0)}, "beta must be at least 0, got -3.0"),
        ("nuisances", {"priors": ("tanh",)}, "priors must be .*'tanh'"),
    ],
)
def test_settings_refuse(chapter, wrong, message):
    with pytest.raises(ValueError, match=message):
        module(chapter).Settings(**wrong)


def test_the_scaled_beta_keeps_the_price_of_an_image():
    """Beta / N times the number of units is that of the paper's network."""
    paper = 3.0 / noisy_networks.PAPER_IMAGES * 36_864
    own = noisy_networks.scaled(3.0, samples=1000, full=1.0, own=0.125)
    assert own / 1000 * 36_864 * 0.125 == pytest.approx(paper)


def test_whitening_turns_each_deviation_s_into_s_over_s_and_ridge():
    """Along the principal axes of the pictures, whose deviations are s."""
    held = photographs("digits", images=1400, device="cpu")
    before = normalised(held.splits["train"].pixels).flatten(1).double()
    after = held.whitened["train"][0].flatten(1).double()
    deviations = [
        torch.linalg.eigvalsh(torch.cov(x.T)).clamp(min=0).sqrt() for x in (before, after)
    ]
    expected = deviations[0] / (deviations[0] + RIDGE["digits"])
    torch.testing.assert_close(deviations[1], expected, atol=2e-3, rtol=0)


def test_test_pictures_are_whitened_as_training_pictures_are():
    held = photographs("digits", images=300, device="cpu")
    (inputs, labels), (tested, _) = held.whitened["train"], held.whitened["test"]
    assert len(inputs) == len(labels) == 300 and len(tested) == len(held.splits["test"])
    white = whitening(normalised(held.splits["train"].pixels[:300]), ridge=RIDGE["digits"])
    torch.testing.assert_close(tested, white(normalised(held.splits["test"].pixels)))


def test_a_learning_rate_falls_once_where_fractions_coincide():
    recipe = noisy_networks.falling(2, (2 / 5, 3 / 5, 4 / 5), learning_rate=0.1)
    parameter = torch.nn.Parameter(torch.zeros(()))
    optimiser = recipe.optimiser([{"params": [parameter]}])
    schedule, rates = recipe.schedule(optimiser), []
    for _ in range(2):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    assert rates == pytest.approx([0.1, 0.01])
