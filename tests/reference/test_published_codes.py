"""Every number that a published code returned is ours, once the exact correction is applied."""

import json
import math
import shutil
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import pytest

from experiments.published_codes import fixture
from experiments.published_codes.agreement import check_complete
from experiments.published_codes.codes import CODES, Code
from experiments.published_codes.comparison import Comparison, evaluate

EACH = [
    pytest.param(code, comparison, id=f"{code.fixture}: {comparison.key}")
    for code in CODES
    for comparison in code.comparisons
]
BY_CODE = [pytest.param(code, id=code.fixture) for code in CODES]
of = cache(fixture.load)


def test_each_file_has_comparisons_and_each_comparison_a_file():
    check_complete()


@pytest.mark.parametrize(("code", "comparison"), EACH)
def test_the_residual_is_met_and_the_gap_is_the_stated_one(code: Code, comparison: Comparison):
    cases = of(code.fixture)
    found = evaluate(comparison, cases)
    assert found.met, f"{found.residual} is more than {found.tolerance}"
    for name, gap in found.gaps.items():
        assert gap == pytest.approx(cases.about["gap_without_correction"][name], rel=1e-6)
        assert gap > found.tolerance  # the correction is needed


def changed(ours, case: fixture.Case, *, factor: float, more: int):
    """Return our value times a factor, and one more where a count is left as it is."""
    return ours(case) * factor + more


@pytest.mark.parametrize(("code", "comparison"), EACH)
def test_a_change_by_a_thousandth_and_a_wrong_sign_are_seen(code: Code, comparison: Comparison):
    ours, more = cache(comparison.ours), 1 if comparison.scale == "count" else 0
    for factor in (1.001, 0.999, -1.0):
        wrong = partial(changed, ours, factor=factor, more=more)
        assert not evaluate(replace(comparison, ours=wrong, gaps={}), of(code.fixture)).met


@pytest.mark.parametrize(("code", "comparison"), EACH)
def test_a_value_that_is_no_number_is_not_met(code: Code, comparison: Comparison):
    wrong = replace(comparison, ours=lambda case: comparison.theirs(case) * math.nan, gaps={})
    assert not evaluate(wrong, of(code.fixture)).met


@pytest.mark.parametrize("code", BY_CODE)
def test_each_stated_residual_and_gap_is_compared(code: Code):
    about = of(code.fixture).about
    keys = [comparison.key for comparison in code.comparisons]
    gaps = [name for comparison in code.comparisons for name in comparison.gaps]
    assert len(set(keys)) == len(keys)
    assert set(about.get("residual_with_correction", {})) <= set(keys)
    assert set(about.get("gap_without_correction", {})) == set(gaps)


class Seen(dict):
    """An output that remembers which of its entries were read."""

    def __init__(self, content: dict) -> None:
        super().__init__(content)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> object:
        self.read.add(name)
        return super().__getitem__(name)


@pytest.mark.parametrize("code", BY_CODE)
def test_each_output_is_compared_with_something(code: Code):
    for case in of(code.fixture).cases:
        watched = replace(case, output=Seen(case.output))
        for comparison in code.comparisons:
            comparison.theirs(watched)
        assert set(case.output) == watched.output.read


