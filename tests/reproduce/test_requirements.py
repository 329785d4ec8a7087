"""What comes from outside is pinned, and each file that names it says the same."""

import re
import tomllib
from importlib.metadata import distribution
from importlib.util import find_spec

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from projects import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
LINES = (ROOT / "constraints.txt").read_text().splitlines()
PINS = [Requirement(line) for line in LINES if line and not line.startswith("#")]
ALL = [Requirement(text) for text in sum(EXTRAS.values(), PROJECT["dependencies"])]
NEEDED = [requirement for requirement in ALL if requirement.name != PROJECT["name"]]


# Who has no cluster does without what talks to one.
ABSENT = set() if find_spec("snakemake_executor_plugin_slurm") else set(EXTRAS["cluster"])


def applying() -> dict[str, Requirement]:
    """Return the pins that hold for this interpreter and system."""
    pins = [pin for pin in PINS if pin.marker is None or pin.marker.evaluate()]
    return {canonicalize_name(pin.name): pin for pin in pins}


def test_every_pin_is_exact_and_names_no_host() -> None:
    for pin in PINS:
        assert re.fullmatch(r"==[\w.!]+", str(pin.specifier)), pin
        assert pin.url is None
    assert not [line for line in LINES if "://" in line or line.startswith("-")]


def test_every_action_is_pinned_by_digest_beside_its_version() -> None:
    """A tag can be moved to other code, which would run with this repository's rights."""
    files = sorted((ROOT / ".github/workflows").glob("*.yml"))
    used = [line.strip() for file in files for line in file.read_text().splitlines()]
    used = [line for line in used if re.match(r"(- )?uses:", line)]
    assert used
    for line in used:
        assert re.fullmatch(r"(- )?uses: [\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", line), line


def test_every_requirement_is_pinned_within_its_range() -> None:
    pins = applying()
    for requirement in NEEDED:
        (version,) = (s.version for s in pins[canonicalize_name(requirement.name)].specifier)
        assert version in requirement.specifier, requirement


def test_all_that_comes_along_is_pinned() -> None:
    """With a pin missing, pip would try versions for many minutes."""
    pending = [requirement for requirement in NEEDED if str(requirement) not in ABSENT]
    pins, seen = applying(), set()
    while pending:
        requirement = pending.pop()
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key in seen:
            continue
        seen.add(key)
        assert key[0] in pins, f"{requirement} has no pin in constraints.txt"
        for text in distribution(key[0]).requires or []:
            inner = Requirement(text)
            extras = ({"extra": extra} for extra in ("", *requirement.extras))
            if inner.marker is None or any(inner.marker.evaluate(extra) for extra in extras):
                pending.append(inner)


def test_conda_users_get_the_same() -> None:
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (from_pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    assert from_pip == ["-c constraints.txt", "-e .[book,test]"]
    (python,) = [d for d in dependencies if isinstance(d, str) and d.startswith("python=")]
    assert python.removeprefix("python=") in SpecifierSet(PROJECT["requires-python"])


def test_the_package_is_light() -> None:
    """What a bound or an estimator needs, and nothing that only the book does."""
    names = {Requirement(text).name for text in PROJECT["dependencies"]}
    assert names == {"jaxtyping", "numpy", "scipy", "torch"}


def test_the_book_takes_all_extras_of_the_package() -> None:
    (own,) = (requirement for requirement in ALL if requirement.name == PROJECT["name"])
    assert own.extras == set(EXTRAS) - {"book", "cluster", "test"}


def test_every_extra_that_a_message_names_exists() -> None:
    named = {
        extra
        for room in ("ibutils", "experiments", "reproduce")
        for path in (ROOT / room).rglob("*.py")
        for extra in re.findall(r"""with extra\("(\w+)"\)""", path.read_text())
    }
    assert named >= {"data", "probes"}
    assert named <= set(EXTRAS)
