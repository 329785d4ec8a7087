"""The experiments of Information Dropout: their settings, members and preparation of data."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml

from experiments.flat_images import FlatImages
from experiments.information_dropout import (
    disentanglement,
    noisy_networks,
    nuisances,
    vae,
    width,
)
from experiments.information_dropout.photographs import (
    RIDGE,
    both,
    normalised,
    photographs,
    whitening,
)
from ibutils.information_dropout import LayerStatistics
from ibutils.information_dropout.layer import FixedNoise
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
        ("vae", {"factors": (0.001,)}, "factors must be at least 0.0039"),
        ("vae", {"milestones": (15, 10)}, r"milestones must increase, got \(15, 10\)"),
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


def course_of(recipe):
    """Return the learning rate of each epoch, and the weight decay of matrices."""
    parameter = torch.nn.Parameter(torch.zeros(2, 2))
    optimiser = recipe.optimiser([{"params": [parameter]}])
    schedule, rates = recipe.schedule(optimiser), []
    for _ in range(recipe.epochs):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return rates, optimiser.param_groups[0]["weight_decay"]


def network_of(kind, method="information", **changes):
    network = "perceptron" if kind == "perceptron" else "convolutional"
    activation = "relu" if kind == "perceptron" else kind
    member = dict(network=network, activation=activation, method=method, width=4.0)
    return member | dict(beta=None, alpha=None, seed=0) | changes


OF_WIDTH = width.Settings(
    perceptron_epochs=8, softplus_epochs=4, relu_epochs=5, softplus_batch=70, shares=(0.03, 0.06)
)


@pytest.mark.parametrize(
    ("kind", "first", "falls", "decay", "batch"),
    [
        ("perceptron", 0.07, (3, 7), 0.0, 100),
        ("softplus", 0.1, (2, 3), 0.0, 70),
        ("relu", 0.05, (2, 3, 4), 1e-3, 100),
    ],
)
def test_networks_of_all_widths_train_as_the_paper_and_its_code_say(
    kind, first, falls, decay, batch
):
    recipe = width.recipe_of(network_of(kind), OF_WIDTH)
    rates, found = course_of(recipe)
    expected = [first / 10 ** sum(epoch >= at for at in falls) for epoch in range(recipe.epochs)]
    assert rates == pytest.approx(expected) and recipe.batch_size == batch and found == decay


def test_cluttered_and_occluded_images_train_by_their_own_recipes():
    chosen = nuisances.Settings(clutter_epochs=8, clutter_rate=0.3, clutter_batch=33, epochs=5)
    clutter = nuisances.recipe_of({"images": "cluttered"}, chosen)
    rates, decay = course_of(clutter)
    assert rates == pytest.approx([0.3] * 3 + [0.03] * 3 + [0.003] * 2)
    assert (decay, clutter.batch_size) == (0.0, 33)
    for images in ("occluded", "plain"):
        rates, decay = course_of(nuisances.recipe_of({"images": images}, chosen))
        assert rates == pytest.approx([0.05, 0.05, 0.005, 5e-4, 5e-5]) and decay == 1e-3


def test_inputs_are_dropped_where_the_paper_drops_them_and_noise_has_its_strength():
    digits, picture = torch.zeros(50, 64), torch.zeros(50, 3, 32, 32)
    for member, inputs, kept in (
        (network_of("perceptron", "binary"), digits, 0.8),
        (network_of("perceptron", beta=1.0), digits, 1.0),
        (network_of("softplus", width=0.03, beta=1.0), picture, 1.0),
        (network_of("relu", width=0.03, beta=1.0), picture, 0.8),
    ):
        assert width.build(member, OF_WIDTH, inputs).network.input_keep == kept
    noisy = width.build(network_of("perceptron", "constant", alpha=0.35), OF_WIDTH, digits)
    fixed = [m for m in noisy.modules() if isinstance(m, FixedNoise)]
    assert fixed and {layer.strength for layer in fixed} == {0.35}


def beta_of(model):
    """Return the weight of the divergence times the number of images, 50 in what follows."""
    return 50 * float(model.weight)


def test_beta_is_in_the_unit_of_the_paper_and_of_the_widest_network():
    """Of perceptrons it is that of the paper, of others it grows with the images as with N."""
    digits, picture = torch.zeros(50, 64), torch.zeros(50, 3, 32, 32)
    plain = width.build(network_of("perceptron", beta=2.0), OF_WIDTH, digits)
    assert beta_of(plain) == pytest.approx(2.0)
    for share in OF_WIDTH.shares:
        own = width.build(network_of("relu", beta=3.0, width=share), OF_WIDTH, picture)
        assert beta_of(own) == pytest.approx(50 / 50_000 / 0.06 * 3.0)
    member = dict(images="occluded", activation="relu", beta=3.0, seed=0)
    found = nuisances.build(member, nuisances.Settings(share=0.03), picture)
    assert beta_of(found) == pytest.approx(50 / 50_000 / 0.03 * 3.0)
    cluttered = nuisances.build(
        member | {"images": "cluttered"}, nuisances.Settings(), torch.zeros(50, 1, 32, 32)
    )
    units = 131_328 / cluttered.network.noise_units
    assert beta_of(cluttered) == pytest.approx(50 / 50_000 * units * 3.0)
    chosen = disentanglement.Settings(share=0.0625)  # other images than are given
    found = disentanglement.build(dict(width=0.03, beta=3.0, seed=0), chosen, picture)
    assert beta_of(found) == pytest.approx(50 / 50_000 * 0.25 / 0.0625 * 3.0)


def test_beta_is_chosen_on_the_last_images_which_train_nothing():
    chosen = width.Settings(held_out=200)
    held = both("digits", "digits", images=100, device="cpu")
    found = width.parts(network_of("perceptron"), chosen, held)
    whole = held.digits["train"].flat(low=0.0, high=1.0)
    assert torch.equal(torch.cat([found["train"][0], found["validation"][0]]), whole)
    assert len(found["validation"][0]) == len(found["validation"][1]) == 200
    assert torch.equal(found["test"][0], held.digits["test"].flat(low=0.0, high=1.0))
    assert set(width.parts(network_of("relu"), chosen, held)) == {"train", "test"}


def statistics(units, alpha, high, kl):
    return LayerStatistics(units, alpha, high, 0.0, kl, kl / units)


LAYERS = [statistics(30, 0.2, 0.5, 6.0), statistics(10, 0.6, 0.1, 4.0)]


@pytest.mark.parametrize("kind", ["perceptron", "softplus"])
def test_noise_is_averaged_over_units_and_not_over_layers(monkeypatch, kind):
    monkeypatch.setattr(width, "passed", lambda model, inputs: LAYERS)
    model = width.build(network_of("perceptron"), OF_WIDTH, torch.zeros(50, 64))
    rows = width._of_noise(network_of(kind), model, torch.zeros(2, 64))
    found = {(row["target"], row["metric"], row.get("layer")): row["value"] for row in rows}
    own = found if kind == "perceptron" else {k: v for k, v in found.items() if k[0] != "ID-F6"}
    target = width.TARGETS[kind]
    assert own == {
        (target, "mean_alpha", None): pytest.approx((30 * 0.2 + 10 * 0.6) / 40),
        (target, "saturated", None): pytest.approx((30 * 0.5 + 10 * 0.1) / 40),
    }
    if kind == "softplus":  # what Figure 6 shows of each layer
        assert found["ID-F6", "information", 1] == 6.0
        assert found["ID-F6", "information_per_unit", 2] == pytest.approx(0.4)


def test_training_warms_up_and_ends_with_the_statistics_of_all_images(monkeypatch):
    inputs, asked = torch.rand(40, 64, generator=torch.Generator().manual_seed(0)), []
    real = noisy_networks.reestimate_batch_norm

    def estimated(model, images):
        asked.append(images)
        real(model, images)

    monkeypatch.setattr(noisy_networks, "reestimate_batch_norm", estimated)
    model = width.build(network_of("perceptron", beta=1.0), OF_WIDTH, inputs)
    warmth = []
    for epochs in (2, 8):
        seen = []

        def fit(learner, *data, callbacks, seen=seen, epochs=epochs, **options):
            for epoch in range(epochs):
                for callback in callbacks:
                    callback(learner, epoch)
                seen.append(float(learner.tensors()["warmth"]))
            return {}

        monkeypatch.setattr(noisy_networks, "fit", fit)
        recipe = noisy_networks.falling(epochs, (0.5,), learning_rate=0.1)
        noisy_networks.trained(model, recipe, inputs, torch.arange(40) % 10, seed=0)
        warmth.append(seen)
    assert all(images is inputs for images in asked) and len(asked) == 2
    assert warmth[1][:4] == sorted(set(warmth[1][:4])) and warmth[1][0] < 1  # over half of them
    assert warmth[1][4:] == [1.0] * 4 and warmth[0][-1] == 1.0


class Stop(Exception):
    """Training would begin here."""


def test_autoencoders_train_on_training_images_and_warm_up_over_a_fifth(monkeypatch):
    parts = {split: torch.zeros(n, 20) for split, n in (("train", 3), ("test", 5))}
    data = FlatImages(parts, {split: torch.zeros(len(x)) for split, x in parts.items()}, {})
    warmth, asked = [], {}

    def fit(learner, inputs, labels, *, seeds, callbacks, checkpoint):
        asked.update(recipe=learner.recipe, inputs=inputs, seeds=seeds)
        for epoch in range(20):
            for callback in callbacks:
                callback(learner, epoch)
            warmth.append(float(learner.tensors()["warmth"]))
        raise Stop

    monkeypatch.setattr(vae, "fit", fit)
    chosen = vae.Settings(epochs=20, learning_rate=2e-3, milestones=(5, 15))
    member = dict(code="information", k=1 / 16, seed=4)
    with pytest.raises(Stop):
        list(vae.train([member], chosen, data, checkpoint=Path("none")))
    assert asked["inputs"] is parts["train"] and asked["seeds"] == [4]
    rates, _ = course_of(asked["recipe"])
    assert rates == pytest.approx([2e-3] * 5 + [2e-4] * 10 + [2e-5] * 5)
    assert warmth[:4] == sorted(set(warmth[:4])) and warmth[0] < 1 and warmth[4:] == [1.0] * 16


def test_the_bound_of_test_images_is_a_mean_over_draws_and_the_rate_is_theirs(monkeypatch):
    model = vae.build(dict(code="information", k=1 / 16, seed=0), 20)
    parts = {split: torch.zeros(n, 20) for split, n in (("train", 3), ("test", 5))}
    data = FlatImages(parts, {}, {})
    draws = []

    def bound(inputs, *, generator):
        draws.append(len(inputs))
        return torch.arange(float(len(inputs))) - 100.0 * len(draws)

    rates = torch.tensor([0.5, 0.02, 0.001])
    monkeypatch.setattr(model, "evidence_bound", bound)
    monkeypatch.setattr(
        model, "kl_per_component", lambda images: rates if images is parts["test"] else 9 * rates
    )
    rows, held = vae.measure("ID-T1", dict(seed=0), model, data)
    assert draws == [3] + [5] * vae.DRAWS
    found = {(row["metric"], row["split"]): row["value"] for row in rows}
    assert found["bound", "train"] == 1.0 - 100
    assert found["bound", "test"] == pytest.approx(2.0 - 100 * (2 + vae.DRAWS + 1) / 2)
    assert found["rate", "test"] == pytest.approx(0.521) and found["used", "test"] == 2
    assert held.tolist() == rates.tolist()


def test_total_correlation_is_by_component_with_the_noise_of_the_layer_and_without(monkeypatch):
    activity = torch.rand(6, 4) + 1
    monkeypatch.setattr(disentanglement, "noisy_activity", lambda *_, **__: 2 * activity)
    monkeypatch.setattr(disentanglement, "activity_and_noise", lambda *_, **__: (activity, None))

    def estimate(logs):
        raw = 8.0 if torch.equal(logs, activity.log()) else 12.0
        raw = raw if torch.equal(logs.argsort(0), activity.argsort(0)) else 4.0  # permuted
        return SimpleNamespace(
            raw=raw, floor=2.0, dimension=4, per_dimension=(raw - 2.0) / 4, value=raw - 2.0
        )

    monkeypatch.setattr(disentanglement, "estimate_total_correlation", estimate)
    model = width.build(network_of("perceptron"), OF_WIDTH, torch.zeros(50, 64))
    rows = disentanglement.correlation(model, torch.zeros(2, 64), seed=0)
    assert {row["metric"]: row["value"] for row in rows} == {
        "tc": 3.0,
        "floor": 0.5,
        "excess": 2.5,
        "permuted_excess": 0.5,
        "quiet_excess": 1.5,
    }


def test_a_permuted_sample_keeps_each_component():
    samples = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    moved = disentanglement.permuted(samples, torch.Generator().manual_seed(1))
    assert torch.equal(moved.sort(0).values, samples.sort(0).values)
    assert not torch.equal(moved[:, 0].argsort(), moved[:, 1].argsort())


def test_rows_of_clutter_divide_the_digit_by_the_clutter(monkeypatch):
    place = SimpleNamespace(digit=6.0, clutter=2.0, background=0.5)
    place._asdict = lambda: dict(digit=6.0, clutter=2.0, background=0.5)
    monkeypatch.setattr(nuisances, "information_by_place", lambda *_: {"drop_1": place})
    monkeypatch.setattr(nuisances, "passed", lambda *_: LAYERS)
    monkeypatch.setattr(nuisances, "errors", lambda *_, **__: [])
    monkeypatch.setattr(nuisances, "information_maps", lambda *_: {})
    pictures = SimpleNamespace(images=SimpleNamespace(pixels=torch.zeros(4, 1, 2, 2)))
    seen = nuisances.Seen({"test": pictures}, {"test": (torch.zeros(4, 1, 2, 2), torch.zeros(4))})
    model = width.build(network_of("perceptron"), OF_WIDTH, torch.zeros(50, 64))
    rows, _ = nuisances.of_clutter(model, seen, seed=0)
    found = {(row["metric"], row.get("layer")): row["value"] for row in rows}
    assert found["digit_ratio", 1] == 3.0 and found["background", 1] == 0.5
    assert found["information_total", None] == 10.0  # of both layers
    assert found["mean_alpha", 2] == 0.6 and found["saturated", 1] == 0.5


def test_labels_stand_beside_what_permuted_ones_share():
    classes = torch.arange(300) % 10
    rows = nuisances.of_labels(classes, classes, seed=0)
    found = {row["metric"]: row["value"] for row in rows}
    assert found["label_information"] == pytest.approx(torch.tensor(10.0).log().item())
    assert 0 < found["null_quantile"] < 0.5


def test_the_nuisance_is_read_by_what_learned_it_and_errs_where_it_says_another(monkeypatch):
    class Reader:
        def draw_noise(self, count, *, generator):
            return torch.zeros(count)

        def __call__(self, batch, noise):
            return torch.nn.functional.one_hot(batch[:, 0].long(), 10).float()

    asked = []
    monkeypatch.setattr(nuisances, "NuisanceReader", lambda *_, **__: None)
    monkeypatch.setattr(nuisances, "Learner", lambda *_: SimpleNamespace(averaged=Reader))
    monkeypatch.setattr(nuisances, "fit", lambda _, *data, seeds: asked.append((*data, seeds)))
    learned, tested = torch.zeros(8, 1), torch.tensor([3.0, 1.0, 4.0, 1.0, 5.0])[:, None]
    below = {"train": torch.arange(12) % 10, "test": torch.tensor([3, 1, 0, 1, 0])}
    made = {split: SimpleNamespace(nuisance=own) for split, own in below.items()}
    seen = nuisances.Seen(made, {"train": (learned, learned), "test": (tested, tested)})
    model = width.build(network_of("perceptron"), OF_WIDTH, torch.zeros(50, 64))
    error = nuisances.nuisance_error(model, seen, seed=6, epochs=1)
    assert error == pytest.approx(2 / 5)
    ((inputs, digits, seeds),) = asked
    assert inputs is learned and digits.tolist() == [*range(8)] and seeds == [6]
