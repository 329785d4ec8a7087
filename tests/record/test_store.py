"""Reading runs: keys through CSV, unlisted members, duplicates, mixtures, profiles."""

import json
import math
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import read_from, seal

from reproduce.record import (
    PROFILES,
    RecordWarning,
    arrays,
    key,
    profiles,
    recorded,
    runs,
    table,
)

TARGET = "VIB-T1"
MEMBERS = [
    {"method": "vib", "bottleneck": 256, "beta": 1e-3, "seed": 0},
    {"method": "baseline", "bottleneck": None, "beta": None, "seed": 1},
]


@pytest.fixture(autouse=True)
def of_the_test(tmp_path):
    """Let the folder of a test be the record."""
    with read_from(tmp_path):
        yield


def write(root, members, *, profile="laptop", run="a", settings=None, rows=None, target=TARGET):
    """Write a run whose members have one row each, with the values 0, 1, 2 and so on."""
    folder = root / profile / "vib" / "mnist" / run
    folder.mkdir(parents=True)
    rows = members if rows is None else rows
    frame = pd.DataFrame(
        [{"target": target, **m, "value": float(i), "unit": "1"} for i, m in enumerate(rows)]
    )
    frame.to_csv(folder / f"{target}.csv", index=False)
    description = {
        "notebook": "vib/mnist",
        "profile": profile,
        "settings": settings or {"epochs": 25},
        "members": [{"member": member, "seconds": 1.0} for member in members],
        "code_hash": "0" * 16,
        "data": {},
        "device": "CPU",
        "started": f"2026-01-01T00:00:00+00:00 {run}",
    }
    if not members:  # nothing to count the rows by
        return folder
    return seal(folder, description)


def pack(folder, members, name="mean", target=TARGET):
    """Write one array of each member: its index."""
    held = {f"{target}|{key(m)}|{name}": np.full(2, i) for i, m in enumerate(members)}
    np.savez_compressed(folder / "arrays.npz", **held)
    seal(folder, json.loads((folder / "run.json").read_text()))


betas = st.floats(0, 1e3) | st.sampled_from([10.0**-k for k in range(20)])
members_of_a_run = st.lists(
    st.builds(
        lambda *values: dict(zip(("method", "bottleneck", "beta", "seed"), values, strict=True)),
        st.sampled_from(["vib", "baseline", "label_smoothing"]),
        st.none() | st.integers(1, 4096),
        st.none() | betas,
        st.integers(0, 2**31),
    ),
    min_size=1,
    max_size=6,
    unique_by=key,
)


class TestKey:
    @settings(max_examples=50)
    @given(members=members_of_a_run)
    def test_survives_the_table(self, members, tmp_path_factory):
        """Columns with gaps turn whole numbers into floats; every row finds its member again."""
        root = tmp_path_factory.mktemp("runs")
        folder = write(root, members)
        (run,) = runs(root)
        found = recorded.read_table(run, TARGET)
        assert found["value"].tolist() == [float(i) for i in range(len(members))]
        back = found[["method", "bottleneck", "beta", "seed"]].astype(object).to_dict("records")
        assert [key(row) for row in back] == [key(m) for m in members]
        assert [key(e["member"]) for e in run["members"]] == [key(m) for m in members]
        assert run["folder"] == folder

    @settings(max_examples=50)
    @given(value=st.floats(allow_nan=False, allow_infinity=False))
    def test_values_come_back_bit_identical(self, value, tmp_path_factory):
        root = tmp_path_factory.mktemp("runs")
        folder = write(root, MEMBERS[:1])
        frame = pd.read_csv(folder / f"{TARGET}.csv").assign(value=value)
        frame.to_csv(folder / f"{TARGET}.csv", index=False)
        seal(folder, json.loads((folder / "run.json").read_text()))
        with read_from(root):
            (found,) = table(TARGET)["value"]
        assert found == value and math.copysign(1, found) == math.copysign(1, value)

    def test_tells_members_apart(self):
        one = {"method": "vib", "bottleneck": 256, "beta": 1e-3, "seed": 0}
        others = [
            {**one, name: value}
            for name, value in [
                ("method", "x"),
                ("bottleneck", 2),
                ("beta", 1e-4),
                ("seed", 1),
                ("beta", None),
            ]
        ]
        assert len({key(m) for m in [one, *others]}) == 6

    def test_leaves_out_what_is_not_set(self):
        assert key({"method": "baseline", "bottleneck": None, "beta": math.nan, "seed": 3.0}) == (
            "method=baseline,seed=3"
        )


