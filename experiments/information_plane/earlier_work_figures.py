"""The figures, tables and numbers of the chapter on earlier work, from the record of planes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.information_plane import gradient
from experiments.information_plane.layer_courses import (
    activity_histograms,
    ends_by_factor,
    layer_courses,
)
from experiments.information_plane.plane_panels import (
    accuracy_curves,
    any_of,
    mean_planes,
    planes,
)
from experiments.information_plane.plane_record import USUAL, member_key
from experiments.style import ACTIVATIONS
from ibutils import checks
from ibutils.information import nats_to_bits
from reproduce.view import View

FULL, SMALL = 3277, 256  # words in a batch
TANH, RELU = member_key("tanh"), member_key("relu")
BOTH = {"tanh": TANH, "ReLU": RELU}
SHARES = (0.05, 0.3, 0.8)  # of the words
DEPTHS = (1, 3, 5)
LEVELS = (0.8, 0.9, 0.95)  # of test accuracy
VARIANCES = ("0.1", "0.001")  # of kernels
BATCHES = {f"{title}, batches of {SMALL}": name for title, name in BOTH.items()} | {
    f"{ACTIVATIONS[kind]}, full batches": member_key(kind, batch=FULL) for kind in ("tanh", "relu")
}
ENTROPIES = {
    "before, bits": "entropy_initial",
    "after, bits": "entropy_final",
    "after with an offset of 1e-8, bits": "entropy_final_coarse",
    "repeated words, %": "repeated",
}


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        layer: The hidden layer that tables and text speak of.
    """

    layer: int = 5

    def __post_init__(self) -> None:
        """Refuse what is no hidden layer."""
        checks.count("layer", self.layer, most=5)


def mean_of(
    view: View, target: str, metric: str, by: str | list[str], *, layer: int | str | None = None
) -> pd.Series:
    """Return the mean of a metric by a factor: information in bits, shares in percent.

    Args:
        view: The record.
        target: Whose rows are averaged, and of accuracies those in test.
        metric: Name of the metric.
        by: Columns of the factors.
        layer: Its number, or the column that holds it; by default the layer of the chapter.
    """
    own = view.rows(target).query("metric == @metric and split != 'train'")
    here = own["layer"] == (own[layer] if isinstance(layer, str) else layer or view.chosen.layer)
    means = own[here | own["layer"].isna()].groupby(by)["value"].mean()
    return nats_to_bits(means) if own["unit"].iloc[0] == "nat" else 100 * means


def mean_table(
    view: View,
    target: str,
    metrics: Mapping[str, str],
    by: str | list[str],
    form: str = "{:.2f}",
    *,
    layer: str | None = None,
) -> pd.DataFrame:
    """Return means of metrics by title and factor, as a page shows them."""
    means = {
        title: mean_of(view, target, name, by, layer=layer) for title, name in metrics.items()
    }
    return pd.DataFrame(means).rename(index=ACTIVATIONS).map(form.format)


def even_planes(view: View, *, members: Mapping[str, str], beside: str | None = None) -> Figure:
    """Draw mean planes by even bins of members of ``AE-F7``, and of a target beside it."""
    arrays = view.arrays("AE-F7") | (view.arrays(beside) if beside else {})
    return planes(mean_planes(arrays, members, name="even"), any_of(arrays, "kept"))


def accuracies(view: View) -> Figure:
    """Draw training and test accuracy of tanh and ReLU against the epoch."""
    arrays = view.arrays("AE-F7")
    panels = {title: 100 * arrays[name]["accuracy"] for title, name in BOTH.items()}
    return accuracy_curves(panels, arrays[TANH]["epochs"], "accuracy, %")


def drops(view: View) -> pd.DataFrame:
    """Return the mean drop from the maximum by activation and layer."""
    by_layer = view.rows("SX-F1AB").query("metric == 'drop'")
    table = nats_to_bits(by_layer.groupby(["activation", "layer"])["value"].mean().unstack())
    shown = table.rename(index=ACTIVATIONS, columns="layer {:g}".format).map("{:.2f}".format)
    return shown.rename_axis(index=None, columns="drop from the maximum, bits")


def drops_by_batch(view: View) -> pd.DataFrame:
    """Return drop and test accuracy by activation and batch."""
    metrics = {"drop, bits": "drop", "test accuracy, %": "accuracy"}
    table = mean_table(view, "SX-F5", metrics, ["activation", "batch"])
    batches = {SMALL: f"of {SMALL}", FULL: "all words"}
    return table.rename(index=batches).rename_axis(["activation", "batches"])


