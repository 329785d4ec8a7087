"""The wrapper around papermill refuses what papermill lets pass, and starts kernels again."""

from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from projects import notebook

from reproduce import execute


def test_parameters_replace_the_defaults(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb", "print(name * steps)")
    execute.execute(path, tmp_path / "deep" / "out.ipynb", {"steps": 2})
    cells = nbformat.read(tmp_path / "deep" / "out.ipynb", as_version=4).cells
    assert cells[-1].outputs[0].text == "aa\n"


def test_an_unknown_parameter_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb")
    with pytest.raises(ValueError, match="no parameter 'step'; did you mean 'steps'"):
        execute.execute(path, tmp_path / "out.ipynb", {"step": 2})
    with pytest.raises(ValueError, match="no parameter 'beta'; it has steps, name"):
        execute.execute(path, tmp_path / "out.ipynb", {"beta": 2})
    assert not (tmp_path / "out.ipynb").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps: 2\n", "must say profile: laptop"),  # it would train, and record nothing
        ("# profile: laptop\n", "must hold lines such as"),
        ("steps: [2\n", "is no YAML"),
    ],
)
def test_a_parameter_file_that_says_nothing_is_named(tmp_path, monkeypatch, text, said) -> None:
    (tmp_path / "notebooks/part").mkdir(parents=True)
    defaults = "profile = 'smoke'\nsteps = 3"
    book = notebook(tmp_path / "notebooks/part/n.ipynb", parameters=defaults)
    book.with_name("n.laptop.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["execute", "part/n", "out.ipynb", "--profile", "laptop"])
    with pytest.raises(SystemExit, match=rf"n\.laptop\.yaml {said}"):
        execute.main()
    assert not (tmp_path / "out.ipynb").exists()


def test_a_failed_run_leaves_the_earlier_output(tmp_path: Path) -> None:
    output = tmp_path / "out.ipynb"
    execute.execute(notebook(tmp_path / "n.ipynb", "1"), output, {})
    earlier = output.read_bytes()
    with pytest.raises(PapermillExecutionError, match="ZeroDivisionError"):
        execute.execute(notebook(tmp_path / "n.ipynb", "1 / 0"), output, {})
    assert output.read_bytes() == earlier
    assert (tmp_path / "out.failed.ipynb").exists()


def test_only_a_kernel_that_did_not_start_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[Exception] = []
    tries = []

    def flaky(path: str, output: str, parameters: dict[str, Any], **_: Any) -> None:
        tries.append(path)
        if errors:
            raise errors.pop()
        Path(output).touch()

    monkeypatch.setattr(papermill, "execute_notebook", flaky)
    monkeypatch.setattr(execute.time, "sleep", lambda seconds: None)
    path, output = notebook(tmp_path / "n.ipynb"), tmp_path / "out.ipynb"

    errors[:] = [RuntimeError("Kernel didn't respond in 300 seconds")] * (execute.STARTS - 1)
    execute.execute(path, output, {})
    assert output.exists() and len(tries) == execute.STARTS

    for failures in ([RuntimeError("Kernel died")] * execute.STARTS, [DeadKernelError("memory")]):
        tries.clear()
        errors[:] = failures
        with pytest.raises(RuntimeError):
            execute.execute(path, output, {})
        assert len(tries) == len(failures)
