"""The command line: estimates from the columns of a file, for people without a script.

python -m ibutils estimate data.csv --x height weight --y diagnosis
"""

import argparse
import csv
import math
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, get_args

import numpy as np
import torch

from ibutils import __version__, checks
from ibutils.estimators.kinds import Kind
from ibutils.estimators.mutual_information import METHODS, estimate_mi
from ibutils.estimators.neural import CRITICS

MISSING = (
    "",
    "NA",
    "N/A",
    "n/a",
    "N.A.",
    "n.a.",
    "#N/A",
    "#NA",
    "<NA>",
    "NaN",
    "nan",
    "NaT",
    "None",
    "NULL",
    "null",
)
CODED = re.compile(r"[+-]?0\d")  # no number, as other programs write it
NAMES = re.compile(r"\b(\w+)='(\w+)'")  # arguments of the function, in what it says
OPTION = re.compile(r"^(method|k|bins|steps)\b|(?<=\bwith )z\b")
MARKS = re.compile(r"[%$€£\s]")
SHOWN = 5  # lines that a message lists


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        """End with code 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says.

    Args:
        arguments: Its words; by default those of this process.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        estimate(options)
    except (OSError, ValueError, TypeError, FloatingPointError, csv.Error) as error:
        parser.error(_as_options(str(error)))
    except (MemoryError, RuntimeError) as error:
        short = isinstance(error, MemoryError) or "memory" in str(error)  # as torch says it
        cure = "; columns of many labels need most of it" if short else ""
        parser.error(f"{error}{cure}")


def estimate(options: argparse.Namespace) -> None:
    """Print what ``estimate_mi`` says of some columns of a file."""
    checks.count("--seed", options.seed, least=0, most=2**63 - 1)
    chosen = {name: getattr(options, name) for name in "xyz" if getattr(options, name)}
    columns = read_columns(options.file, [column for names in chosen.values() for column in names])
    samples: dict[str, Any] = {
        side: np.array([columns[name] for name in names], dtype=object).T
        for side, names in chosen.items()
    }
    found = estimate_mi(
        **samples,
        method=options.method,
        x_kind=options.x_kind,
        y_kind=options.y_kind,
        z_kind=options.z_kind,
        k=options.k,
        bins=options.bins,
        critic=options.critic,
        steps=options.steps,
        generator=torch.Generator().manual_seed(options.seed),
        progress=sys.stderr.isatty(),
    )
    print(_as_options((found.to_bits() if options.bits else found).summary()))


def _as_options(text: str) -> str:
    """Return what the function says with its arguments as they are written here."""
    text = NAMES.sub(lambda found: f"--{found[1].replace('_', '-')} {found[2]}", text)
    return OPTION.sub(r"--\g<0>", text)


def read_columns(path: Path, names: Sequence[str]) -> dict[str, list[Any]]:
    """Return columns of a file of comma-separated values, as numbers where all of one are.

    Args:
        path: The file, with the names of its columns in the first line.
        names: Which columns.

    Raises:
        OSError: The file cannot be read.
        ValueError: A column is not there or there twice, a line is too long or too short, or
            values are missing or not finite; the message says where.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream, strict=True)  # else a stray quote swallows rows
            header = [name.strip() for name in next(reader, [])]
            rows = dict((reader.line_num, row) for row in reader if row)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}") from error
    for name in names:
        if header.count(name) != 1:
            often = "no column" if name not in header else f"{header.count(name)} columns"
            alone = len(header) == 1 and any(mark in header[0] for mark in ";\t|")
            cure = "; separate columns by commas" if alone else ""
            if any(_is(float, title) for title in header):
                cure = "; the first line must name the columns"
            raise ValueError(
                f"{path} has {often} {name!r}; it has {', '.join(header) or 'none'}{cure}"
            )
    for line, row in rows.items():
        if len(row) != len(header):
            raise ValueError(
                f"{path}, line {line}: {len(row)} values, but {len(header)} columns have names"
            )
    if not rows:
        raise ValueError(f"{path} has no rows below the names of its columns")
    texts = {
        name: {line: row[header.index(name)].strip() for line, row in rows.items()}
        for name in names
    }
    for name, column in texts.items():
        if empty := [line for line, text in column.items() if text in MISSING]:
            lines = ", ".join(map(str, empty[:SHOWN])) + (", ..." if empty[SHOWN:] else "")
            raise ValueError(
                f"column {name!r} has no value in {len(empty)} of {len(column)} rows, in line "
                f"{lines}; remove these rows or fill them"
            )
    return {name: _values(name, column) for name, column in texts.items()}


