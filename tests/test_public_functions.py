"""What holds of every public function: the calls are the valid ones of ``tests.fuzz``."""

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from ibutils.train import Learner, Recipe, adam, fit
from tests.fuzz.judge import entries, finite
from tests.fuzz.registry import Call, calls
from tests.fuzz.workplace import workplace
from tests.pretended_gpu import every_gpu, on_gpu

pytestmark = pytest.mark.filterwarnings("ignore")  # of training that is cut short

# Functions that draw numbers of the default type, such as initial weights: another has others.
DRAWS = (
    "*.estimators.neural.*",
    "*.probes.dependency.neural_dependency",
    "*.probes.fine_tuning.fine_tuning_probe",
    "*.probes.mlp.mlp_probe",
    "*.probes.reconstruction.reconstruction_probe",
    "*.VariationalAutoencoder.evidence_bound",
)
# What they are given holds a network in single precision that a test cannot convert.
STAYS_SINGLE = (
    "ibutils.attacks.carlini_wagner.*",
    "ibutils.attacks.gradient_sign.*",
    "ibutils.attacks.outcome.keep_successes",
    "ibutils.information_plane.stacked_learner.*",
    "ibutils.nets.stacked.*",
    "ibutils.train.learner.*",
    "ibutils.train.loop.fit",
)
# Estimators of information from samples.
ESTIMATORS = (
    "ibutils.estimators.binning.information_of_samples",
    "ibutils.estimators.mutual_information.*",
    "ibutils.estimators.neighbours.*",
    "ibutils.estimators.neural.*",
)
# Losses and bounds that are used under mixed precision.
DIFFERENTIABLE = (
    "ibutils.baselines.autoencoder.*error",
    "ibutils.baselines.autoencoder.*kl",
    "ibutils.baselines.*_loss",
    "ibutils.bounds.*",
    "ibutils.infomax.*loss*",
    "ibutils.information_dropout.*_loss",
    "ibutils.prior_matching.*_loss",
    "ibutils.prior_matching.game_value",
    "ibutils.information.gaussian.*normal_kl",
    "ibutils.information.gaussian.diagonal_gaussian_kl",
    "ibutils.information.gaussian.full_gaussian_kl",
    "ibutils.vib.*_loss",
)


# Weights are made on the CPU, by a generator of the CPU.
WEIGHTS = (
    "*.all_cnn.all_cnn_*",
    "*.dropout_mlp.dropout_mlp",
    "*.global_head",
    "*.variational_autoencoder",
    "ibutils.nets.*",
)
# What these return is read by people or is independent of tensors.
ON_THE_CPU = (
    "ibutils.ensemble.fit_each",
    "ibutils.estimators.binning.uniform_edges",
    "ibutils.train.loop.fit",
)


def numbered(where: Callable[[Call], bool] = lambda call: True) -> list[Any]:
    """Return some of the calls as parameters with names of their own."""
    seen: dict[str, int] = {}
    found = []
    for call in filter(where, calls()):
        seen[call.name] = seen.get(call.name, 0) + 1
        found.append(
            pytest.param(call, id=f"{call.name.removeprefix('ibutils.')}-{seen[call.name]}")
        )
    return found


def takes_floats(call: Call) -> bool:
    """Say whether a function takes tensors, by its annotations."""
    parameters = inspect.signature(call.target).parameters.values()
    texts = [str(one.annotation) for one in parameters]
    return any(word in text for text in texts for word in ("Float", "Tensor", "Any"))


def has_a_place(call: Call) -> bool:
    """Say whether arguments of a function, or its generator, may be on a device."""
    parameters = inspect.signature(call.target).parameters.values()
    texts = " ".join("self" if p.name == "self" else str(p.annotation) for p in parameters)
    words = ("self", "Images") if matches(call, WEIGHTS) else ("self", "Images", "Generator")
    found = any(word in texts for word in words) or takes_floats(call)
    return found and not inspect.isclass(call.target)


