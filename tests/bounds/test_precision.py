"""Every bound in half precision, under autocast, compiled, and with a score that is no number."""

import inspect
import math
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from draws import normal

from ibutils import bounds
from ibutils.bounds import info_nce_from_embeddings

HALF = [torch.float16, torch.bfloat16]


def with_baseline(bound, **options):
    """Return a bound of scores alone, with a baseline that is their last row."""
    return lambda scores: bound(scores, scores[-1], **options)


# All that is exported, as functions of a table of scores; one entry a name.
BOUNDS = {
    "barber_agakov_lower": lambda scores: bounds.barber_agakov_lower(scores[0], 1.0),
    "barber_agakov_upper": lambda scores: bounds.barber_agakov_upper(scores[0], scores[1]),
    "club": bounds.club,
    "donsker_varadhan": bounds.donsker_varadhan,
    "info_nce": bounds.info_nce,
    "info_nce_from_embeddings": lambda f: info_nce_from_embeddings(f, f.flip(0), chunk=100),
    "interpolated": with_baseline(bounds.interpolated, alpha=0.4),
    "jensen_shannon": bounds.jensen_shannon,
    "leave_one_out_upper": bounds.leave_one_out_upper,
    "nwj": bounds.nwj,
    "smile": partial(bounds.smile, clip=2.0),
    "tuba": with_baseline(bounds.tuba),
}
every = pytest.mark.parametrize("name", BOUNDS)


def test_none_is_left_out():
    of_codes = {
        "Sandwich",
        "gaussian_sandwich",
    }  # not of scores: tests/bounds/test_gaussian_codes.py
    assert set(BOUNDS) == set(bounds.__all__) - of_codes


@every
@pytest.mark.parametrize("dtype", HALF)
def test_half_precision_is_summed_in_single(name, dtype):
    """512^2 exponentials are beyond float16, and one more or less is nothing to its sum."""
    scores = (normal(512, 512) / 8).to(dtype) if "embed" in name else normal(512, 512).to(dtype)
    leaf = scores.clone().requires_grad_()
    value = BOUNDS[name](leaf)
    exact = BOUNDS[name](scores.double())
    assert value.dtype == torch.float32
    assert float(value.detach()) == pytest.approx(float(exact), rel=1e-5, abs=1e-5)
    value.backward()
    assert leaf.grad.dtype == dtype and bool(leaf.grad.isfinite().all())


@every
def test_autocast_changes_nothing(name):
    scores = normal(40, 40).float()
    one, two = scores.clone().requires_grad_(), scores.clone().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = BOUNDS[name](one)
        value.backward()
    expected = BOUNDS[name](two)
    expected.backward()
    torch.testing.assert_close(value, expected, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(one.grad, two.grad, rtol=1e-6, atol=1e-6)


@every
def test_double_precision_stays(name):
    assert BOUNDS[name](normal(5, 5)).dtype == torch.float64


@every
def test_a_score_that_is_no_number_shows(name):
    for place in (0, 1):  # on the diagonal and off it
        scores = normal(4, 4)
        scores[0, place] = math.nan
        assert math.isnan(float(BOUNDS[name](scores)))


MASKED = {
    **{name: BOUNDS[name] for name in ("info_nce", "donsker_varadhan", "nwj", "jensen_shannon")},
    "leave_one_out_upper": bounds.leave_one_out_upper,
    **{
        f"interpolated-{alpha:g}": lambda scores, alpha=alpha: bounds.interpolated(
            scores, torch.full_like(scores[0], 0.3), alpha=alpha
        )
        for alpha in (0.0, 0.5, 1.0)
    },
}


@pytest.mark.parametrize("name", MASKED)
@pytest.mark.parametrize(
    "masked",
    [[(0, 1)], [(5, 2)], [(0, 3), (1, 3), (2, 3)], [(2, 0), (4, 0)], [(i, 5) for i in range(4)]],
    ids="first last above between most".split(),
)
def test_a_masked_pair_has_no_gradient_and_the_others_theirs(name, masked):
    tables = []
    for low in (-math.inf, -1e4):
        scores = normal(6, 6)
        scores[tuple(zip(*masked, strict=True))] = low
        tables.append(scores.requires_grad_())
    values = [MASKED[name](scores) for scores in tables]
    torch.testing.assert_close(*values)
    for value in values:
        value.backward()
    torch.testing.assert_close(tables[0].grad, tables[1].grad)
    assert all(float(tables[0].grad[place]) == 0 for place in masked)


def test_they_compile_whole():
    """In a process of its own: run-time checks of shapes cannot be traced."""
    program = f"""
import sys
sys.path[:0] = {[str(folder) for folder in Path(__file__).parents[:2]]!r}
import torch
from draws import normal
from test_precision import BOUNDS

scores = normal(6, 6).float()
for bound in BOUNDS.values():
    torch.compiler.reset()
    compiled = torch.compile(lambda s: bound(s.half()), fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(scores), bound(scores.half()))
"""
    subprocess.run([sys.executable, "-c", program], check=True)


class TestBadInput:
    @pytest.mark.parametrize("name", ["club", "donsker_varadhan", "info_nce", "nwj"])
    def test_types(self, name):
        bound = inspect.unwrap(getattr(bounds, name))
        argument = "log_conditional" if name == "club" else "scores"
        with pytest.raises(TypeError, match=rf"{argument} must be a torch.Tensor, got list"):
            bound([[1.0, 2.0], [3.0, 4.0]])
        with pytest.raises(ValueError, match=rf"{argument} must be of floating point"):
            bound(torch.ones(3, 3, dtype=torch.long))

    def test_options(self):
        scores = torch.zeros(3, 3)
        with pytest.raises(TypeError, match="clip must be a number, got str: 'high'"):
            inspect.unwrap(bounds.smile)(scores, clip="high")
        with pytest.raises(TypeError, match="chunk must be an integer, got float"):
            inspect.unwrap(info_nce_from_embeddings)(scores, scores, chunk=2.0)
        with pytest.raises(TypeError, match=r"log_baseline must be a torch\.Tensor, got float"):
            inspect.unwrap(bounds.tuba)(scores, 1.0)
