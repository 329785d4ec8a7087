"""Writing runs: each member whole or not at all, what is missing, what is collected."""

import json
import math
import os
import resource
import shutil

import numpy as np
import pytest
import torch

from reproduce import record
from reproduce.record import Finished, Run, collect, files, key, store
from reproduce.record import run as run_module
from reproduce.record.files import write_atomically

TARGET = "VIB-T1"
VIB = {"method": "vib", "bottleneck": 256, "beta": 1e-3, "seed": 0}
BASELINE = {"method": "baseline", "bottleneck": None, "beta": None, "seed": 0}
SETTINGS = {"epochs": 25, "learning_rate": 2e-4}


def rows(value=0.5, target=TARGET):
    return [{"target": target, "split": "test", "metric": "error", "value": value, "unit": "1"}]


def begin(**options):
    return Run("vib/mnist", **{"profile": "laptop", "settings": SETTINGS, **options})


def finish(run, *members, value=0.5):
    """Append members, each with its row and an array."""
    for member in members:
        held = {TARGET: {"mean": np.arange(3.0)}}
        run.extend([Finished(member, rows(value), 1.0, held)])
    return run


@pytest.fixture
def shift(monkeypatch):
    """Return a function that changes the code that members follow from."""
    return lambda: monkeypatch.setattr(run_module, "code_hash", lambda _: "f" * 16)


@pytest.fixture(autouse=True)
def _own_project(project):
    """Write into a copy of the project."""


@pytest.fixture
def clean(monkeypatch):
    """Make runs come from a commit without changes."""
    monkeypatch.setattr(run_module, "commit", lambda: ("0" * 40, False))


class TestWriteAtomically:
    def test_writes_and_replaces(self, tmp_path):
        path = tmp_path / "new" / "a.csv"
        for content in (b"one", b"two"):
            write_atomically(path, content)
            assert path.read_bytes() == content
        assert [file.name for file in path.parent.iterdir()] == ["a.csv"]

    def test_a_disk_that_fills_half_way_keeps_the_earlier_file(self, tmp_path):
        """The limit on the size of files cuts the writing short, as a full disk does."""
        path = tmp_path / "a.csv"
        write_atomically(path, b"earlier")
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
        try:
            with pytest.raises(OSError, match=r"the earlier file is kept.*a\.csv"):
                write_atomically(path, bytes(1_000_001))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes() == b"earlier"
        assert [file.name for file in tmp_path.glob("*a.csv")] == ["a.csv"]

    def test_a_replacement_that_fails_keeps_the_earlier_file(self, tmp_path, monkeypatch):
        path = tmp_path / "a.csv"
        write_atomically(path, b"earlier")

        def fail(source, target):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(files.os, "replace", fail)
            with pytest.raises(OSError, match="No space left on device; the earlier file is kept"):
                write_atomically(path, b"later")
        assert path.read_bytes() == b"earlier"
        assert [file.name for file in tmp_path.glob("*a.csv")] == ["a.csv"]

    def test_a_folder_that_cannot_be_made_is_named(self, tmp_path):
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(OSError, match=r"nothing was written.*file/a\.csv"):
            write_atomically(tmp_path / "file" / "a.csv", b"one")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_is_read_only_is_named(self, tmp_path):
        path = tmp_path / "results" / "a.csv"
        write_atomically(path, b"earlier")
        path.parent.chmod(0o500)
        try:
            with pytest.raises(OSError, match=r"Permission denied; the earlier file is kept"):
                write_atomically(path, b"later")
        finally:
            path.parent.chmod(0o700)
        assert path.read_bytes() == b"earlier"


