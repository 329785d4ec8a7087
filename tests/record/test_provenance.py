"""What the hash of the code covers and what it leaves out; root, commit and machine."""

import json
import subprocess

import pytest
import torch
from copies import ROOT

from ibutils.project import project_root
from reproduce.record import code_hash, identity, provenance

NOTEBOOK = "vib/mnist"


def edit(path, old, new):
    """Replace a text that is in a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def edit_cells(root, tag, change):
    """Apply ``change`` to the source of the first code cell with a tag, or with none."""
    path = root / f"notebooks/{NOTEBOOK}.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        if cell["cell_type"] == "code" and (tag in tags if tag else not tags):
            before = "".join(cell["source"])
            cell["source"] = change(before)
            assert cell["source"] != before
            break
    path.write_text(json.dumps(notebook))


@pytest.fixture
def changed(project):
    """Return a function that tells whether the hash differs from that of the untouched copy."""
    before = code_hash(NOTEBOOK)
    return lambda: code_hash(NOTEBOOK) != before


class TestCodeHash:
    def test_depends_neither_on_the_folder_nor_on_where_it_is_asked(self, project, monkeypatch):
        copied = code_hash(NOTEBOOK)
        assert len(copied) == 16
        monkeypatch.chdir("/")
        assert code_hash(NOTEBOOK) == copied
        monkeypatch.setenv("IBUTILS_ROOT", str(ROOT))
        for module in (identity, provenance):
            monkeypatch.setattr(module, "__file__", str(ROOT / "reproduce/record/any.py"))
        project_root.cache_clear()
        assert code_hash(NOTEBOOK) == copied

    def test_comments_docstrings_and_blank_lines_do_not_count(self, project, changed):
        train = project / "ibutils/train.py"
        edit(train, '"""One short training loop', '"""Another\n\nlonger, text')
        edit(train, "class Stream:\n", "# a comment\n\n\nclass Stream:  # and another\n")
        edit(train, '"""Take one gradient step', '"""Step')
        with train.open("a") as file:
            file.write("\n# the end\n\n")
        edit_cells(project, "experiment", lambda source: f"# why\n\n{source}\n\n# so\n")
        assert not changed()

    def test_text_that_looks_like_a_comment_counts(self, project, changed):
        """A hash sign inside a string is no comment."""
        edit_cells(project, "experiment", lambda source: f"{source}\nname = 'a#b'\n")
        before = code_hash(NOTEBOOK)
        edit_cells(project, "experiment", lambda source: source.replace("a#b", "a#c"))
        assert changed() and code_hash(NOTEBOOK) != before

    @pytest.mark.parametrize("tag", [None, "parameters"])
    def test_cells_without_the_tag_do_not_count(self, project, changed, tag):
        edit_cells(project, tag, lambda source: f"{source}\nother = 12\n")
        assert not changed()

    def test_a_number_in_a_cell_of_the_experiment_counts(self, project):
        edit_cells(project, "experiment", lambda source: f"{source}\nANSWER = 12")
        twelve = code_hash(NOTEBOOK)
        edit_cells(
            project, "experiment", lambda source: source.replace("ANSWER = 12", "ANSWER = 13")
        )
        assert code_hash(NOTEBOOK) != twelve

    @pytest.mark.parametrize(
        "module, old, new",
        [
            ("vib/code", "SCALE_SHIFT = 5.0", "SCALE_SHIFT = 5.5"),
            ("train", "decay: float = 0.97", "decay: float = 0.98"),
            ("nets/perceptron", "nn.init.zeros_", "nn.init.ones_"),  # through nets/__init__
            ("baselines/classifiers", "weight * entropy", "-weight * entropy"),
            ("data/images", "div_(self.levels)", "div_(self.levels + 1)"),  # two steps away
            ("vib/rates", "mean.square() + ", "mean.square() - "),  # VIB, then the code, then this
            ("evaluation", "log_probabilities.argmax", "log_probabilities.argmin"),
        ],
    )
    def test_a_change_of_an_imported_module_counts(self, project, changed, module, old, new):
        edit(project / f"ibutils/{module}.py", old, new)
        assert changed()

    @pytest.mark.parametrize(
        ("module", "old", "new"),
        [
            (
                "vib/model",
                "+ beta * at_least_single",
                "- beta * at_least_single",
            ),  # VIB has its own sum
            ("vib/second_order", "0.5 * (covariance * hessian)", "0.6 * (covariance * hessian)"),
            ("data/digits", "SEED = 0", "SEED = 1"),  # the run names the data's checksum
        ],
    )
    def test_what_the_experiment_does_not_reach_does_not_count(
        self, project, changed, module, old, new
    ):
        edit(project / f"ibutils/{module}.py", old, new)
        assert not changed()

    @pytest.mark.parametrize("module", ["clutter", "occluded"])
    def test_generated_data_follow_from_code_and_count(self, project, module):
        function = {"clutter": "cluttered", "occluded": "occluded"}[module]
        edit_cells(
            project,
            "experiment",
            lambda source: f"{source}\nfrom ibutils.data.{module} import {function}\n{function}",
        )
        before = code_hash(NOTEBOOK)
        edit(
            project / f"ibutils/data/{module}.py", "g = generator(seed,", "g = generator(1 + seed,"
        )
        generated = code_hash(NOTEBOOK)
        assert generated != before
        edit(project / "ibutils/data/digits.py", "SEED = 0", "SEED = 1")
        assert code_hash(NOTEBOOK) == generated

    def test_indentation_counts(self, project, changed):
        train = project / "ibutils/train.py"  # return from inside the loop over epochs
        edit(train, "    return history\n\n\ndef _check", "        return history\n\n\ndef _check")
        assert changed()

    @pytest.mark.parametrize("module", ["record/run", "record/store", "plots/vib", "claims/new"])
    def test_what_reads_and_draws_numbers_does_not_count(self, project, module):
        path = project / f"ibutils/{module}.py"
        with path.open("a") as file:
            file.write("\nANSWER = 42\n")
        edit_cells(
            project,
            "experiment",
            lambda source: (
                f"{source}\nfrom ibutils import claims, plots, record\n"
                f"import ibutils.{module.replace('/', '.')}"
            ),
        )
        with_imports = code_hash(NOTEBOOK)
        path.write_text(path.read_text().replace("42", "43"))
        assert code_hash(NOTEBOOK) == with_imports

    def test_a_module_that_is_not_imported_does_not_count(self, project, changed):
        (project / "ibutils/unused.py").write_text("ANSWER = 42\n")
        assert not changed()
        edit_cells(project, "experiment", lambda source: f"{source}\nimport ibutils.unused")
        assert changed()


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

    def test_of_a_folder_outside_git_is_unknown(self, project):
        assert provenance.commit() == (None, None)

    def test_names_the_commit_and_tells_changes_of_tracked_files(self, project):
        self.git(project, "init", "--quiet")
        self.git(
            project, "add", "pyproject.toml", "ibutils", "experiments", "reproduce", "notebooks"
        )
        self.git(project, "commit", "--quiet", "-m", "one")
        revision, dirty = provenance.commit()
        assert len(revision) == 40 and dirty is False
        (project / "notes.txt").write_text("not tracked")
        assert provenance.commit() == (revision, False)
        edit(project / "ibutils/vib/encoder.py", "SCALE_SHIFT = 5.0", "SCALE_SHIFT = 5.5")
        assert provenance.commit() == (revision, True)


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
