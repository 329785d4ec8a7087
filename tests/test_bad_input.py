"""Bad parameters of the notebooks raise a ``ValueError`` that names them, before any training."""

import subprocess
import sys

import matplotlib
import pytest
from copies import code_cells, copy_project

from ibutils.project import project_root

NOTEBOOK = "notebooks/vib/mnist.ipynb"


class Trained(BaseException):
    """The notebook came as far as its training."""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return a copy of the project, so that nothing is written into this one."""
    patch = pytest.MonkeyPatch()
    root = copy_project(tmp_path_factory.mktemp("project"))
    patch.setenv("IBUTILS_ROOT", str(root))
    project_root.cache_clear()
    yield root
    patch.undo()
    project_root.cache_clear()


def run(project, **parameters):
    """Run the cells up to the training as one program, with parameters set as papermill does."""
    scope = {}
    for tags, source in code_cells(project / NOTEBOOK):
        if source == "experiment.run()":
            raise Trained
        with matplotlib.rc_context():  # the style of its figures ends with the notebook
            exec(source, scope)
        if "parameters" in tags:
            assert set(parameters) <= set(scope)
            scope |= {"device": "cpu", **parameters}


class TestDeepVIB:
    @pytest.mark.parametrize(
        "parameters, message",
        [
            ({"profile": "lapdog"}, "unknown profile 'lapdog'"),
            ({"data": "mnits"}, "one of 'digits', 'mnist'.* got 'mnits'"),
            ({"methods": ["vib", "dropuot"]}, r"methods must be one of .*'dropout'.*'dropuot'"),
            ({"betas": [1e-3, -1.0]}, r"betas\[1\] must be a finite number, zero or more"),
            ({"epochs": 0}, "epochs must be at least 1, got 0"),
            ({"learning_rate": -1e-3}, "learning_rate must be a finite number, zero or more"),
            ({"averaging": 1.0}, "averaging must be at least 0 and below 1, got 1.0"),
            ({"members": ["method=vib,seed=77"]}, "members must be of the grid .*seed=77"),
        ],
    )
    def test_refuses(self, project, parameters, message):
        with pytest.raises(ValueError, match=message):
            run(project, **parameters)

    def test_accepts_its_defaults(self, project):
        with pytest.raises(Trained):
            run(project)

    def test_the_command_line_shows_the_message(self, project):
        """Papermill ends non-zero, and its last words are ours."""
        parameters = ["-p", "profile", "lapdog", "--start-timeout", "300"]
        command = [sys.executable, "-m", "papermill", NOTEBOOK, "out.ipynb", *parameters]
        ended = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=500)
        assert ended.returncode != 0
        assert "unknown profile 'lapdog'" in ended.stderr
        assert not (project / "_build").exists()
