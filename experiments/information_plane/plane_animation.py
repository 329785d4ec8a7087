"""An information plane that a reader scrubs through epochs: inline SVG and a small script."""

import json
from collections.abc import Mapping
from html import escape

import numpy as np

from experiments.style import COLOURS

WIDTH, HEIGHT, MARGIN = 190, 140, 30  # of a panel, in pixels
LIMITS = 12.4, 1.05  # bits
COLUMNS = 4
SCRIPT = """
(function (root) {
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const spots = root.querySelectorAll("circle"), lines = root.querySelectorAll("polyline");
  const slider = root.querySelector("input"), shown = root.querySelector("output");
  function draw() {
    const frame = data.frames[slider.value];
    frame.forEach((panel, p) => {
      lines[p].setAttribute("points", panel.map((xy) => xy.join(",")).join(" "));
      panel.forEach((xy, l) => {
        const spot = spots[p * panel.length + l];
        spot.setAttribute("cx", xy[0]);
        spot.setAttribute("cy", xy[1]);
      });
    });
    shown.textContent = "epoch " + data.epochs[slider.value];
  }
  slider.addEventListener("input", draw);
  draw();
})(document.getElementById("NAME"));
"""


def plane_animation(panels: Mapping[str, np.ndarray], epochs: np.ndarray, *, name: str) -> str:
    """Return HTML of planes with a slider over epochs; without scripts it shows the last one.

    Args:
        panels: By title, information about the input and about the label in bits,
            ``[epochs, layers, 2]``; all of one shape.
        epochs: Logged epochs.
        name: Identifier in the page, of letters and hyphens.

    Raises:
        ValueError: Panels of several shapes, or not one entry an epoch.

    Example:
        >>> html = plane_animation({"a": np.zeros((2, 3, 2))}, np.array([0, 9]), name="demo")
        >>> html.count("<circle"), "epoch 9" in html
        (3, True)
    """
    shapes = {values.shape for values in panels.values()}
    if len(shapes) != 1 or next(iter(shapes))[0] != len(epochs):
        raise ValueError(f"panels of one shape with {len(epochs)} epochs are needed, got {shapes}")
    spots = np.stack([_pixels(i, values) for i, values in enumerate(panels.values())], axis=1)
    parts = [
        _panel(i, title, spots[-1, i]) for i, title in enumerate(panels)
    ]  # [epochs, panels, layers, 2]
    rows = -(-len(panels) // COLUMNS)
    size = min(COLUMNS, len(panels)) * (WIDTH + MARGIN) + MARGIN, rows * (HEIGHT + 2 * MARGIN)
    data = json.dumps({"epochs": epochs.tolist(), "frames": spots.tolist()}).replace(" ", "")
    last = len(epochs) - 1
    return (
        f'<div id="{name}"><svg viewBox="0 0 {size[0]} {size[1]}" role="img" width="100%" '
        f'aria-label="Information planes over epochs">{"".join(parts)}</svg>'
        f'<label>epoch <input type="range" min="0" max="{last}" value="{last}" '
        f'style="width:60%"></label> <output>epoch {epochs[-1]}</output>'
        f'<script type="application/json">{data}</script></div>'
        f"<script>{SCRIPT.replace('NAME', name)}</script>"
    )


def _corner(panel: int) -> tuple[int, int]:
    """Return the left and upper end of a panel's frame."""
    row, column = divmod(panel, COLUMNS)
    return MARGIN + column * (WIDTH + MARGIN), MARGIN + row * (HEIGHT + 2 * MARGIN)


def _pixels(panel: int, values: np.ndarray) -> np.ndarray:
    """Return where points stand, ``[epochs, layers, 2]``, to a tenth of a pixel."""
    left, top = _corner(panel)
    x = left + values[..., 0] / LIMITS[0] * WIDTH
    y = top + (1 - values[..., 1] / LIMITS[1]) * HEIGHT
    return np.stack([x, y], axis=-1).round(1)


def _panel(panel: int, title: str, spots: np.ndarray) -> str:
    """Return a panel with its frame, numbers at the ends of its axes, and its points."""
    left, top = _corner(panel)
    bottom, text = top + HEIGHT, 'font-size="9" fill="currentColor"'
    points = " ".join(f"{x},{y}" for x, y in spots)
    circles = "".join(
        f'<circle cx="{x}" cy="{y}" r="4" fill="{COLOURS[layer % len(COLOURS)]}">'
        f"<title>layer {layer + 1}</title></circle>"
        for layer, (x, y) in enumerate(spots)
    )
    return (
        f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="gray"/>'
        f'<text x="{left}" y="{top - 5}" {text}>{escape(title)}</text>'
        f'<text x="{left}" y="{bottom + 10}" {text}>0</text>'
        f'<text x="{left + WIDTH / 2}" y="{bottom + 10}" {text}>I(X;T), bits</text>'
        f'<text x="{left + WIDTH - 10}" y="{bottom + 10}" {text}>12</text>'
        f'<text x="{left - 8}" y="{top + 12}" {text}>1</text>'
        f'<polyline points="{points}" fill="none" stroke="gray" stroke-width="0.7"/>{circles}'
    )
