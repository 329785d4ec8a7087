"""Losses inside a step: compiled whole, in half precision, with NaN, on labels out of range."""

import subprocess
import sys
from functools import partial
from inspect import unwrap
from pathlib import Path

import pytest
import torch
from pair_loops import BOUNDS, normal

from experiments.infomax.each_code import loss_of_each_code
from ibutils.baselines import (
    Classifier,
    DropoutClassifier,
    confidence_penalty_loss,
    label_smoothing_loss,
    predictive_loss,
    squared_error,
    standard_normal_kl,
)
from ibutils.infomax import (
    DeepInfoMax,
    RelativeCoordinates,
    Terms,
    infomax_loss,
    infomax_loss_from_embeddings,
    local_scores,
    location_losses,
    pair_loss,
    pairs,
)
from ibutils.infomax.heads import ConcatenateAndConvolve
from ibutils.nets import perceptron
from ibutils.nets.encoders import basic32
from ibutils.prior_matching import FORMS, encoder_loss, game_value
from ibutils.vib import vib_loss

LABELS = torch.tensor([0, 2, 1, 1])
SCORES, POSITIVE, NEGATIVE = normal(4, 4, 3), normal(4, 3), normal(4, 2, 3, seed=1)
LOSSES = {
    "location_losses": (location_losses, (SCORES,)),
    "loss_of_each_code": (loss_of_each_code, (POSITIVE, NEGATIVE)),
    "predictive_loss": (predictive_loss, (normal(4, 2, 3), normal(4, 2, 3), normal(4, 2, 3))),
    "squared_error": (squared_error, (normal(4, 2, 3, 3), normal(4, 2, 3, 3, seed=1))),
    "standard_normal_kl": (standard_normal_kl, (normal(4, 3), normal(4, 3, seed=1))),
    "label_smoothing": (
        lambda logits: label_smoothing_loss(logits, LABELS, epsilon=0.1),
        (normal(4, 3),),
    ),
    "vib": (
        lambda logits, rate: vib_loss(logits, LABELS, rate, beta=0.1),
        (normal(4, 3), normal(4, seed=1)),
    ),
    "game_value": (game_value, (normal(4, 3), normal(5, seed=1))),
    "confidence_penalty": (
        lambda logits: confidence_penalty_loss(logits, LABELS, weight=0.1),
        (normal(4, 3),),
    ),
}
for form in FORMS:
    LOSSES[f"encoder_loss, {form}"] = (partial(encoder_loss, form=form), (POSITIVE,))
for bound in BOUNDS:
    LOSSES[f"infomax_loss, {bound}"] = (partial(infomax_loss, bound=bound), (SCORES,))
    LOSSES[f"pair_loss, {bound}"] = (partial(pair_loss, bound=bound), (POSITIVE, NEGATIVE))
    LOSSES[f"embedded, {bound}"] = (
        partial(infomax_loss_from_embeddings, bound=bound, chunk=2),
        (normal(4, 2, 3), normal(4, 2, seed=1)),
    )
every = pytest.mark.parametrize("name", LOSSES)


def objective():
    """Return the objective of a small model with all terms, and a batch."""
    g = torch.Generator().manual_seed(0)
    encoder = basic32(channels=1 / 16, code=4, generator=g)
    terms = Terms(coordinates=1.0, alpha=1.0, negatives=2, occlusion=True)
    model = DeepInfoMax(encoder, terms, units=8, global_units=8, generator=g).eval()
    noise = model.draw_noise(4, generator=g)
    return model.objective, (torch.randn(4, 3, 32, 32, generator=g), torch.zeros(4), noise)


