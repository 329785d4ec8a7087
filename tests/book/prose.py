"""Find the decimals that prose states, and where each may come from."""

import csv
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from scipy import stats

from reproduce.claims import ALPHA

# What is no statement: code, links and addresses, roles (glue, cite), directive heads and options,
# generated blocks, versions, and numbers of sections, equations, tables, figures and preprints.
_SKIPPED = (
    r"<!-- ledger:begin -->.*?<!-- ledger:end -->",
    r"<!--.*?-->",
    r"\A---\n.*?\n---\n",
    r"^(?P<fence>`{3,}|~{3,})[ ]*(?!\{)[^\n]*\n.*?^(?P=fence)[ ]*$",  # a directive's body is prose
    r"^[`:~]{3,}\{[^\n]*$",
    r"^:[\w-]+:[^\n]*$",
    r"^(?: {4}|\t)[^\n]*$",
    r"\{[\w:.-]+\}`[^`]*`",
    r"(?P<tick>`+)[^`].*?(?P=tick)",
    r"\]\([^)]*\)",
    r"<?https?://\S+",
    r"\barXiv:\S+",
    r"(?i)\b(?:python|version|versions|release|section|sections|equation|equations|eqs?\.?|table"
    r"|tables|figure|figures|appendix|chapter|theorem|lemma)[ \n]+\d[\d.]*"
    r"(?:(?:,| to| and| or|-)[ \n]*\d+\.\d[\d.]*)*",
)
_DECIMAL = re.compile(r"(?<![\w.])\d[\d,]*\.\d+(?!\.?\d|\w)")


def decimals(text: str) -> list[str]:
    """Return the decimals that a page in Markdown states."""
    for pattern in _SKIPPED:
        text = re.sub(pattern, " ", text, flags=re.M | re.S)
    return _DECIMAL.findall(text)


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """Yield name and prose of each page: Markdown files, and the Markdown cells of notebooks."""
    for path in [root / "README.md", *sorted((root / "book").rglob("*.md"))]:
        yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
    for path in sorted((root / "notebooks").rglob("*.ipynb")):
        for i, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
            if cell["cell_type"] == "markdown":
                yield f"{path.relative_to(root).as_posix()}, cell {i}", "".join(cell["source"])


def paper_values(root: Path) -> list[dict[str, str]]:
    """Return the rows of all tables of paper values."""
    rows: list[dict[str, str]] = []
    for path in sorted((root / "book" / "paper_values").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as lines:
            rows += csv.DictReader(lines)
    return rows


def closed_forms(root: Path) -> list[dict[str, str]]:
    """Return the closed forms that prose states."""
    return yaml.safe_load((root / "book" / "closed_forms.yaml").read_text(encoding="utf-8"))


COUNTS = {  # images of each digit in MNIST
    "train": (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    "test": (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
}


def evaluate(expression: str) -> float:
    """Return the value of a closed form."""
    names = {name: getattr(math, name) for name in dir(math) if not name.startswith("_")}
    names |= {"max": max, "sum": sum, "ALPHA": ALPHA, "counts": COUNTS.__getitem__}
    names["softplus"] = lambda x: math.log1p(math.exp(x))
    names["chi2"] = lambda level: float(stats.chi2.ppf(level, df=2))
    names["entropy"] = lambda counts: float(stats.entropy(counts))
    return float(eval(expression, {"__builtins__": {}}, names))


def agrees(printed: str, value: float) -> bool:
    """Return whether a number is another one rounded to the places that are printed."""
    return f"{value:.{len(printed.partition('.')[2])}f}" == printed
