"""What happens to a record by accident or on purpose is detected, or does no harm."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from copies import ROOT
from synthetic import read_from
from test_run import BASELINE, SETTINGS, TARGET, VIB, begin, finish

import reproduce
from experiments.vib import mnist
from reproduce import record
from reproduce.record import collect, integrity, key, store
from reproduce.record import run as run_module
from reproduce.record.files import Lock
from reproduce.record.parameters import of_profile

KILLS = int(os.environ.get("KILLS", "5"))  # `make stress` takes 100


@pytest.fixture
def recorded(project, monkeypatch):
    """Return the folder of a recorded run of two members, beside another run that is sound."""
    monkeypatch.setattr(run_module, "commit", lambda: ("0" * 40, False))
    other = finish(begin(profile="paper", settings={}), VIB)
    run = finish(begin(), VIB, BASELINE)
    collect()
    assert (store.results_root() / "paper/vib/mnist" / other.folder.name).exists()
    shutil.rmtree(store.live_root())
    return store.results_root() / "laptop/vib/mnist" / run.folder.name


def edit(path, change):
    """Replace the text of a file by another."""
    text = path.read_text()
    assert change(text) != text
    path.write_text(change(text))


def detected(folder, *words):
    """Check that a run is named as damaged, excluded, and stops no reader of others."""
    (damage,) = record.damaged()
    assert damage.folder == folder
    for word in (
        str(folder),
        "git checkout",
        "make reproduce PROFILE=laptop ONLY=vib/mnist",
        *words,
    ):
        assert word in str(damage)
    with pytest.warns(record.RecordWarning, match="does not count"):
        assert set(record.table(TARGET)["profile"]) == {"paper"}
    with pytest.raises(ValueError, match="does not count"):
        collect()
    with pytest.warns(record.RecordWarning, match="does not count"):
        assert begin().missing([VIB, BASELINE]) == [VIB, BASELINE]


def test_a_halved_value_is_detected(recorded):
    edit(recorded / f"{TARGET}.csv", lambda text: text.replace("0.5", "0.25", 1))
    detected(recorded, f"{TARGET}.csv holds other values than were recorded")


def test_a_dropped_row_is_detected(recorded):
    edit(recorded / f"{TARGET}.csv", lambda text: "".join(text.splitlines(keepends=True)[:-1]))
    detected(recorded, f"{TARGET}.csv has 0 rows of member {key(BASELINE)}, recorded were 1")


def test_a_doubled_row_is_detected(recorded):
    edit(recorded / f"{TARGET}.csv", lambda text: text + text.splitlines(keepends=True)[-1])
    detected(recorded, f"{TARGET}.csv has 2 rows of member {key(BASELINE)}, recorded were 1")


def test_an_emptied_value_is_detected(recorded):
    edit(recorded / f"{TARGET}.csv", lambda text: text.replace("0.5", "", 1))
    detected(recorded, f"{TARGET}.csv")


def test_a_deleted_table_is_detected(recorded):
    (recorded / f"{TARGET}.csv").unlink()
    detected(recorded, f"{TARGET}.csv is missing")


@pytest.mark.parametrize("kept", [0, 10, 0.5])
def test_a_cut_archive_of_arrays_is_detected(recorded, kept):
    path = recorded / "arrays.npz"
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if kept == 0.5 else kept])
    detected(recorded, "arrays.npz cannot be read: it is damaged")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda text: text.replace('"seconds": 1.0', '"seconds": 2.0', 1), "its seal is broken"),
        (lambda text: text.replace('"epochs": 25', '"epochs": 26'), "its seal is broken"),
        (lambda text: text[: len(text) // 2], "run.json is no JSON"),
        (lambda text: "", "run.json is no JSON"),
        (lambda text: "[]", "run.json is not sealed"),
    ],
)
def test_an_edited_description_is_detected(recorded, change, word):
    edit(recorded / "run.json", change)
    detected(recorded, word)


def test_a_deleted_description_is_detected(recorded):
    (recorded / "run.json").unlink()
    detected(recorded, "run.json is missing beside")


def test_a_description_that_lacks_something_is_detected(recorded):
    found = json.loads((recorded / "run.json").read_text())
    del found["seal"], found["device"]
    text = integrity.text({**found, "seal": integrity.seal(found)})
    (recorded / "run.json").write_bytes(text)
    detected(recorded, "run.json lacks device")


def test_other_data_are_refused(project):
    run = finish(begin(data={"test": "abc"}), VIB)
    with pytest.raises(ValueError, match=r"data are .*'def'.* restore the data set") as caught:
        begin(data={"test": "def"})
    assert str(run.folder) in str(caught.value)
    assert begin(data={"test": "def"}, fresh=True).missing([VIB]) == [VIB]


def test_parameters_of_another_profile_are_refused(project):
    with pytest.raises(ValueError, match=r"epochs is 2, but 25 .*change mnist.laptop.yaml"):
        begin(settings={**SETTINGS, "epochs": 2})
    with pytest.raises(ValueError, match=r"epochs is 25, but 200 at the profile 'paper'"):
        begin(profile="paper")


def test_parameters_of_another_profile_are_refused_by_a_chapter(project):
    paper = of_profile("vib/mnist", "paper") | {"profile": "laptop"}
    with pytest.raises(ValueError, match="at the profile 'laptop' of vib/mnist"):
        reproduce.open(mnist, paper)


def test_a_number_that_yaml_takes_for_a_text_is_refused(project):
    text = of_profile("vib/mnist", "laptop") | {"learning_rate": "1e-3"}
    with pytest.raises(TypeError, match=r"learning_rate .* the text '1e-3'; write 1.0e-3"):
        reproduce.open(mnist, text)


def test_the_committed_record_holds_what_was_written():
    assert not record.problems(ROOT / "results")


SCRIPT = """
import os, random, sys, time
import numpy as np
from reproduce.record import Run, files, run as run_module, sharing
from reproduce.record.sharing import claimed

