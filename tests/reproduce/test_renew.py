"""A record stays current over changes of the code that change no number, and over no others."""

import re
import subprocess

import pytest
from copies import copy_project

from ibutils.project import project_root
from reproduce import record, renew
from reproduce.record import equivalence, identity, provenance

NOTEBOOK, MODULE = "foundations/jensen_shannon", "experiments/foundations/jensen_shannon.py"


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Return the path of a table of equal code without lines."""
    path = tmp_path / "same_numbers.csv"
    path.write_text(",".join(equivalence.COLUMNS) + "\n")
    monkeypatch.setattr(equivalence, "TABLE", path)
    return path


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("a", "a", True), ("a", "c", True), ("c", "b", True), ("a", "d", False), ("e", "e", True)],
)
def test_lines_join_the_code_before_and_after(table, one, other, same):
    table.write_text(table.read_text() + "x/y,a,b,1,1,,\nx/y,b,c,1,1,,\nx/z,a,d,1,1,,\n")
    assert equivalence.same_code("x/y", one, other) is same


def test_what_was_taken_back_is_the_same_code(table):
    table.write_text(table.read_text() + "x/y,a,b,1,1,,\nx/y,b,a,1,1,,\n")
    assert equivalence.same_code("x/y", "a", "b")
    assert not equivalence.same_code("x/y", "a", "c")


def test_one_seed_stands_for_the_others():
    members = [
        dict(data="mnist", method="vib", beta=None, seed=0),
        dict(data="mnist", method="vib", beta=None, seed=1),
        dict(data="mnist", method="vib", beta=0.1, seed=0),
        dict(data="other", method="vib", beta=None, seed=0),
    ]
    runs = [{"members": [{"member": one}]} for one in members]
    assert renew.representatives(runs) == [members[0], members[2]]


@pytest.fixture
def committed(tmp_path, table, monkeypatch):
    """Return a project under git, and a function that changes a text of its experiment."""
    root = copy_project(tmp_path / "project")
    (root / ".gitignore").write_text("__pycache__\n_build\n")

    def git(*words):
        own = ["-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", "-C", root, *own, *words], check=True, capture_output=True)

    def change(old, new):
        text = (root / MODULE).read_text()
        assert len(re.findall(re.escape(old), text)) == 1
        (root / MODULE).write_text(text.replace(old, new))
        git("commit", "-qam", "change")

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    monkeypatch.setattr(identity, "__file__", str(root / "reproduce/record/any.py"))
    monkeypatch.setenv("IBUTILS_ROOT", str(root))
    project_root.cache_clear()
    yield root, change
    project_root.cache_clear()


@pytest.mark.parametrize(
    ("new", "said"),
    [("0.5 * (p + q)", "the same"), ("0.25 * p + 0.75 * q", "other numbers for 1 of 1 members")],
)
def test_only_code_of_the_same_numbers_is_entered(committed, monkeypatch, new, said):
    root, change = committed
    head = ["git", "-C", root, "rev-parse", "HEAD"]
    run = {
        "code_hash": record.code_hash(NOTEBOOK),
        "commit": subprocess.run(head, check=True, capture_output=True, text=True).stdout.strip(),
        "started": "2026-01-01T00:00:00+00:00",
        "members": [{"member": dict(noise=1, dropout="varied", size=8, seed=0)}],
    }
    monkeypatch.setattr(record, "runs", lambda **_: [run])
    assert list(renew.renew(NOTEBOOK)) == []
    change("(p + q) / 2", new)
    (sentence,) = renew.renew(NOTEBOOK)
    assert said in sentence
    assert len(equivalence.lines()) == (said == "the same")
    now = record.code_hash(NOTEBOOK)
    assert equivalence.same_code(NOTEBOOK, run["code_hash"], now) is (said == "the same")


def test_a_run_whose_commit_is_nowhere_stays_stale_and_says_so(committed, monkeypatch):
    _, change = committed
    run = {
        "code_hash": record.code_hash(NOTEBOOK),
        "commit": "0" * 40,
        "started": "2020-01-01T00:00:00+00:00",  # before the first commit
        "members": [{"member": dict(noise=1, dropout="varied", size=8, seed=0)}],
    }
    monkeypatch.setattr(record, "runs", lambda **_: [run])
    change("(p + q) / 2", "0.5 * (p + q)")
    (sentence,) = renew.renew(NOTEBOOK)
    assert sentence.endswith("stale, its commit is not in this history")


@pytest.mark.parametrize("cut", [True, False])
def test_without_the_whole_history_the_cure_is_said(committed, cut, tmp_path, monkeypatch):
    root, change = committed
    change("(p + q) / 2", "0.5 * (p + q)")
    other = tmp_path / "other"
    if cut:
        subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{root}", other], check=True)
    else:
        other.mkdir()
    monkeypatch.setattr(provenance, "project_root", lambda: other)
    with pytest.raises(SystemExit, match="--unshallow" if cut else "clone the project with git"):
        provenance.need_history()
