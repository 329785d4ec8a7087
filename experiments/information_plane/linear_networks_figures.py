"""The figures and tables of linear networks that learn from a noisy teacher."""

from collections.abc import Mapping
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.information_plane.linear_students import (
    NOISES,
    Curves,
    study,
    worst_change,
)
from experiments.information_plane.plane_panels import PAGE, page_panels
from experiments.style import COLOURS, LINES, finish
from reproduce.view import View

INFORMATION = {"input_1": "I(X;T)", "output": "I(T;Y)"}
PARTS = {"input_1": "all inputs", "relevant": "relevant", "irrelevant": "irrelevant"}
LAYERS = {f"input_{layer}": f"layer {layer}" for layer in (1, 3, 5)}


def information_and_errors(
    panels: Mapping[str, Mapping[int, Curves]], *, information: Mapping[str, str]
) -> Figure:
    """Draw informations, and beside them the errors, against the time of training.

    Args:
        panels: By title and seed, the curves ``time``, ``train_error``, ``test_error`` and
            those of ``information``, in nats, ``[m]`` each.
        information: Labels of the informations to draw, by name of the curve.
    """
    errors = {"train_error": "training", "test_error": "fresh examples"}
    figure, grid = plt.subplots(
        len(panels), 2, figsize=(PAGE, 1.5 + 1.75 * len(panels)), squeeze=False, sharex=True
    )
    for row, (title, members) in zip(grid, panels.items(), strict=True):
        _draw(row[0], members, information)
        _draw(row[1], members, errors)
        row[0].set_title(title, fontsize=11, loc="left")
        row[0].set(ylabel="information, nats")
        row[0].set_ylim(bottom=0)
        row[1].set(yscale="log", ylabel="squared error")
    for axes in grid[-1]:  # the names of its column
        axes.set_xlabel("time, step times rate")
        axes.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.35), ncol=3)
    return finish(figure)


def gradient_signal(panels: Mapping[str, Mapping[int, Curves]]) -> Figure:
    """Draw the signal-to-noise ratio of the gradient beside the information.

    Args:
        panels: By title and seed, the curves ``time``, ``gradient_snr`` and ``input``, the
            information about the input in nats, ``[m]`` each.
    """
    figure, grid = plt.subplots(2, len(panels), figsize=(PAGE, 5.0), squeeze=False, sharex=True)
    for column, (title, members) in zip(grid.T, panels.items(), strict=True):
        _draw(column[0], members, {"gradient_snr": "gradient"})
        _draw(column[1], members, {"input": "I(X;T)"})
        column[0].set_title(title, fontsize=11)
        column[0].set_yscale("log")
        column[1].set_xlabel("time, step times rate")
    grid[0, 0].set_ylabel("gradient, mean / deviation")
    grid[1, 0].set_ylabel("I(X;T), nats")
    return finish(figure)


def _draw(axes: Axes, members: Mapping[int, Curves], names: Mapping[str, str]) -> None:
    """Draw curves of all seeds, and label those of the first."""
    for number, curves in enumerate(members.values()):
        for i, (name, label) in enumerate(names.items()):
            axes.plot(
                curves["time"],
                curves[name],
                LINES[i % len(LINES)],
                color=COLOURS[i],
                alpha=1.0 if number == 0 else 0.35,
                lw=1.6 if number == 0 else 0.8,
                label=label if number == 0 else None,
            )
    axes.set_xscale("symlog", linthresh=1.0)
    axes.set_xlim(left=0)


