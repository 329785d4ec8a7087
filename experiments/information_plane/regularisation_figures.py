"""The figures and tables of the chapter on L2 penalties, most from the record of planes."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from IPython.display import HTML
from matplotlib.figure import Figure

from experiments.information_plane.network_scores import LAST
from experiments.information_plane.plane_animation import plane_animation
from experiments.information_plane.plane_panels import (
    accuracy_curves,
    any_of,
    changes,
    information_change,
    mean_planes,
    planes,
)
from experiments.information_plane.plane_record import member_key
from ibutils.information import nats_to_bits
from reproduce.view import View

LAYERS = (3, 4, 5, 6)  # that are said to end at one point
OUTPUT = 6
OPENS = 1000  # epoch at which the penalties have begun to tell


def _members(view: View) -> tuple[dict[str, str], dict[str, dict[str, np.ndarray]]]:
    """Return the members by title and the arrays of all, the unpenalised one among them."""
    penalties = sorted(view.rows("AE-F8")["l2"].unique())
    arrays = view.arrays("AE-F8") | view.arrays("AE-F7")
    return {titled(level): member_key("relu", l2=level) for level in penalties}, arrays


def titled(penalty: float) -> str:
    """Return what a page calls a penalty.

    Example:
        >>> titled(0.0), titled(0.015)
        ('no penalty', 'λ = 0.015')
    """
    return f"λ = {penalty:g}" if penalty else "no penalty"


def _by_penalty(table: pd.DataFrame, digits: int = 2) -> pd.DataFrame:
    """Return a table by penalty and layer, as a page shows it."""
    shown = table.rename(index=titled, columns="layer {:g}".format)
    return shown.rename_axis(index=None).map(f"{{:z.{digits}f}}".format)


def averaged(view: View) -> Figure:
    """Draw planes of ReLU networks by penalty, averaged over initialisations."""
    members, arrays = _members(view)
    return planes(mean_planes(arrays, members), any_of(arrays, "epochs"))


def by_epoch(view: View) -> HTML:
    """Show the averaged planes with a slider over epochs."""
    members, arrays = _members(view)
    panels = mean_planes(arrays, members, name="planes")
    epochs = any_of(arrays, "kept")
    return HTML(plane_animation(panels, epochs, name="planes-by-penalty", opens=OPENS))


def change_and_end(view: View) -> pd.DataFrame:
    """Return mean change of information and where it ends, by penalty and layer, in bits."""
    final = _by_layer(view.rows("AE-F8"), "final")
    change = final - _by_layer(view.rows("AE-F8"), "initial")
    both = {"change, bits": _by_penalty(change), "end, bits": _by_penalty(final)}
    return pd.concat(both).rename_axis(columns=None)


def _by_layer(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the mean of a metric in bits by penalty and layer."""
    own = rows[rows["metric"] == metric]
    return nats_to_bits(own.groupby(["l2", "layer"])["value"].mean().unstack())


def change_by_penalty(view: View) -> Figure:
    """Draw the change of information of each network, by penalty and layer."""
    table = information_change(view.rows("AE-F8"), "l2")
    order: list[str | float] = [titled(penalty) for penalty in sorted(table["l2"].unique())]
    return changes(table.assign(l2=table["l2"].map(titled)), "l2", order)


def change_of_the_living(view: View) -> pd.DataFrame:
    """Return the mean change of information of networks that are not dead, in bits."""
    moves, dead = _moves_and_dead(view.rows("AE-F8"))
    alive = moves[~dead.reindex(moves.index)].groupby("l2").mean()
    return _by_penalty(alive).rename_axis(columns="change of networks that are not dead, bits")


