"""Recorded frames that a reader steps through with a slider; one of them without scripts."""

import base64
import html
import io
from collections.abc import Mapping

from IPython.display import HTML
from matplotlib.figure import Figure

from ibutils import checks

DPI = 90  # of the pictures, which lie in the page itself


def frames(pictures: Mapping[str, Figure], *, setting: str, alternative: str, start: str) -> HTML:
    """Return figures of one size behind a slider, whose script is ``book/_static/frames.js``.

    Args:
        pictures: By the value that the slider shows, in its order.
        setting: What the slider sets, such as ``"beta"``.
        alternative: What the pictures show, for who does not see them.
        start: The value that is shown first, and the only one without scripts.

    Raises:
        ValueError: There is no picture of ``start``.
    """
    checks.choice("start", start, pictures)
    values, name = list(pictures), html.escape(setting)
    images = "".join(
        f'<img{"" if value == start else " hidden"} data-value="{html.escape(value)}"'
        f' alt="{html.escape(f"{alternative}, {setting} {value}")}"'
        f' src="data:image/png;base64,{_packed(figure)}">'
        for value, figure in pictures.items()
    )
    slider = (
        f'<input type="range" min="0" max="{len(values) - 1}" value="{values.index(start)}"'
        ' step="1">'
    )
    return HTML(
        f'<div class="frames"><div class="frames-pictures">{images}</div>'
        '<div class="frames-controls" hidden><button type="button">Play</button>'
        f"<label>{name} {slider} <output>{html.escape(start)}</output></label></div></div>"
    )


def _packed(figure: Figure) -> str:
    packed = io.BytesIO()
    figure.savefig(packed, format="png", dpi=DPI, bbox_inches=None)  # all of one size
    return base64.b64encode(packed.getvalue()).decode()