def rate_study(courses: Mapping[str, Curves], falls: Mapping[str, Curves]) -> Figure:
    """Draw the fifth layer's information by setting, and its fall by length of training.

    Args:
        courses: By setting, the curves ``time`` and ``information`` in nats, ``[m]``.
        falls: By kind of gradient, the curves ``time`` and ``fall``, the distance below the
            maximum so far over that of the whole course, ``[m]``, a mean over networks.
    """
    titles = "by rate and noise, one small student", "by length of training, on record"
    figure, (left, right) = page_panels(
        titles, 3.4, "time, step times rate", "I(X;T) of layer 5, nats", sharex=False, sharey=False
    )
    for i, (name, own) in enumerate(courses.items()):
        line = dict(ls=LINES[i % len(LINES)], color=COLOURS[i], label=name)
        left.plot(own["time"], own["information"], **line)
    for i, (name, own) in enumerate(falls.items()):
        right.plot(own["time"], 100 * own["fall"], LINES[i], color=COLOURS[i], label=name)
    right.set_ylabel("below its maximum, %")
    for axes in (left, right):
        axes.set_xscale("symlog", linthresh=1.0)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.legend(fontsize=8)
    return finish(figure)


def stored(view: View, target: str) -> dict[tuple[int, float], dict[int, Curves]]:
    """Return curves by examples and scale, and by seed; of the larger rate where there are two."""
    found: dict[tuple[int, float], dict[int, Curves]] = {}
    members = view.members(target)
    usual = max((member["rate"] for member, _ in members), default=0.0)
    for member, curves in members:
        if member["rate"] == usual:
            at = member["samples"], float(member["scale"])
            found.setdefault(at, {})[member["seed"]] = curves
    return found


def students(
    view: View, *, target: str, information: Mapping[str, str], most: int | None = None
) -> Figure:
    """Draw information and errors of students of one hidden layer.

    Args:
        view: The record.
        target: Whose students.
        information: Labels of the informations to draw, by name of the curve.
        most: How many settings, few examples first, and then the larger weights; none: all.
    """
    found = sorted(stored(view, target).items(), key=lambda one: (one[0][0], -one[0][1]))
    panels = {
        f"{n:,} examples, {_weights(scale)} initial weights": own
        for (n, scale), own in found[:most]
    }
    return information_and_errors(panels, information=information)


def _weights(scale: float) -> str:
    return "usual" if scale == 1 else f"{scale:g} times the usual"


def overtraining(view: View) -> pd.DataFrame:
    """Return the error on fresh examples over its minimum so far, by time."""
    table = _overtraining(view).map("{:.2f}".format)
    return table.rename(index="{:,.0f}".format).rename_axis(columns="stopped at time")


def _overtraining(view: View) -> pd.DataFrame:
    table = {}
    for title, target in (("full batches", "SX-F3"), ("batches of 5", "SX-F4AB")):
        found = stored(view, target)
        members = found[min(found, key=lambda one: (one[0], -one[1]))].values()
        ratios = [m["test_error"] / np.minimum.accumulate(m["test_error"]) for m in members]
        times = next(iter(members))["time"]
        mean = np.exp(np.log(ratios).mean(0))
        last = round(np.log10(times[-1]))
        table[title] = {10.0**k: np.interp(10.0**k, times, mean) for k in range(last + 1)}
    return pd.DataFrame(table)


def _ends(view: View, *, samples: int, inputs: int = 1) -> float:
    """Return how far the error of Figure 3 ends above its minimum, from usual weights.

    Args:
        view: What is drawn from.
        samples: Examples that a student learns from.
        inputs: Factor on what the error exceeds the noise by. The paper's printed formula leaves
            out that the variance of an input is one over the number of inputs.
    """
    members = stored(view, "SX-F3")[samples, 1.0].values()
    errors = [1 + inputs * (member["test_error"] - 1) for member in members]
    return float(np.exp(np.mean([np.log(error[-1] / error.min()) for error in errors])))


def irrelevant_part(view: View) -> pd.DataFrame:
    """Return by how much the irrelevant part rises and falls, in percent of its maximum."""
    keys = ["batches", "samples", "scale", "rate"]
    rows = pd.concat(
        [view.rows("SX-F6").assign(batches="of 5"), view.rows("SX-F6F").assign(batches="full")]
    )
    means = 100 * rows.groupby([*keys, "metric"])["value"].mean()
    table = pd.DataFrame(
        {
            (own[0], f"{own[1]:,}", _weights(own[2]), f"{own[3]:g}", f"{variance:g}"): {
                f"{end}, %": f"{means[*own, f'irrelevant_{end}{name}']:z.1f}"
                for end in ("rise", "fall")
            }
            for own in rows[keys].drop_duplicates().itertuples(index=False)
            for name, variance in NOISES.items()
        }
    )
    return table.T.rename_axis(["batches", "examples", "initial weights", "rate", "noise"])


