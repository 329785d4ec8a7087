"""What a price does, frame by frame: error, rate and codes at each recorded beta."""

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.frames import frames
from experiments.style import COLOURS, beta_axis, beta_positions, over_seeds
from experiments.vib.code_maps import Codes, ellipses, of_first_seed
from ibutils.information import nats_to_bits
from reproduce.view import View


def price_by_price(view: View) -> HTML:
    """The recorded frames of Figures 1 and 2 over beta, to be stepped through."""
    errors = _test(view.rows("VIB-F1a"), "error_12", 100.0)
    rates = _test(view.rows("VIB-F1d"), "rate", nats_to_bits(1.0))
    codes = of_first_seed(view.arrays("VIB-F2"))
    betas = [beta for beta in errors["beta"] if beta in set(rates["beta"])]
    pictures = {f"{beta:g}": _frame(beta, errors, rates, codes.get(beta)) for beta in betas}
    what = "Test error and rate against beta with one beta marked, and two-dimensional codes"
    start = f"{next(iter(codes), betas[0]):g}"
    return frames(pictures, setting="beta", alternative=what, start=start)


def _test(rows: pd.DataFrame, metric: str, scale: float) -> pd.DataFrame:
    chosen = rows[(rows["split"] == "test") & (rows["metric"] == metric)]
    return over_seeds(chosen.assign(value=scale * chosen["value"]), "beta")


def _frame(beta: float, errors: pd.DataFrame, rates: pd.DataFrame, codes: Codes | None) -> Figure:
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 4))
    _marked(left, errors, beta, "test error, %", COLOURS[0])
    _marked(middle, rates, beta, "rate, bits", COLOURS[1])
    if codes is None:
        right.text(0.5, 0.5, "no codes of two dimensions\nare on record here", ha="center")
        right.set_axis_off()
    else:
        ellipses(right, codes)
        right.set(title="codes, K = 2", xlabel="$z_1$", ylabel="$z_2$")
    figure.tight_layout()
    plt.close(figure)
    return figure


def _marked(axes: Axes, means: pd.DataFrame, beta: float, label: str, colour: str) -> None:
    """Draw a curve over beta, and the mean at one beta with its number."""
    betas = list(means["beta"])
    places = dict(zip(betas, beta_positions(means["beta"]), strict=True))
    axes.plot(list(places.values()), means["mean"], "o-", color=colour, alpha=0.35)
    here = float(means.set_index("beta")["mean"][beta])
    axes.plot([places[beta]], [here], "o", color=colour, ms=11)
    number, unit = f"{here:,.0f}" if here >= 100 else f"{here:.3g}", label.split(", ")[1]
    axes.set(yscale="log", ylabel=label, title=f"{number} {unit}")
    beta_axis(axes, betas)
