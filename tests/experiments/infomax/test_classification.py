"""What is asked of each member of Tables 1 to 5, and on which images and features it is read."""

from dataclasses import replace

import pytest
import torch

from experiments.infomax import classification, encoder_measures, image_sets
from experiments.infomax.effort import Machines, Networks, ProbeTraining, Steps, Training
from experiments.infomax.encoder_measures import LAYERS, Frozen
from experiments.infomax.image_sets import ImageSet
from experiments.infomax.models import Untrained, build, build_encoder
from ibutils import Estimate
from ibutils.probes import Health, Reading, TrainTest
from ibutils.train import generator

SOUND = Health(True, 0.0)
SETTINGS = classification.Settings(
    epochs=5, large_epochs=7, training=Training(batch_size=64, learning_rate=3e-4)
)


def part(count, first):
    images = torch.full((count, 3, 32, 32), first)
    return ImageSet(images, torch.arange(count) % 10, "")


@pytest.fixture
def frozen():
    """Return features that say by their first number of which split and layer they are."""
    train, test = part(30, 0.25), part(20, -0.5)
    features = {
        name: {
            layer: torch.full((len(one.images), 4), 10.0 * place + shift)
            for place, layer in enumerate(LAYERS, start=1)
        }
        for name, one, shift in (("train", train, 0.0), ("test", test, 1.0))
    }
    return Frozen(train, test, features["train"], features["test"], 3)


def member(method, loss=None, data="cifar10", seed=0):
    return dict(data=data, method=method, loss=loss, seed=seed)


@pytest.mark.parametrize(
    ("own", "targets", "in_table_4"),
    [
        (member("dim_local", "infonce"), ["DIM-T1", "DIM-T5", "DIM-F9"], True),
        (member("dim_local", "jsd"), ["DIM-T1", "DIM-F9"], True),
        (member("dim_local", "infonce", "stl10"), ["DIM-T2", "DIM-T5"], False),
        (member("dim_local", "dv", "tiny_imagenet"), ["DIM-T2"], False),
        (member("dim_occlusion", "infonce"), ["DIM-T5"], False),
        (member("dim_global", "jsd"), ["DIM-T1"], True),
        (member("supervised"), ["DIM-T1"], False),
        (member("vae"), ["DIM-T1"], True),
    ],
)
def test_a_member_serves_the_tables_that_show_it(own, targets, in_table_4):
    assert classification.targets(own) == targets
    assert classification.compared(own) == in_table_4


@pytest.mark.parametrize(
    ("data", "method", "epochs", "more"),
    [
        ("cifar10", "ae", 5, False),
        ("tiny_imagenet", "ae", 7, False),
        ("stl10", "ae", 7, True),
        ("stl10", "supervised", 7, False),  # of what has no label it learns nothing
    ],
)
def test_large_images_and_unlabelled_ones_are_learned_as_stated(
    monkeypatch, data, method, epochs, more
):
    splits = {"train": part(30, 0.25), "test": part(20, -0.5)}
    if data == "stl10":
        splits["unlabeled"] = part(60, 0.75)
    asked, seen = {}, {}

    def learn(model, images, recipe, *, seed, checkpoint):
        asked.update(images=images, recipe=recipe, seed=seed)
        return {}

    monkeypatch.setattr(classification, "learn", learn)
    monkeypatch.setattr(
        classification,
        "freeze",
        lambda model, *images, seed: seen.update(images=images, seed=seed),
    )
    classification.trained(member(method, data=data, seed=4), SETTINGS, splits)
    recipe = asked["recipe"]
    rate = recipe.optimiser([{"params": [torch.nn.Parameter(torch.zeros(2, 2))]}])
    assert (recipe.epochs, recipe.batch_size, rate.param_groups[0]["lr"]) == (epochs, 64, 3e-4)
    learned = asked["images"].images
    whole = [splits["train"].images, *([splits["unlabeled"].images] if more else [])]
    assert torch.equal(learned, torch.cat(whole)) and len(asked["images"].labels) == len(learned)
    assert asked["seed"] == 4
    assert seen == {"images": (splits["train"], splits["test"]), "seed": 4}


def test_unlabelled_images_are_read_once_and_their_checksum_is_kept(monkeypatch):
    read = []

    def image_set(name, *, split, count=0, device="cpu"):
        read.append((name, split, count))
        return part(10, 0.0)._replace(checksum=f"sum of {name} {split}")

    monkeypatch.setattr(image_sets, "image_set", image_set)
    chosen = replace(SETTINGS, datasets=("cifar10", "stl10"), images=8, test_images=4)
    found = classification.load(chosen, "cpu")
    assert read == [
        ("cifar10", "train", 8),
        ("cifar10", "test", 4),
        ("stl10", "train", 8),
        ("stl10", "test", 4),
        ("stl10", "unlabeled", 0),
    ]
    assert found.checksums == {
        f"{name} {split}": f"sum of {name} {split}" for name, split, _ in read
    }


def accuracy_rows(monkeypatch, frozen, own):
    plain = [
        dict(layer=layer, split="test", metric="accuracy", value=place / 10, unit="1")
        for place, layer in enumerate(LAYERS)
    ]
    monkeypatch.setattr(
        classification, "accuracies", lambda one, effort: [dict(row) for row in plain]
    )
    monkeypatch.setattr(
        classification, "accuracy", lambda model, images, labels: float(images.mean())
    )
    model = Untrained(build_encoder(32, 1 / 16, generator=generator(0, "weights")))
    return classification.accuracy_rows(own, model, frozen, SETTINGS)


