"""Show the record in README.md: how the claims stand, and the pictures drawn from recorded runs.

python -m reproduce.readme
"""

import argparse
import re
from pathlib import Path

import matplotlib

from ibutils.project import project_root
from reproduce import claims, standing
from reproduce.registry import picture

WORDS = (
    "What came of each: *likely* is said of verdicts that lean, *open* of undecided ones, *in the"
    " means* of what no claim tests; a claim that is stated plainly passed its corrected test."
)
BEGIN, END = "<!-- ledger:begin -->", "<!-- ledger:end -->"


def summary(judged: list[claims.Verdict]) -> str:
    """Return the block of README: claims by paper and verdict, what came of each paper."""
    titles, outcomes = claims.families(), claims.outcomes()
    said = "\n".join(f"- **{titles[name]}.** {one['outcome']}" for name, one in outcomes.items())
    parts = [standing.by_paper(judged), WORDS, said]
    return "\n\n".join([*parts, standing.stated(), standing.attributed(judged)])


def update(path: Path) -> None:
    """Rewrite the generated block of README.

    Raises:
        ValueError: The file has no such block.
    """
    text = path.read_text(encoding="utf-8")
    pattern = re.compile(f"{BEGIN}.*?{END}", re.S)
    if not pattern.search(text):
        raise ValueError(f"{path} has no block between {BEGIN} and {END}")
    judged = [v for part in claims.parts() for v in claims.verdicts(part)]
    block = f"{BEGIN}\n{summary(judged)}\n{END}"
    path.write_text(pattern.sub(lambda _: block, text), encoding="utf-8")


def draw(folder: Path) -> None:
    """Draw the pictures whose recorded runs are there."""
    matplotlib.use("Agg")
    for name, drawn in picture.all().items():
        figure = drawn()
        if figure is None:
            print(f"{name} stays as it is: what it shows is not on record")
            continue
        figure.savefig(folder / name, dpi=90, metadata={"Software": None})


def main() -> None:
    """Bring README.md and its pictures up to date."""
    argparse.ArgumentParser(description=str(__doc__).partition("\n")[0]).parse_args()
    update(project_root() / "README.md")
    draw(project_root())


if __name__ == "__main__":
    main()