@pytest.mark.parametrize("code", BY_CODE)
def test_version_and_repository_are_those_of_the_file(code: Code):
    about = of(code.fixture).about
    reference = about["reference"]
    where = reference if isinstance(reference, dict) else about | {"repository": reference}
    assert code.repository in where["repository"]
    assert code.version in where["commit"]
    assert about["licence"] and about["note"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of all files, to be tampered with."""
    for path in fixture.folder().glob("*.json"):
        shutil.copy(path, tmp_path)
    return tmp_path


def tamper(where: Path, name: str, change) -> None:
    """Change the content of a file."""
    path = where / f"{name}.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def output_of(case: dict) -> dict:
    """Return where the outputs of a case lie: those of the flat table beside its inputs."""
    return case.get("output", case)


def change_last_number(container) -> bool:
    """Change the last number in nested outputs by a thousandth of itself; say if there is one."""
    keys = list(container) if isinstance(container, dict) else range(len(container))
    for key in reversed(list(keys)):
        value = container[key]
        if isinstance(value, dict | list) and change_last_number(value):
            return True
        if isinstance(value, float) and value:
            container[key] = 1.001 * value
            return True
        if isinstance(value, int) and not isinstance(value, bool) and key not in ("bin_size", "k"):
            container[key] = value + 1
            return True
    return False


@pytest.mark.parametrize("code", BY_CODE)
def test_a_changed_number_is_seen(code: Code, copy: Path):
    skip = ("x", "y", "labels", "k")

    def change(content: dict) -> None:
        output = output_of(content["cases"][-1])
        kept = {name: value for name, value in output.items() if name not in skip}
        assert change_last_number(kept)
        output |= kept

    tamper(copy, code.fixture, change)
    changed = fixture.load(code.fixture, copy)
    met = [evaluate(replace(each, gaps={}), changed).met for each in code.comparisons]
    assert not all(met)


def comparison_of(name: str, key: str) -> Comparison:
    (code,) = (code for code in CODES if code.fixture == name)
    (found,) = (comparison for comparison in code.comparisons if comparison.key == key)
    return found


AVERAGE = comparison_of("vib_demo", "average over 12 samples")


def test_another_shape_is_named(copy: Path):
    def cut(content: dict) -> None:
        content["cases"][1]["output"]["averaged_probabilities"].pop()

    tamper(copy, "vib_demo", cut)
    message = r"vib_demo\.json, case 'losses n=2 k=5': ours has shape \(2, 10\), theirs \(1, 10\)"
    with pytest.raises(ValueError, match=message):
        evaluate(AVERAGE, fixture.load("vib_demo", copy))


def test_rows_of_unequal_length_are_named(copy: Path):
    def cut(content: dict) -> None:
        content["cases"][0]["output"]["averaged_probabilities"][0].pop()

    tamper(copy, "vib_demo", cut)
    with pytest.raises(ValueError, match=r"vib_demo\.json, case 'losses .*': no array of num"):
        evaluate(AVERAGE, fixture.load("vib_demo", copy))


def test_a_missing_input_or_output_is_named(copy: Path):
    def lose(content: dict) -> None:
        del content["cases"][0]["input"]["labels"], content["cases"][1]["output"]["entropy_upper"]

    tamper(copy, "ibsgd_kde", lose)
    cases = fixture.load("ibsgd_kde", copy)
    with pytest.raises(ValueError, match=r"ibsgd_kde\.json, case 'tanh .*': no input 'labels'"):
        evaluate(comparison_of("ibsgd_kde", "I(X;T) upper, nats"), cases)
    entropy = comparison_of("ibsgd_kde", "entropy upper (+ d/2 (1 + log 2 pi var))")
    with pytest.raises(ValueError, match=r"case 'tanh .*': no output 'entropy_upper'"):
        evaluate(entropy, cases)


def test_a_residual_that_is_not_stated_and_a_quantity_without_case_are_errors():
    cases = of("dim_losses")
    with pytest.raises(ValueError, match=r"dim_losses\.json states no residual of 'other'"):
        evaluate(replace(AVERAGE, key="other"), cases)
    with pytest.raises(ValueError, match=r"dim_losses\.json has no case of 'gan'"):
        evaluate(replace(AVERAGE, key="gan"), cases)


def test_a_file_without_comparison_and_a_comparison_without_file_are_named(copy: Path):
    shutil.copy(copy / "smile.json", copy / "new.json")
    with pytest.raises(ValueError, match=r"no comparison uses new\.json"):
        check_complete(copy)
    (copy / "new.json").unlink()
    (copy / "smile.json").unlink()
    with pytest.raises(ValueError, match=r"there is no file smile\.json"):
        check_complete(copy)
