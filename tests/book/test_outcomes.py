"""The sentence about a paper presumes verdicts: a changed verdict names the sentence."""

import re

import nbformat
import pytest

from ibutils.project import project_root
from reproduce import claims, standing
from reproduce.claims import timing

OUTCOMES = claims.outcomes()
BADGE = re.compile(r"\{verdict\}`([^`]+)`")


def test_each_paper_has_its_sentence(verdicts):
    assert {v.claim.family for v in verdicts.values()} == set(OUTCOMES) == set(claims.families())


@pytest.mark.parametrize("paper", OUTCOMES)
def test_a_sentence_rests_on_verdicts_as_they_are(paper, verdicts):
    sentence, rests = OUTCOMES[paper]["outcome"], OUTCOMES[paper]["rests"]
    assert set(rests) <= set(claims.STATUSES) and any(rests.values())
    presumed = {name: status for status, names in rests.items() for name in names}
    assert len(presumed) == sum(map(len, rests.values())), "a claim is named twice"
    for name, status in presumed.items():
        assert name in verdicts, f"book/families.yaml, {paper}: there is no claim {name}"
        v = verdicts[name]
        assert v.status == status, (
            f"{name} is now {v.status}: say so in book/families.yaml, {paper}, where it reads"
            f" {sentence!r}"
        )


@pytest.mark.parametrize("paper", OUTCOMES)
def test_bad_news_is_not_left_out(paper, verdicts):
    """A paper with a contradicted primary claim says so in its sentence."""
    against = [
        v.claim.id
        for v in verdicts.values()
        if v.claim.family == paper and v.claim.primary and v.status == "contradicted"
    ]
    assert set(against) <= set(OUTCOMES[paper]["rests"].get("contradicted", []))


@pytest.mark.parametrize("paper", OUTCOMES)
def test_a_sentence_states_no_number_of_ours(paper):
    assert not re.search(r"\d", re.sub(r"CIFAR-100?|STL-10|L2", "", OUTCOMES[paper]["outcome"]))


def test_a_judged_claim_has_a_first_run(verdicts):
    """Else it would be called older than its runs."""
    known = timing.first_runs()
    missing = {name for name, v in verdicts.items() if v.tested and name not in known}
    assert not missing, "run python -m reproduce.history"


def test_what_no_paper_says_is_counted_for_none(verdicts):
    groups = standing.by_family([*verdicts.values()])
    assert sum(map(len, groups.values())) == len(verdicts)
    assert all(v.claim.ours for v in groups.pop(standing.OURS))
    assert not any(v.claim.ours for own in groups.values() for v in own)


def against_prose(verdicts):
    """Yield the words before each badge of one claim that the record speaks against, in a text."""
    for path in sorted((project_root() / "notebooks").rglob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type != "markdown":
                continue
            for line in cell.source.split("\n"):
                for found in BADGE.finditer(line):
                    own = {verdicts[name].status for name in found[1].split(", ")}
                    if own & {"contradicted", "leaning against"} and not line.startswith("|"):
                        yield f"{path.stem} {cell.id}: {found[0]}", line[: found.start()]


def test_the_record_speaks_against_what_a_sentence_says(verdicts):
    """A badge that says *contradicted* after the contrary of the claim would read as its own."""
    seen = dict(against_prose(verdicts))
    assert len(seen) > 10
    odd = [badge for badge, before in seen.items() if not before.endswith((" is ", ": "))]
    assert not odd, f"say 'that (what is claimed) is {{verdict}}', not the contrary: {odd}"
