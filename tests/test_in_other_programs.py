"""What engineers ran into with data and settings of their own: each case with its right value."""

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import ibutils
from ibutils import bounds, infomax, probes
from ibutils.estimators import binning, kde, ksg, neural
from ibutils.vib import StochasticEncoder


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    """Return float64 samples ``[n]`` of correlation 0.895, information 0.805."""
    x, noise = torch.randn(2, 2000, generator=seeded(1), dtype=torch.float64)
    return x, 0.895 * x + math.sqrt(1 - 0.895**2) * noise


@pytest.mark.parametrize("scale", [1e-6, 100.0, 1e3, 1e6])
def test_units_do_not_decide(pair, scale):
    """They gave 0.81, 0.70, 0.12 and 0.0, and that the information may be infinite."""
    x, y = pair
    found = ksg(x, scale * y)
    assert found.value == pytest.approx(ksg(x, y).value, abs=1e-9)
    assert abs(found.value + 0.5 * math.log(1 - 0.895**2)) < 0.08
    assert not any("infinite" in one for one in found.diagnostics)


def test_labels_are_no_distances():
    """Thirty features against a binary label, of information 0.527, gave 0.0."""
    y = torch.randint(2, (5000,), generator=seeded(2))
    x = torch.randn(5000, 30, generator=seeded(3))
    x[:, 0] += (2 * y - 1) * 1.5007530339293371
    found = ibutils.estimate_mi(x, y, generator=seeded())
    assert abs(found.value - 0.527) < 0.05


def test_every_sample_twice_is_said(pair):
    """One neighbour read 6.21 for 0.46, and nothing spoke against it."""
    x, y = (one[:1000].repeat(2) for one in pair)
    assert any("repeat" in one for one in ksg(x, y, k=1).diagnostics)
    assert any("repeat" in one for one in ibutils.estimate_mi(x, y).diagnostics)


@pytest.mark.parametrize("covariance", ["diagonal", "full"])
@pytest.mark.parametrize("raw", [-1e4, -99.5, 1e4])
def test_any_output_of_a_network_is_a_code(covariance, raw):
    """At -99.5 the rate was infinite and the gradient NaN."""
    outputs = torch.full((2, StochasticEncoder.width(3, covariance)), raw, requires_grad=True)
    encoder = StochasticEncoder(nn.Identity(), bottleneck=3, covariance=covariance)
    code = encoder(outputs)
    (code.rate().sum() + code.sample(torch.ones(2, 3)).sum()).backward()
    assert bool(code.rate().isfinite().all() and outputs.grad.isfinite().all())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_kernels_keep_small_distances_of_large_activity(dtype):
    """It was -inf in single precision and 3.21 in double, for log 64."""
    activity = 1e7 * torch.randn(64, 3, generator=seeded(), dtype=dtype)
    found = kde.information(activity, noise_variance=1e-3, bound="upper").about_input
    assert float(found) == pytest.approx(math.log(64), abs=1e-9)


def test_edges_are_those_that_were_asked_for():
    """The first was 0.10000000149, so that 0.1 lay outside."""
    assert binning.uniform_edges(0.1, 0.2, bins=2).tolist() == [0.1, pytest.approx(0.15), 0.2]
    activity = torch.tensor([[0.1], [0.2]], dtype=torch.float64)
    found = binning.information(activity, edges=binning.uniform_edges(0.1, 0.2, bins=2))
    assert float(found.about_input) == pytest.approx(math.log(2))


def test_half_precision_does_not_overflow():
    """NWJ of 512 pairs was -inf."""
    scores = 2 * torch.randn(512, 512, generator=seeded(), dtype=torch.float64)
    scores += 6 * torch.eye(512, dtype=torch.float64)
    expected = float(bounds.nwj(scores))
    assert float(bounds.nwj(scores.half())) == pytest.approx(expected, rel=0.01)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert float(bounds.nwj(scores.bfloat16())) == pytest.approx(expected, rel=0.05)


def test_an_encoder_in_training_is_measured(pair):
    """It went backward a second time through the encoder, and crashed where there is no grad."""
    x = F.linear(pair[0][:200, None].float(), torch.ones(2, 1, requires_grad=True))
    values = [float(neural.estimate(x, pair[1][:200], steps=20, generator=seeded()))]
    with torch.no_grad():
        values.append(float(neural.estimate(x, pair[1][:200], steps=20, generator=seeded())))
    with torch.inference_mode():
        values.append(float(neural.estimate(x, pair[1][:200], steps=20, generator=seeded())))
    assert len(set(values)) == 1


def test_the_default_type_may_be_double(pair):
    x, y = (one[:200] for one in pair)
    expected = float(neural.estimate(x.float(), y.float(), steps=20, generator=seeded()))
    torch.set_default_dtype(torch.float64)
    try:
        found = neural.estimate(x.float(), y.float(), steps=20, generator=seeded())
        assert math.isfinite(neural.estimate(x, y, steps=20, generator=seeded()).value)
    finally:
        torch.set_default_dtype(torch.float32)
    assert float(found) == pytest.approx(expected, abs=0.1)  # weights are drawn in another type


@pytest.mark.parametrize(
    "form", [lambda t: t.numpy(), lambda t: t.tolist(), lambda t: pd.Series(t.numpy())]
)
def test_estimators_and_probes_take_what_there_is(pair, form):
    x, y = (form(one[:200]) for one in pair)
    assert ksg(x, y).value == ksg(*(one[:200, None] for one in pair)).value
    assert math.isfinite(neural.estimate(x, y, steps=5, generator=seeded()).value)
    features, labels = np.asarray(x)[:, None].tolist(), ["low" if one < 0 else "high" for one in y]
    halves = (features[:100], labels[:100], features[100:], labels[100:])
    assert 0.5 < probes.svm_probe(*halves, seed=0).value <= 1


def test_bounds_have_one_name():
    scores = torch.randn(8, 8, generator=seeded())
    for name in infomax.BOUNDS:
        assert name in bounds.__all__ and name in neural.OBJECTIVES
        assert math.isfinite(infomax.infomax_loss(scores, bound=name))


def test_kernels_can_be_trained_through():
    activity = torch.randn(16, 2, generator=seeded(), dtype=torch.float64, requires_grad=True)

    def bound(values):
        return kde.information(values, noise_variance=0.5, bound="lower").about_input.value

    assert torch.autograd.gradcheck(bound, activity)


def test_an_estimate_is_a_number(pair):
    found = ksg(*pair)
    assert float(found) == found.value and f"{found:.3f}" == f"{found.value:.3f}"


def test_everything_is_reached_from_the_top():
    code = (
        "import sys, ibutils; assert 'torch' not in sys.modules;"
        "ibutils.estimators.neighbours, ibutils.estimators.ksg, ibutils.bounds.nwj;"
        "light = not {'matplotlib', 'seaborn', 'pandas', 'torchvision', 'torchmetrics',"
        "'sklearn', 'statsmodels'} & set(sys.modules); assert light"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_data_sets_are_looked_for_where_one_says(tmp_path, monkeypatch):
    """It named a variable of the project, and made a folder of a misspelt name."""
    monkeypatch.setenv("IBUTILS_DATA", str(tmp_path / "misspelt"))
    with pytest.raises((ValueError, FileNotFoundError), match="IBUTILS_DATA"):
        ibutils.data.load("mnist", split="train")
    assert not (tmp_path / "misspelt").exists()
