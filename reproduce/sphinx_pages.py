"""An extension of Sphinx: pages of this book as browsers, readers and screen readers want them."""

import html
import subprocess
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from reproduce import citations, markup
from reproduce.record.provenance import git

# Where a configured repository is opened; nothing of it is asked for before a reader clicks.
LAUNCH = {
    "binderhub_url": "https://mybinder.org",
    "colab_url": "https://colab.research.google.com",
    "notebook_interface": "jupyterlab",
}
WITHOUT_SOURCE = ("book/generated/",)  # pages that the repository does not hold
CHECKED = "Checked by"  # as lines begin that name the tests of a theorem
CARD = "_static/card.png"


def rendered_from(repository: str = "") -> str:
    """Return the line at the foot of each page: the commit and its date, in markup."""
    try:
        commit, date = git("log", "-1", "--format=%h %cs").split()
        changed = " with changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    except (OSError, ValueError, subprocess.CalledProcessError):
        return "Rendered outside of a repository."
    name = f'<a href="{repository}/commit/{commit}">{commit}</a>' if repository else commit
    return f"Rendered from commit {name}{changed}, {date}."


def on_config(app: Sphinx, config: Config) -> None:
    """Add the foot of the page, and links to the repository where one is configured."""
    repository = html.escape(config.book_repository.rstrip("/"))
    options: dict[str, Any] = {"extra_footer": f"<p>{rendered_from(repository)}</p>"}
    if repository:
        options |= {
            "repository_url": repository,
            "repository_branch": config.book_branch,
            "path_to_docs": "",
            "use_repository_button": True,
            "use_issues_button": True,
            "use_edit_page_button": True,
            "launch_buttons": LAUNCH,
        }
    config.html_theme_options = {**config.html_theme_options, **options}


def on_doctree(app: object, doctree: nodes.document) -> None:
    """Mark the lines that name the tests of a theorem, so that they are set as side notes."""
    for paragraph in doctree.findall(nodes.paragraph):
        first = next(iter(paragraph.children), None)  # a table may hold empty paragraphs
        if isinstance(first, nodes.emphasis) and first.astext() == CHECKED:
            paragraph["classes"].append("checked")


def on_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Mend the body of a page and describe it in its head."""
    body = context.get("body", "")
    if any(mark in body for mark in ("<table", "<img", "<summary", "doc-biblioentry")):
        sources = getattr(app.builder, "images", {}).items()
        context["body"] = markup.mended(body, {name: Path(app.srcdir, at) for at, name in sources})
    if "citation-list" in body:
        context["body"] = citations.cited_from(context["body"], app.env, context["pathto"])
    if doctree is not None:
        context["metatags"] = context.get("metatags", "") + _head(app, pagename, context)


def on_buttons(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Take the links to a source, which generated pages have none of, from their header."""
    if pagename.startswith(WITHOUT_SOURCE):
        context["header_buttons"] = [
            button
            for button in context.get("header_buttons", [])
            if button.get("label") not in ("launch-buttons", "source-buttons")
        ]


def _head(app: Sphinx, pagename: str, context: dict[str, Any]) -> str:
    """Return the tags that search machines and cards of links read."""
    title = markup.plain(context.get("title", ""))
    text = markup.described(context.get("body", "")) or app.config.book_description
    tags = {
        "og:title": title,
        "og:type": "article",
        "og:site_name": app.config.html_title,
        "og:description": text,
        "twitter:card": "summary_large_image",
    }
    if base := app.config.html_baseurl.rstrip("/"):
        tags |= {"og:url": f"{base}/{pagename}.html", "og:image": f"{base}/{CARD}"}
    lines = [f'<meta name="description" content="{html.escape(text)}">']
    lines += [
        f'<meta property="{name}" content="{html.escape(value)}">' for name, value in tags.items()
    ]
    return "\n" + "\n".join(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register what this extension does."""
    app.add_config_value("book_repository", "", "html")
    app.add_config_value("book_branch", "main", "html")
    app.add_config_value("book_description", "", "html")
    app.connect("config-inited", on_config, priority=900)
    app.connect("doctree-read", on_doctree)
    app.connect("env-updated", citations.letter_years, priority=900)
    app.connect("html-page-context", on_page, priority=400)
    app.connect("html-page-context", on_buttons, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
