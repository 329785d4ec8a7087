"""The experiments of the information plane are those that are on record, and refuse others."""

import dataclasses
import json

import pytest

from experiments.information_plane import linear_networks, planes
from reproduce import record
from reproduce.record.parameters import of_profile
from reproduce.settings import identity, read

EXPERIMENTS = {"planes": planes, "linear_networks": linear_networks}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_settings_and_grid_at_the_laptop_profile_are_those_on_record(name):
    given = of_profile(f"information_plane/{name}", "laptop")
    settings = read(EXPERIMENTS[name].Settings, given)
    runs = [run for run in record.runs() if run["notebook"] == f"information_plane/{name}"]
    wanted = json.loads(json.dumps(identity(EXPERIMENTS[name], settings)))
    assert runs and all(run["settings"] == wanted for run in runs if run["profile"] == "laptop")
    members = {record.key(entry["member"]) for run in runs for entry in run["members"]}
    assert members == {record.key(member) for member in EXPERIMENTS[name].grid(settings)}


@pytest.mark.parametrize(
    ("module", "change", "message"),
    [
        (planes, dict(activations=("tahn",)), "activations must be one of .*'tahn'"),
        (planes, dict(ordered=("tahn",)), "ordered must be one of .*'tahn'"),
        (planes, dict(kernel_seeds=4), "kernel_seeds must be from 1 to 3, got 4"),
        (planes, dict(epochs=0), "epochs must be at least 1, got 0"),
        (linear_networks, dict(samples=(4,)), "samples must be at least 5, got 4"),
        (linear_networks, dict(scales=(0.0,)), "scales must be above 0, got 0.0"),
        (linear_networks, dict(inputs=3), "inputs must be at least 4, got 3"),
    ],
)
def test_what_no_member_can_be_is_refused(module, change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(module.Settings(), **change)