def activity(view: View, *, name: str, limits: tuple[float, float]) -> Figure:
    """Draw how the distribution of activity changes; the end bins hold what lies beyond them."""
    own = view.arrays("SX-F16")[name]
    panels = {f"layer {k + 1}": own["histograms"][:, k] for k in range(5)}
    return activity_histograms(panels, own["kept"], limits)


def even_in_what(view: View) -> Figure:
    """Draw mean tanh planes by bins even in activity, and even in net input."""
    by_input = view.arrays("SX-F14")
    panels = mean_planes(view.arrays("AE-F7"), {"even in activity": TANH}, name="even")
    panels |= mean_planes(by_input, {"even in net input": TANH}, name="even-input")
    return planes(panels, by_input[TANH]["at"])


def ends_by_share(view: View) -> Figure:
    """Draw where both informations of each network end, by the share of words."""
    rows = view.rows("SZT-F7")
    rows = rows[rows["layer"] == view.chosen.layer]
    rows = rows.assign(value=nats_to_bits(rows["value"]))
    metrics = {"$I(X;T)$, bits": "final", "$I(T;Y)$, bits": "labels_final"}
    panels = {title: rows[rows["metric"] == name] for title, name in metrics.items()}
    return ends_by_factor(panels, "share of the words", factor="fraction")


def drops_by_share(view: View) -> pd.DataFrame:
    """Return the drops of both informations by the share of words, in bits."""
    metrics = {"drop of I(X;T), bits": "drop", "drop of I(T;Y), bits": "labels_drop"}
    table = mean_table(view, "SZT-F3", metrics, "fraction", "{:.3f}")
    return table.rename(index=lambda share: f"{100 * share:g} %").rename_axis("share of the words")


def ends_by_depth(view: View) -> pd.DataFrame:
    """Return where the last hidden layer ends, by the number of hidden layers."""
    metrics = {
        "I(X;T), bits": "final",
        "I(T;Y), bits": "labels_final",
        "test accuracy, %": "accuracy",
    }
    table = mean_table(view, "SZT-F5", metrics, "hidden", layer="hidden")
    return table.rename_axis("hidden layers")


def epochs_by_depth(view: View) -> pd.DataFrame:
    """Return after how many epochs the mean test accuracy is at a level."""
    table = pd.DataFrame(
        [[_needed(view, count, level) for count in DEPTHS] for level in LEVELS],
        index=[f"{100 * level:.0f} %" for level in LEVELS],
        columns=[f"{count} hidden" for count in DEPTHS],
    )
    return table.rename_axis(columns="epochs until the mean test accuracy is")


def _needed(view: View, count: int, level: float) -> int | None:
    """Return the first logged epoch at which the mean test accuracy is at a level."""
    own = view.arrays("AE-F7" if count == USUAL["hidden"] else "SZT-F5")
    course = own[member_key("tanh", hidden=count)]
    reached = course["accuracy"][:, 1] >= level
    return int(course["epochs"][reached.argmax()]) if reached.any() else None


def by_fixed_kernels(view: View) -> Figure:
    """Draw mean planes by kernels that do not adapt, of two variances."""
    arrays, panels = view.arrays("SX-F8"), dict[str, np.ndarray]()
    for variance in VARIANCES:
        titles = {f"{title}, {variance}": member_key(kind) for kind, title in ACTIVATIONS.items()}
        panels |= mean_planes(arrays, titles, name=f"kde-{variance}")
    return planes(panels, arrays[TANH]["at"])


def drops_by_kernels(view: View) -> pd.DataFrame:
    """Return the drop of the layer by kernels of two variances."""
    metrics = {f"noise of variance {variance}": f"drop_kde-{variance}" for variance in VARIANCES}
    table = mean_table(view, "SX-F8", metrics, "activation")
    return table.rename_axis(index=None, columns="drop of the last hidden layer, bits")


def entropy_courses(view: View) -> Figure:
    """Draw entropy by nearest neighbours against the epoch."""
    arrays = view.arrays("SX-F12")
    panels = {title: nats_to_bits(arrays[name]["entropy"][..., 0]) for title, name in BOTH.items()}
    return layer_courses(panels, arrays[TANH]["kept"], "entropy by neighbours, bits")


def gradient_courses(view: View, *, name: str, label: str, logarithmic: bool = False) -> Figure:
    """Draw the ratio of signal to noise of the gradient, or norms of weights, where above zero."""
    arrays = view.arrays("SX-F20")
    panels = {title: arrays[own][name] for title, own in BOTH.items()}
    alive = {title: np.where(own > 0, own, np.nan) for title, own in panels.items()}
    return layer_courses(alive, arrays[TANH]["kept"], label, logarithmic=logarithmic)


