"""From weights to figure: what the chapter on robustness saves is what it draws."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex
from synthetic import read_from

from experiments.vib import adversaries, robustness, robustness_figures, rounding, step_figures
from experiments.vib.adversarial_digits import FATES
from ibutils import ensemble
from ibutils.attacks import Attacked, norms, prediction
from ibutils.baselines import Classifier
from ibutils.vib import recipe
from reproduce import record
from reproduce.view import View

SMALL = robustness.Settings(
    epochs=6, step_images=30, search_images=4, iterations=25, zeros=4, betas=(1e-3,)
)
SIZES = ("l0", "l2", "linf")


@pytest.fixture(scope="module")
def images():
    return robustness.load(SMALL, "cpu")


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory):
    """Return members of the grid, but dropout, by key, with weights written and read again."""
    folder, found = tmp_path_factory.mktemp("weights"), {}
    for member in robustness.grid(SMALL):
        if member["method"] == "dropout":
            continue
        ((model, _),) = ensemble.fit_each(
            [robustness.build(member, SMALL, images)],
            recipe(6, learning_rate=1e-3, averaging=0.95),
            images.inputs,
            images.labels,
            seeds=[member["seed"]],
        )
        torch.save(model.state_dict(), folder / "weights.pt")
        again = robustness.build(member, SMALL, images).requires_grad_(False).eval()
        again.load_state_dict(torch.load(folder / "weights.pt", weights_only=True))
        both = (adversaries.Trial(member, one, SMALL, images.victims) for one in (model, again))
        found[record.key(member)] = tuple(both)
    return found


@pytest.fixture(scope="module")
def recorded(trained, tmp_path_factory):
    """Return the root of a run that holds the attacked members, as a run of the chapter does."""
    root = tmp_path_factory.mktemp("runs")
    run = record.Run("vib/robustness", profile="smoke", settings={})
    run.folder = root / "smoke" / "vib" / "robustness" / "run"
    for trial, _ in trained.values():
        rows, arrays = robustness.measure(trial)
        run.extend([record.Finished(trial.member, rows, 1.0, arrays)])
    return root


def arrays_of(root):
    with read_from(root):
        return record.arrays("VIB-F3", profile="smoke")


def test_saved_images_are_classified_as_the_figure_says(trained, recorded):
    """By the recorded run's own rule, and for the deterministic model by any prediction."""
    saved = arrays_of(recorded)
    assert set(saved) == set(trained)
    for name, (_, trial) in trained.items():
        held = saved[name]
        assert held["attacked"].dtype == np.float32 and held["attacked"].shape == (4, 8, 8)
        found = adversaries.classify(trial, held["attacked"])
        np.testing.assert_array_equal(found, held["predicted"])
        if not trial.noisy:
            images = torch.from_numpy(held["attacked"]).flatten(1)
            plain = (
                prediction(trial.model, low=adversaries.BLACK, high=adversaries.WHITE)(
                    images, None
                )
                .argmax(1)
                .numpy()
            )
            np.testing.assert_array_equal(plain == adversaries.TARGET, held["success"])


def test_failures_are_flags_and_clean_images(recorded):
    for held in arrays_of(recorded).values():
        failed = ~held["success"]
        np.testing.assert_array_equal(held["attacked"][failed], held["clean"][failed])
        changed = np.abs(held["attacked"] - held["clean"]).max(axis=(1, 2)) > 0
        np.testing.assert_array_equal(changed, held["success"])


def test_the_frames_of_the_figure_are_the_classes_of_the_saved_images(recorded, monkeypatch):
    saved = arrays_of(recorded)
    view = View("vib", None)
    monkeypatch.setattr(view, "arrays", lambda target: saved)
    figure = robustness_figures.figure_3(view)
    panels = np.array(figure.axes).reshape(4, 1 + len(saved))
    for column, held in zip(panels[:, 1:].T, saved.values(), strict=True):
        for axes, image, predicted in zip(
            column, held["attacked"], held["predicted"], strict=True
        ):
            np.testing.assert_array_equal(axes.images[0].get_array(), image)
            hit, wrong, own = FATES.values()
            colour, _ = {0: own, 1: hit}.get(int(predicted), wrong)
            assert to_hex(axes.spines["left"].get_edgecolor()) == colour
    assert not any(spine.get_visible() for axes in panels[:, 0] for spine in axes.spines.values())