def _values(name: str, column: dict[int, str]) -> list[Any]:
    """Return the values of a column, by line: integers, other numbers, or else text.

    Codes such as ``007`` are text, since ``7`` is another.

    Raises:
        ValueError: All are numbers, of which one is not finite, or numbers with a comma, a
            currency or the like.
    """
    if coded := [line for line, text in column.items() if CODED.match(text)]:
        print(
            f"Column {name!r} is read as labels: {column[coded[0]]!r} in line {coded[0]} begins "
            "with a zero.",
            file=sys.stderr,
        )
        return list(column.values())
    for kind in (int, float):
        strange = [line for line, text in column.items() if not _is(kind, text)]
        if not strange:
            if kind is float:
                _check_finite(name, column)
            return [kind(text) for text in column.values()]
    if all(_is(float, MARKS.sub("", text.replace(",", "."))) for text in column.values()):
        raise ValueError(
            f"column {name!r} holds numbers such as {column[strange[0]]!r} in line {strange[0]}: "
            "write them with a decimal point and without other marks"
        )
    if len(strange) < len(column):
        print(
            f"Column {name!r} is read as labels: {column[strange[0]]!r} in line {strange[0]} is "
            "no number. If it should be one, correct it or remove its row.",
            file=sys.stderr,
        )
    return list(column.values())


def _check_finite(name: str, column: dict[int, str]) -> None:
    """Raise for a number that is none, or too large for double precision."""
    if endless := [line for line, text in column.items() if not math.isfinite(float(text))]:
        raise ValueError(
            f"column {name!r} has {column[endless[0]]!r} in line {endless[0]}, which is no finite "
            "number; remove this row or correct it"
        )


def _is(kind: Callable[[str], Any], text: str) -> bool:
    """Say whether a text is a number of a kind, as other programs write numbers."""
    try:
        kind(text)
    except ValueError:
        return False
    return "_" not in text  # which Python allows between digits


def _parser() -> Parser:
    parser = Parser(prog="python -m ibutils", description="Mutual information from a table.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="estimate", parser_class=Parser)
    command = commands.add_parser(
        "estimate",
        help="estimate the mutual information between columns of a file",
        description="Estimate I(x; y), or I(x; y | z), between columns of a file of "
        "comma-separated values. Text is labels, and so are numbers that repeat, unless their "
        "kind is given.",
    )
    command.add_argument("file", type=Path, help="the file; its first line names the columns")
    for side, needed in (("x", True), ("y", True), ("z", False)):
        text = f"columns of {side}" + ("" if needed else ", which is given")
        command.add_argument(
            f"--{side}", nargs="+", action="extend", metavar="NAME", required=needed, help=text
        )
    for side in "xyz":
        command.add_argument(f"--{side}-kind", choices=get_args(Kind), default="auto")
    command.add_argument("--method", choices=METHODS, default="auto")
    command.add_argument("--k", type=int, default=3, help="neighbours (3)")
    command.add_argument("--bins", type=int, default=10, help="of each column, to bin (10)")
    command.add_argument("--critic", choices=CRITICS, default="separable", help="of a bound")
    command.add_argument("--steps", type=int, default=2000, help="of its training (2000)")
    command.add_argument("--seed", type=int, default=0, help="of all that is random (0)")
    command.add_argument("--bits", action="store_true", help="print bits, not nats")
    return parser
