"""A word of the page's language: ``{verdict}`VIB-T1-1``` is the verdict of a claim, or of several.

It is a badge that leads to the claim in the ledger. Several claims of one status share a badge
that counts them. The verdicts are those that were written when the book was staged.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from reproduce import claims
from reproduce.claims.report import label, style
from reproduce.registry import page

FILE = "verdicts.json"


@page("verdicts")
def write(folder: Path) -> None:
    """Write the status and the label of each claim at its best judged profile."""
    judged = [v for part in claims.parts() for v in claims.verdicts(part)]
    found = {v.claim.id: {"status": v.status, "label": v.label} for v in judged}
    (folder / FILE).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


@cache
def _verdicts(path: Path) -> dict[str, dict[str, str]]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def badges(names: list[str], known: dict[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    """Return the text, the status and the claim to lead to of each badge, the best status first.

    Example:
        >>> known = {"A-1": {"status": "reproduced", "label": "reproduced (laptop)"}}
        >>> known["A-2"] = {"status": "reproduced", "label": "reproduced (paper)"}
        >>> badges(["A-1"], known)
        [('reproduced (laptop)', 'reproduced', 'A-1')]
        >>> badges(["A-1", "A-2"], known)
        [('2 reproduced', 'reproduced', 'A-1')]
    """
    if len(names) == 1:
        return [(known[names[0]]["label"], known[names[0]]["status"], names[0])]
    found = []
    for status in claims.STATUSES:
        if own := [name for name in names if known[name]["status"] == status]:
            found.append((f"{len(own)} {status}", status, own[0]))
    return found


class VerdictRole(SphinxRole):
    """The role; claims are divided by commas."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the badges; a claim that is not there is a warning."""
        known = _verdicts(Path(self.env.srcdir) / "book" / "generated" / FILE)
        names = [name for name in re.split(r"[,\s]+", self.text) if name]
        if unknown := [name for name in names if name not in known]:
            message = "no claim is called %s"
            logging.getLogger(__name__).warning(
                message, ", ".join(unknown), location=self.get_location()
            )
            return [nodes.inline(text=self.text)], []
        found: list[nodes.Node] = []
        for text, status, name in badges(names, known):
            found += [nodes.Text(" ")] * bool(found)
            found.append(self._badge(text, status, name))
        return found, []

    def _badge(self, text: str, status: str, name: str) -> nodes.Node:
        link = pending_xref(
            "",
            nodes.inline(text=text),
            refdomain="std",
            reftype="ref",
            reftarget=label(name),
            refexplicit=True,
            refdoc=self.env.docname,
            refwarn=True,
        )
        return nodes.inline("", "", link, classes=style(status))


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the role to Sphinx."""
    app.add_role("verdict", VerdictRole())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