def recompute(held):
    """Return the mean norms of successes from arrays alone, without ``ibutils``."""
    change = (held["attacked"].astype(float) - held["clean"])[held["success"]].reshape(-1, 1)
    change = np.abs(change.reshape(int(held["success"].sum()), -1))
    sizes = {
        "l0": (change > 1 / 255).sum(1).mean(),
        "l2": np.sqrt((change**2).sum(1)).mean(),
        "linf": change.max(1).mean(),
    }
    return sizes


def check_norms(rows, saved):
    """Compare the norms of a table with those of the arrays, member by member."""
    factors = ["method", "bottleneck", "beta", "seed"]
    by_member = {
        record.key(dict(zip(factors, values, strict=True))): own.set_index("metric")["value"]
        for values, own in rows.groupby(factors, dropna=False)
    }
    assert set(by_member) == {name for name, held in saved.items() if held["success"].any()}
    for name, own in by_member.items():
        expected = recompute(saved[name])
        assert set(own.index) == set(SIZES)
        for metric in SIZES:
            assert own[metric] == pytest.approx(expected[metric], rel=1e-5)


def test_the_norms_of_the_table_are_those_of_the_saved_arrays(recorded):
    with read_from(recorded):
        check_norms(record.table("VIB-F4", profile="smoke"), arrays_of(recorded))


@pytest.mark.parametrize("profile", record.profiles("VIB-F4"))
def test_the_recorded_norms_are_those_of_the_recorded_arrays(profile):
    table = record.table("VIB-F4", profile=profile)
    check_norms(table, record.arrays("VIB-F3", profile=profile))


def test_a_file_that_changes_an_image_is_noticed(trained):
    trial, _ = next(iter(trained.values()))
    arrays = adversaries.attack_zeros(trial)
    with pytest.raises(RuntimeError, match="saved images"):
        adversaries.check_saved(trial, {**arrays, "predicted": arrays["predicted"] + 1})


def test_shares_are_those_of_the_classes():
    held = {
        "clean": np.zeros((4, 2, 2), "f4"),
        "attacked": np.full((4, 2, 2), 0.5, "f4"),
        "success": np.array([True, True, False, False]),
        "predicted": np.array([1, 8, 0, 1]),
    }
    found = {(r["target"], r["metric"]): r["value"] for r in adversaries.of_zeros(held)}
    assert found["VIB-F3", "hit"] == 0.5 and found["VIB-F3", "kept"] == 0.25
    assert found["VIB-F4", "l0"] == 4 and found["VIB-F4", "l2"] == 1.0


