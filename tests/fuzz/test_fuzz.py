"""Wrong calls of every exported name end in errors that say what is wrong."""

import os
import subprocess
import sys

import pytest

from ibutils import nets
from ibutils.infomax import heads

from .judge import raised
from .names import LEFT_OUT, exported, undocumented
from .registry import calls

SHARE = 0.1  # of the wrong calls; ``make bench`` makes all of them


@pytest.fixture(scope="module")
def registered() -> set[str]:
    return {call.name for call in calls()}


def test_every_exported_name_has_a_valid_call(registered):
    missing = [name for name in exported() if name not in registered]
    assert not missing, f"add a valid call of {missing} to tests/fuzz/calls"


def test_every_exported_name_is_on_the_page_of_the_api():
    missing = undocumented()
    assert not missing, f"add to a page of book/api/, or take out of __all__: {missing}"


def test_nothing_is_left_out_that_does_not_exist_or_is_called(registered):
    assert not registered & LEFT_OUT.keys()


def test_errors_are_named_in_the_section_of_a_callable_or_of_its_class():
    assert raised(nets.linear) == {"TypeError", "ValueError"}
    assert raised(heads.Branch.forward) >= raised(heads.Branch) == {"TypeError", "ValueError"}
    assert raised(raised) == set()


@pytest.mark.slow
def test_a_share_of_wrong_calls_is_answered_clearly():
    """In a process of its own: here, annotations are checked at run time before our checks."""
    command = [sys.executable, "-m", "tests.fuzz", "--share", str(SHARE)]
    found = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-2000:]
