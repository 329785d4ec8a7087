"""Every model of the tables takes a step; image sets and measures are what they say."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
import yaml

from experiments.infomax import ablations, classification, crops, few_negatives
from experiments.infomax.effort import Networks
from experiments.infomax.encoder_measures import (
    LAYERS,
    accuracies,
    as_bytes,
    dependency,
    freeze,
    neighbour_pictures,
    neighbour_share,
    support_vectors,
)
from experiments.infomax.image_sets import image_set
from experiments.infomax.models import (
    DIM,
    METHODS,
    Untrained,
    build,
    build_encoder,
    learn,
    terms_of,
)
from experiments.infomax.occluded_loss import occlusion_rows
from experiments.infomax.small import SETTINGS, as_table, small
from experiments.infomax.two_priors import TwoPriors
from ibutils import infomax
from ibutils.nets import perceptron
from ibutils.project import project_root
from ibutils.train import generator
from reproduce import record, settings

TINY = Networks(1 / 16, 8, 8, 1 / 16)
EXPERIMENTS = (ablations, classification, crops, few_negatives)


def loss_of(method):
    return "infonce" if method in DIM else None


@pytest.mark.parametrize("method", METHODS)
def test_every_model_of_the_tables_trains_its_encoder(method):
    part = image_set("digits", split="train", count=40)
    g = generator(0, "weights")
    model = build(method, loss_of(method), TINY, part=part, classes=10, generator=g)
    before = [p.clone() for p in model.encoder.parameters()]
    recipe = infomax.recipe(1, batch_size=20)
    history = learn(model, part, recipe, seed=0)
    moved = [
        not torch.equal(a, b) for a, b in zip(before, model.encoder.parameters(), strict=True)
    ]
    assert any(moved) == (method != "untrained")
    assert not model.training and all(h.isfinite().all() for h in history.values())


def test_a_frozen_encoder_has_the_statistics_of_the_training_images():
    part = image_set("digits", split="train", count=200)
    g = generator(0, "weights")
    encoder = build_encoder(32, TINY.channels, generator=g)
    freeze(Untrained(encoder), part, part, seed=0)
    first = encoder.to_local[0](part.images)
    norm = next(m for m in encoder.modules() if isinstance(m, torch.nn.BatchNorm2d))
    torch.testing.assert_close(norm.running_mean, first.mean((0, 2, 3)), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
@pytest.mark.parametrize("profile", ["laptop", "gpu"])
def test_the_settings_of_a_profile_are_those_on_record(experiment, profile):
    notebook = settings.notebook_of(experiment)
    given = yaml.safe_load((project_root() / f"notebooks/{notebook}.{profile}.yaml").read_text())
    found = settings.identity(experiment, settings.read(experiment.Settings, given))
    recorded = record.runs(notebook=notebook, profile=profile)
    assert all(run["settings"] == json.loads(json.dumps(found)) for run in recorded)


@pytest.mark.parametrize(
    ("experiment", "change", "message"),
    [
        (classification, dict(methods=["gan"]), "methods must be one of .*, got 'gan'"),
        (classification, dict(losses=["nwj"]), "losses must be one of .*, got 'nwj'"),
        (crops, dict(methods=["cpc"]), "methods must be one of .*, got 'cpc'"),
        (crops, dict(datasets=["cifar"]), "datasets must be one of .*, got 'cifar'"),
        (crops, dict(rates=[0.0]), "rates must be .*, got 0"),
        (few_negatives, dict(data="mnst"), "data must be one of .*, got 'mnst'"),
        (ablations, dict(decoder=dict(epochs=0, learning_rate=0.1)), "epochs must be .*, got 0"),
        (ablations, dict(ndm=dict(step=3, learning_rate=0.1)), "ndm must have the names steps"),
    ],
)
def test_unknown_parameters_are_refused_with_their_names(experiment, change, message):
    given = {**asdict(experiment.Settings()), **change}
    with pytest.raises(ValueError, match=message):
        settings.read(experiment.Settings, given)


def test_the_weights_are_those_of_the_paper():
    local, mixed = terms_of("dim_local", "dv"), terms_of("dim_both", "jsd")
    assert (local.alpha, local.beta, local.gamma) == (0.0, 1.0, 0.1)
    assert (mixed.alpha, mixed.beta) == (0.5, 0.1) and mixed.bound == "jensen_shannon"
    total = terms_of("dim_global", "jsd")
    assert (total.alpha, total.beta, total.gamma) == (1.0, 0.0, 1.0)


def test_a_part_is_balanced_fixed_and_begins_the_larger_one():
    few, many = (image_set("digits", split="train", count=count) for count in (50, 200))
    assert few.labels.bincount().tolist() == [5] * 10
    torch.testing.assert_close(many.images[:50], few.images)
    assert float(few.images.min()) >= -1 and float(few.images.max()) <= 1
    with pytest.raises(ValueError, match="of each class"):
        image_set("digits", split="test", count=396)


def test_measures_are_rows_with_finite_values():
    found = small("dim_local", "infonce").frozen
    rows = accuracies(found, SETTINGS.probe) + neighbour_share(found)
    rows += dependency(found, SETTINGS.ndm, channels=SETTINGS.networks.critic_channels)
    table = as_table("DIM-T1", {("dim_local", "infonce"): rows})
    assert np.isfinite(table["value"]).all() and set(table["layer"]) == {"conv", "fc", "y"}
    names = set(table["metric"])
    for metric in ("accuracy", "neighbours", "ndm"):
        assert {f"{metric}_converged", f"{metric}_degenerate"} <= names
    assert (table[table["metric"] == "accuracy"]["value"] > 0.3).all()
    held = neighbour_pictures(found, queries=3, k=2)
    assert held["images"].shape == (3, 3, 3, 32, 32) and held["same"].shape == (3, 2)
    np.testing.assert_array_equal(held["images"][0, 0], as_bytes(found.test.images[0]))


def test_machines_have_a_row_for_each_loss_and_its_health():
    rows = support_vectors(small("untrained").frozen, SETTINGS.machine)
    found = {(row["layer"], row["metric"]): row["value"] for row in rows}
    for layer in LAYERS:
        for metric in ("svm", "svm_squared"):
            assert 0 < found[layer, metric] <= 1
            assert found[layer, f"{metric}_converged"] in (0.0, 1.0)
            assert 0 <= found[layer, f"{metric}_degenerate"] <= 1


def test_the_loss_of_a_place_under_the_occluder_is_counted_apart():
    losses = torch.zeros(1, 8, 8)
    masks = torch.zeros(1, 32, 32, dtype=torch.bool)
    masks[0, :16] = True
    losses[0, :4] = 3.0
    rows = occlusion_rows(losses, masks)
    assert {row["metric"]: row["value"] for row in rows} == {
        "hidden_loss": 3.0,
        "visible_loss": 0.0,
    }


def test_players_of_two_priors_move_by_their_own_terms():
    g = generator(0, "weights")
    encoder, maker = perceptron([4, 8, 1], generator=g), perceptron([2, 8, 4], generator=g)
    model = TwoPriors(encoder, maker, latent=2, source=g)
    noise = model.draw_noise(16, generator=generator(0, "noise"))
    images = torch.randn(16, 4, generator=g)
    terms = model.objective(images, torch.zeros(16), noise)
    networks = {"encoder": encoder, "generator": maker, "discriminators": model.matching}
    for term, own in networks.items():
        for name, network in networks.items():
            found = torch.autograd.grad(
                terms[term], list(network.parameters()), retain_graph=True, allow_unused=True
            )
            touched = any(grad is not None and bool(grad.any()) for grad in found)
            assert touched == (network is own), (term, name)
    with pytest.raises(ValueError, match="means must differ"):
        TwoPriors(encoder, maker, latent=2, means=(1.0, 1.0))
