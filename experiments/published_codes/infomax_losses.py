"""The code of Deep InfoMax: losses on scores, the game with the prior, sizes of networks."""

import math
from collections.abc import Iterable
from functools import partial

import torch
from torch import Tensor, nn

from experiments.published_codes.comparison import Comparison, count, only
from experiments.published_codes.fixture import Case, output
from ibutils.infomax import infomax_loss, local_scores
from ibutils.infomax.heads import Branch
from ibutils.infomax.losses import pair_loss, pairs
from ibutils.nets.encoders import alex64, basic32
from ibutils.nets.square_slope import square_slope
from ibutils.prior_matching import PriorMatching, encoder_loss


def _scores(case: Case) -> Tensor:
    return local_scores(case.given("local"), case.given("global"))


def _loss(case: Case, bound: str, shift: float = 0.0) -> Tensor:
    return infomax_loss(_scores(case), bound=bound) + shift


def _others(scores: Tensor) -> Tensor:
    """Return for each image the indices of all others."""
    n = len(scores)
    return torch.arange(n).expand(n, n)[~torch.eye(n, dtype=torch.bool)].reshape(n, n - 1)


def _info_nce(case: Case) -> Tensor:
    """Return our loss with a candidate more for each location, at the published score."""
    scores = _scores(case)
    positive, negative = pairs(scores, _others(scores))
    masked = torch.full_like(negative[:, :1], case.options["sentinel_of_infonce"])
    return pair_loss(positive, torch.cat([negative, masked], dim=1), bound="info_nce")


def _dv(case: Case, *, inside: bool = True, above: bool | None = None) -> Tensor | None:
    """Return our loss as published: without 1/K in the mean, and with 1e-6 in the logarithm.

    Args:
        case: Of the losses.
        inside: Whether to add the number in the logarithm.
        above: Take only cases with own scores above 110, or only those without; or all.
    """
    scores = _scores(case)
    positive, negative = pairs(scores, _others(scores))
    if above is not None and above != bool(positive.max() > 110):
        return None
    loss = _loss(case, "donsker_varadhan", math.log(scores.shape[2]))
    if not inside:
        return loss
    own = positive.max() + case.options["positives_of_dv_shifted_by"]
    scaled = (torch.maximum(negative.max(), own) - negative.flatten().logsumexp(0)).exp()
    return loss + torch.log1p(case.options["added_inside_log_of_dv"] * scaled)


LOSSES = (
    Comparison(
        "jsd - 2 log 2",
        output("jsd"),
        partial(_loss, bound="jensen_shannon", shift=-2 * math.log(2)),
        gaps={"jsd": partial(_loss, bound="jensen_shannon")},
    ),
    Comparison("gan", output("gan"), partial(_loss, bound="jensen_shannon")),
    Comparison(
        "infonce with K candidates at -10",
        output("infonce"),
        _info_nce,
        gaps={"infonce": partial(_loss, bound="info_nce")},
    ),
    Comparison(
        "dv + log K + log(1 + 1e-6 e^max / sum)",
        output("donsker_varadhan"),
        _dv,
        gaps={
            "dv": partial(_loss, bound="donsker_varadhan"),
            "dv + log K only": partial(_dv, inside=False, above=False),
            "dv + log K only, own scores above 110": partial(_dv, inside=False, above=True),
        },
    ),
)


def _game(case: Case, *, penalty: bool = False) -> PriorMatching:
    """Return our game with the published discriminator's weights."""
    arrays = [torch.tensor(values, dtype=torch.float64) for values in case.input["weights"]]
    hidden = [len(bias) for bias in arrays[1:-1:2]]
    weight = case.options["gradient_penalty"] if penalty else 0.0
    game = PriorMatching(arrays[0].shape[1], hidden=hidden, penalty=weight).double()
    for parameter, values in zip(game.discriminator.parameters(), arrays, strict=True):
        parameter.data = values
    return game


def _losses(case: Case, *, penalty: bool = False) -> tuple[Tensor, Tensor]:
    return _game(case, penalty=penalty)(case.given("encoder_output"), case.given("prior_samples"))


