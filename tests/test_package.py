"""The package: light to import, whole when it is built, and usable with its requirements alone."""

import compileall
import importlib
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from typing import Any

import published as package
import pytest

OPTIONAL = set(
    "IPython PIL matplotlib pandas seaborn sklearn statsmodels torchmetrics torchvision "
    "yaml".split()
)
PACKAGES = [
    ".".join(path.parent.relative_to(package.ROOT).parts)
    for path in sorted((package.ROOT / "ibutils").rglob("__init__.py"))
]
MODULES = "critics ensemble evaluation prior_matching whitening".split()  # of one file, for users
ALLOWED = 0.3  # seconds that ibutils may take to import after torch; it takes a hundredth of that
NAMES = (
    "estimate_mi Estimate estimators.ksg estimators.ross estimators.conditional_ksg "
    "estimators.plug_in estimators.neighbours.ksg estimators.kde.information "
    "estimators.binning estimators.neural.estimate bounds.info_nce vib.VIB information.entropy "
    "tasks.catalogue probes.mine data.load"
).split()
IMPORTS = f"""
import json, operator, sys, time
import torch
before, start = set(sys.modules), time.perf_counter()
import ibutils
found = {{"seconds": time.perf_counter() - start, "first": [*set(sys.modules) - before]}}
import ibutils.bounds, ibutils.vib, ibutils.estimators, ibutils.information, ibutils.critics
ibutils.Estimate
found["then"] = [*sys.modules]
for name in [name for name in sys.modules if name.startswith("ibutils")]:
    del sys.modules[name]
import ibutils
found["missing"] = []
for name in {NAMES}:
    try:
        operator.attrgetter(name)(ibutils)
    except AttributeError:
        found["missing"].append(name)
found["last"] = [*sys.modules]
json.dump(found, sys.stdout)
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, Any]:
    """Return what one process found that imports the package bit by bit."""
    command = [sys.executable, "-c", IMPORTS]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


class TestImport:
    def test_costs_little_over_torch(self, imported):
        assert imported["seconds"] < ALLOWED
        assert {name for name in imported["first"] if name.startswith("ibutils")} == {
            "ibutils",
            "ibutils.lazy",
        }

    def test_bounds_and_losses_need_torch_alone(self, imported):
        heavy = {*OPTIONAL, "scipy"}
        assert heavy & {*imported["first"]} == set()
        assert heavy & {*imported["then"]} == set()

    def test_names_resolve_after_a_plain_import(self, imported):
        assert imported["missing"] == []
        assert OPTIONAL & {*imported["last"]} == set()

    @pytest.mark.parametrize("name", [*PACKAGES, *(f"ibutils.{name}" for name in MODULES)])
    def test_what_a_package_promises_is_there(self, name):
        found = importlib.import_module(name)
        for promised in found.__all__:
            assert getattr(found, promised) is not None
            assert promised in dir(found)
        with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
            found.nonsense  # noqa: B018

    def test_a_lazy_name_is_not_that_of_a_module(self, tmp_path, monkeypatch):
        """Importing ``probes.mine`` would turn the function ``mine`` into the module."""
        (tmp_path / "pack").mkdir()
        (tmp_path / "pack" / "mine.py").write_text("def mine(): ...")
        (tmp_path / "pack" / "__init__.py").write_text(
            "from typing import TYPE_CHECKING\n"
            "from ibutils.lazy import lazy\n"
            "if TYPE_CHECKING:\n    from pack.mine import mine\n"
            "__getattr__, __dir__ = lazy(__name__)"
        )
        monkeypatch.syspath_prepend(tmp_path)
        with pytest.raises(ImportError, match=r"pack must import \['mine'\] at once"):
            importlib.import_module("pack")

    def test_needs_no_source(self, tmp_path):
        shutil.copytree(package.ROOT / "ibutils", tmp_path / "ibutils")
        compileall.compile_dir(tmp_path, legacy=True, quiet=1)
        for source in tmp_path.rglob("*.py"):
            source.unlink()
        promised = "ibutils.estimate_mi, ibutils.probes.Probe, ibutils.information_plane.split"
        command = [sys.executable, "-c", f"import ibutils; {promised}; print(ibutils.__file__)"]
        found = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path, text=True)
        assert found.stdout.strip() == str(tmp_path / "ibutils/__init__.pyc")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> package.Built:
    return package.build(tmp_path_factory.mktemp("dist"))


class TestBuilt:
    def test_the_wheel_holds_the_package_byte_by_byte(self, built):
        package.check(built)
        with zipfile.ZipFile(built.wheel) as wheel:
            found = {n: wheel.read(n) for n in wheel.namelist() if n.startswith("ibutils/")}
        files = [*(package.ROOT / "ibutils").rglob("*.py"), package.ROOT / "ibutils/py.typed"]
        assert found == {str(f.relative_to(package.ROOT)): f.read_bytes() for f in files}

    def test_the_requirements_are_those_of_the_core(self, built):
        names = {text.partition(">=")[0] for text in package.requirements(built.wheel)}
        assert names == {"jaxtyping", "numpy", "scipy", "torch"}

    @pytest.mark.parametrize(
        ("member", "message"),
        [("tests/test_x.py", "ibutils alone"), ("ibutils/x.py", "lacks ibutils/py.typed")],
    )
    def test_other_wheels_are_refused(self, built, tmp_path, member, message):
        with zipfile.ZipFile(tmp_path / "bad.whl", "w") as wheel:
            for name in {"ibutils/__init__.py", member}:
                wheel.writestr(name, "")
        with pytest.raises(ValueError, match=message):
            package.check(built._replace(wheel=tmp_path / "bad.whl"))

    def test_other_archives_are_refused(self, built, tmp_path):
        with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as archive:
            archive.add(__file__, "ibutils-0/tests/test_package.py")
        with pytest.raises(ValueError, match=r"got \['tests'\]"):
            package.check(built._replace(archive=tmp_path / "bad.tar.gz"))

    def test_it_works_with_its_requirements_alone_from_another_folder(self, built, tmp_path):
        said = package.try_out(built, tmp_path)
        assert "95 % interval" in said and "vib_loss" in said
        assert 'needs sklearn, which is not installed: pip install "ibutils[data]"' in said
        (line,) = (line for line in said.splitlines() if line.startswith("need an extra:"))
        needing = {name.split(".")[1] for name in line.split()[3:]}
        assert needing == {"probes"}
