"""The code of Information Dropout: noise, divergences, total correlation, sizes of networks."""

from collections.abc import Callable
from functools import cache, partial

import torch
from torch import Tensor, nn

from experiments.published_codes.comparison import Comparison, Side, count, only
from experiments.published_codes.fixture import Case, output
from ibutils.information_dropout import (
    InformationDropout,
    NoisyNetwork,
    TotalCorrelation,
    estimate_total_correlation,
    information_dropout_loss,
    log_normal_kl,
    log_uniform_kl,
)
from ibutils.information_dropout.all_cnn import all_cnn_32, all_cnn_96

MORE = 0.001  # what the published range of the noise ends beyond its max_alpha
FLOOR = 1e-4  # of the activity in the published log-normal divergence
FUNCTIONS = {"relu": nn.ReLU, "softplus": nn.Softplus}


class _Half(nn.Module):
    """Hand on the first or the second half of the inputs."""

    def __init__(self, which: int) -> None:
        super().__init__()
        self.which = which

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.chunk(2, dim=-1)[self.which]


def _layer(case: Case, *, more: float) -> tuple[InformationDropout, Tensor]:
    """Return our layer after it has seen the given outputs of its parts, and what it returned."""
    options = case.options
    layer = InformationDropout(
        nn.Sequential(_Half(0), FUNCTIONS[options["activation"]]()),
        _Half(1),
        prior=options["prior"],
        max_alpha=options["max_alpha"] + more,
    )
    return layer, layer(_inputs(case), case.given("noise"))


def _inputs(case: Case) -> Tensor:
    parts = case.given("transform_output_before_activation"), case.given("alpha_head_output")
    return torch.cat(parts, dim=-1)


def _uniform_of_theirs(case: Case) -> Tensor:
    """Return our log-uniform divergence at the published noise."""
    return log_uniform_kl(case.found("alpha"), max_alpha=case.options["max_alpha"] + MORE)


def _normal(case: Case, *, floor: float = 0.0, above: bool = False, own: bool = False) -> Tensor:
    """Return our log-normal divergence.

    Args:
        case: Of the log-normal prior.
        floor: What the activity is raised to at least.
        above: Whether to leave out the units whose activity is not above the published floor.
        own: Whether to take the noise of our layer at the published max_alpha.
    """
    activity = case.found("activity")
    alpha = _layer(case, more=0.0)[0].alpha if own else case.found("alpha")
    prior = case.options["prior_mean"], case.options["prior_scale"]
    kl = log_normal_kl(alpha, activity.clamp_min(floor).log(), *prior)
    return kl[activity > FLOOR] if above else kl


def _of_prior(prior: str, side: Side) -> Side:
    return only(lambda case: case.options["prior"] == prior, side)


def _divergence(case: Case, more: float) -> Tensor:
    return _layer(case, more=more)[0].kl


def _activity(case: Case) -> Tensor:
    layer, _ = _layer(case, more=MORE)
    return layer(_inputs(case))


def _share(case: Case, *, examples: int | None = None) -> Tensor:
    """Return what the published divergences add to our loss."""
    kl, samples = case.found("kl").sum(-1), examples or case.options["training_examples"]
    return information_dropout_loss(torch.zeros_like(kl), kl, beta=1.0, samples=samples)


def _their_normal_above(case: Case) -> Tensor:
    return case.found("kl")[case.found("activity") > FLOOR]