FIGURES = {
    "SX-F1AB": partial(even_planes, members=BOTH),
    "SX-F1AB accuracy": accuracies,
    "SX-F5": partial(even_planes, members=BATCHES, beside="SX-F5"),
    "SX-F5 drops": drops_by_batch,
    "SX-F16": partial(activity, name=TANH, limits=(-1.0, 1.0)),
    "SX-F16 of ReLU": partial(activity, name=RELU, limits=(0.0, 10.0)),
    "SX-F14": even_in_what,
    "SZT-F3": partial(
        even_planes,
        members={f"{100 * x:g} % of the words": member_key("tanh", fraction=x) for x in SHARES},
        beside="SZT-F3",
    ),
    "SZT-F7": ends_by_share,
    "SZT-F3 drops": drops_by_share,
    "SZT-F5": partial(
        even_planes,
        members={f"{count} hidden": member_key("tanh", hidden=count) for count in DEPTHS},
        beside="SZT-F5",
    ),
    "SZT-F5 ends": ends_by_depth,
    "SZT-F5 epochs": epochs_by_depth,
    "SX-F8": by_fixed_kernels,
    "SX-F8 drops": drops_by_kernels,
    "SX-F12": entropy_courses,
    "SX-F12 ends": partial(
        mean_table, target="SX-F12", metrics=ENTROPIES, by="activation", form="{:.1f}"
    ),
    "SX-F20": partial(
        gradient_courses,
        name="signal",
        label="mean over deviation of the gradient",
        logarithmic=True,
    ),
    "SX-F20 norms": partial(gradient_courses, name="norms", label="norm of the weights"),
}


def _of_networks(view: View) -> dict[str, float]:
    """Return of how many networks a layer drops by a number of bits."""
    by_input = view.rows("SX-F14").query("metric == 'drop_even-input' and activation == 'tanh'")
    small = nats_to_bits(by_input[by_input["layer"] == view.chosen.layer]["value"])
    relu = view.rows("SX-F1AB").query("metric == 'drop' and activation == 'relu'")
    found: dict[str, float] = {
        "input-drop-below-half": int((small < 0.5).sum()),
        "input-drop-n": len(small),
    }
    found["input-drop-above-one"] = int((small >= 1).sum())
    for name, layer in (("hidden", view.chosen.layer), ("output", view.chosen.layer + 1)):
        own = nats_to_bits(relu[relu["layer"] == layer]["value"])
        found |= {f"relu-{name}-drops": int((own > 0.5).sum()), "relu-n": len(own)}
    return found


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes."""
    found: dict[str, float] = {}
    for short, (target, metric) in {
        "even-{}": ("SX-F1AB", "drop"),
        "test-{}": ("SX-F1AB", "accuracy"),
        "entropy-{}-repeated": ("SX-F12", "repeated"),
    }.items():
        means = mean_of(view, target, metric, "activation")
        found |= {short.format(name): float(means[name]) for name in ("tanh", "relu")}
    for end in ("initial", "final"):
        shares = mean_of(view, "SX-F16", f"saturated_{end}", "activation")
        found[f"saturated-{end}"] = float(shares["tanh"])
    last = view.arrays("SX-F16")[RELU]["histograms"][-1]
    found |= {"beyond-first": 100 * float(last[0, -1]), "beyond-last": 100 * float(last[4, -1])}
    found["input-drop"] = float(mean_of(view, "SX-F14", "drop_even-input", "activation")["tanh"])
    found |= _of_networks(view)
    factors, layer = ["activation", "batch"], view.chosen.layer - 1
    before = mean_of(view, "SX-F5", "drop", factors, layer=layer)["tanh"]
    found |= {"full-before": float(before[FULL]), "small-before": float(before[SMALL])}
    gaps = view.rows("SX-F4CD").query("metric == 'accuracy' and fraction == 0.3")
    gap = 100 * gaps.groupby("split")["value"].mean()
    found |= {f"gap-{split}": float(gap[split]) for split in ("train", "test")}
    steps = gradient.measure(view.rows("SX-F20"), view.arrays("SX-F20"))
    steps = steps[steps["layer"] == view.chosen.layer]
    for name, own in steps.groupby("activation")["value"]:
        found[f"signal-{name}"] = float(np.exp(np.log(own).mean()))
    return found
