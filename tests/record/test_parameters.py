"""A misspelt parameter stops a notebook."""

import json
import math

import pytest

from reproduce import record


@pytest.fixture(autouse=True)
def _notebook(project):
    source = [
        "profile = 'smoke'\n",
        "betas = [0.1]  # of the sweep\n",
        "device, fresh = 'cpu', None",
    ]
    cells = [
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source},
        {"cell_type": "code", "metadata": {}, "source": ["epochs = 3"]},
    ]
    (project / "notebooks/part").mkdir(parents=True)
    (project / "notebooks/part/chapter.ipynb").write_text(json.dumps({"cells": cells}))


KNOWN = {"profile": "laptop", "betas": [1.0], "device": "cpu", "fresh": None}


def test_parameters_modules_and_the_shell_pass():
    shell = {"In": ["x"], "Out": {}, "_i1": "x", "__name__": "__main__", "exit": exit}
    record.check_parameters("part/chapter", KNOWN | shell | {"math": math})


@pytest.mark.parametrize("value", [[1.0], "x", 1, 0.5, True, None, {}])
def test_a_misspelt_name_is_refused_with_the_nearest_one(value):
    with pytest.raises(ValueError, match=r"no parameter 'beta'; did you mean 'betas'\?"):
        record.check_parameters("part/chapter", KNOWN | {"beta": value})


def test_a_name_of_an_untagged_cell_is_no_parameter():
    with pytest.raises(ValueError, match="no parameter 'epochs'; it has betas, device, fresh"):
        record.check_parameters("part/chapter", KNOWN | {"epochs": 3})