KL = (
    Comparison("layer without noise", output("activity"), _activity, stated=0.0),
    Comparison(
        "sum over units, mean over batch",
        output("kl_summed_over_units_and_averaged"),
        partial(_share, examples=1),
        stated=0.0,
    ),
    Comparison(
        "log-uniform, their alpha, max_alpha + 0.001",
        _of_prior("log_uniform", output("kl")),
        _uniform_of_theirs,
    ),
    Comparison(
        "layer with max_alpha + 0.001: alpha",
        output("alpha"),
        lambda case: _layer(case, more=MORE)[0].alpha,
    ),
    Comparison(
        "layer with max_alpha + 0.001: noisy activity",
        output("noisy_activity"),
        lambda case: _layer(case, more=MORE)[1],
    ),
    Comparison(
        "layer with max_alpha + 0.001: KL",
        _of_prior("log_uniform", output("kl")),
        partial(_divergence, more=MORE),
        gaps={"log-uniform, our alpha from the same gate": partial(_divergence, more=0.0)},
    ),
    Comparison(
        "share in the loss: sum over units, mean over batch, over N",
        output("divided_by_50000"),
        _share,
    ),
    Comparison(
        "log-normal, activity floored at 1e-4",
        _of_prior("log_normal", output("kl")),
        partial(_normal, floor=FLOOR),
        gaps={"log-normal, without the floor": _normal},
    ),
    Comparison(
        "log-normal above 1e-4",
        _of_prior("log_normal", _their_normal_above),
        partial(_normal, above=True),
        gaps={"log-normal, with our alpha, above 1e-4": partial(_normal, above=True, own=True)},
    ),
)


def _correlation(of: Callable[[TotalCorrelation], float]) -> Side:
    return lambda case: of(estimate_total_correlation(case.given("samples")))


THEIR_CORRELATION = output("total_correlation_per_dimension")

TOTAL_CORRELATION = (
    Comparison(
        "raw over dimension",
        THEIR_CORRELATION,
        _correlation(lambda found: found.raw / found.dimension),
    ),
    Comparison(
        "log determinant: - 2 raw",
        output("log_det_of_correlations"),
        _correlation(lambda found: -2 * found.raw),
        stated=2e-11,  # 2 d times that of the total correlation by dimension
    ),
    Comparison(
        "per_dimension + floor over dimension",
        THEIR_CORRELATION,
        _correlation(lambda found: found.per_dimension + found.floor / found.dimension),
        gaps={"per_dimension (less the floor)": _correlation(lambda found: found.per_dimension)},
    ),
)

NETWORKS: dict[int, Callable[..., NoisyNetwork]] = {32: all_cnn_32, 96: all_cnn_96}
LAST = [100, 10]  # of a linear layer with a bias behind the mean, which the paper lacks
CONVOLUTION = "kernel", "stride", "inputs", "outputs", "weights", "offsets"


@cache
def _network(
    image: int, channels: int, width: float, dropout: str, activation: str
) -> tuple[int, Tensor]:
    """Return how many parameters our network trains, and what is in each of its layers."""
    make = NETWORKS[image]
    network = make(channels=channels, width=width, dropout=dropout, activation=activation)
    layers = [
        [
            kernel.shape[2],
            layer.stride[0],
            kernel.shape[1],
            len(kernel),
            kernel.numel(),
            len(kernel),
        ]
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d)
        for kernel in [layer.weight]
    ]
    priors = [layer for layer in network.modules() if hasattr(layer, "prior_mean")]
    rows = torch.tensor(layers).flatten(), torch.tensor([2, 0] * len(priors)), torch.tensor(LAST)
    return sum(p.numel() for p in network.parameters() if p.requires_grad), torch.cat(rows)


def _ours(case: Case) -> tuple[int, Tensor]:
    image, _, channels = case.input["image"]
    width, dropout = case.input["filter_percentage"], case.input["dropout"]
    activation = "softplus" if case.input["prior"] == "log_normal" else "relu"
    return _network(image, channels, width, dropout, activation)


def _parameters(case: Case, more: int) -> int:
    return _ours(case)[0] + more


def _their_layers(case: Case) -> Tensor:
    """Return what convolutions are like, then the parameters of all other layers, in one row."""
    layers = case.output["layers"]
    convolutions = [layer[name] for layer in layers if "kernel" in layer for name in CONVOLUTION]
    others = [layer for layer in layers if "kernel" not in layer]
    return torch.tensor(
        convolutions + [n for one in others for n in (one["weights"], one["offsets"])]
    )


SIZES = (
    count(
        "+ 110 of the last linear layer",
        output("parameters"),
        partial(_parameters, more=sum(LAST)),
        gaps={"as is": partial(_parameters, more=0)},
    ),
    count("each layer", _their_layers, lambda case: _ours(case)[1], stated=0.0),
)