class TestRuns:
    def test_what_a_later_run_supersedes_does_not_count(self, tmp_path):
        folder = write(tmp_path, MEMBERS)
        pack(folder, MEMBERS)
        later = write(tmp_path, MEMBERS[1:], run="b", settings={"epochs": 30})
        assert table(TARGET)["run"].tolist() == [folder.name, later.name]
        assert list(arrays(TARGET)) == [key(MEMBERS[0])]

    def test_an_empty_folder_is_no_run(self, tmp_path):
        """A run that was killed before its first member had hidden files only."""
        (tmp_path / "laptop/vib/mnist/a").mkdir(parents=True)
        assert runs(tmp_path) == [] and table(TARGET).empty

    def test_runs_come_oldest_first(self, tmp_path):
        for run in "cab":
            write(tmp_path, [{**MEMBERS[0], "seed": ord(run)}], run=run)
        assert [run["folder"].name for run in runs(tmp_path)] == ["a", "b", "c"]

    def test_runs_are_joined_and_each_row_says_where_it_comes_from(self, tmp_path):
        write(tmp_path, MEMBERS[:1], run="a")
        write(tmp_path, MEMBERS[1:], run="b")
        found = table(TARGET)
        assert found["run"].tolist() == ["a", "b"]
        assert set(found["profile"]) == {"laptop"} and set(found["device"]) == {"CPU"}
        assert found["beta"].tolist()[0] == 1e-3 and math.isnan(found["beta"].tolist()[1])

    def test_nothing_recorded_is_an_empty_table(self, tmp_path):
        assert table(TARGET).empty and arrays(TARGET) == {}
        write(tmp_path, MEMBERS)
        assert table("VIB-F9").empty and table(TARGET, profile="gpu").empty

    def test_of_a_member_recorded_twice_with_other_values_the_earlier_counts(self, tmp_path):
        one = write(tmp_path, MEMBERS, run="a")
        two = write(tmp_path, MEMBERS[1:], run="b")
        for read in (table, arrays):
            with pytest.warns(RecordWarning, match="recorded twice") as caught:
                read(TARGET)
            message = str(caught[0].message)
            assert str(one) in message and str(two) in message and key(MEMBERS[1]) in message
            assert "remove one of the folders" in message
        with pytest.warns(RecordWarning):
            assert table(TARGET)["run"].tolist() == ["a", "a"]

    def test_a_member_recorded_twice_with_equal_values_is_harmless(self, tmp_path):
        write(tmp_path, MEMBERS, run="a")
        write(tmp_path, MEMBERS[:1], run="b")
        assert table(TARGET)["run"].tolist() == ["a", "a"]

    def test_the_same_member_may_stand_in_two_profiles(self, tmp_path):
        write(tmp_path, MEMBERS, profile="laptop")
        write(tmp_path, MEMBERS, profile="paper", settings={"epochs": 200})
        assert set(table(TARGET)["profile"]) == {"paper"}


class TestProfiles:
    def test_of_equals_the_most_faithful_comes_first(self, tmp_path):
        left = list(PROFILES)
        for profile in PROFILES:
            write(tmp_path, MEMBERS, profile=profile)
        assert profiles(TARGET) == ["paper", "gpu", "laptop", "smoke"]
        for profile in reversed(PROFILES):
            assert set(table(TARGET)["profile"]) == {profile}
            left.remove(profile)
            shutil.rmtree(tmp_path / profile)
        assert table(TARGET).empty

    def test_the_one_that_covers_a_target_wins(self, tmp_path):
        """Two seeds are one design: they do not cover more than one seed of two methods."""
        write(tmp_path, MEMBERS, profile="laptop")
        write(tmp_path, [MEMBERS[0], {**MEMBERS[0], "seed": 9}], profile="paper")
        assert recorded.covering(TARGET) == "laptop"
        assert set(table(TARGET)["profile"]) == {"laptop"}
        assert set(table(TARGET, profile="paper")["profile"]) == {"paper"}

    def test_each_target_has_its_own(self, tmp_path):
        write(tmp_path, MEMBERS, profile="laptop")
        write(tmp_path, MEMBERS, profile="paper", target="VIB-F1a")
        assert set(table(TARGET)["profile"]) == {"laptop"}
        assert set(table("VIB-F1a")["profile"]) == {"paper"}

    def test_nothing_covers_what_is_not_recorded(self, tmp_path):
        assert recorded.covering(TARGET) is None
        assert profiles(TARGET) == []

    @pytest.mark.parametrize("read", [table, arrays])
    def test_an_unknown_one_is_refused(self, tmp_path, read):
        with pytest.raises(ValueError, match=r"'smoke', 'laptop', 'gpu', 'paper'.*'lapdog'"):
            read(TARGET, profile="lapdog")


class TestArrays:
    def test_come_back_by_target_and_member(self, tmp_path):
        pack(write(tmp_path, MEMBERS), MEMBERS)
        found = arrays(TARGET)
        assert list(found) == [key(m) for m in MEMBERS]
        for i, held in enumerate(found.values()):
            np.testing.assert_array_equal(held["mean"], np.full(2, i))
        assert arrays("VIB-F2") == {}

    def test_python_objects_are_not_loaded(self, tmp_path):
        folder = write(tmp_path, MEMBERS)
        held = {f"{TARGET}|{key(MEMBERS[0])}|mean": np.array([{}], dtype=object)}
        np.savez_compressed(folder / "arrays.npz", **held)
        seal(folder, json.loads((folder / "run.json").read_text()))
        with pytest.raises(ValueError, match="allow_pickle"):
            arrays(TARGET)
