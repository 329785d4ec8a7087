"""What is drawn names the function that drew it, and the page holds that function."""

import ast
import inspect
import re
import sys
from functools import partial
from pathlib import Path

import pytest
from nbformat import NotebookNode, v4

from ibutils.bounds import gaussian_sandwich
from ibutils.vib import VIB
from reproduce import cell_outputs, claims, code_links, listings, registry

registry.discover()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("generated")
    listings.write(folder)
    return {path.stem: path.read_text() for path in (folder / "experiments").glob("*.md")}


def label(link: str) -> str:
    return re.fullmatch(r"\{ref\}`how it is drawn <(.*)>`", link)[1]


def test_each_figure_links_to_the_source_of_its_function(pages: dict[str, str]) -> None:
    seen = 0
    for name in [name for name in sys.modules if name.startswith("experiments.")]:
        part = name.split(".")[1]
        for drawing in getattr(sys.modules[name], "FIGURES", {}).values():
            target = f"({label(code_links.link(drawing))})=\n```python\n"
            assert pages[part].count(target) == 1
            own = drawing.func if isinstance(drawing, partial) else drawing
            assert pages[part].split(target)[1].startswith(inspect.getsource(own).rstrip("\n"))
            seen += 1
    assert seen > 100


def test_a_page_holds_every_line_of_its_modules(pages: dict[str, str]) -> None:
    assert set(pages) <= set(claims.parts())
    labels = re.findall(r"^\((.*)\)=$", "\n".join(pages.values()), flags=re.M)
    assert len(set(labels)) == len(labels)
    for part, text in pages.items():
        blocks = re.findall(r"```python\n(.*?)\n```", text, flags=re.DOTALL)
        held = {line for block in blocks for line in block.splitlines()}
        files = Path(listings.__file__).parents[1].joinpath("experiments", part).glob("[!_]*.py")
        for file in files:
            assert set(file.read_text().splitlines()) <= held | {""}
        for block in blocks:
            ast.parse(block)


def cell(source: str, *tags: str) -> NotebookNode:
    shown = {"text/plain": "a"} if "print" in source else {"image/png": "a"}
    made = v4.new_code_cell(source, outputs=[v4.new_output("display_data", shown)])
    made.metadata = NotebookNode(tags=list(tags))
    return made


DRAWS = "from experiments.vib import bound_figures\nfrom experiments.vib.rounding import ends"


@pytest.mark.parametrize(
    ("source", "tags", "found"),
    [
        ("bound_figures.both_bounds(t)", ["remove-input"], "code-vib-bound_figures-both_bounds"),
        ("%time\nends(t).round(1)", ["remove-input"], "code-vib-rounding-ends"),
        ("bound_figures.both_bounds(t)", [], None),
        ("print(sum(t))", ["remove-input"], None),
        ("print(ends(t))", ["remove-input"], None),
        ("ends(t)", ["remove-input", "hide-output"], None),
    ],
)
def test_only_a_cell_that_hides_a_drawing_has_a_link(
    source: str, tags: list[str], found: str | None
) -> None:
    notebook = v4.new_notebook(cells=[cell(DRAWS), cell(source, *tags)])
    links = [c.source for c in listings.under_drawings(notebook).cells if c.cell_type != "code"]
    assert links == ([f"*{{ref}}`how it is drawn <{found}>`*"] if found else [])


def test_a_source_on_the_page_is_the_function_with_one_line_of_each_docstring() -> None:
    """The code is the same, and no line of a docstring is left but the first."""
    for definition in (VIB, gaussian_sandwich):
        shown = (
            cell_outputs.source(definition).data.removeprefix("```python\n").removesuffix("\n```")
        )
        whole, left = (ast.parse(text) for text in (inspect.getsource(definition), shown))
        for one, two in zip(ast.walk(whole), ast.walk(left), strict=True):
            if isinstance(one, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(one):
                first, *rest = ast.get_docstring(one, clean=False).splitlines()
                assert ast.get_docstring(two, clean=False) == first
                assert not rest or "\n".join(rest).strip() not in shown
                two.body[0] = one.body[0]
        assert ast.dump(whole) == ast.dump(left)