@pytest.fixture
def told(monkeypatch):
    """Return a function that makes a trial, whose attacks say what they were asked to do.

    The class of an image is its first pixel in tenths. A prediction reads it with fresh noise,
    the next one at the mean of the code, and the one after that with frozen noise. An attack
    takes a tenth from as many of the first images as ``turned`` says.
    """
    calls, after = [], {"fresh": 0, "mean": 1, "frozen": 2}

    def predictor(model, *, low, high, samples=None, noise="fresh", generator=None):
        assert (low, high) == (-1.0, 1.0) and samples in (12, None)

        def predict(images, g):
            read = (10 * images[:, 0]).round().long() + after[noise]
            return torch.nn.functional.one_hot(read % 10, 10).double().log()

        predict.noise = noise
        return predict

    def attack(name, turned):
        def attacked(predict, images, classes, **options):
            calls.append((name, predict.noise, classes.tolist(), options))
            first = torch.arange(len(images)) < turned(predict.noise, **options)
            moved = images.clone()
            moved[first, 0] -= 0.1
            return moved if name == "sign" else Attacked(moved, first)

        return attacked

    def by_search(noise, *, targeted=False, confidence=0.0, **options):
        if noise != "fresh":
            return {"mean": 2, "frozen": 6}[noise]
        return 0 if targeted else 8 if confidence else 4

    def by_sign(noise, *, epsilon, **options):
        return round(16 * epsilon)

    def in_ball(noise, *, restarts=1, **options):
        return 2 if restarts == 1 else 6

    monkeypatch.setattr(adversaries, "prediction", predictor)
    monkeypatch.setattr(adversaries, "gradient_sign", attack("sign", by_sign))
    monkeypatch.setattr(adversaries, "projected_gradient", attack("ball", in_ball))
    monkeypatch.setattr(adversaries, "carlini_wagner_l2", attack("search", by_search))
    scale = adversaries.Attacks(
        step_images=8, search_images=8, executions=3, counts=(10, 40), iterations=25, restarts=5
    )
    classes = torch.arange(1, 9)
    pixels = torch.cat([classes[:, None] / 10, torch.zeros(8, 3)], dim=1)
    victims = adversaries.Victims(pixels, classes, classes + 1, (2, 2))

    def trial(method, beta=None):
        member = dict(method=method, bottleneck=8, beta=beta, seed=0)
        model = Classifier(torch.nn.Identity())
        return adversaries.Trial(member, model, scale, victims), calls

    return trial


def values(rows):
    return {row["metric"]: row["value"] for row in rows}


def test_a_step_is_scored_on_the_images_that_it_moved(told):
    trial, calls = told("vib", 1e-3)
    found = values(adversaries.under_signs(trial))
    assert found.pop("accuracy") == 1.0
    for epsilon in adversaries.SIGN_EPSILONS:
        assert found[f"sign_{epsilon:g}"] == 1 - round(16 * epsilon) / 8
    assert len(found) == len(calls) / 3 == len(adversaries.SIGN_EPSILONS)
    assert [options["epsilon"] for *_, options in calls[::3]] == [*adversaries.SIGN_EPSILONS]


def test_the_strong_ball_starts_again_and_averages_where_there_is_noise(told):
    for method, averaged in (("vib", 4), ("deterministic", 1)):
        trial, calls = told(method, 1e-3)
        calls.clear()
        found = values(adversaries.in_balls(trial))
        for epsilon in adversaries.BALL_EPSILONS:
            assert found[f"ball_plain_{epsilon:g}"] == 0.75 and found[f"ball_{epsilon:g}"] == 0.25
        strong = [options for *_, options in calls if "restarts" in options]
        assert {options["gradients"] for options in strong} == {averaged}
        assert {options["restarts"] for options in strong} == {5} and len(strong) == 3


def test_the_search_is_scored_by_the_prediction_that_the_row_names(told):
    trial, calls = told("vib", 1e-3)
    assert values(adversaries.under_search(trial)) == {
        "accuracy": 1.0,
        "untargeted": 0.5,
        "targeted": 1.0,
        "frozen": 0.25,  # frozen noise was attacked, and fresh noise scores
        "mean": 0.75,
        "mean_mode": 0.25,  # the mean reads the two turned images right, and no other
        "confident": 0.0,
    }
    assert len(calls) == 3 * 6  # executions of each
    wrong = [own for *_, own, options in calls if options["targeted"]]
    others = [own for *_, own, options in calls if not options["targeted"]]
    assert set(map(tuple, wrong)) == {tuple(range(2, 10))}
    assert set(map(tuple, others)) == {tuple(range(1, 9))}
    assert {options["iterations"] for *_, options in calls} == {25}
    assert {options["confidence"] for *_, options in calls} == {0.0, adversaries.CONFIDENCE}