def test_a_batch_is_the_right_end_of_the_axis_of_negative_images(monkeypatch, frozen):
    rows = accuracy_rows(monkeypatch, frozen, member("dim_local", "jsd"))
    found = {(row["target"], row["layer"]): row for row in rows}
    assert len(found) == 6 and found["DIM-T1", "fc"]["value"] == 0.1
    assert {row.get("log2_images") for row in rows if row["target"] == "DIM-F9"} == {6.0}
    assert all("log2_images" not in row for row in rows if row["target"] == "DIM-T1")


def test_the_supervised_network_is_read_at_its_output_on_test_images(monkeypatch, frozen):
    (row,) = accuracy_rows(monkeypatch, frozen, member("supervised"))
    assert (row["layer"], row["value"], row["metric"]) == ("output", -0.5, "accuracy")


def test_occluded_images_are_the_first_of_the_test_set(monkeypatch, frozen):
    def losses(model, images):
        assert images.shape[0] == 20 and float(images.mean()) == -0.5
        masks = torch.zeros(20, 32, 32, dtype=torch.bool)
        masks[:, :16] = True
        values = torch.ones(20, 4, 4)
        values[:, :2] = 3.0
        return values, masks

    monkeypatch.setattr(classification, "occluded_losses", losses)
    networks = Networks(1 / 16, 8, 8, 1 / 16)
    options = dict(part=frozen.train, classes=10, generator=generator(0, "weights"))
    model = build("dim_local", "infonce", networks, **options)
    rows, maps = classification.occlusion(model, frozen)
    assert {row["metric"]: row["value"] for row in rows} == {
        "hidden_loss": 3.0,
        "visible_loss": 1.0,
    }
    assert maps["losses"].shape == (8, 4, 4) and len(maps["images"]) == 8


def placed(rows):
    return {(row["layer"], row["metric"], row["split"]): row["value"] for row in rows}


def test_probes_learn_on_training_features_and_are_tested_on_others(monkeypatch, frozen):
    def probe(learned, labels, tested, classes, *, seed, **effort):
        assert len(learned) == len(labels) == 30 and len(tested) == len(classes) == 20
        assert seed == 3 and effort == vars(ProbeTraining(epochs=9))
        assert float(tested[0, 0]) == float(learned[0, 0]) + 1
        return Reading(float(learned[0, 0]) / 100, SOUND)

    monkeypatch.setattr(encoder_measures, "mlp_probe", probe)
    found = placed(encoder_measures.accuracies(frozen, ProbeTraining(epochs=9)))
    for place, layer in enumerate(LAYERS, start=1):
        assert found[layer, "accuracy", "test"] == place / 10


def test_machines_learn_on_a_part_and_their_spread_is_that_of_a_sample(monkeypatch, frozen):
    asked = []

    def machine(learned, labels, tested, classes, *, seed, loss, iterations):
        assert len(learned) == len(labels) == 12 and len(tested) == len(classes) == 20
        assert float(tested[0, 0]) == float(learned[0, 0]) + 1 and iterations == 17
        asked.append((seed, loss))
        return Reading(0.5 + 0.1 * (seed - 9) if loss == "hinge" else 0.25, SOUND)

    monkeypatch.setattr(encoder_measures, "svm_probe", machine)
    effort = Machines(count=3, images=12, iterations=17)
    found = placed(encoder_measures.support_vectors(frozen, effort))
    for layer in LAYERS:
        assert found[layer, "svm", "test"] == pytest.approx(0.6)
        assert found[layer, "svm_spread", "test"] == pytest.approx(0.1)
        assert found[layer, "svm_squared", "test"] == 0.25
    assert {seed for seed, loss in asked if loss == "hinge"} == {9, 10, 11}  # three a network


def test_what_is_read_of_codes_is_that_of_test_images_with_training_beside_it(monkeypatch, frozen):
    def both(*data, critic=None, seed, **options):
        learned, tested = (data[1], data[3]) if critic is not None else data
        assert (len(learned), len(tested), seed) == (30, 20, 3)
        assert float(learned[0, 0]) == 30.0 and float(tested[0, 0]) == 31.0
        return TrainTest(Estimate(4.0, stderr=0.5), Estimate(1.5, stderr=0.125), SOUND)

    monkeypatch.setattr(encoder_measures, "mine", both)
    monkeypatch.setattr(encoder_measures, "neural_dependency", both)
    effort = Steps(steps=5, learning_rate=1e-3)
    rows = encoder_measures.information(frozen, effort, channels=1 / 16)
    rows += encoder_measures.dependency(frozen, effort, channels=1 / 16)
    found = placed(rows)
    for metric in ("mine", "ndm"):
        assert found["y", metric, "test"] == 1.5 and found["y", metric, "train"] == 4.0
        assert found["y", f"{metric}_stderr", "test"] == 0.125


def test_neighbours_are_sought_among_test_images(frozen):
    codes = torch.nn.functional.one_hot(frozen.test.labels, 10).float()
    held = frozen._replace(test_features={**frozen.test_features, "y": codes})
    found = placed(encoder_measures.neighbour_share(held, k=1))
    assert found["y", "neighbours", "test"] == 1.0  # two of each class, at one place
