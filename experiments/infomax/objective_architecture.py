"""The networks of Deep InfoMax, drawn from the shapes of their tensors."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from experiments.style import COLOURS, finish

_SIZE, _GAP = (1.62, 0.74), 0.1  # of a box and around it, in units of the axes
_PARTS = ("to_local", "to_conv", "to_fc", "to_code")  # of the encoder


def architecture(
    *, image: Sequence[int], local: Sequence[int], conv: Sequence[int], fc: int, code: int
) -> Figure:
    """Draw the encoder, and the three terms that see its features.

    Args:
        image: Shape ``(channels, h, w)`` of an image.
        local: Shape of the map of local features.
        conv: Shape of the last convolutional map.
        fc: Units of the last hidden layer.
        code: Dimension of the code.
    """
    figure, axes = plt.subplots(figsize=(9.6, 4.9))
    axes.set(xlim=(-1.0, 11.4), ylim=(-2.75, 2.9), aspect="equal")
    axes.axis("off")
    of_encoder, of_local, of_global, of_prior = COLOURS[0], COLOURS[2], COLOURS[1], COLOURS[4]
    boxes = {
        "image": (0.0, 0.0, f"image $x$\n{_by(image)}", "0.4"),
        "local": (2.6, 0.0, f"map $C(x)$\n{_by(local)}", of_encoder),
        "conv": (5.2, 0.0, f"last map\n{_by(conv)}", of_encoder),
        "fc": (7.6, 0.0, f"hidden layer\n{fc}", of_encoder),
        "code": (10.2, 0.0, f"code $y = E(x)$\n{code}", of_encoder),
        "dot": (5.2, 1.95, "local head\n" + r"$\langle l_{ik}, g_j \rangle$", of_local),
        "pair": (5.2, -2.0, "global head\n$T(x_i, y_j)$", of_global),
        "judge": (10.2, -2.0, r"discriminator" + "\n$D(y)$", of_prior),
    }
    for x, y, text, colour in boxes.values():
        _box(axes, x, y, text, colour)
    centre = {name: (x, y) for name, (x, y, *_) in boxes.items()}

    def edge(name: str, dx: float, dy: float) -> tuple[float, float]:
        x, y = centre[name]
        return x + dx * (_SIZE[0] / 2 + _GAP), y + dy * (_SIZE[1] / 2 + _GAP)

    chain = ["image", "local", "conv", "fc", "code"]
    for start, end, name in zip(chain, chain[1:], _PARTS, strict=False):
        _arrow(axes, edge(start, 1, 0), edge(end, -1, 0), of_encoder)
        middle = (centre[start][0] + centre[end][0]) / 2, 0.5
        axes.text(*middle, name, ha="center", size=9, family="monospace", color="0.3")
    _arrow(axes, edge("local", 0, 1), edge("dot", -1, 0), of_local, bend=-0.25)
    _arrow(axes, edge("code", 0, 1), edge("dot", 1, 0), of_local, bend=0.25)
    _arrow(axes, edge("conv", 0, -1), edge("pair", 0, 1), of_global)
    _arrow(axes, edge("code", -0.6, -1), edge("pair", 1, 0), of_global, bend=-0.2)
    _arrow(axes, edge("code", 0, -1), edge("judge", 0, 1), of_prior)
    _loss(axes, centre["dot"], "infomax_loss, weight $\\beta$", of_local, above=True)
    _loss(axes, centre["pair"], "infomax_loss, weight $\\alpha$", of_global, above=False)
    _loss(axes, centre["judge"], "PriorMatching, weight $\\gamma$", of_prior, above=False)
    return finish(figure)


def _by(shape: Sequence[int]) -> str:
    """Return a shape with the sign for "by" between its numbers."""
    return r" $\times$ ".join(str(size) for size in shape)


def _box(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    width, height = _SIZE
    corner = x - width / 2, y - height / 2
    style = "round,pad=0.05,rounding_size=0.12"
    face = FancyBboxPatch(corner, width, height, boxstyle=style, ec=colour, fc="white", lw=1.6)
    axes.add_patch(face)
    axes.text(x, y, text, ha="center", va="center", size=10)


def _arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    *,
    bend: float = 0.0,
) -> None:
    style = {
        "arrowstyle": "-|>",
        "color": colour,
        "lw": 1.4,
        "shrinkA": 0,
        "shrinkB": 0,
        "connectionstyle": f"arc3,rad={bend}",
    }
    axes.annotate("", xy=end, xytext=start, arrowprops=style)


def _loss(axes: Axes, at: tuple[float, float], text: str, colour: str, *, above: bool) -> None:
    shift = 0.6 if above else -0.6
    axes.text(at[0], at[1] + shift, text, ha="center", va="center", size=11, color=colour)