def test_a_model_without_noise_is_searched_once_and_has_no_variants(told):
    trial, calls = told("deterministic")
    found = values(adversaries.under_search(trial))
    assert set(found) == {"accuracy", "untargeted", "targeted"} and len(calls) == 2


def test_the_distance_of_a_search_is_that_of_its_successes(told):
    for method, beta, shown in (
        ("deterministic", None, True),
        ("vib", 1e-3, True),
        ("vib", 0.1, False),
        ("dropout", None, False),
    ):
        trial, calls = told(method, beta)
        calls.clear()
        found = values(adversaries.over_iterations(trial))
        assert len(found) == (4 if shown else 0)
        for count in (10, 40) if shown else ():
            assert found[f"untargeted_after_{count}"] == 0.5
            assert found[f"distance_after_{count}"] == pytest.approx(0.1)
        assert [options["iterations"] for *_, options in calls] == ([10, 40] if shown else [])


def test_only_a_number_of_pixels_is_no_share():
    units = {name: adversaries.row("VIB-F4", name, 1.0)["unit"] for name in SIZES}
    assert units == {"l0": "pixel", "l2": "1", "linf": "1"}


def tidy(metrics, betas=(0.0, 1e-3), seeds=(0, 1)):
    factors = [("vib", beta) for beta in betas] + [("deterministic", None), ("dropout", None)]
    rows = [
        {"method": m, "beta": b, "seed": s, "metric": metric, "value": 0.1 * (1 + i) + 0.01 * s}
        for metric in metrics
        for i, (m, b) in enumerate(factors)
        for s in seeds
    ]
    return pd.DataFrame(rows).assign(beta=lambda t: t["beta"].astype(float))


class Held(View):
    """A view of tables at hand."""

    def __init__(self, *metrics):
        super().__init__("vib", None)
        self.table = tidy(metrics)

    def rows(self, target):
        return self.table

    def settings(self, target):
        return vars(robustness.Settings())

    def source(self, target):
        return "here"


def test_relative_curves_divide_by_the_reference():
    axes = robustness_figures.figure_4(Held(*SIZES)).axes
    for panel, reference in zip(axes, (0.305, 0.405), strict=True):
        curve = panel.containers[0].lines[0].get_xydata()
        np.testing.assert_allclose(curve[:, 1], np.array([0.105, 0.205]) / reference)


def percent(container):
    return container.lines[0].get_xydata()[:, 1]


def test_accuracies_are_in_percent_with_both_references_and_each_seed():
    view = Held("sign_0.1", "sign_0.25")
    shown = step_figures.in_percent(view).axes
    assert [axes.get_title() for axes in shown] == [r"$\epsilon$ = 0.1", r"$\epsilon$ = 0.25"]
    for axes in shown:
        np.testing.assert_allclose(percent(axes.containers[0]), [10.5, 20.5])
        lines = {line.get_label(): line.get_ydata() for line in axes.lines}
        np.testing.assert_allclose(lines["a seed"], [10, 11, 20, 21])
        np.testing.assert_allclose(lines["deterministic"], 30.5)
        np.testing.assert_allclose(lines["dropout"], 40.5)
        ranges = [(box.get_y(), box.get_y() + box.get_height()) for box in axes.patches]
        np.testing.assert_allclose(ranges, [(30, 31), (40, 41)])
    (panel,) = robustness_figures.figure_6(Held("untargeted", "targeted")).axes
    np.testing.assert_allclose(percent(panel.containers[1]), [10.5, 20.5])


@pytest.mark.parametrize("target", ["VIB-F5", "VIB-F5 relative"])
def test_figure_5_can_be_drawn_of_a_record_without_its_sizes(target):
    assert robustness_figures.FIGURES[target](Held("sign_0.05")).axes


def named_in_legends(figure):
    return [[text.get_text() for text in axes.get_legend().texts] for axes in figure.axes]


