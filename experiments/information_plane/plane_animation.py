"""Information planes that a reader plays through epochs: a panel each, moved by a small script.

The script is ``book/_static/planes.js``, the layout ``book/_static/planes.css``. The whole path of
each layer stands in the page, pale. The script draws the part of it up to an epoch, and the layer
there. Without scripts there are no controls, and the page shows the last epoch.
"""

from collections.abc import Mapping
from html import escape

import numpy as np

from experiments.style import COLOURS

WIDTH, HEIGHT = 204, 150  # of a frame, in pixels
LEFT, TOP, RIGHT, BOTTOM = 40, 24, 10, 40  # around it
LIMITS = 12.4, 1.05  # bits
TICKS: tuple[tuple[float, ...], tuple[float, ...]] = (0, 4, 8, 12), (0, 0.5, 1)
TEXT = 'font-size="12" fill="currentColor"'
SPOT = 8  # radius of a layer's spot, in pixels


def plane_animation(
    panels: Mapping[str, np.ndarray], epochs: np.ndarray, *, name: str, opens: int = 0
) -> str:
    """Return HTML of planes with a button that plays them and a slider over epochs.

    Args:
        panels: By title, information about the input and about the label in bits,
            ``[epochs, layers, 2]``; all of one shape.
        epochs: Logged epochs.
        name: Identifier in the page, of letters and hyphens.
        opens: The epoch at which the page opens, or the logged one after it.

    Raises:
        ValueError: Panels of several shapes, or not one entry an epoch.

    Example:
        >>> html = plane_animation({"a": np.zeros((2, 3, 2))}, np.array([0, 9]), name="demo")
        >>> html.count('class="spot"'), "epoch 9" in html
        (3, True)
    """
    shapes = {values.shape for values in panels.values()}
    if len(shapes) != 1 or next(iter(shapes))[0] != len(epochs):
        raise ValueError(f"panels of one shape with {len(epochs)} epochs are needed, got {shapes}")
    last = len(epochs) - 1
    first = min(int(np.searchsorted(epochs, opens)), last)
    listed = ",".join(str(epoch) for epoch in epochs.tolist())
    drawn = "".join(_panel(title, pixels(values)) for title, values in panels.items())
    return (
        f'<div class="planes" id="{name}" data-epochs="{listed}" data-opens="{first}">'
        f'<div class="planes-controls" hidden="hidden"><button type="button">Play</button>'
        f'<input type="range" min="0" max="{last}" value="{last}" aria-label="epoch"/>'
        f'<output aria-live="off">epoch {epochs[-1]:,}</output></div>'
        f'<div class="planes-legend">{_legend(next(iter(shapes))[1])}</div>'
        f'<div class="planes-panels">{drawn}</div></div>'
    )


def pixels(values: np.ndarray) -> np.ndarray:
    """Return where informations in bits, ``[..., 2]``, stand in a panel, to a tenth of a pixel."""
    x = LEFT + values[..., 0] / LIMITS[0] * WIDTH
    y = TOP + (1 - values[..., 1] / LIMITS[1]) * HEIGHT
    return np.stack([x, y], axis=-1).round(1)


def _panel(title: str, spots: np.ndarray) -> str:
    """Return a panel: its frame, the path of each layer ``[epochs, layers, 2]``, and its end."""
    paths = [_points(layer) for layer in spots.swapaxes(0, 1)]
    lines = [
        f'<polyline class="{kind}" points="{path}" fill="none" stroke="{_colour(i)}" {look}/>'
        for kind, look in (
            ("path", 'stroke-width="1" stroke-opacity="0.5"'),
            ("trail", 'stroke-width="2"'),
        )
        for i, path in enumerate(paths)
    ]
    together = (
        f'<polyline class="together" points="{_points(spots[-1])}" fill="none" '
        'stroke="currentColor" stroke-opacity="0.5" stroke-width="1"/>'
    )
    size = LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM
    marks = "".join(
        f'<g class="spot" transform="translate({x} {y})">{_spot(i)}</g>'
        for i, (x, y) in enumerate(spots[-1])
    )
    return (
        f'<svg viewBox="0 0 {size[0]} {size[1]}" role="img" aria-label="Information plane, '
        f'{escape(title)}: where each layer stands">{_frame(title)}{"".join(lines)}'
        f"{together}{marks}</svg>"
    )


def _points(line: np.ndarray) -> str:
    return " ".join(f"{x},{y}" for x, y in line)


def _colour(layer: int) -> str:
    return COLOURS[layer % len(COLOURS)]


def _spot(layer: int) -> str:
    """Return a numbered circle; the number tells layers apart where colours don't."""
    return (
        f'<circle r="{SPOT}" fill="var(--pst-color-background, white)" stroke="{_colour(layer)}" '
        f'stroke-width="2.5"/><text y="4" text-anchor="middle" font-size="11" '
        f'fill="currentColor">{layer + 1}</text>'
    )


def _legend(layers: int) -> str:
    """Return what the colours and numbers mean."""
    side = 2 * SPOT + 4
    return "".join(
        f'<span><svg viewBox="{-side / 2:g} {-side / 2:g} {side} {side}" width="{side}" '
        f'height="{side}" aria-hidden="true">{_spot(layer)}</svg> layer {layer + 1}'
        f"{' (output)' if layer == layers - 1 else ''}</span>"
        for layer in range(layers)
    )


def _frame(title: str) -> str:
    """Return a frame with its title, ticks and the names of its axes."""
    bottom, parts = TOP + HEIGHT, list[str]()
    for tick, (x, _) in zip(TICKS[0], pixels(np.array([[t, 0] for t in TICKS[0]])), strict=True):
        parts.append(f'<text x="{x}" y="{bottom + 15}" text-anchor="middle" {TEXT}>{tick}</text>')
    for value, (_, y) in zip(TICKS[1], pixels(np.array([[0, t] for t in TICKS[1]])), strict=True):
        parts.append(f'<text x="{LEFT - 5}" y="{y + 4}" text-anchor="end" {TEXT}>{value:g}</text>')
    across, down = LEFT + WIDTH / 2, TOP + HEIGHT / 2
    return (
        f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" fill="none" '
        'stroke="currentColor" stroke-opacity="0.5"/>'
        f'<text x="{LEFT}" y="{TOP - 8}" font-weight="600" {TEXT}>{escape(title)}</text>'
        f'<text x="{across}" y="{bottom + 33}" text-anchor="middle" {TEXT}>I(X;T), bits</text>'
        f'<text transform="translate(12 {down}) rotate(-90)" text-anchor="middle" {TEXT}>'
        f"I(T;Y), bits</text>{''.join(parts)}"
    )
