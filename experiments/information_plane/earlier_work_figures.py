"""The figures and tables of the chapter on earlier work, from the record of planes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.information_plane import earlier_work_means as means
from experiments.information_plane.earlier_work_means import BOTH, KINDS, TANH, numbers
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
from experiments.information_plane.plane_record import member_key
from ibutils import checks
from ibutils.information import nats_to_bits
from reproduce.view import View

__all__ = ["FIGURES", "Settings", "numbers"]

NAMES = {name: title for title, name in KINDS.items()}


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


def even_planes(view: View, members: Mapping[str, str], *targets: str) -> Figure:
    """Draw mean planes by even bins of members that some targets hold."""
    arrays = {name: own for target in targets for name, own in view.arrays(target).items()}
    return planes(mean_planes(arrays, members, name="even"), any_of(arrays, "kept"))


def tanh_and_relu(view: View) -> Figure:
    """Draw mean planes of tanh and ReLU by even bins."""
    return even_planes(view, BOTH, "AE-F7")


def accuracies(view: View) -> Figure:
    """Draw training and test accuracy of tanh and ReLU against the epoch."""
    arrays = view.arrays("AE-F7")
    panels = {title: 100 * arrays[name]["accuracy"] for title, name in BOTH.items()}
    return accuracy_curves(panels, arrays[TANH]["epochs"], "accuracy, %")


def drops(view: View) -> pd.DataFrame:
    """Return the mean drop from the maximum by activation and layer."""
    by_layer = view.rows("SX-F1AB").query("metric == 'drop'")
    table = nats_to_bits(by_layer.groupby(["activation", "layer"])["value"].mean().unstack())
    shown = table.rename(index=NAMES, columns="layer {:g}".format).map("{:.2f}".format)
    return shown.rename_axis(index=None, columns="drop from the maximum, bits")


def by_batch(view: View) -> Figure:
    """Draw mean planes by even bins, with small and with full batches."""
    members = {f"{title}, batches of {means.SMALL}": name for title, name in BOTH.items()}
    members |= {
        f"{title}, full batches": member_key(KINDS[title], batch=means.FULL) for title in BOTH
    }
    return even_planes(view, members, "AE-F7", "SX-F5")


def drops_by_batch(view: View) -> pd.DataFrame:
    """Return drop and test accuracy by activation and batch."""
    factors = ["activation", "batch"]
    columns = {
        "drop, bits": means.mean_of(view, "SX-F5", "drop", factors),
        "test accuracy, %": means.accuracy_in_test(view, "SX-F5", factors),
    }
    batches = {means.SMALL: f"of {means.SMALL}", means.FULL: "all words"}
    table = pd.DataFrame(columns).rename(index=NAMES).rename(index=batches)
    return table.rename_axis(["activation", "batches"]).map("{:.2f}".format)


def activity_of_tanh(view: View) -> Figure:
    """Draw how the distribution of tanh activity changes while training."""
    return _activity(view, TANH, (-1.0, 1.0))


def activity_of_relu(view: View) -> Figure:
    """Draw how the distribution of ReLU activity changes while training; the last bin is open."""
    return _activity(view, means.RELU, (0.0, 10.0))


def _activity(view: View, name: str, limits: tuple[float, float]) -> Figure:
    own = view.arrays("SX-F16")[name]
    panels = {f"layer {k + 1}": own["histograms"][:, k] for k in range(5)}
    return activity_histograms(panels, own["kept"], limits)


def even_in_what(view: View) -> Figure:
    """Draw mean tanh planes by bins even in activity, and even in net input."""
    by_input = view.arrays("SX-F14")
    panels = mean_planes(view.arrays("AE-F7"), {"even in activity": TANH}, name="even")
    panels |= mean_planes(by_input, {"even in net input": TANH}, name="even-input")
    return planes(panels, by_input[TANH]["at"])


def by_share(view: View) -> Figure:
    """Draw mean tanh planes by even bins, by the share of words."""
    members = {
        f"{100 * share:g} % of the words": member_key("tanh", fraction=share)
        for share in means.SHARES
    }
    return even_planes(view, members, "AE-F7", "SZT-F3")


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
    table = {
        title: means.mean_of(view, "SZT-F3", name, "fraction").map("{:.3f}".format)
        for title, name in metrics.items()
    }
    shown = pd.DataFrame(table).rename(index=lambda share: f"{100 * share:g} %")
    return shown.rename_axis("share of the words")


def by_depth(view: View) -> Figure:
    """Draw mean tanh planes by even bins, by the number of hidden layers."""
    members = {f"{count} hidden": member_key("tanh", hidden=count) for count in means.DEPTHS}
    return even_planes(view, members, "AE-F7", "SZT-F5")


def ends_by_depth(view: View) -> pd.DataFrame:
    """Return where the last hidden layer ends, by the number of hidden layers."""
    rows = view.rows("SZT-F5")
    last = rows[rows["layer"] == rows["hidden"]]
    columns = {"I(X;T), bits": "final", "I(T;Y), bits": "labels_final"}
    table = {
        title: nats_to_bits(last[last["metric"] == name].groupby("hidden")["value"].mean())
        for title, name in columns.items()
    }
    table["test accuracy, %"] = means.accuracy_in_test(view, "SZT-F5", "hidden")
    return pd.DataFrame(table).rename_axis("hidden layers").map("{:.2f}".format)


def epochs_by_depth(view: View) -> pd.DataFrame:
    """Return after how many epochs the mean test accuracy is at a level."""
    table = pd.DataFrame(
        [[means.needed(view, count, level) for count in means.DEPTHS] for level in means.LEVELS],
        index=[f"{100 * level:.0f} %" for level in means.LEVELS],
        columns=[f"{count} hidden" for count in means.DEPTHS],
    )
    return table.rename_axis(columns="epochs until the mean test accuracy is")


def by_fixed_kernels(view: View) -> Figure:
    """Draw mean planes by kernels that do not adapt, of two variances."""
    arrays, panels = view.arrays("SX-F8"), dict[str, np.ndarray]()
    for variance in means.VARIANCES:
        titles = {f"{title}, {variance}": member_key(kind) for title, kind in KINDS.items()}
        panels |= mean_planes(arrays, titles, name=f"kde-{variance}")
    return planes(panels, arrays[TANH]["at"])


def drops_by_kernels(view: View) -> pd.DataFrame:
    """Return the drop of the layer by kernels of two variances."""
    table = {
        f"noise of variance {variance}": means.mean_of(
            view, "SX-F8", f"drop_kde-{variance}", "activation"
        )
        for variance in means.VARIANCES
    }
    shown = pd.DataFrame(table).rename(index=NAMES).map("{:.2f}".format)
    return shown.rename_axis(index=None, columns="drop of the last hidden layer, bits")


def entropy_courses(view: View) -> Figure:
    """Draw entropy by nearest neighbours against the epoch."""
    arrays = view.arrays("SX-F12")
    panels = {title: nats_to_bits(arrays[name]["entropy"][..., 0]) for title, name in BOTH.items()}
    return layer_courses(panels, arrays[TANH]["kept"], "entropy by neighbours, bits")


def entropies(view: View) -> pd.DataFrame:
    """Return entropies by neighbours before and after training, and the share of repetitions."""
    return means.entropies_by_neighbours(view).rename(index=NAMES).map("{:.1f}".format)


def signal_courses(view: View) -> Figure:
    """Draw the ratio of signal to noise of the gradient against the epoch."""
    arrays = view.arrays("SX-F20")
    panels = {title: arrays[name]["signal"] for title, name in BOTH.items()}
    alive = {title: np.where(own > 0, own, np.nan) for title, own in panels.items()}
    label = "mean over deviation of the gradient"
    return layer_courses(alive, arrays[TANH]["kept"], label, logarithmic=True)


def norm_courses(view: View) -> Figure:
    """Draw norms of weights against the epoch."""
    arrays = view.arrays("SX-F20")
    panels = {title: arrays[name]["norms"] for title, name in BOTH.items()}
    return layer_courses(panels, arrays[TANH]["kept"], "norm of the weights")


FIGURES = {
    "SX-F1AB": tanh_and_relu,
    "SX-F1AB accuracy": accuracies,
    "SX-F5": by_batch,
    "SX-F5 drops": drops_by_batch,
    "SX-F16": activity_of_tanh,
    "SX-F16 of ReLU": activity_of_relu,
    "SX-F14": even_in_what,
    "SZT-F3": by_share,
    "SZT-F7": ends_by_share,
    "SZT-F3 drops": drops_by_share,
    "SZT-F5": by_depth,
    "SZT-F5 ends": ends_by_depth,
    "SZT-F5 epochs": epochs_by_depth,
    "SX-F8": by_fixed_kernels,
    "SX-F8 drops": drops_by_kernels,
    "SX-F12": entropy_courses,
    "SX-F12 ends": entropies,
    "SX-F20": signal_courses,
    "SX-F20 norms": norm_courses,
}
