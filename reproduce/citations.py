"""Citations that name one work each, and works that name the pages that cite them."""

import re
from collections import defaultdict
from collections.abc import Callable

from bs4 import BeautifulSoup
from pybtex.database import Entry
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def letter_years(app: Sphinx, env: BuildEnvironment) -> None:
    """Cite works of the same authors and year as 2018a and 2018b, as the bibliography does."""
    citations = env.get_domain("cite").data["citations"]
    for i, citation in enumerate(citations):
        letter = re.fullmatch(r".*\d([a-z])", citation.formatted_entry.label)
        if letter:
            entry = citation.entry
            fields = [(name, value) for name, value in entry.fields.items() if name != "year"]
            fields.append(("year", entry.fields["year"] + letter[1]))
            lettered = Entry(entry.type, fields=fields, persons=entry.persons)
            lettered.key = entry.key
            citations[i] = citation._replace(entry=lettered)


def cited_from(body: str, env: BuildEnvironment, link: Callable[[str], str]) -> str:
    """Return the body of a bibliography whose entries name the pages that cite them.

    Args:
        body: The markup of the page.
        env: What Sphinx knows of the book.
        link: Returns the address of a page, seen from this one.
    """
    data = env.get_domain("cite").data
    pages: dict[str, dict[str, None]] = defaultdict(dict)
    for reference in data["citation_refs"]:
        for target in reference.targets:
            pages[target.key][reference.docname] = None
    soup = BeautifulSoup(body, "html.parser")
    for citation in data["citations"]:
        entry = soup.find(id=citation.citation_id)
        if entry and pages[citation.key]:
            line = soup.new_tag("p", attrs={"class": "cited-from"})
            line.append("Cited in ")
            for i, name in enumerate(sorted(pages[citation.key])):
                anchor = soup.new_tag("a", attrs={"class": "reference internal"})
                anchor["href"], anchor.string = link(name), env.titles[name].astext()
                line.extend([", ", anchor] if i else [anchor])
            entry.append(line)
    return str(soup)