def deep_students(view: View) -> Figure:
    """Draw information and errors of the deep student by kind of gradient."""
    return information_and_errors(_deep(view), information=LAYERS)


def _deep(view: View) -> dict[str, dict[int, Curves]]:
    """Return curves of the deep student by kind of gradient and seed."""
    found = {}
    for title, target in (("batches of 5", "SX-F18"), ("full batches", "SX-F19")):
        (found[title],) = stored(view, target).values()
    return found


def rates(view: View) -> Figure:
    """Draw what the fall of the last layer depends on."""
    return rate_study(study(view.chosen.points), _falls(view))


def _falls(view: View) -> dict[str, dict[str, np.ndarray]]:
    """Return by kind of gradient how far the last layer stands below its maximum so far."""
    return {
        kind: dict(
            time=next(iter(by_seed.values()))["time"],
            fall=np.mean([_fallen(curves["input_5"]) for curves in by_seed.values()], axis=0),
        )
        for kind, by_seed in _deep(view).items()
    }


def _fallen(values: np.ndarray) -> np.ndarray:
    """Return the distance below the maximum so far, over the maximum of the whole course."""
    return (np.maximum.accumulate(values) - values) / values.max()


def falls_by_rate(view: View) -> pd.DataFrame:
    """Return the largest fall of the last layer in the study of rates."""
    lost = pd.Series(
        {
            name: max(0.0, -worst_change(own["information"]))
            for name, own in study(view.chosen.points).items()
        },
        name="largest fall of the last layer, %",
    )
    return lost.mul(100).map("{:.1f}".format).to_frame()


def scalar_students(view: View) -> Figure:
    """Draw the ratio of signal to noise of the gradient beside the information."""
    return gradient_signal(_scalar(view))


def _scalar(view: View) -> dict[str, dict[int, Curves]]:
    """Return curves of the scalar student by kind of gradient and seed."""
    (by_seed,) = stored(view, "SX-F21").values()
    return {
        title: {
            seed: {name: curves[f"{kind}_{name}"] for name in ("time", "gradient_snr", "input")}
            for seed, curves in by_seed.items()
        }
        for title, kind in (("full batches", "full"), ("single examples", "stochastic"))
    }


FIGURES = {
    "SX-F3": partial(students, target="SX-F3", information=INFORMATION),
    "SX-F3 overtraining": overtraining,
    "SX-F4AB": partial(students, target="SX-F4AB", information=INFORMATION),
    "SX-F4AB few examples": partial(students, target="SX-F4AB", information=INFORMATION, most=1),
    "SX-F6": partial(students, target="SX-F6", information=PARTS),
    "SX-F6 irrelevant part": irrelevant_part,
    "SX-F18": deep_students,
    "SX-F18 by rate": rates,
    "SX-F18 falls": falls_by_rate,
    "SX-F21": scalar_students,
}


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes."""
    table = _overtraining(view)
    found = {f"overtraining-{name.split()[0]}": table[name].max() for name in table.columns}
    found["deep-fall"] = 100 * _falls(view)["batches of 5"]["fall"][-1]
    lost = view.rows("SX-F4AB").query("metric == 'output_loss' and samples == 100 and scale == 1")
    found["sx-f4-output-loss"] = 100 * float(lost["value"].mean())
    worst = [worst_change(own["input"]) for own in _scalar(view)["full batches"].values()]
    for name, samples in (("few", 100), ("many", 1000)):
        found[f"overtraining-{name}"] = _ends(view, samples=samples)
        found[f"printed-overtraining-{name}"] = _ends(view, samples=samples, inputs=100)
    return found | {"scalar-fall": 100 * max(0.0, -min(worst))}