def test_losses_and_an_objective_compile_whole():
    """In a process of its own: run-time checks of shapes cannot be traced."""
    here = Path(__file__).parent
    program = f"""
import sys
sys.path[:0] = {[str(here), str(here.parent)]!r}
import torch
from test_in_a_training_step import LOSSES, objective

for function, arguments in [*LOSSES.values(), objective()]:
    torch.compiler.reset()
    compiled = torch.compile(function, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(*arguments), function(*arguments))
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)


@every
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_single(name, dtype):
    loss, arguments = LOSSES[name]
    halves = [one.to(dtype) for one in arguments]
    expected = loss(*(one.double() for one in halves))
    tolerance = 0.05 if name.startswith(("embedded", "predictive")) else 1e-5  # their products
    found = loss(*halves)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=tolerance, atol=tolerance)


@every
def test_any_nan_that_goes_in_comes_out(name):
    loss, arguments = LOSSES[name]
    for spoilt in range(len(arguments)):
        for entry in range(arguments[spoilt].numel()):
            given = [one.clone() for one in arguments]
            given[spoilt].view(-1)[entry] = torch.nan
            assert bool(loss(*given).isnan().any()), (spoilt, entry)


@pytest.mark.parametrize("name", ["pair_loss, info_nce", "location_losses", "label_smoothing"])
def test_a_loss_maps_over_a_stack(name):
    loss, arguments = LOSSES[name]
    stacks = [torch.stack([one, 2 * one]) for one in arguments]
    each = [loss(*(stack[i] for stack in stacks)) for i in range(2)]
    torch.testing.assert_close(torch.vmap(loss)(*stacks), torch.stack(each))


def test_scores_of_two_precisions_are_those_of_the_higher():
    local, global_ = normal(4, 2, 3), normal(4, 2, seed=1)
    found = local_scores(local.float(), global_)
    torch.testing.assert_close(found, local_scores(local.float().double(), global_))
    mixed = infomax_loss_from_embeddings(local.float(), global_, bound="info_nce")
    torch.testing.assert_close(mixed, infomax_loss(found, bound="info_nce"))


@pytest.mark.parametrize("label", [-100, -1, 3])
def test_labels_out_of_range_are_named_and_none_is_left_out(label):
    """PyTorch leaves out labels of -100 without a word."""
    labels = torch.tensor([0, label])
    model = Classifier(torch.nn.Linear(2, 3))
    for loss in (
        lambda: label_smoothing_loss(torch.zeros(2, 3), labels, epsilon=0.1),
        lambda: confidence_penalty_loss(torch.zeros(2, 3), labels, weight=0.1),
        lambda: model.objective(torch.zeros(2, 2), labels, torch.empty(2, 0)),
    ):
        with pytest.raises(ValueError, match=f"^labels must lie in 0..2.*: Target {label} is out"):
            loss()


@pytest.mark.parametrize(("number", "found"), [(9, "1..9"), (-1, "-1..1")])
def test_numbers_of_others_out_of_range_are_named(number, found):
    """A number below 0 would be read from the end."""
    negatives = torch.tensor([[1], [number], [1], [1]])
    head = ConcatenateAndConvolve(2, 3, units=4)
    for read in (
        lambda: pairs(SCORES, negatives),
        lambda: head.pairs(torch.zeros(4, 2, 1, 1), torch.zeros(4, 3), negatives),
    ):
        with pytest.raises(ValueError, match=rf"negatives must lie in 0..3, got {found}"):
            read()
    term = RelativeCoordinates(2, 2, 3, units=4)
    with pytest.raises(ValueError, match=rf"source must lie in 0..3, got {found}"):
        term(torch.zeros(4, 2, 2, 2), torch.zeros(4, 3), negatives[:, 0])


def test_what_a_network_cannot_take_is_named_with_its_shape():
    model = DropoutClassifier(perceptron([4, 8, 3]), rate=0.5)
    with pytest.raises(ValueError, match=r"inputs torch.float32 of shape \(2, 5\) must suit"):
        model(torch.zeros(2, 5))


@pytest.mark.parametrize(
    ("loss", "shapes"),
    [
        (squared_error, [(2, 1, 4, 4), (2, 1, 1, 4)]),
        (standard_normal_kl, [(3, 2), (3, 1)]),
        (predictive_loss, [(3, 2, 4), (3, 2, 4), (3, 2, 1)]),
        (loss_of_each_code, [(3, 1), (3, 2, 4)]),
    ],
)
def test_nothing_is_broadcast(loss, shapes):
    with pytest.raises(ValueError, match=r"\(.*\) and .*\(.*\)"):
        unwrap(loss)(*map(torch.zeros, shapes))
