"""Two collections of bounds on tables of scores."""

import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor

from experiments.published_codes.comparison import Comparison, Side
from experiments.published_codes.fixture import Case, output
from ibutils import bounds

CLIPS = {"smile clip 5": 5.0, "smile clip 1": 1.0}
OF = ", over max(1, |value|)"


def _rounding(count: int) -> float:
    """Return the error of the logarithm of a count in single precision."""
    return float(np.log(np.float32(count), dtype=np.float32)) - math.log(count)


def _pairs(case: Case) -> int:
    n = len(case.given("scores"))
    return n * (n - 1)


def _bound(case: Case, bound: Callable[[Tensor], Tensor], *, transposed: bool = False) -> Tensor:
    scores = case.given("scores")
    return bound(scores.mT if transposed else scores)


def _tuba(case: Case, *, transposed: bool = True) -> Tensor:
    scores = case.given("scores")
    return bounds.tuba(scores.mT if transposed else scores, case.given("log_baseline"))


def _plus_rounding(case: Case, bound: Callable[[Tensor], Tensor]) -> Tensor:
    return _bound(case, bound) + _rounding(_pairs(case))


def _info_nce_as_rounded(case: Case) -> Tensor:
    n = len(case.given("scores"))
    return _bound(case, bounds.info_nce, transposed=True) + _rounding(n)


def _nwj_as_rounded(case: Case) -> Tensor:
    """Return our value with its mean of exponentials times the rounding of the count."""
    mean = case.given("scores").diagonal().mean()
    return mean - (mean - bounds.nwj(case.given("scores"))) * math.exp(-_rounding(_pairs(case)))


def _tuba_as_rounded(case: Case) -> Tensor:
    scores = case.given("scores")
    first = 1 + (scores.diagonal() - case.given("log_baseline")).mean()
    return first - (first - _tuba(case)) * math.exp(-_rounding(_pairs(case)))


def _gradient(case: Case) -> Tensor:
    scores = case.given("scores").requires_grad_()
    (gradient,) = torch.autograd.grad(bounds.jensen_shannon(scores), scores)
    return gradient


def _of_scores() -> tuple[Comparison, ...]:
    def single(
        key: str, name: str, ours: Callable[[Case], Tensor], gaps: Mapping[str, Side] | None = None
    ) -> Comparison:
        theirs = output(name)
        return Comparison(key + OF, theirs, ours, gaps or {}, "one or more", single=True)

    def exact(key: str, name: str, ours: Callable[[Case], Tensor]) -> Comparison:
        return Comparison(key + OF, output(name), ours, scale="one or more")

    dv, nwj, js, info_nce = map(
        lambda bound: partial(_bound, bound=bound),
        (bounds.donsker_varadhan, bounds.nwj, bounds.jensen_shannon, bounds.info_nce),
    )
    clipped = {name: partial(bounds.smile, clip=clip) for name, clip in CLIPS.items()}
    undone = "float32 log undone"
    return (
        single("dv", "dv", dv),
        single("nwj", "nwj", nwj),
        single(
            "infonce of transposed scores",
            "infonce",
            partial(info_nce, transposed=True),
            gaps={"infonce, not transposed": info_nce},
        ),
        single(
            "tuba of transposed scores",
            "tuba",
            _tuba,
            gaps={"tuba, not transposed, relative": partial(_tuba, transposed=False)},
        ),
        exact("js_fgan", "js_fgan", js),
        single("js value (= nwj)", "js_value", nwj),
        *(
            single(name, name.replace(" ", "_"), partial(_bound, bound=bound))
            for name, bound in clipped.items()
        ),
        single("smile without clip (= dv)", "smile_no_clip", dv),
        exact(f"dv, {undone}", "dv", partial(_plus_rounding, bound=bounds.donsker_varadhan)),
        *(
            exact(
                f"{name}, {undone}", name.replace(" ", "_"), partial(_plus_rounding, bound=bound)
            )
            for name, bound in clipped.items()
        ),
        exact(f"infonce of transposed scores, {undone}", "infonce", _info_nce_as_rounded),
        exact(f"nwj, {undone}", "nwj", _nwj_as_rounded),
        exact(f"tuba of transposed scores, {undone}", "tuba", _tuba_as_rounded),
        Comparison(
            "gradient of smile_lower_bound (= that of jensen_shannon)",
            output("smile_gradient"),
            _gradient,
        ),
    )


