"""The figures of the Jensen-Shannon objective."""

import math
from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats
from torch import Tensor

from experiments.style import COLOURS, finish, panels
from reproduce.view import View

Points = Mapping[str, np.ndarray]


def divergence_against_information(found: Mapping[str, Mapping[int, Points]]) -> Figure:
    """Draw the Jensen-Shannon divergence of tables against their information, in nats.

    Args:
        found: By title of a panel and by size of the tables, their ``information`` ``[n]`` and
            ``divergence`` ``[n]``.
    """
    labels = dict(xlabel="mutual information, nats", ylabel="divergence, nats")
    figure, shown = panels(list(found), (4.6, 3.4), columns=2, **labels)
    by_size = [points for sizes in found.values() for points in sizes.values()]
    furthest = max(float(points["information"].max()) for points in by_size)
    for axes, sizes in zip(shown, found.values(), strict=True):
        axes.plot([0, 4 * math.log(2)], [0, math.log(2)], "k:", lw=1, label="I / 4")
        axes.axhline(math.log(2), color="k", ls="--", lw=1, label="log 2")
        for (size, points), colour in zip(sorted(sizes.items()), COLOURS, strict=False):
            look = dict(ms=3, color=colour, label=f"{size} x {size}", rasterized=True)
            axes.plot(points["information"], points["divergence"], ".", **look)
        axes.set(xlim=(0, 1.05 * furthest), ylim=(0, 0.75))
    shown[:2][-1].legend(markerscale=4, loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure)


def critic_readings(history: pd.DataFrame, truth: float) -> Figure:
    """Draw the value of the objective, and the bounds read off its critic, over training.

    Args:
        history: One row a measurement, with ``step``, the objective, and one column a reading,
            in nats.
        truth: The exact information in nats.
    """
    objective, *bounds = (name for name in history if name != "step")
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    left.plot(history["step"], history[objective], color=COLOURS[0])
    left.axhline(-2 * math.log(2), color="0.5", ls=":", label="-2 log 2, it knows nothing")
    left.axhline(0, color="k", lw=0.8)
    left.set(ylabel=f"value of {objective}, nats")
    for name, colour, line in zip(bounds, COLOURS[1:], ("-", "--"), strict=False):
        right.plot(history["step"], history[name], line, color=colour, label=name)
    right.axhline(truth, color="k", ls="--", lw=1, label="exact information")
    lowest = min(0.0, float(history[bounds].quantile(0.1).min()))
    right.set(ylabel="information, nats", ylim=(max(lowest, -truth), 1.25 * truth))
    for axes, place in ((left, "center right"), (right, "lower right")):
        axes.set_xlabel("training step")
        axes.legend(fontsize=9.5, loc=place)
    return finish(figure)


def towards_determinism(exact: pd.DataFrame, trained: pd.DataFrame) -> Figure:
    """Draw divergence, best accuracy and information of a code as its noise goes to zero.

    Args:
        exact: Rows with the deviation of the ``noise``, and ``divergence`` and ``information``
            in nats and the best ``accuracy``, by quadrature.
        trained: ``noise``, and ``divergence`` and ``accuracy`` of trained critics on fresh pairs;
            a noise of 0 stands at the left edge.
    """
    figure, grid = plt.subplots(1, 3, figsize=(9, 3.2))
    edge = float(exact["noise"].min()) / 6
    at = trained["noise"].where(trained["noise"] > 0, edge)
    ends = {"divergence": math.log(2), "accuracy": 1.0}
    for axes, (name, end) in zip(grid, ends.items(), strict=False):
        axes.plot(exact["noise"], exact[name], color=COLOURS[0], label="best critic, exact")
        axes.plot(at, trained[name], "o", color=COLOURS[1], label="trained critic, fresh pairs")
        axes.axhline(end, color="k", ls="--", lw=1, label="without noise")
    grid[0].set(ylabel="divergence, nats", ylim=(0, 0.75))
    grid[1].set(ylabel="share of pairs told apart", ylim=(0.5, 1.03))
    grid[2].plot(exact["noise"], exact["information"], color=COLOURS[0])
    grid[2].set(ylabel="information, nats", ylim=(0, None))
    for axes in grid:
        axes.set(xscale="log", xlabel="deviation of the noise")
        axes.axvline(edge, color="0.8", lw=0.8)
        axes.set_xticks([edge, 1e-3, 1e-2, 1e-1, 1, 10], ["0", ".001", ".01", ".1", "1", "10"])
        axes.minorticks_off()
        axes.tick_params(labelsize=9.5)
    return finish(figure, legend=grid[0])


def pictured_tables(tables: Mapping[str, Tensor]) -> Figure:
    """Draw joint tables, darker where a pair is likelier, each in its own scale.

    Args:
        tables: By title, ``[x, y]``.
    """
    apart = dict(sharex=False, sharey=False)
    titles = [title.replace(": ", "\n") for title in tables]
    figure, shown = panels(titles, (3.25, 3.2), columns=2, xlabel="$y$", ylabel="$x$", **apart)
    for axes, table in zip(shown, tables.values(), strict=True):
        axes.imshow(table.numpy(), cmap="Blues", vmin=0)
        axes.set(xticks=[], yticks=[])
        axes.title.set_fontsize(10)
    return finish(figure)


def figure_4(view: View) -> Figure:
    """Divergence against information of random tables, Figure 4."""
    view.rows("DIM-F4")
    return divergence_against_information(_panels(view))


def rank_correlations(view: View) -> pd.DataFrame:
    """Rank correlation of each batch of tables, with its interval at 90 %."""
    found = _correlations(view)
    text = {
        "size": found.index.get_level_values("size"),
        "rank correlation": found["rank_correlation"].map("{:.4f}".format).to_numpy(),
        "interval": [f"{row.low:.4f} to {row.high:.4f}" for row in found.itertuples()],
        "information up to": found["information up to"].map("{:.2f}".format).to_numpy(),
        "divergence up to": found["divergence up to"].map("{:.2f}".format).to_numpy(),
    }
    return pd.DataFrame(text, index=found.index.get_level_values("knobs").rename(None))


def _panels(view: View) -> dict[str, dict[int, Points]]:
    """Return the points of the first seed by title of the panel and size of the table."""
    found: dict[str, dict[int, Points]] = {}
    for member, points in view.members("DIM-F4"):
        knobs = f"$s$ = {member['noise']}, {member['dropout']} rate"
        found.setdefault(knobs, {})[member["size"]] = points
    return found


def _correlations(view: View) -> pd.DataFrame:
    return pd.DataFrame(
        {
            (knobs.replace("$", ""), size): {
                **_rank_correlation(points),
                "information up to": points["information"].max(),
                "divergence up to": points["divergence"].max(),
            }
            for knobs, by_size in _panels(view).items()
            for size, points in by_size.items()
        }
    ).T.rename_axis(index=["knobs", "size"])


def _rank_correlation(points: Points) -> dict[str, float]:
    """Return Spearman's rank correlation with the ends of its interval (Fisher's transform)."""
    ranks = [stats.rankdata(points[name]) for name in ("information", "divergence")]
    found = stats.pearsonr(*ranks)
    ends = found.confidence_interval(0.9)
    return dict(rank_correlation=found.statistic, low=ends.low, high=ends.high)


FIGURES = {"DIM-F4": figure_4, "DIM-F4 rank correlations": rank_correlations}


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes: the weakest rank correlations."""
    found = _correlations(view)["rank_correlation"]
    return {
        "jsd-weakest": float(found.min()),
        "jsd-varied": float(found["s = 1, varied rate"].min()),
    }
