"""Activation functions in closed form, and the distribution of truncated-normal weights."""

import math

import pytest
import scipy.stats
import torch
from torch import nn

from ibutils.nets import ACTIVATIONS, activation, narrow_perceptron
from ibutils.nets.narrow import GAINS

FORMULAS = {
    "tanh": math.tanh,
    "relu": lambda a: max(a, 0.0),
    "abs": abs,
    "prelu": lambda a: max(a, 0.0),  # before the slope is learnt
    "elu": lambda a: a if a > 0 else math.expm1(a),
    "softplus": lambda a: math.log1p(math.exp(a)),
    "centred_softplus": lambda a: math.log1p(math.exp(a)) - math.log(2),
    "swish": lambda a: a / (1 + math.exp(-a)),
    "softsign": lambda a: a / (1 + abs(a)),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_their_formulas(name):
    points = torch.linspace(-6, 6, 25, dtype=torch.float64)
    found = activation(name, 1).double()(points[:, None])[:, 0].detach()
    expected = torch.tensor([FORMULAS[name](a) for a in points.tolist()], dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_of_large_inputs_are_finite(name):
    found = activation(name, 1)(torch.tensor([[-1e30], [1e30]]))
    assert bool(found.isfinite().all())


def test_the_slope_of_prelu_is_learnt_unit_by_unit():
    layer = activation("prelu", 2)
    layer(torch.tensor([[-2.0, -3.0], [1.0, 1.0]])).sum().backward()
    assert layer.weight.grad.tolist() == [-2.0, -3.0]


@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_weights_are_truncated_normals_scaled_by_inputs(name, generator):
    """Within two spreads, and there distributed as a normal that is cut off."""
    model = narrow_perceptron([400, 300, 200], activation=name, generator=generator)
    for layer, inputs in ((model[0], 400), (model[2], 300)):
        spread = GAINS[name] / math.sqrt(inputs)
        values = layer.weight.detach().double().flatten() / spread
        assert float(values.abs().max()) <= 2 + 1e-6
        cut = scipy.stats.truncnorm(-2, 2)
        assert scipy.stats.kstest(values.numpy(), cut.cdf).pvalue > 1e-4
        assert not layer.bias.any()


def test_saxes_weights_are_scaled_by_units(generator):
    """The last layer is Glorot-uniform: never beyond its bound, and flat up to it."""
    model = narrow_perceptron(
        [300, 400, 200], activation="relu", initialisation="fan_out", generator=generator
    )
    values = model[0].weight.detach().double().flatten() * math.sqrt(400)
    assert scipy.stats.kstest(values.numpy(), scipy.stats.truncnorm(-2, 2).cdf).pvalue > 1e-4
    values = model[2].weight.detach().double().flatten() / math.sqrt(6 / 600)
    assert scipy.stats.kstest(values.numpy(), scipy.stats.uniform(-1, 2).cdf).pvalue > 1e-4


def test_gains_are_those_of_the_published_code():
    ones = [name for name, gain in GAINS.items() if gain == 1]
    assert ones == ["tanh", "abs", "softsign"] and set(GAINS.values()) == {1.0, 2.0}


def test_layers_and_sizes():
    model = narrow_perceptron(activation="elu")
    linears = [layer for layer in model if isinstance(layer, nn.Linear)]
    assert [layer.in_features for layer in linears] == [12, 10, 7, 5, 4, 3]
    assert linears[-1] is model[-1] and model[-1].out_features == 2
    assert sum(isinstance(layer, nn.ELU) for layer in model) == 5


def test_a_generator_decides_and_nothing_else():
    before = torch.get_rng_state()
    one, two, three = (
        narrow_perceptron(activation="tanh", generator=torch.Generator().manual_seed(s))[0].weight
        for s in (0, 0, 1)
    )
    assert torch.equal(one, two) and not torch.equal(one, three)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(activation="gelu"), r"activation must be one of 'tanh', 'relu', .* got 'gelu'"),
        (
            dict(activation="tanh", initialisation="lecun"),
            "'fan_in', 'fan_out', got 'lecun'",
        ),
        (dict(activation="tanh", sizes=[12]), r"sizes=\[12\]"),
    ],
)
def test_bad_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        narrow_perceptron(**options)