def test_ratios_say_by_what_they_divide():
    view = Held(*(f"sign_{size:g}" for sizes in step_figures.UNITS.values() for size in sizes))
    figure = step_figures.relative(view)
    for axes, divisor in zip(figure.axes, (30.5, 40.5) * 2, strict=True):
        assert len(axes.containers) == 4
        for curve in axes.containers:
            np.testing.assert_allclose(percent(curve), np.array([10.5, 20.5]) / divisor)
    assert named_in_legends(figure)[2][1] == r"$\epsilon$ = 0.2: 31 %"


def test_a_reference_without_accuracy_divides_nothing_and_its_curve_is_named():
    view = Held("sign_0.35", "sign_0.4")
    none = (view.table["method"] == "dropout") & (view.table["metric"] == "sign_0.35")
    view.table.loc[none, "value"] = 0.0
    figure = step_figures.relative(view)
    assert [len(axes.containers) for axes in figure.axes] == [2, 1, 0, 0]
    assert named_in_legends(figure)[1] == [
        r"$\epsilon$ = 0.35: 0 %, no curve",
        r"$\epsilon$ = 0.4: 40 %",
        r"$\epsilon$ = 0.45: not on record",
        r"$\epsilon$ = 0.5: not on record",
    ]


def test_each_attack_has_its_curve():
    view = Held("sign_0.1", "ball_plain_0.1", "ball_0.1", *robustness_figures.VARIANTS)
    axes = robustness_figures.stronger_attacks(view).axes
    assert [len(panel.containers) for panel in axes] == [3, 5]
    view = Held("untargeted_after_10", "untargeted_after_40", "distance_after_10")
    view.table = view.table[view.table["method"] != "dropout"]
    left = robustness_figures.by_iterations(view).axes[0]
    labels = {line.get_label(): line.get_xydata() for line in left.lines}
    np.testing.assert_allclose(labels["deterministic"], [[10, 30.5], [40, 30.5]])


def test_the_lesson_draws_each_way_and_the_share_of_certain_images():
    ways = {"-log p, single": 0.3, "-log p, double": 0.1, "log-odds, single": 0.2, "certain": 0.4}
    rows = [
        dict(network=name, epochs=e, seed=seed, way=way, value=scale * slope * e + seed)
        for name, scale in (("deterministic", 1.0), ("VIB", 0.5))
        for way, slope in ways.items()
        for e in (50, 100)
        for seed in (0, 2)
    ]
    figure = rounding.rounded_signs(pd.DataFrame(rows))
    assert [axes.get_title() for axes in figure.axes] == ["deterministic", "VIB"]
    for axes, scale in zip(figure.axes, (1.0, 0.5), strict=True):
        for line, value in zip(axes.containers, (0.3, 0.1, 0.2), strict=True):
            expected = [[50, scale * value * 50 + 1], [100, scale * value * 100 + 1]]
            np.testing.assert_allclose(line.lines[0].get_xydata(), expected)
        (area,) = axes.collections[-1:]
        assert area.get_paths()[0].vertices[:, 1].max() == scale * 0.4 * 100 + 1


def test_the_threshold_of_the_chapter_is_one_grey_level():
    change = torch.tensor([[1.1 / 255, 0.9 / 255, 0.0]])
    assert float(norms(torch.zeros(1, 3), change).l0) == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"betas": (0.1, -0.5)}, "betas must be at least 0, got -0.5"),
        ({"step_images": 0}, "step_images must be at least 1, got 0"),
        ({"counts": (10, 0)}, r"counts\[1\] must be at least 1, got 0"),
        ({"weight": 0.0}, "weight must be above 0, got 0"),
    ],
)
def test_what_cannot_be_attacked_is_refused(given, told):
    with pytest.raises(ValueError, match=told):
        robustness.Settings(**given)


def test_numbers_of_the_prose_are_means_in_percent():
    found = robustness_figures.numbers(Held("targeted", "distance_after_50"))
    assert found["f6-0.001-targeted"] == pytest.approx(20.5)
    assert not any("distance" in name for name in found)
