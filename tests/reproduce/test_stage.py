"""What lies under a figure is not part of it."""

import nbformat.v4 as v4

from reproduce.render import split_figures

FIGURE = {"mystnb": {"figure": {"name": "fig-a"}}, "tags": ["remove-input"]}


def shown(kind):
    return v4.new_output("display_data", data={kind: "shown"})


def notebook(metadata, kinds):
    outputs = [shown(kind) for kind in kinds]
    cell = v4.new_code_cell("show()", metadata=metadata, outputs=outputs, id="a")
    return v4.new_notebook(cells=[cell])


def test_the_renderer_wraps_the_picture_alone():
    first, under = split_figures(
        notebook(FIGURE, ["image/png", "text/markdown", "text/html"])
    ).cells
    assert [list(one.data) for one in first.outputs] == [["image/png"]]
    assert [list(one.data) for one in under.outputs] == [["text/markdown"], ["text/html"]]
    assert first.metadata["mystnb"] and "mystnb" not in under.metadata
    assert under.metadata["tags"] == ["remove-input"] and first.id != under.id


def test_a_cell_without_a_described_figure_or_with_nothing_under_it_stays():
    for metadata, kinds in (({}, ["image/png", "text/html"]), (FIGURE, ["image/png"])):
        one = notebook(metadata, kinds)
        assert split_figures(one).cells == one.cells
