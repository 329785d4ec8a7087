"""Root, commit and machine that a number comes from."""

import subprocess

import pytest
import torch
from copies import ROOT

from ibutils.project import project_root
from reproduce.record import provenance


def edit(path, old, new):
    """Replace a text that is in a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


class TestProjectRoot:
    @pytest.fixture(autouse=True)
    def _no_memory(self, monkeypatch):
        monkeypatch.delenv("IBUTILS_ROOT", raising=False)
        project_root.cache_clear()
        yield
        project_root.cache_clear()

    def test_is_found_from_anywhere(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert project_root() == ROOT

    def test_the_folder_of_another_project_is_passed_over(self, tmp_path, monkeypatch):
        (tmp_path / "notebooks").mkdir()
        (tmp_path / "pyproject.toml").write_text('[project]\nname = "other"\n')
        monkeypatch.chdir(tmp_path / "notebooks")
        assert project_root() == ROOT

    def test_the_variable_wins_and_may_be_relative(self, tmp_path, monkeypatch):
        root = tmp_path / "copy"
        (root / "notebooks").mkdir(parents=True)
        (root / "pyproject.toml").write_text('[project]\nname = "ibutils"\n')
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("IBUTILS_ROOT", "copy")
        assert project_root() == root.resolve()

    def test_a_variable_that_names_no_project_is_an_error(self, tmp_path, monkeypatch):
        monkeypatch.setenv("IBUTILS_ROOT", str(tmp_path))
        with pytest.raises(ValueError, match=rf"{tmp_path.name}.*IBUTILS_ROOT"):
            project_root()


class TestCommit:
    def git(self, root, *arguments):
        command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
        subprocess.run(command, cwd=root, check=True, capture_output=True)

    def test_of_a_folder_outside_git_is_unknown(self, copy):
        assert provenance.commit() == (None, None)

    def test_of_a_copy_without_git_is_what_the_variable_names(self, copy, monkeypatch):
        monkeypatch.setenv(provenance.COMMIT, "a" * 40)
        assert provenance.commit() == ("a" * 40, False)

    def test_names_the_commit_and_tells_changes_of_tracked_files(self, copy, monkeypatch):
        self.git(copy, "init", "--quiet")
        self.git(copy, "add", "pyproject.toml", "ibutils", "experiments", "reproduce", "notebooks")
        self.git(copy, "commit", "--quiet", "-m", "one")
        monkeypatch.setenv(provenance.COMMIT, "a" * 40)  # git knows better
        revision, dirty = provenance.commit()
        assert len(revision) == 40 and dirty is False
        (copy / "notes.txt").write_text("not tracked")
        assert provenance.commit() == (revision, False)
        (copy / "experiments/vib/new.py").write_text("RATE = 1")
        assert provenance.commit() == (revision, True)  # code that was never added
        (copy / "experiments/vib/new.py").unlink()
        edit(copy / "ibutils/vib/encoder.py", "SCALE_SHIFT = 5.0", "SCALE_SHIFT = 5.5")
        assert provenance.commit() == (revision, True)

    def test_an_output_of_papermill_beside_a_notebook_is_no_change(self, copy):
        for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
            self.git(copy, *words)
        (copy / "notebooks/vib/out.ipynb").write_text("{}")
        assert provenance.commit()[1] is False
        (copy / "notebooks/vib/notes.txt").write_text("")
        assert provenance.commit()[1] is True
        assert provenance.obstacle().endswith("git status lists: notebooks/vib/notes.txt")

    def test_without_git_the_obstacle_is_what_git_says(self, copy):
        assert "not a git repository" in provenance.obstacle()
        assert provenance.COMMIT in provenance.obstacle()

    def test_a_variable_that_is_no_commit_is_refused(self, copy, monkeypatch):
        monkeypatch.setenv(provenance.COMMIT, "xyz")
        with pytest.raises(ValueError, match="40 hexadecimal digits, got 'xyz'"):
            provenance.commit()

    def test_of_a_folder_inside_of_another_project_is_unknown(self, copy):
        self.git(copy.parent, "init", "--quiet")
        self.git(copy.parent, "commit", "--quiet", "--allow-empty", "-m", "a thesis")
        assert provenance.commit() == (None, None)


class TestMachine:
    def test_names_what_a_number_may_depend_on(self):
        found = provenance.machine("cpu")
        assert found["device"].startswith("CPU (") and found["threads"] == torch.get_num_threads()
        assert found["versions"]["torch"] == torch.__version__
        assert set(found["versions"]) == {"python", "torch", "torchvision", "numpy", "ibutils"}
        assert 10 < found["peak_memory_mb"] < 1e6

    @pytest.mark.gpu
    def test_names_the_gpu(self):
        assert provenance.machine("cuda")["device"] == torch.cuda.get_device_name()
