"""What cells put on the page: figures with their source, the live run folded, verdicts, code."""

import ast
import base64
import html
import inspect
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
from IPython.display import HTML, Markdown
from matplotlib.figure import Figure

from reproduce import code_links

FOLDED_DPI = 70  # of figures of the live run, which lie in the page itself


def caption(
    targets: Sequence[str], source: str, condition: str, drawing: Callable[..., Any]
) -> Markdown:
    """Return the line under a figure: where its numbers come from, their tables, its code."""
    tables = ", ".join(
        f"{{download}}`{target} <../../book/generated/{target}.csv>`" for target in targets
    )
    parts = [source, f"table: {tables}" if targets else "", code_links.link(drawing), condition]
    return Markdown("*" + "; ".join(filter(None, parts)) + "*")


def folded(drawn: Any, summary: str) -> HTML:
    """Return a figure or table behind a line that opens it."""
    inside = _image(drawn, summary) if isinstance(drawn, Figure) else _markup(drawn)
    line = html.escape(summary)
    return HTML(f'<details class="live"><summary>{line}</summary>{inside}</details>')


def _image(figure: Figure, alternative: str) -> str:
    packed = io.BytesIO()
    figure.savefig(packed, format="png", dpi=FOLDED_DPI)
    data = base64.b64encode(packed.getvalue()).decode()
    return f'<img alt="{html.escape(alternative)}" src="data:image/png;base64,{data}">'


def _markup(drawn: Any) -> str:
    if isinstance(drawn, pd.DataFrame):
        return drawn.to_html()
    if hasattr(drawn, "_repr_html_"):
        return drawn._repr_html_()
    return f"<pre>{html.escape(str(drawn))}</pre>"


def source(definition: Callable[..., Any] | type) -> Markdown:
    """Return the source of a function or class of the library, to be read on the page.

    Of each docstring the first line is left: the page says the rest in its own words.
    """
    lines = textwrap.dedent(inspect.getsource(definition)).splitlines()
    documented = ast.AsyncFunctionDef | ast.FunctionDef | ast.ClassDef
    nodes = [one for one in ast.walk(ast.parse("\n".join(lines))) if isinstance(one, documented)]
    texts = [one.body[0] for one in nodes if ast.get_docstring(one)]
    for text in sorted(texts, key=lambda one: -one.lineno):  # from the end, so that lines stay
        if text.end_lineno and text.end_lineno > text.lineno:
            lines[text.lineno - 1 : text.end_lineno] = [f'{lines[text.lineno - 1].rstrip()}"""']
    code = "\n".join(lines)
    return Markdown(f"```python\n{code}\n```")


def beside(rows: Mapping[str, tuple[float, float | str]], *, digits: int = 3) -> pd.DataFrame:
    """Return computed numbers beside what they should be, a row each.

    Args:
        rows: For each quantity the number that was found, and its truth: a number, or the
            relation that it stands in, such as ``"at most 0"``.
        digits: Decimal places shown.

    Example:
        >>> import math
        >>> print(beside({"entropy of a coin": (0.69315, math.log(2)), "gap": (0.2, "above 0")}))
                          found    truth
        entropy of a coin 0.693    0.693
        gap               0.200  above 0
    """

    def text(value: float | str) -> str:
        return value if isinstance(value, str) else f"{float(value):z.{digits}f}"

    shown = {name: [text(found), text(truth)] for name, (found, truth) in rows.items()}
    return pd.DataFrame.from_dict(shown, orient="index", columns=["found", "truth"])
