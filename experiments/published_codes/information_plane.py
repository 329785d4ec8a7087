"""The codes behind the information plane: kernels and bins of a layer's activity."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from experiments.published_codes.comparison import Comparison, Side
from experiments.published_codes.fixture import Case, output
from ibutils.estimators import LayerInformation, binning, kde
from ibutils.information import gaussian_entropy, nats_to_bits
from ibutils.information_plane import adaptive_binning, binning_with_own_ends, published_binning

SIDES = {"I(X;T)": "input", "I(T;Y)": "labels"}
BOUNDS = "upper", "lower"


def side(found: LayerInformation, name: str) -> Tensor:
    """Return one of the two informations of a layer, in nats."""
    estimate = found.about_input if name == "input" else found.about_labels
    if estimate is None:
        raise ValueError("the information about labels was not computed")
    return torch.as_tensor(estimate.value)


def _kernels(case: Case, bound: str, name: str, dtype: torch.dtype = torch.float64) -> Tensor:
    found = kde.information(
        case.given("activity").to(dtype),
        case.given("labels"),
        noise_variance=case.options["noise_variance"],
        bound="upper" if bound == "upper" else "lower",
    )
    return side(found, name)


def _entropy(case: Case, bound: str) -> Tensor:
    """Return the entropy of the noisy layer: our information, and the entropy of the noise."""
    return _kernels(case, bound, "input") + _entropy_of_noise(case)


def _entropy_of_noise(case: Case) -> Tensor:
    units = case.given("activity").shape[1]
    return gaussian_entropy(case.options["noise_variance"] * torch.eye(units).double())


def _kde() -> tuple[Comparison, ...]:
    found = [
        Comparison(
            "entropy of the noise", output("conditional_entropy"), _entropy_of_noise, stated=0.0
        )
    ]
    for bound in BOUNDS:
        theirs = {name: output(f"information_{name}_{bound}") for name in SIDES.values()}
        for symbol, name in SIDES.items():
            ours = partial(_kernels, bound=bound, name=name)
            found.append(Comparison(f"{symbol} {bound}, nats", theirs[name], ours))
        found.append(
            Comparison(
                f"entropy {bound} (+ d/2 (1 + log 2 pi var))",
                output(f"entropy_{bound}"),
                partial(_entropy, bound=bound),
            )
        )
        for symbol, name in SIDES.items():
            ours = partial(_kernels, bound=bound, name=name, dtype=torch.float32)
            key = f"float32 activity, {symbol} {bound}"
            found.append(Comparison(key, theirs[name], ours))
    return tuple(found)


def _with_edges(case: Case, edges: Tensor, name: str) -> Tensor:
    found = binning.information(case.given("activity"), case.given("labels"), edges=edges)
    return side(found, name)


def _thirty_edges() -> Tensor:
    """Return 30 edges from -1 to 1 in single precision, and one at infinity."""
    edges = binning.uniform_edges(-1.0, 1.0, bins=29).float().double()
    return torch.cat([edges, edges.new_tensor([torch.inf])])


def _published_edges(case: Case, name: str) -> Tensor:
    return _with_edges(case, _thirty_edges(), name)


def _closed_edges(case: Case, name: str, bins: int) -> Tensor:
    return _with_edges(case, binning.uniform_edges(-1.0, 1.0, bins=bins), name)


def _sizes(case: Case) -> list[float]:
    return case.options["bin_sizes"]


def _multiples(case: Case, size: float) -> Tensor:
    """Return whole multiples of the size of a bin that enclose the activity."""
    activity = case.given("activity")
    low, high = (int((end / size).floor()) for end in (activity.min(), activity.max()))
    return size * torch.arange(low, high + 2, dtype=torch.float64)


def _floor(case: Case, name: str) -> Tensor:
    return torch.stack([_with_edges(case, _multiples(case, s), name) for s in _sizes(case)])


def _their_floor(case: Case, name: str) -> Tensor:
    by_size = {one["bin_size"]: one[f"information_{name}"] for one in case.output["floor"]}
    return torch.tensor([by_size[size] for size in _sizes(case)], dtype=torch.float64)


def _in_bits(case: Case, ours: Callable[..., Tensor], **options: object) -> Tensor:
    return nats_to_bits(ours(case, **options))


KDE = _kde()

BINS = (
    Comparison(
        "30 fixed edges I(X;T), nats",
        output("fixed_30_edges", "information_input"),
        partial(_published_edges, name="input"),
        gaps={
            "30 fixed edges, 29 bins without own cell of 1": partial(
                _closed_edges, name="input", bins=29
            ),
            "30 bins": partial(_closed_edges, name="input", bins=30),
        },
    ),
    *(
        Comparison(
            f"floor {symbol}, nats", partial(_their_floor, name=name), partial(_floor, name=name)
        )
        for symbol, name in SIDES.items()
    ),
)

FIXED_EDGES = tuple(
    Comparison(
        f"{symbol}, bits",
        output(f"information_{name}_bits"),
        partial(_in_bits, ours=_published_edges, name=name),
        gaps={
            f"29 bins, 1 not apart: {symbol}": partial(
                _in_bits, ours=_closed_edges, name=name, bins=29
            )
        }
        | (
            {"30 bins: I(X;T)": partial(_in_bits, ours=_closed_edges, name=name, bins=30)}
            if name == "input"
            else {}
        ),
    )
    for symbol, name in SIDES.items()
)

RULES = {"adaptive_binning": adaptive_binning, "binning_with_own_ends": binning_with_own_ends}
ACTIVATIONS = "tanh", "relu", "elu", "softplus"


def _adaptive(case: Case, name: str) -> Tensor:
    """Return our information by the rule of the published code, in bits."""
    low, bins = case.options["low"], case.options["bins"]
    layer, labels = case.given("activity").float(), case.given("labels")
    return nats_to_bits(side(published_binning(layer, labels, low=low, bins=bins), name))


def _other_rule(case: Case, rule: str, activation: str, name: str) -> Tensor | None:
    """Return our information by a rule that knows no activation function, in bits."""
    if case.options["activation"] != activation:
        return None
    bins, layer = case.options["bins"], case.given("activity")
    return nats_to_bits(side(RULES[rule](layer, case.given("labels"), bins=bins), name))


def _other_rules(symbol: str, name: str) -> dict[str, Side]:
    return {
        f"{rule}, {activation}: {symbol}": partial(
            _other_rule, rule=rule, activation=activation, name=name
        )
        for activation in ACTIVATIONS
        for rule in RULES
    }


def _their_edges(case: Case) -> Tensor | None:
    """Return the published edges without repetitions, and without the one at low."""
    edges = case.found("edges")[1:]
    return edges.unique() if len(edges) else None


def _edges(case: Case) -> Tensor:
    """Return our edges that have values above them, of the values other than low."""
    layer = case.given("activity")
    others = layer.where(layer != case.options["low"], layer.max())
    edges = binning.equal_distinct_edges(others, bins=case.options["bins"], rounded=True)
    return edges[edges <= layer.max()].unique()


ADAPTIVE = (
    Comparison("edges other than low", _their_edges, _edges, stated=0.0),
    *(
        Comparison(
            f"{symbol}, bits",
            output(f"information_{name}_bits"),
            partial(_adaptive, name=name),
            gaps=_other_rules(symbol, name),
        )
        for symbol, name in SIDES.items()
    ),
)
