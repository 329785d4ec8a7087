"""The models that come with the book are small, sound, and do what stands beside them."""

import hashlib
import json

import pytest
import torch
from copies import ROOT

from experiments import shipped
from experiments.infomax import small_encoder
from experiments.vib import half_width, mnist
from ibutils import data
from ibutils.project import project_root

NAMES = sorted(path.relative_to(ROOT / "book/models") for path in ROOT.glob("book/models/*/*.pt"))
MODELS = [str(name.with_suffix("")) for name in NAMES]


def test_what_is_shipped_is_what_registers():
    assert MODELS == sorted(shipped.shipped.all())


@pytest.mark.parametrize("name", MODELS)
class TestEachModel:
    def test_is_small_and_half_precise_and_says_where_it_comes_from(self, name):
        path = ROOT / f"book/models/{name}.pt"
        content, about = path.read_bytes(), shipped.about(name)
        assert len(content) == about["bytes"] <= shipped.LARGEST
        assert hashlib.sha256(content).hexdigest() == about["sha256"]
        held = torch.load(path, weights_only=True)
        assert {t.dtype for t in held.values()} <= {torch.float16, torch.int64}
        assert about["dirty"] is False and len(about["commit"]) == 40 and about["test"]
        one = shipped.described(name)
        said = {"experiment": one.experiment, "member": dict(one.member)}
        said["settings"] = json.loads(json.dumps(dict(one.settings)))
        assert {key: about[key] for key in said} == said

    def test_loads_in_single_precision_for_evaluation(self, name):
        model = shipped.load(name)
        assert not model.training
        assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_a_file_that_was_changed_is_refused(tmp_path, monkeypatch):
    (tmp_path / "book/models/vib").mkdir(parents=True)
    for suffix in (".pt", ".json"):
        content = (ROOT / f"book/models/vib/narrow{suffix}").read_bytes()
        if suffix == ".pt":
            content = content[:-1] + b"0"
        (tmp_path / f"book/models/vib/narrow{suffix}").write_bytes(content)
    monkeypatch.setattr(shipped, "project_root", lambda: tmp_path)
    with pytest.raises(ValueError, match=r"narrow\.pt does not have the SHA-256"):
        shipped.load("vib/narrow")


def test_a_model_that_is_too_large_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "project_root", lambda: tmp_path)
    monkeypatch.setattr(shipped, "LARGEST", 1000)
    monkeypatch.setattr(half_width, "_train", lambda model: {})
    for dirty, said in ((False, r"vib/narrow takes .* bytes, more than 1000"), (True, "commit")):
        monkeypatch.setattr(shipped.provenance, "commit", lambda value=dirty: ("0" * 40, value))
        with pytest.raises(ValueError, match=said):
            shipped.make("vib/narrow")
    assert not list(tmp_path.rglob("*.pt"))


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"shipped model 'vib/wide'.*with @shipped\('vib/wide'\)"):
        shipped.load("vib/wide")


def images(name):
    try:
        return data.load(name, split="test")
    except (FileNotFoundError, ValueError):
        pytest.skip(f"{name} is not here")


def test_the_vib_makes_the_errors_that_stand_beside_it():
    images("mnist")
    found = half_width.measured(shipped.load("vib/narrow"), mnist.load(half_width.SETTINGS, "cpu"))
    said = shipped.about("vib/narrow")["test"]
    assert found["accuracy"] == pytest.approx(said["accuracy"], abs=3e-4)  # ties of rounding
    assert found["rate"] == pytest.approx(said["rate"], rel=1e-3)


@pytest.mark.slow
def test_the_codes_of_the_encoder_tell_what_stands_beside_them():
    images("cifar10")
    found = small_encoder.measured(shipped.load("infomax/small"), probe=False)
    said = shipped.about("infomax/small")["test"]
    assert found["nearest"] == pytest.approx(said["nearest"], abs=3e-3)
    assert found["nearest_by_pixels"] == pytest.approx(said["nearest_by_pixels"], abs=1e-3)


def test_the_vib_reads_digits_that_it_never_saw():
    """Those of scikit-learn, blown up and framed as MNIST's are."""
    digits = data.load("digits", split="test")
    probabilities, rates = half_width.read(shipped.load("vib/narrow"), half_width.framed(digits))
    assert probabilities.sum(1).allclose(torch.ones(len(digits)))
    assert (rates > 0).all()
    right = (probabilities.argmax(1) == digits.labels).float().mean()
    assert right > 0.5


def test_models_lie_in_the_project():
    assert (project_root() / "book/models/vib/narrow.json").exists()