sharing.PATIENCE = 0.05
seconds = float(sys.argv[1])
run = Run("vib/mnist", profile="laptop", settings={})
groups = [[{"method": "vib", "seed": seed} for seed in (2 * i, 2 * i + 1)] for i in range(6)]
for group in claimed(run, groups):
    time.sleep(seconds)
    results = []
    for member in group:
        value = member["seed"] / 3
        row = dict(target="VIB-T1", split="test", metric="error", value=value, unit="1")
        arrays = {"VIB-T1": {"a": np.full(2000, value)}}
        results.append(run_module.Finished(member, [row], seconds, arrays))
    run.extend(results)
    print(os.getpid(), *[member["seed"] for member in group], flush=True)
"""


def start(root, seconds=0.0):
    """Start a process that trains twelve members in six groups."""
    environment = os.environ | {"IBUTILS_ROOT": str(root), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SCRIPT, str(seconds)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=environment | {"OMP_NUM_THREADS": "1"}, **pipes)


def check_complete(root):
    """Check that every member is on record, once, with its values, and nothing is left over."""
    with read_from(root / "_build/runs"):
        rows = record.table("VIB-T1", profile="laptop")
        held = record.arrays("VIB-T1", profile="laptop")
    assert sorted(rows["seed"]) == list(range(12))
    assert (rows["value"] == rows["seed"] / 3).all()
    assert len(held) == 12
    for name, named in held.items():
        seed = int(name.rpartition("=")[2])
        np.testing.assert_array_equal(named["a"], np.full(2000, seed / 3), strict=True)
    assert not record.problems(root / "_build/runs")
    assert not list((root / "_build/runs").rglob(".*"))


def test_two_processes_at_once_train_each_member_once(project):
    both = [start(project, seconds=0.3) for _ in range(2)]
    said = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    seeds = [word for text in said for line in text.splitlines() for word in line.split()[1:]]
    trained = sorted(int(word) for word in seeds if word.isdigit() and int(word) < 12)
    assert trained == list(range(12)), said
    check_complete(project)


def test_killed_at_any_time_and_repeated_all_members_are_there_once(project):
    """Kills come some time after the first bytes are written, or after so many members."""
    moments = random.Random(KILLS)
    for _ in range(KILLS):
        shutil.rmtree(project / "_build", ignore_errors=True)
        process = start(project, seconds=moments.choice([0, 0.02]))
        while not (project / "_build/locks").exists() and process.poll() is None:
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.4))
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        process.stdout.close()
        again = start(project)
        said = again.communicate(timeout=300)[0]
        assert again.returncode == 0, said
        check_complete(project)


def test_what_a_killed_process_held_is_trained_by_another(project):
    first = start(project, seconds=600)
    while not list((project / "_build/locks").glob("*.lock")):
        time.sleep(0.01)
    second = start(project)
    time.sleep(1)
    first.kill()
    first.communicate()
    said = second.communicate(timeout=300)[0]
    assert second.returncode == 0, said
    check_complete(project)


def test_what_was_staged_counts_when_the_description_names_it(project):
    """A kill after ``run.json`` and before the tables take their places loses nothing."""
    run = finish(begin(), VIB)
    with read_from(store.live_root()):
        table, wanted = run.folder / f"{TARGET}.csv", record.table(TARGET)
        table.rename(run.folder / f".next.{TARGET}.csv")
        pd.testing.assert_frame_equal(record.table(TARGET), wanted)
    run._lock.release()
    begin()
    assert table.exists() and not list(run.folder.glob(".*"))


def test_a_lock_is_held_by_one(tmp_path):
    one, two = Lock(tmp_path / "a.lock"), Lock(tmp_path / "a.lock")
    assert one.take() and not two.take()
    assert f"process {os.getpid()} on " in two.holder()
    one.release()
    assert two.take() and not one.take()
    two.release()
    assert not list(tmp_path.iterdir()) and "just ended" in one.holder()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_member_with_a_factor_more_keeps_its_own_rows(order):
    """Each file counts for its member, whichever is listed first."""
    members = [{"rate": 0.1, "seed": 0}, {"rate": 0.1, "batch": 32, "seed": 0}]
    run = {"members": [{"member": members[place]} for place in order]}
    contents = {
        "A.csv": b"rate,batch,seed,value\n0.1,,0,1.0\n0.1,32,0,2.0\n0.1,32,0,3.0\n",
        "B.csv": b"rate,seed,value\n0.1,0,1.0\n",
    }
    found = {key(one["member"]): one["rows"] for one in integrity.sealed(run, contents)["members"]}
    assert found == {"rate=0.1,seed=0": {"A.csv": 1, "B.csv": 1}, key(members[1]): {"A.csv": 2}}