class TestAppend:
    def test_table_and_arrays_come_back(self):
        run = finish(begin(), VIB, BASELINE)
        found = run.table(TARGET)
        assert found["method"].tolist() == ["vib", "baseline"]
        assert found["value"].tolist() == [0.5, 0.5]
        assert found["bottleneck"].tolist()[0] == 256 and math.isnan(found["beta"][1])
        held = run.arrays(TARGET)
        assert list(held) == [key(VIB), key(BASELINE)]
        np.testing.assert_array_equal(held[key(VIB)]["mean"], np.arange(3.0))

    def test_before_the_first_member_there_is_nothing(self):
        run = begin()
        assert run.table(TARGET).empty and run.arrays(TARGET) == {} and not run.folder.exists()

    def test_description_says_where_the_numbers_come_from(self):
        run = finish(begin(data={"test": "abc"}), VIB)
        found = json.loads((run.folder / "run.json").read_text())
        assert set(found) == {
            "notebook",
            "profile",
            "settings",
            "members",
            "code_hash",
            "commit",
            "dirty",
            "data",
            "started",
            "finished",
            "device",
            "processor",
            "threads",
            "versions",
            "peak_memory_mb",
            "wall_seconds",
            "fresh",
            "files",
            "seal",
        }
        assert (
            found["code_hash"] == record.code_hash("vib/mnist") and found["settings"] == SETTINGS
        )
        counted = {f"{TARGET}.csv": 1, "arrays.npz": 1}
        entry = {"member": VIB, "seconds": 1.0, "threads": torch.get_num_threads()}
        assert found["members"] == [{**entry, "rows": counted}]
        assert (
            found["fresh"] is False and found["dirty"] is None and found["data"] == {"test": "abc"}
        )
        assert run.folder.parts[-4:-1] == ("laptop", "vib", "mnist")

    def test_two_runs_of_one_second_have_their_own_folders(self):
        assert begin().folder != begin().folder

    def test_a_member_that_was_resumed_says_so(self):
        run = begin()
        run.extend([Finished(VIB, rows(), 1.0, resumed=True), Finished(BASELINE, rows(), 2.0)])
        assert [entry.get("resumed") for entry in run.description["members"]] == [True, None]

    def test_a_member_is_not_appended_twice(self):
        run = finish(begin(), VIB)
        with pytest.raises(ValueError, match=f"{key(VIB)} is on record"):
            finish(run, dict(VIB))
        assert len(run.table(TARGET)) == 1

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_a_value_that_is_not_finite_is_refused(self, value):
        run = finish(begin(), VIB)
        message = rf"error in rows of member {key(BASELINE)} must be finite, got {value}"
        with pytest.raises(ValueError, match=message):
            finish(run, BASELINE, value=value)
        assert run.missing([VIB, BASELINE]) == [BASELINE]
        assert run.table(TARGET)["method"].tolist() == ["vib"]

    def test_an_array_of_python_objects_is_refused(self):
        held = {TARGET: {"mean": np.array([{}], dtype=object)}}
        with pytest.raises(ValueError, match=r"'mean'.*Python objects"):
            begin().extend([Finished(VIB, rows(), 1.0, held)])

    @pytest.mark.parametrize("target", ["../../evil", "a/b", ".hidden", "a|b", ""])
    @pytest.mark.parametrize("where", ["rows", "arrays"])
    def test_a_target_that_names_no_file_of_the_run_is_refused(self, project, target, where):
        files = set(project.rglob("*"))
        named = [{**row, "target": target} for row in rows()] if where == "rows" else rows()
        held = {target: {"mean": np.zeros(2)}} if where == "arrays" else {}
        with pytest.raises(ValueError, match=f"the target of {where} must be a name"):
            begin().extend([Finished(VIB, named, 1.0, held)])
        assert set(project.rglob("*")) == files

    @pytest.mark.parametrize("member", [{}, {"seed": None}, {"seed": [0]}, {"method": "a|b"}])
    def test_a_member_without_a_key_of_its_own_is_refused(self, member):
        with pytest.raises(ValueError, match="member"):
            begin().extend([Finished(member, rows(), 1.0)])

    def test_an_unknown_profile_is_refused(self):
        with pytest.raises(ValueError, match=r"profile must be one of .* got 'lapdog'"):
            begin(profile="lapdog")

    @pytest.mark.parametrize("failing", [f"{TARGET}.csv", "arrays.npz", "run.json"])
    def test_a_write_that_fails_keeps_the_members_before(self, failing, monkeypatch):
        """Wherever the disk fills up, the run reads as before and the member can be repeated."""
        run, replace = finish(begin(), VIB), os.replace

        def full_disk(source, target):
            if str(target).endswith(failing):
                raise OSError(28, "No space left on device")
            replace(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(files.os, "replace", full_disk)
            with pytest.raises(OSError, match=rf"No space left on device.*{failing}"):
                finish(run, BASELINE)
        again = begin()
        assert again.missing([VIB, BASELINE]) == [BASELINE]
        assert again.table(TARGET)["method"].tolist() == ["vib"]
        assert list(again.arrays(TARGET)) == [key(VIB)]
        assert not list(run.folder.glob(".*"))
        finish(run, BASELINE)
        assert begin().table(TARGET)["method"].tolist() == ["vib", "baseline"]


class TestExtend:
    """Members that were trained together count together."""

    def group(self, *members, value=0.5):
        held = {TARGET: {"mean": np.arange(3.0)}}
        return [Finished(member, rows(value), 1.0, held) for member in members]

    def test_is_appending_one_after_the_other(self):
        together, apart = begin(), finish(begin(fresh=True), VIB, BASELINE)
        together.extend(self.group(VIB, BASELINE))
        for name in (f"{TARGET}.csv", "arrays.npz"):
            assert (together.folder / name).read_bytes() == (apart.folder / name).read_bytes()
        assert together.description["members"] == apart.description["members"]

    def test_all_count_or_none(self):
        run, good, bad = begin(), self.group(VIB), self.group(BASELINE, value=math.nan)
        for group in ([*good, *bad], [*good, *good]):
            with pytest.raises(ValueError, match=r"got nan|is on record"):
                run.extend(group)
            assert begin().missing([VIB, BASELINE]) == [VIB, BASELINE]
        run.extend(good)
        assert begin().missing([VIB, BASELINE]) == [BASELINE]


class TestMissing:
    def test_what_is_on_record_is_not_trained_again(self):
        finish(begin(), VIB)
        run = begin()
        assert run.missing([VIB, BASELINE]) == [BASELINE]
        finish(run, BASELINE)
        assert run.missing([VIB, BASELINE]) == []
        assert run.table(TARGET)["method"].tolist() == ["vib", "baseline"]

    @pytest.mark.parametrize("other", [{"settings": {"repeats": 5}}, {"fresh": True}])
    def test_other_settings_and_fresh_runs_train_everything(self, other):
        finish(begin(), VIB)
        run = begin(**other)
        assert run.missing([VIB, BASELINE]) == [VIB, BASELINE]
        assert run.table(TARGET).empty and run.arrays(TARGET) == {}

    def test_what_other_code_recorded_is_stale_and_trained_again(self, shift):
        finish(begin(), VIB)
        shift()
        run = begin()
        assert run.missing([VIB]) == [VIB] and run.table(TARGET).empty
        assert run.older([VIB, BASELINE]) == [VIB]
        finish(run, VIB, value=0.25)
        assert begin().older([VIB, BASELINE]) == []
        assert begin().missing([VIB]) == []
        assert begin().table(TARGET)["value"].tolist() == [0.25]

    def test_smoke_runs_always_train(self):
        finish(begin(profile="smoke"), VIB)
        assert begin(profile="smoke").missing([VIB]) == [VIB]

    def test_settings_are_compared_as_they_are_written(self):
        finish(begin(settings={"betas_": (1, 2)}), VIB)
        assert begin(settings={"betas_": [1, 2]}).missing([VIB]) == []

    def test_a_fresh_run_supersedes_what_was_recorded(self):
        finish(begin(), VIB)
        finish(begin(fresh=True), VIB, value=0.25)
        assert begin().missing([VIB]) == []
        assert begin().table(TARGET)["value"].tolist() == [0.25]

    def test_a_run_that_went_on_after_it_was_collected_counts_whole(self, clean):
        run = finish(begin(), VIB)
        collect()
        finish(run, BASELINE)
        for reader in (run, begin()):
            assert reader.missing([VIB, BASELINE]) == []
            assert len(reader.table(TARGET)) == 2


class TestCheckpoint:
    def test_belongs_to_code_settings_device_and_members(self, project, shift):
        path = begin().checkpoint([VIB])
        assert begin().checkpoint([VIB]) == path
        others = {
            begin().checkpoint([BASELINE]),
            begin().checkpoint([VIB, BASELINE]),
            begin(settings={"repeats": 5}).checkpoint([VIB]),
            begin(profile="paper", settings={}).checkpoint([VIB]),
            begin(data={"test": "abc"}).checkpoint([VIB]),
            begin(fresh=True).checkpoint([VIB]),
            begin(device="cuda").checkpoint([VIB]),
        }
        shift()
        others.add(begin().checkpoint([VIB]))
        assert len(others) == 8 and path not in others
        assert project / "_build" in path.parents

    def test_of_a_fresh_run_is_no_leftover_to_others(self):
        path = begin(fresh=True).checkpoint([VIB])
        path.parent.mkdir(parents=True)
        path.touch()
        begin()
        assert path.exists()

    def test_training_goes_on_with_the_threads_it_began_with(self, capsys):
        path, before = begin().checkpoint([VIB]), torch.get_num_threads()
        path.parent.mkdir(parents=True)
        path.touch()
        try:
            torch.set_num_threads(before + 1)
            assert begin().checkpoint([VIB]) == path and torch.get_num_threads() == before
            assert f"goes on with {before} threads" in capsys.readouterr().out
        finally:
            torch.set_num_threads(before)


class TestCollect:
    def test_copies_finished_runs_and_can_be_repeated(self, clean, project):
        run = finish(begin(), VIB)
        finish(begin(profile="smoke"), VIB)
        (run.folder / f".12.{TARGET}.csv").write_text("what a kill left")
        copy = project / "results" / "laptop" / "vib" / "mnist" / run.folder.name
        assert collect() == [copy]
        assert sorted(file.name for file in copy.iterdir()) == [
            f"{TARGET}.csv",
            "arrays.npz",
            "run.json",
        ]
        for file in copy.iterdir():
            assert file.read_bytes() == (run.folder / file.name).read_bytes()
        assert collect() == []
        assert record.profiles(TARGET) == ["laptop"]
        assert record.table(TARGET)["run"].tolist() == [run.folder.name]

    def test_a_run_that_went_on_is_collected_again(self, clean):
        run = finish(begin(), VIB)
        collect()
        finish(run, BASELINE)
        collect()
        assert record.table(TARGET)["method"].tolist() == ["vib", "baseline"]

    @pytest.mark.parametrize("dirty", [True, None])
    def test_refuses_code_that_was_not_committed(self, dirty, monkeypatch, project):
        monkeypatch.setattr(run_module, "commit", lambda: (None, dirty))
        first, second = finish(begin(), VIB), finish(begin(), BASELINE)
        assert not first.may_be_recorded() and begin(profile="smoke").may_be_recorded()
        with pytest.raises(ValueError, match="no record") as caught:
            collect()
        assert all(str(run.folder) in str(caught.value) for run in (first, second))
        assert not (project / "results").exists()

    def test_refuses_a_member_that_is_recorded_with_other_values(self, clean, project):
        one = finish(begin(), VIB)
        two = begin()
        collect()
        before = sorted((project / "results").rglob("*"))
        finish(two, VIB, value=0.25)
        with pytest.raises(ValueError, match="recorded twice") as caught:
            collect()
        for word in (one.folder.name, str(two.folder), key(VIB), "remove one of the folders"):
            assert word in str(caught.value)
        assert sorted((project / "results").rglob("*")) == before

    def test_a_member_that_two_processes_trained_alike_is_recorded_once(self, clean):
        one, two = begin(), begin()
        finish(one, VIB)
        finish(two, VIB, BASELINE)
        collect()
        assert record.table(TARGET)["run"].tolist() == [one.folder.name, two.folder.name]

    @pytest.mark.parametrize("why", ["code_hash", "data", "fresh"])
    def test_a_later_recording_supersedes_an_earlier_one(self, clean, shift, why):
        one = finish(begin(data={"test": "abc"}), VIB, BASELINE)
        collect()
        folder = store.results_root() / one.folder.relative_to(store.live_root())
        digits = (folder / f"{TARGET}.csv").read_text().splitlines()[2]
        if why == "code_hash":
            shift()
        two = begin(data={"test": "def" if why == "data" else "abc"}, fresh=why != "code_hash")
        finish(two, VIB, value=0.25)
        copy = store.results_root() / two.folder.relative_to(store.live_root())
        assert set(collect()) == {folder, copy}
        assert (folder / f"{TARGET}.csv").read_text().splitlines()[1:] == [digits]
        assert [entry["member"] for entry in store.runs()[0]["members"]] == [BASELINE]
        found = json.loads((copy / "run.json").read_text())
        lost = {"run": one.folder.name, "members": [key(VIB)], "because": [why]}
        assert found["supersedes"] == [lost]
        assert sorted(record.table(TARGET)["value"]) == [0.25, 0.5] and not record.problems()
        assert collect() == []
        shutil.rmtree(one.folder)  # as on the machine of somebody else
        assert collect() == []

    def test_a_run_that_is_superseded_whole_is_removed(self, clean):
        one = finish(begin(), VIB)
        collect()
        finish(begin(fresh=True), VIB)
        collect()
        assert not (store.results_root() / one.folder.relative_to(store.live_root())).exists()
        assert collect() == []

    def test_nothing_to_collect(self):
        assert collect() == [] and store.runs() == []
