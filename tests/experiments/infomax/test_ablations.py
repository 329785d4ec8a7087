"""Negatives, weights and lengths of the members of Figures 9, 11 and 13, and of the crops."""

from pathlib import Path

import pytest
import torch

from experiments.infomax import ablations, crops, few_negatives
from experiments.infomax.effort import Networks, Training
from experiments.infomax.encoder_measures import Frozen
from experiments.infomax.image_sets import ImageSet, ImageSets, Splits
from ibutils.train import generator

TINY = Networks(1 / 16, 8, 8, 1 / 16)
SETTINGS = ablations.Settings(
    training=Training(batch_size=16, learning_rate=3e-4),
    networks=TINY,
    epochs=5,
    weight_epochs=6,
    rate_epochs=7,
    critics=3,
)


class Stop(Exception):
    """Training would begin here."""


@pytest.fixture
def parts():
    g = torch.Generator().manual_seed(0)
    return {
        split: ImageSet(torch.rand(20, 3, 32, 32, generator=g), torch.arange(20) % 10, "")
        for split in ("train", "test")
    }


def member(method="dim_local", **factors):
    return dict.fromkeys(ablations.FACTORS) | dict(method=method, seed=0) | factors


@pytest.mark.parametrize(("log2", "negatives"), [(0, 1), (2, 4), (3, 8), (4, None)])
def test_negatives_come_from_so_many_images_or_from_all_of_the_batch(log2, negatives):
    own = member(loss="infonce", log2_images=log2)
    assert ablations.terms(own, SETTINGS).negatives == negatives
    assert ablations.construct(own, SETTINGS, 32).terms.negatives == negatives


def test_each_weight_is_that_of_its_own_term():
    own = member(loss="infonce", alpha=0.5, beta=0.25, gamma=2.0)
    found = ablations.construct(own, SETTINGS, 32).terms
    assert (found.alpha, found.beta, found.gamma) == (0.5, 0.25, 2.0)
    coder = ablations.construct(member("vae", beta=3.0), SETTINGS, 32)
    assert float(coder.beta) == pytest.approx(3.0)


def asked(monkeypatch, module, own, settings, data):
    """Return the recipe and the images that a member is trained with."""
    found = {}

    def learn(model, part, recipe, *, seed, checkpoint):
        found.update(part=part, recipe=recipe, seed=seed)
        raise Stop

    monkeypatch.setattr(module, "learn", learn)
    with pytest.raises(Stop):
        list(module.train([own], settings, data, checkpoint=Path("none")))
    recipe = found["recipe"]
    optimiser = recipe.optimiser([{"params": [torch.nn.Parameter(torch.zeros(2, 2))]}])
    return recipe.epochs, recipe.batch_size, optimiser.param_groups[0]["lr"], found["part"]


@pytest.mark.parametrize(
    ("own", "epochs"),
    [
        (member(loss="infonce", log2_images=2, seed=1), 5),
        (member(loss="infonce", alpha=0.5, beta=0.25, gamma=2.0), 6),
        (member("vae", beta=3.0), 7),
    ],
)
def test_each_figure_trains_for_its_own_epochs(monkeypatch, parts, own, epochs):
    found = asked(monkeypatch, ablations, own, SETTINGS, Splits(parts, {}))
    assert found == (epochs, 16, 3e-4, parts["train"])


def test_crops_are_learned_at_the_rate_of_their_member(monkeypatch, parts):
    chosen = crops.Settings(training=Training(batch_size=16, learning_rate=3e-4), epochs=4)
    own = dict(data="digits", method="crops_dim", rate=2e-4, seed=0)
    data = ImageSets({"digits": parts}, {})
    assert asked(monkeypatch, crops, own, chosen, data)[:3] == (4, 16, 2e-4)
    model = crops.construct(own, TINY, side=32)
    assert model.terms.gamma == 0.0 and model.terms.bound == "info_nce"


def test_one_negative_is_one_image_and_trains_for_the_epochs_of_its_member(monkeypatch, parts):
    chosen = few_negatives.Settings(training=Training(batch_size=16, learning_rate=3e-4))
    own = dict(loss="dv", epochs=9, seed=0)
    found = asked(monkeypatch, few_negatives, own, chosen, Splits(parts, {}))
    assert found == (9, 16, 3e-4, parts["train"])
    model = few_negatives.construct(own, TINY)
    assert model.terms.negatives == 1 and model.terms.bound == "donsker_varadhan"


def test_the_dependence_of_a_code_is_a_mean_over_critics_of_their_own_seeds(monkeypatch, parts):
    features = {"y": torch.rand(20, 4, generator=generator(0, "codes"))}
    frozen = Frozen(parts["train"], parts["test"], features, features, 2)
    seeds = []

    def dependency(one, effort, *, channels):
        seeds.append(one.seed)
        fixed = dict(layer="y", metric="ndm", unit="nat")
        return [fixed | dict(split="test", value=float(one.seed)), fixed | dict(value=99.0)]

    monkeypatch.setattr(ablations, "dependency", dependency)
    mean, spread = ablations.repeated_dependency(frozen, SETTINGS)
    assert seeds == [6, 7, 8] and (mean["metric"], mean["value"]) == ("ndm", 7.0)
    assert (spread["metric"], spread["value"]) == ("ndm_spread", 1.0)
