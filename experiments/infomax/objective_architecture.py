"""The networks of Deep InfoMax, drawn from the shapes of their tensors."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from experiments.style import COLOURS, finish

_SIZE = (1.62, 0.74)  # of a box, in units of the axes
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
    patches = {name: _box(axes, *own) for name, own in boxes.items()}

    def arrow(start: str, end: str, colour: str, bend: float = 0.0) -> None:
        curve = f"arc3,rad={bend}"
        style = dict(arrowstyle="-|>", color=colour, lw=1.4, shrinkA=3, shrinkB=3)
        style |= dict(connectionstyle=curve, patchA=patches[start], patchB=patches[end])
        axes.annotate("", boxes[end][:2], boxes[start][:2], arrowprops=style)

    chain = ["image", "local", "conv", "fc", "code"]
    for start, end, name in zip(chain, chain[1:], _PARTS, strict=False):
        arrow(start, end, of_encoder)
        middle = (boxes[start][0] + boxes[end][0]) / 2
        axes.text(middle, 0.5, name, ha="center", size=9, family="monospace", color="0.3")
    arrow("local", "dot", of_local, -0.3)
    arrow("code", "dot", of_local, 0.3)
    arrow("conv", "pair", of_global)
    arrow("code", "pair", of_global, -0.2)
    arrow("code", "judge", of_prior)
    for name, text, shift in (
        ("dot", "infomax_loss, weight $\\beta$", 0.6),
        ("pair", "infomax_loss, weight $\\alpha$", -0.6),
        ("judge", "PriorMatching, weight $\\gamma$", -0.6),
    ):
        x, y, _, colour = boxes[name]
        axes.text(x, y + shift, text, ha="center", va="center", size=11, color=colour)
    return finish(figure)


def _by(shape: Sequence[int]) -> str:
    """Return a shape with the sign for "by" between its numbers."""
    return r" $\times$ ".join(str(size) for size in shape)


def _box(axes: Axes, x: float, y: float, text: str, colour: str) -> FancyBboxPatch:
    width, height = _SIZE
    corner = x - width / 2, y - height / 2
    style = "round,pad=0.05,rounding_size=0.12"
    face = FancyBboxPatch(corner, width, height, boxstyle=style, ec=colour, fc="white", lw=1.6)
    axes.add_patch(face)
    axes.text(x, y, text, ha="center", va="center", size=10)
    return face
