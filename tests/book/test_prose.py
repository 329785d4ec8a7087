"""Every decimal in prose is glued from a record, printed by a paper, or a closed form."""

from pathlib import Path

import pytest
from prose import agrees, closed_forms, decimals, evaluate, pages, paper_values

ROOT = Path(__file__).parents[2]
TAGS = {"paper", "earlier", "code", "third", "computed", "UNVERIFIED"}
FORMS = closed_forms(ROOT)


def sources() -> set[str]:
    known = {row["value"] for row in paper_values(ROOT) if row["tag"] != "UNVERIFIED"}
    return known | {form["value"] for form in FORMS}


def test_each_decimal_in_prose_has_a_source():
    known = sources()
    stray = [(page, n) for page, text in pages(ROOT) for n in decimals(text) if n not in known]
    assert not stray, (
        "typed numbers: glue them, or add them to book/paper_values or book/closed_forms.yaml: "
        f"{stray}"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We measure 1.27 % on the test set.", ["1.27"]),
        ("Between 0.5 and 0.75, not (0.25).", ["0.5", "0.75", "0.25"]),
        ("In mathematics, $\\beta = 0.01$ and $$0.97^{99}$$", ["0.01", "0.97"]),
        ("| row | 3.18 |\n| --- | --- |", ["3.18"]),
        ("It ends at 12.5.", ["12.5"]),
        ("about 1,663.2 bits", ["1,663.2"]),
        ("```{admonition} Claims\n:class: note\nThe error is 1.38 %.\n```", ["1.38"]),
        (":::{note}\nabout 22.2 bits\n:::", ["22.2"]),
        ("Table 1 gives 1.13 % and section 4 gives 1.38 %.", ["1.13", "1.38"]),
        ("- item\n\n  continued with 0.3", ["0.3"]),
    ],
)
def test_the_scanner_finds_what_is_typed(text, found):
    assert decimals(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "We measure {glue:text}`vib_error:.2f` %.",
        "```python\nbeta = 0.001\n```",
        "~~~\n0.001\n~~~",
        "    papermill -p beta 0.001",
        "The default is `beta=0.001`, or ``0.1``.",
        "---\ntitle: 1.5\n---\n",
        "```{figure} map.png\n:width: 0.5\n```",
        "See [here](https://example.org/1.2/3.4) or https://example.org/5.6.",
        "{cite:p}`alemi2017deep` section 4.2, equations 2.1 and 2.26, Figure 1.2",
        "Python 3.11 to 3.13, version 0.1.0, arXiv:1612.00410, ibutils 0.1.0",
        "Section\n4.1 is not a number, nor is sections 4.1, 4.2 and 4.3.",
        "x1.5 and 1.5x and v2.0",
        "<!-- ledger:begin -->\n| 0.5 |\n<!-- ledger:end -->",
        "integers: 10,000 images, 200 epochs, 1e-3",
    ],
)
def test_the_scanner_leaves_alone_what_is_not(text):
    assert decimals(text) == []


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form["value"])
def test_a_closed_form_evaluates_to_its_printed_value(form):
    assert form["meaning"]
    assert agrees(form["value"], evaluate(form["expression"]))


def test_a_wrong_closed_form_is_noticed():
    assert agrees("3.32", evaluate("log2(10)"))
    assert not agrees("3.33", evaluate("log2(10)"))
    assert not agrees("3.320", evaluate("log2(10)"))


def test_paper_values_are_complete_and_say_how_they_are_known():
    rows = paper_values(ROOT)
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["tag"] in TAGS, row
        assert float(row["value"]) >= 0, row
        assert row["item"] and row["unit"] and row["source"], row
        assert None not in row, row  # a comma without quotes


def test_the_closed_forms_hold_each_value_once():
    values = [form["value"] for form in FORMS]
    assert len(set(values)) == len(values)
