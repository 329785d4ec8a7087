"""Write what the page of the published codes includes: tables computed when the book is built."""

from functools import cache
from pathlib import Path

from experiments.published_codes import fixture
from experiments.published_codes.codes import CODES, Code
from experiments.published_codes.comparison import Comparison, Outcome, evaluate
from experiments.published_codes.scores import OF
from reproduce.markdown import NONE, table, wide
from reproduce.registry import page


@page("published_codes")
def write(folder: Path) -> None:
    """Write a table of all codes, ``all.md``, and one for each, into ``published_codes``.

    Args:
        folder: The folder of generated pages in the staged book.

    Raises:
        ValueError: A file of numbers has no comparison, or a comparison no file.
    """
    check_complete()
    target = folder / "published_codes"
    target.mkdir(parents=True, exist_ok=True)
    (target / "all.md").write_text(summary() + "\n", encoding="utf-8")
    for code in CODES:
        (target / f"{code.fixture}.md").write_text(section(code) + "\n", encoding="utf-8")


def check_complete(where: Path | None = None) -> None:
    """Raise unless each file of numbers has a code, and each code its file."""
    files, codes = set(fixture.names(where)), {code.fixture for code in CODES}
    if files - codes:
        raise ValueError(f"no comparison uses {', '.join(sorted(files - codes))}.json")
    if codes - files:
        raise ValueError(f"there is no file {', '.join(sorted(codes - files))}.json")


@cache
def outcomes(code: Code) -> tuple[Outcome, ...]:
    """Return what all comparisons of a code came to."""
    cases = fixture.load(code.fixture)
    return tuple(evaluate(comparison, cases) for comparison in code.comparisons)


def summary() -> str:
    """Return a table with a row for each code."""
    rows = []
    for code in CODES:
        found = outcomes(code)
        gaps = [gap for outcome in found for gap in outcome.gaps.values()]
        name = f"{{ref}}`{code.title} <code-{code.fixture.replace('_', '-')}>`"
        gap = _size(max(gaps)) if gaps else NONE
        residual = _size(max(outcome.residual for outcome in found))
        met = _met(all(outcome.met for outcome in found))
        numbers = sum(outcome.numbers for outcome in found)
        rows.append([name, _repository(code), numbers, gap, residual, met])
    return wide(table(["compared", "code", "n", "largest gap", "largest residual", "met"], rows))


def section(code: Code) -> str:
    """Return where a code comes from and its comparisons, a row for each quantity."""
    found = outcomes(code)
    head = ["", "n", "theirs", "ours", "without", "gap", "residual", "stated", "allowed", "met"]
    rows = list(map(_row, code.comparisons, found))
    parts = [_source(code), wide(table(head, rows))]
    gaps = {name: gap for outcome in found for name, gap in outcome.gaps.items()}
    if len(gaps) > sum(bool(outcome.gaps) for outcome in found):  # several a quantity
        named = [[_escape(name), _size(gap)] for name, gap in gaps.items()]
        parts.append(table(["without correction", "gap"], named))
    return "\n\n".join(parts)


def _row(comparison: Comparison, outcome: Outcome) -> list[object]:
    """Return the row of a quantity; what it has not is a dash."""
    form = "{:,.0f}" if comparison.scale == "count" else "{:.6g}"
    theirs, plain, ours = outcome.example
    name = _escape(comparison.key.removesuffix(OF))
    values = [NONE if value is None else form.format(value) for value in (theirs, ours, plain)]
    gap = _size(max(outcome.gaps.values())) if outcome.gaps else NONE
    stated = _size(outcome.stated) if comparison.stated is None else NONE
    sizes = _size(outcome.residual), stated, _size(outcome.tolerance)
    return [name, outcome.numbers, *values, gap, *sizes, _met(outcome.met)]


def _source(code: Code) -> str:
    """Return repository, version, functions and licence, from the head of the file."""
    about = fixture.load(code.fixture).about
    reference = about["reference"]
    if isinstance(reference, str):
        reference = {"function": about["functions"]}
    version = code.version[:7] if len(code.version) == 40 else code.version
    lines = [f"*Code:* {_repository(code)}, version `{version}`"]
    if "file" in reference:
        lines.append(f"*Files:* {_escape(reference['file'])}")
    lines.append(f"*Functions:* {_escape(reference['function'])}")
    lines.append(f"*Licence:* {_escape(about['licence'])}")
    return "\\\n".join(lines)


def _repository(code: Code) -> str:
    """Return the name of the repository, linked to the version that was run if it is a commit."""
    version = f"/tree/{code.version}" if len(code.version) == 40 else ""
    return f"[{code.repository}](https://github.com/{code.repository}{version})"


def _met(met: bool) -> str:
    return "yes" if met else "**no**"


def _size(number: float) -> str:
    if number == 0 or number >= 100:
        return f"{number:.0f}"
    return f"{number:.2g}".replace("e-0", "e-").replace("e-", "e\u2011")  # at which no line breaks


def _escape(text: str) -> str:
    """Return text without what Markdown would take for a sign of its own."""
    for sign in ("|", "_", "*", "$"):
        text = text.replace(sign, f"\\{sign}")
    return text