SMILE = _of_scores()

TAU = 5.0
smile = partial(bounds.smile, clip=TAU)


def _product(case: Case) -> Tensor:
    """Return the scores as the inner products that they are."""
    return case.given("x") @ case.given("y").mT


def _of_products(case: Case, bound: Callable[[Tensor], Tensor], sign: float = 1.0) -> Tensor:
    return sign * bound(_product(case))


def _transposed(case: Case) -> Tensor:
    return bounds.info_nce(_product(case).mT)


def _with_own(mean: Tensor, own: Tensor) -> Tensor:
    """Return the mean over all pairs, from that over others and the terms of own pairs."""
    return ((len(own) - 1) * mean + own.mean()) / len(own)


def _whole_nwj(case: Case) -> Tensor:
    scores = _product(case)
    own = scores.diagonal()
    return own.mean() - _with_own(own.mean() - bounds.nwj(scores), (own - 1).exp())


def _whole(case: Case, bound: Callable[[Tensor], Tensor], clip: float = math.inf) -> Tensor:
    scores = _product(case)
    own = scores.diagonal()
    mean = (own.mean() - bound(scores)).exp()
    return own.mean() - _with_own(mean, own.clamp(-clip, clip).exp()).log()


def _whole_js(case: Case) -> Tensor:
    """Return minus our objective with own pairs among the negatives."""
    scores = _product(case)
    own = scores.diagonal()
    softplus, joint = torch.nn.functional.softplus, torch.nn.functional.logsigmoid(own).mean()
    return _with_own(joint - bounds.jensen_shannon(scores), softplus(own)) - joint


def _js_losses(case: Case) -> Tensor:
    """Return their loss asked for others only, and for the whole batch."""
    both = "js_loss_others_only_asked_for", "js_loss_whole_batch"
    return torch.stack([case.found(name) for name in both])


VALUES: dict[str, Callable[[Tensor], Tensor]] = {
    "nwj": bounds.nwj,
    "mine_dv": bounds.donsker_varadhan,
    "smile_tau_5": smile,
}
WHOLE: dict[str, Side] = {
    "nwj": _whole_nwj,
    "mine_dv": partial(_whole, bound=bounds.donsker_varadhan),
    "smile_tau_5": partial(_whole, bound=smile, clip=TAU),
}
WHOLE_KEYS = {"nwj": "nwj", "mine_dv": "dv", "smile_tau_5": "smile"}

MIST = (
    Comparison(
        "infonce of transposed scores",
        output("infonce"),
        _transposed,
        gaps={"infonce, not transposed": partial(_of_products, bound=bounds.info_nce)},
    ),
    *(
        Comparison(
            f"{name}, own pairs left out",
            output("others_only", name),
            partial(_of_products, bound=bound),
        )
        for name, bound in VALUES.items()
    ),
    *(
        Comparison(
            f"{WHOLE_KEYS[name]}, whole batch: mean over all n^2 pairs",
            output("whole_batch", name),
            ours,
            gaps={f"{name}, whole batch": partial(_of_products, bound=VALUES[name])},
        )
        for name, ours in WHOLE.items()
    ),
    Comparison(
        "js loss: mean over all n^2 pairs",
        _js_losses,
        lambda case: _whole_js(case).expand(2),
        gaps={
            "js loss": lambda case: _of_products(case, bounds.jensen_shannon, sign=-1.0).expand(2)
        },
    ),
)
