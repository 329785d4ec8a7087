"""Stacked perceptrons against their members as ordinary modules."""

import pytest
import torch
from torch import nn

from ibutils import train
from ibutils.nets import ACTIVATIONS, StackedPerceptrons, narrow_perceptron

SIZES = (6, 5, 4, 3)
TOLERANCE = 1e-12


def models(activation="tanh", count=3):
    """Return small perceptrons in double precision; slopes of PReLU are drawn too."""
    found = []
    for seed in range(count):
        g = train.generator(seed, "weights")
        model = narrow_perceptron(SIZES, activation=activation, generator=g).double()
        for p in model.parameters():
            if p.ndim == 1:  # biases and slopes that start at zero would hide mistakes
                nn.init.uniform_(p, -0.5, 0.5, generator=g)
        found.append(model)
    return found


def layers(model, inputs):
    """Return what follows each activation function, and the probabilities."""
    found, x = [], inputs
    for layer in model:
        x = layer(x)
        if not isinstance(layer, nn.Linear):
            found.append(x)
    return [*found, x.softmax(-1)]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activity_is_that_of_each_member(name, generator):
    inputs = torch.randn(11, 6, generator=generator, dtype=torch.float64)
    members = models(name)
    found = StackedPerceptrons(members).activity(inputs)
    assert len(found) == 3 and not any(x.requires_grad for x in found)
    for i, model in enumerate(members):
        for stacked, alone in zip(found, layers(model, inputs), strict=True):
            torch.testing.assert_close(stacked[i], alone.detach(), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_are_those_of_each_member(name, generator):
    """Mean cross-entropy and half the squares of all weights but the last, by autograd."""
    inputs = torch.randn(3, 8, 6, generator=generator, dtype=torch.float64)
    labels = torch.randint(3, (3, 8), generator=generator)
    l2 = torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64)
    members = models(name)
    nets = StackedPerceptrons(members)
    targets = nn.functional.one_hot(labels, 3).permute(2, 0, 1) / 8
    batch = (inputs.permute(2, 0, 1), targets.double(), l2)
    found = torch.func.grad(nets.objective)(nets.parameter, *batch)
    total = 0.0
    for i, model in enumerate(members):
        weights = [p for p in model.parameters() if p.ndim == 2][:-1]
        loss = nn.functional.cross_entropy(model(inputs[i]), labels[i])
        loss = loss + l2[i] / 2 * sum(p.square().sum() for p in weights)
        loss.backward()
        total += float(loss.detach())
        alone = torch.cat([p.grad.flatten() for p in model.parameters()])
        torch.testing.assert_close(found[:, i], alone, rtol=0, atol=TOLERANCE)
    assert abs(float(nets.objective(nets.parameter, *batch)) - total) < TOLERANCE


@pytest.mark.parametrize("name", ["tanh", "prelu", "softplus", "swish"])
def test_gradients_agree_with_differences(name, generator):
    nets = StackedPerceptrons(models(name, count=2))
    inputs = torch.randn(6, 2, 4, generator=generator, dtype=torch.float64)
    targets = torch.rand(3, 2, 4, generator=generator, dtype=torch.float64)
    l2 = torch.tensor([0.1, 0.2], dtype=torch.float64)
    parameter = nets.parameter.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: nets.objective(p, inputs, targets, l2), parameter)


def test_rows_without_targets_do_not_count(generator):
    """What fills up the last batch changes neither objective nor gradient."""
    nets = StackedPerceptrons(models())
    inputs = torch.randn(6, 3, 9, generator=generator, dtype=torch.float64)
    targets = torch.rand(3, 3, 9, generator=generator, dtype=torch.float64)
    targets[..., 5:] = 0
    l2 = torch.zeros(3, dtype=torch.float64)
    gradient = torch.func.grad(nets.objective)
    padded = gradient(nets.parameter, inputs, targets, l2)
    short = gradient(nets.parameter, inputs[..., :5], targets[..., :5], l2)
    torch.testing.assert_close(padded, short, rtol=0, atol=TOLERANCE)


def test_members_come_back_with_their_weights():
    given = models("prelu")
    for model, found in zip(given, StackedPerceptrons(given).members(), strict=True):
        pairs = zip(model.parameters(), found.parameters(), strict=True)
        assert all(torch.equal(a, b) and b.requires_grad for a, b in pairs)


def test_given_models_are_left_as_they_are():
    given = models()
    StackedPerceptrons(given).parameter.zero_()
    assert all(bool(model[0].weight.any()) for model in given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "at least one perceptron"),
        ([*models("tanh"), *models("relu")], "(?s)model 0 is .*Tanh.*model 3 is .*ReLU"),
        ([nn.Sequential(nn.Linear(2, 2), nn.Tanh())], "must take turns"),
        ([nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))], "must take turns"),
        ([nn.Sequential()], "must take turns"),
        ([nn.Sequential(nn.Linear(2, 2, bias=False))], "must have a bias, got Linear"),
    ],
)
def test_models_that_cannot_be_stacked_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        StackedPerceptrons(given)


@pytest.mark.parametrize(
    "function",
    [
        nn.Softmax(-1),  # of examples, which lie last here
        nn.LayerNorm(3, elementwise_affine=False),
        nn.LayerNorm(4, elementwise_affine=False),
        nn.LayerNorm(4),
        nn.BatchNorm1d(4, affine=False),
        nn.Dropout(),
        nn.AlphaDropout(),
        nn.RReLU(),
        nn.PReLU(3),
        nn.Sequential(nn.Tanh(), nn.Linear(4, 4)),
    ],
)
def test_what_is_no_function_of_single_numbers_is_refused(function):
    model = nn.Sequential(nn.Linear(3, 4), function, nn.Linear(4, 2))
    with pytest.raises(ValueError, match=r"(?s)map each number by itself.*got \w+\("):
        StackedPerceptrons([model])


@pytest.mark.parametrize(
    "function", [nn.ELU(inplace=True), nn.Identity(), nn.PReLU(), nn.Sequential(nn.GELU())]
)
def test_any_function_of_single_numbers_is_taken(function, generator):
    model = nn.Sequential(nn.Linear(3, 4), function, nn.Linear(4, 2))
    inputs = torch.randn(7, 3, generator=generator)
    found = StackedPerceptrons([model]).activity(inputs)[-1][0]
    torch.testing.assert_close(found, model(inputs).softmax(-1).detach())
