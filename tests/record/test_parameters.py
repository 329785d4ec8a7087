"""A misspelt parameter stops a notebook."""

import json

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
    (project / "notebooks").unlink()
    (project / "notebooks/part").mkdir(parents=True)
    (project / "notebooks/part/chapter.ipynb").write_text(json.dumps({"cells": cells}))


class TestProfile:
    @pytest.fixture(autouse=True)
    def _file(self, project):
        path = project / "notebooks/part/chapter.laptop.yaml"
        path.write_text("profile: laptop\nbetas: [0.5, 1.0]\n")

    def test_a_run_of_a_profile_has_the_parameters_of_its_file(self):
        given = {"betas": (0.5, 1), "epochs": 9, "members": ["x"], "device": "cuda", "fresh": True}
        record.check_profile("part/chapter", "laptop", given)
        record.check_profile("part/chapter", "smoke", {"betas": [7.0]})

    def test_the_first_other_parameter_is_named_with_both_values_and_what_to_do(self):
        message = r"betas is \[0.1\], but \[0.5, 1.0\] at .*change chapter.laptop.yaml, or set"
        with pytest.raises(ValueError, match=message):
            record.check_profile("part/chapter", "laptop", {"betas": [0.1]})

    def test_what_the_file_leaves_out_is_the_default(self, project):
        (project / "notebooks/part/chapter.laptop.yaml").write_text("profile: laptop\n")
        record.check_profile("part/chapter", "laptop", {"betas": [0.1]})
        with pytest.raises(ValueError, match=r"betas is \[0.5\], but \[0.1\]"):
            record.check_profile("part/chapter", "laptop", {"betas": [0.5]})

    def test_a_profile_without_a_file_is_refused(self):
        with pytest.raises(ValueError, match=r"no profile 'gpu': no file .*chapter.gpu.yaml"):
            record.check_profile("part/chapter", "gpu", {})