def _discriminator(case: Case, *, penalty: bool = False) -> Tensor:
    return _losses(case, penalty=penalty)[1]


def _minimax(case: Case, sign: float) -> Tensor:
    logits = _game(case).discriminator(case.given("encoder_output").sigmoid())
    return sign * encoder_loss(logits, form="minimax")


def _penalty_as_published(case: Case) -> Tensor:
    """Return the penalty by our slope of the last sample alone, over the size of the batch."""
    game, codes = _game(case, penalty=True), case.given("encoder_output").sigmoid()
    last = case.given("prior_samples")[-1:], codes[-1:]
    slopes = [square_slope(game.discriminator, at) for at in last]
    return game.penalty / 2 * torch.stack(slopes).sum() / len(codes)


def _as_published(case: Case) -> Tensor:
    return _discriminator(case) + _penalty_as_published(case)


PRIOR = (
    Comparison(
        "encoder, non-saturating",
        output("encoder_loss_non_saturating"),
        lambda case: _losses(case)[0],
    ),
    Comparison(
        "discriminator without penalty",
        output("discriminator_loss_without_penalty"),
        _discriminator,
    ),
    Comparison(
        "discriminator with penalty on all samples",
        lambda case: (
            case.found("discriminator_loss_without_penalty") + case.found("penalty_of_all_samples")
        ),
        partial(_discriminator, penalty=True),
    ),
    Comparison(
        "discriminator as published (slope of the last sample over n)",
        output("discriminator_loss"),
        _as_published,
        gaps={"discriminator as published": partial(_discriminator, penalty=True)},
    ),
    Comparison("penalty as published", output("penalty_as_published"), _penalty_as_published),
    Comparison(
        "measure_estimate: half of minus the discriminator's loss",
        output("measure_estimate"),
        lambda case: -0.5 * _discriminator(case),
        stated=0.0,
    ),
    Comparison(
        "encoder, minimax form (sign: minus)",
        output("encoder_generator_loss_minimax"),
        partial(_minimax, sign=-1.0),
    ),
)


def _flat(numbers: Iterable[object]) -> Tensor:
    """Return whole numbers and shapes as one row."""
    rows = [torch.as_tensor(number).flatten() for number in numbers]
    return torch.cat(rows).double()


def _size(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


ENCODERS = {"basic32x32": basic32, "alex64x64": alex64}
SHAPES = "local_features", "conv_features", "fc_features"


def _their_encoder(case: Case, name: str) -> Tensor | None:
    """Return the number of parameters, the shape of each, and those of the features."""
    if name not in case.name:
        return None
    each = case.output["each_parameter"]
    return _flat([case.found("parameters"), *each, *(case.output[shape] for shape in SHAPES)])


def _encoder_size(case: Case, name: str) -> Tensor:
    encoder = ENCODERS[name](code=case.input["code"])
    each = [list(p.shape) for p in encoder.parameters()]
    shapes = encoder.local_shape, encoder.conv_shape, encoder.fc_size
    return _flat([_size(encoder), *each, *shapes])


def _head(case: Case, of: str, *, layer_norm: bool = True, more: int = 0) -> int:
    """Return the size of a head on a code or on channels, and some numbers more a unit."""
    inputs, units = case.input[of], case.input["units"]
    return _size(Branch(inputs, units, layer_norm=layer_norm)) + more * units


def _discriminator_size(case: Case) -> int:
    return _size(PriorMatching(case.input["code"], hidden=case.input["hidden"]))


SIZES = (
    *(
        count(
            f"encoder {name}",
            partial(_their_encoder, name=name),
            partial(_encoder_size, name=name),
        )
        for name in ENCODERS
    ),
    count("head, local", output("local_1x1", optional=True), partial(_head, of="channels")),
    count("head, global", output("global_1x1", optional=True), partial(_head, of="code")),
    count(
        "fully connected head: + 3 units",
        output("global_fully_connected", optional=True),
        partial(_head, of="code", layer_norm=False, more=3),
    ),
    count(
        "discriminator of the prior",
        only(lambda case: "hidden" in case.input, output("parameters")),
        _discriminator_size,
    ),
)