def _moves_and_dead(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return changes by network and layer, and which networks have one activity for all words."""
    moves = information_change(rows, "l2").set_index(["l2", "seed", "layer"])["change"]
    return moves.unstack("layer"), _dead(rows)


def _dead(rows: pd.DataFrame) -> pd.Series:
    """Return by penalty and seed whether all words have one activity in the last hidden layer."""
    return _of_last_layer(rows, "final") == 0


def _of_last_layer(rows: pd.DataFrame, metric: str) -> pd.Series:
    """Return a metric of the last hidden layer by penalty and seed."""
    own = rows[(rows["metric"] == metric) & (rows["layer"] == LAST)]
    return own.set_index(["l2", "seed"])["value"]


def curves(view: View, *, name: str, scale: float, label: str) -> Figure:
    """Draw training and test curves against the epoch, by penalty."""
    members, arrays = _members(view)
    panels = {title: scale * arrays[own][name] for title, own in members.items()}
    return accuracy_curves(panels, any_of(arrays, "epochs"), label)


def largest_activity(view: View) -> pd.DataFrame:
    """Return the largest activity after training by penalty and layer, a median over seeds."""
    rows = view.rows("AE-F8").query("metric == 'largest'")
    largest = rows.groupby(["l2", "layer"])["value"].median().unstack()
    return _by_penalty(largest, digits=1).rename_axis(columns="median over initialisations")


def deaths(view: View) -> pd.DataFrame:
    """Return how many networks end dead at each penalty of the hidden layers, ours among them."""
    dead = _dead(pd.concat([view.rows("AE-F8"), view.rows("AE-F8W")]))
    table = dead.groupby("l2").agg(["sum", "size"]).sort_index()
    table.columns = ["dead networks", "of"]
    return table.rename(index=titled).rename_axis(index=None)


def outputs(view: View) -> pd.DataFrame:
    """Return what a penalty on the output as well does to the output, dead networks left out."""
    changes = _by_output(view)
    found = changes.groupby("output").agg(["mean", "min"]).map("{:z.2f}".format)
    found.columns = ["mean change, bits", "least change of a network, bits"]
    found["networks in which it falls"] = (changes < 0).groupby("output").sum()
    found["of"] = changes.groupby("output").size()
    return found.rename(index=titled).rename_axis(index="penalty on the output")


def _by_output(view: View) -> pd.Series:
    """Return by penalty on the output the change of its information in each living network."""
    usual = view.rows("AE-F8")
    usual = usual[usual["l2"] == view.chosen.penalty].assign(output=0.0)
    rows = pd.concat([usual, view.rows("AE-F8O")])
    rows = rows[rows["metric"].isin(["initial", "final"])]
    found = rows.set_index(["output", "seed", "layer", "metric"])["value"].unstack(
        ["layer", "metric"]
    )
    living = found[found[LAST, "final"] > 0]
    return nats_to_bits(living[OUTPUT, "final"] - living[OUTPUT, "initial"])


FIGURES = {
    "AE-F8": averaged,
    "AE-F8 by epoch": by_epoch,
    "AE-F8 changes": change_and_end,
    "AE-F8 changes of networks": change_by_penalty,
    "AE-F8 accuracy": partial(curves, name="accuracy", scale=100.0, label="accuracy, %"),
    "AE-F8 cross-entropy": partial(
        curves, name="cross_entropy", scale=nats_to_bits(1.0), label="cross-entropy, bits"
    ),
    "AE-F8 activity": largest_activity,
    "AE-F8W": deaths,
    "AE-F8O": outputs,
}


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes."""
    rows, penalty = view.rows("AE-F8"), view.chosen.penalty
    final = _by_layer(rows, "final")
    moves, dead = _moves_and_dead(rows)
    found: dict[str, float] = {}
    for level, short in ((0.0, "without"), (penalty, "with")):
        found[f"l2-spread-{short}"] = float(np.ptp(final.loc[level, [*LAYERS]]))
        found[f"l2-dead-{short}"] = int(dead[level].sum())
        found |= _of_overfitting(rows[rows["l2"] == level], dead[level], short)
    starts = nats_to_bits(_of_last_layer(rows, "initial"))
    found["l2-dead-start"] = float(starts[dead][penalty].max())
    for name, own in {"all": moves, "alive": moves[~dead.reindex(moves.index)]}.items():
        found[f"l2-{name}-1"] = float(own[1][penalty].mean())
    found["l2-all-3-lost"] = -float(moves[3][penalty].mean())
    found["l2-dead-weakest"] = int(_dead(view.rows("AE-F8W")).unstack("l2").iloc[:, 0].sum())
    outputs = _by_output(view).groupby("output").mean()
    found |= {"l2-output-free": outputs.iloc[0], "l2-output-most": outputs.iloc[-1]}
    return found


def _of_overfitting(rows: pd.DataFrame, dead: pd.Series, short: str) -> Mapping[str, float]:
    """Return accuracies in percent and the test cross-entropy in bits at one penalty."""
    ends = rows[rows["metric"].isin(["accuracy", "cross_entropy"])]
    means = ends.groupby(["metric", "split"])["value"].mean()
    accuracy = 100 * means["accuracy"]
    alive = rows[rows["seed"].isin(dead[~dead].index)]
    tests = alive.query("metric == 'accuracy' and split == 'test'")["value"]
    return {
        f"l2-train-{short}": float(accuracy["train"]),
        f"l2-test-{short}": float(accuracy["test"]),
        f"l2-loss-{short}": nats_to_bits(float(means["cross_entropy", "test"])),
        f"l2-gap-{short}": float(accuracy["train"] - accuracy["test"]),
        f"l2-alive-test-{short}": 100 * float(tests.mean()),
    }
