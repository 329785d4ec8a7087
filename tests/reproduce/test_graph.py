"""The graph resumes after a kill, runs again what has changed and says what went wrong."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import command, make, notebook, project

PATIENCE = 240  # seconds; a loaded machine starts kernels slowly
NOTE = "open('../../{0}.log', 'a').write('ran ')"


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Return a project of two notebooks that note in a log each time they run."""
    folder = project(tmp_path)
    for name in ("first", "second"):
        notebook(folder / f"notebooks/part/{name}.ipynb", NOTE.format(name))
    return folder


def runs(folder: Path) -> list[int]:
    """Return how often each of the two notebooks has run."""
    logs = [folder / "first.log", folder / "second.log"]
    return [log.read_text().count("ran") if log.exists() else 0 for log in logs]


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def test_a_graph_killed_half_way_resumes(two: Path) -> None:
    wait = "import os, time\nwhile os.path.exists('../../wait'): time.sleep(0.1)"
    notebook(two / "notebooks/part/second.ipynb", NOTE.format("second"), wait)
    (two / "wait").touch()
    done = [two / f"_build/executed/smoke/part/{name}.ipynb" for name in ("first", "second")]
    with (two / "output.txt").open("w") as output:
        graph = subprocess.Popen(
            command("smoke"), cwd=two, stdout=output, stderr=output, start_new_session=True
        )
        wait_for(lambda: done[0].exists() and runs(two) == [1, 1])
        os.killpg(graph.pid, signal.SIGKILL)
        graph.wait()
    assert not done[1].exists()

    (two / "wait").unlink()
    again = make(two, "smoke")
    assert again.returncode == 0, again.stderr
    assert done[1].exists()
    assert runs(two) == [1, 2]


def test_staleness_follows_content_not_times(two: Path) -> None:
    assert make(two, "smoke").returncode == 0
    path = two / "notebooks/part/second.ipynb"
    os.utime(path)
    assert "Nothing to be done" in make(two, "smoke").stderr
    assert runs(two) == [1, 1]
    path.write_text(path.read_text().replace("ran ", "ran anew "))
    assert make(two, "smoke").returncode == 0
    assert runs(two) == [1, 2]


def test_a_profile_runs_the_notebooks_that_have_it(two: Path) -> None:
    (two / "notebooks/part/first.laptop.yaml").write_text("steps: 4\n")
    assert make(two, "reproduce", "--config", "profile=laptop").returncode == 0
    assert "steps = 4" in (two / "_build/executed/laptop/part/first.ipynb").read_text()
    assert runs(two) == [1, 0]


def test_failures_name_their_cause(two: Path) -> None:
    notebook(two / "notebooks/part/first.ipynb", "raise ValueError('no such beta: -1')")
    (two / "notebooks/part/second.laptop.yaml").write_text("stepz: 4\n")
    failed = make(two, "smoke")
    assert failed.returncode != 0
    assert "part/first: cell 2 failed with ValueError: no such beta: -1" in failed.stderr
    assert runs(two) == [0, 1], "one failure does not stop the others"
    failed = make(two, "reproduce", "--config", "profile=laptop")
    assert failed.returncode != 0
    assert "has no parameter 'stepz'; did you mean 'steps'?" in failed.stderr


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (["profile=huge"], "unknown profile 'huge'; there are smoke, laptop, gpu, paper"),
        (["only=part/third"], "unknown notebook 'part/third'; there are part/first, part/second"),
        (["profile=paper", "only=part/first"], "notebook 'part/first' has no profile 'paper'"),
    ],
)
def test_unknown_names_are_refused(two: Path, config: list[str], message: str) -> None:
    refused = make(two, "reproduce", "--config", *config)
    assert refused.returncode != 0
    assert message in refused.stderr
    assert runs(two) == [0, 0]