def tensors(value: Any) -> Iterator[Tensor]:
    """Yield the tensors of arguments, those of networks left out."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from tensors(one)


def changed(value: Any, change: Callable[[Tensor], Tensor], of_module: Callable[..., Any]) -> Any:
    """Return arguments with each tensor of real numbers changed, and each network.

    Sources of random numbers are copied, so that each run draws the same.
    """
    if isinstance(value, torch.Generator):
        return torch.Generator().set_state(value.get_state())
    if isinstance(value, Tensor):
        return change(value) if value.is_floating_point() else value
    if isinstance(value, nn.Module):
        return of_module(value)
    if isinstance(value, Mapping):
        return {name: changed(one, change, of_module) for name, one in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return value._make(changed(one, change, of_module) for one in value)
    if isinstance(value, list | tuple):
        return type(value)(changed(one, change, of_module) for one in value)
    return value


def matches(call: Call, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(call.name, pattern) for pattern in patterns)


def assert_close(found: Any, expected: Any, *, rtol: float, atol: float | None = None) -> None:
    for one, other in zip(entries(found), entries(expected), strict=True):
        np.testing.assert_allclose(
            one.astype(float), other.astype(float), rtol=rtol, atol=rtol if atol is None else atol
        )


@pytest.fixture(scope="module", autouse=True)
def _own_project() -> Iterator[None]:
    with workplace():
        yield


@pytest.fixture
def double_by_default() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


every_call = pytest.mark.parametrize("call", numbered())
with_floats = pytest.mark.parametrize("call", numbered(takes_floats))


@every_call
def test_arguments_stay_as_they_are(call):
    arguments = call.arguments()
    data = {name: value for name, value in arguments.items() if name != "self"}
    before = copy.deepcopy({name: v for name, v in data.items() if _is_data(v)})
    versions = [tensor._version for tensor in tensors(data)]
    call.run(arguments)
    assert [tensor._version for tensor in tensors(data)] == versions
    for name, value in before.items():
        assert _same(data[name], value), name


@pytest.mark.parametrize("call", numbered(lambda call: not matches(call, ("*.Learner.step",))))
def test_nothing_needs_gradients_to_be_on(call):
    """As in a validation hook; a step of training is the business of ``fit``."""
    expected = call.run(call.arguments())
    with torch.no_grad():
        found = call.run(call.arguments())
    assert_close(found, expected, rtol=1e-12)


@with_floats
def test_gradients_may_be_on(call):
    """As of the output of an encoder that was not detached."""
    arguments = changed(call.arguments(), lambda x: x.detach().requires_grad_(), lambda m: m)
    assert_close(call.run(arguments), call.run(call.arguments()), rtol=1e-5)


@pytest.mark.parametrize(
    "call", numbered(lambda call: takes_floats(call) and not matches(call, STAYS_SINGLE))
)
def test_double_precision_goes_in_and_comes_out(call):
    single = call.run(call.arguments())
    arguments = changed(call.arguments(), Tensor.double, nn.Module.double)
    double = call.run(arguments)
    assert finite(entries(double)) or not finite(entries(single))
    if not matches(call, DRAWS):
        assert_close(double, single, rtol=1e-3)
    for one, other in zip(tensors(double), tensors(single), strict=True):
        assert one.dtype == (torch.float64 if other.is_floating_point() else other.dtype)


@with_floats
def test_the_default_type_of_numbers_does_not_matter(call, double_by_default):
    torch.set_default_dtype(torch.float32)
    expected, arguments = call.run(call.arguments()), call.arguments()
    torch.set_default_dtype(torch.float64)
    found = call.run(arguments)
    if not matches(call, DRAWS):
        assert_close(found, expected, rtol=1e-5)
    assert finite(entries(found)) or not finite(entries(expected))


@every_call
def test_all_may_be_in_double_precision(call, double_by_default):
    found = call.run(call.arguments())
    torch.set_default_dtype(torch.float32)
    assert finite(entries(found)) or not finite(entries(call.run(call.arguments())))


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("call", numbered(lambda call: matches(call, ESTIMATORS)))
def test_estimates_do_not_depend_on_units(call, unit):
    arguments = changed(call.arguments(), Tensor.double, lambda m: m)
    scaled = changed(arguments, lambda x: x, lambda m: m)
    if scaled["x"].is_floating_point():
        scaled["x"] = unit * scaled["x"]
    assert_close(call.run(scaled), call.run(arguments), rtol=1e-4)


losses = pytest.mark.parametrize("call", numbered(lambda call: matches(call, DIFFERENTIABLE)))


@losses
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_losses_in_half_precision_are_those_of_the_same_numbers(call, dtype):
    half = changed(call.arguments(), lambda x: x.to(dtype), lambda m: m.to(dtype))
    double = changed(half, Tensor.double, lambda m: copy.deepcopy(m).double())
    assert_close(call.run(half), call.run(double), rtol=2e-2)


@losses
def test_losses_under_mixed_precision_are_close(call):
    expected = call.run(call.arguments())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = call.run(call.arguments())
    assert_close(found, expected, rtol=5e-2)


@every_gpu
@pytest.mark.parametrize("call", numbered(has_a_place))
def test_results_lie_where_arguments_do(call, gpu):
    """Numbers in a result may be anywhere; its tensors are where the arguments are."""
    arguments = call.arguments()
    with gpu():
        found = [*tensors(call.run(on_gpu(arguments)))]
    assert {x.is_cuda for x in found} <= {not matches(call, ON_THE_CPU)}


@every_gpu
@pytest.mark.parametrize("call", numbered(lambda call: call.name.endswith(".objective")))
def test_every_model_trains_where_its_data_are(call, gpu):
    """It draws its noise there, too."""
    arguments = call.arguments()
    with gpu():
        model, inputs, labels, _ = on_gpu(arguments).values()
        learner = Learner(model, Recipe(1, adam(1e-3), batch_size=len(inputs)))
        targets = labels if labels.numel() else inputs  # of a model that takes none
        history = fit(learner, inputs, targets, seeds=[0])
        assert all(p.is_cuda for p in learner.averaged().parameters())
    assert bool(history["loss"].isfinite().all())


def _is_data(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray | pd.DataFrame | list | dict | tuple) and not (
        _holds_network(value)
    )


def _holds_network(value: Any) -> bool:
    if isinstance(value, Mapping):
        return _holds_network(list(value.values()))
    if isinstance(value, list | tuple):
        return any(_holds_network(one) for one in value)
    return isinstance(value, nn.Module | torch.Generator) or callable(value)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        return torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, pd.DataFrame):
        return one.equals(other)
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
