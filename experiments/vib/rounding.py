"""A robustness that is a rounding: signed steps by how their gradient is computed."""

import copy
from collections.abc import Callable
from typing import cast

import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from experiments.style import COLOURS, finish, mean_line, panels
from experiments.vib.adversaries import BLACK, SAMPLES, WHITE
from ibutils.attacks import log_odds, prediction
from ibutils.baselines import Classifier
from ibutils.data import load
from ibutils.ensemble import Ensemble
from ibutils.nets import linear, perceptron
from ibutils.train import Recipe, adam, fit, generator
from ibutils.vib import VIB, StochasticEncoder

STEP, STAGE, STAGES = 0.3, 50, 5  # size of the step; epochs between attacks; attacks
SEEDS = 3
CERTAIN = "certain"  # the share of predictions that are exactly one, no way of attack

Logs = Callable[[Tensor], Tensor]


def surprise(logs: Tensor, own: Tensor) -> Tensor:
    """Return -log p(y | x), the loss that rounds."""
    return F.nll_loss(logs, own, reduction="none")


WAYS = {
    "-log p, single precision": (surprise, torch.float32),
    "-log p, double precision": (surprise, torch.float64),
    "log-odds, single precision": (log_odds, torch.float32),
}


def slope_of(way: str, predict: Logs, images: Tensor, own: Tensor) -> Tensor:
    """Return the gradient of a loss, in the precision of the way."""
    loss, dtype = WAYS[way]
    x = images.to(dtype).requires_grad_()
    (slope,) = torch.autograd.grad(loss(predict(x), own).sum(), x)
    return slope


def untrained(seed: int, stochastic: bool) -> VIB | Classifier:
    """Return an untrained network on digits with a bottleneck of eight units."""
    g, body = generator(seed, "weights"), [64, 64, 64]
    if not stochastic:
        encoder = perceptron([*body, 8], generator=g)
        return Classifier(nn.Sequential(encoder, linear(8, 10, generator=g)))
    network = perceptron([*body, StochasticEncoder.width(8, "diagonal")], generator=g)
    code = StochasticEncoder(network, bottleneck=8)
    return VIB(code, linear(8, 10, generator=g), beta=1e-3)


def lesson() -> pd.DataFrame:
    """Train small networks on digits, and attack them by each way every fifty epochs.

    Returns:
        ``network``, ``epochs``, ``seed``, ``way`` and ``value``, in percent: the accuracy that a
        step leaves, or the share of clean images whose probability is exactly one.
    """
    digits, rows = load("digits", split="train"), []
    recipe = Recipe(STAGE, adam(0.02, momentum=0.5), batch_size=len(digits), averaging=0.9)
    for network in ("deterministic", "VIB"):
        models = [untrained(seed, network == "VIB") for seed in range(SEEDS)]
        learner = Ensemble(models, recipe)
        for stage in range(STAGES):
            orders = [SEEDS * stage + seed for seed in range(SEEDS)]
            fit(learner, digits.flat(low=-1.0, high=1.0), digits.labels, seeds=orders)
            for seed, trained in enumerate(learner.averaged()):
                model = cast(VIB | Classifier, trained)
                own = dict(network=network, epochs=STAGE * (stage + 1), seed=seed)
                rows += [own | dict(way=w, value=v) for w, v in attacked_so_far(model).items()]
    return pd.DataFrame(rows)


def attacked_so_far(model: VIB | Classifier) -> dict[str, float]:
    """Return, in percent, what each step leaves, and how many predictions are exactly one."""
    test = load("digits", split="test")
    images, own, found = test.flat(low=0.0, high=1.0), test.labels, {}
    for way, (_, dtype) in WAYS.items():
        slope = slope_of(way, _draws(copy.deepcopy(model).to(dtype)), images, own)
        moved = (images + STEP * slope.sign().to(images)).clamp(0, 1)
        found[way] = _percent(_draws(model)(moved).argmax(1) == own)
    return found | {CERTAIN: _percent(surprise(_draws(model)(images), own) == 0)}


def _draws(model: VIB | Classifier) -> Logs:
    """Return the prediction of a model, with noise that is the same at each call."""
    predict = prediction(model, low=BLACK, high=WHITE, samples=SAMPLES)
    return lambda x: predict(x, generator(0, "lesson"))


def _percent(found: Tensor) -> float:
    return 100 * float(found.double().mean())


def ends(table: pd.DataFrame) -> pd.DataFrame:
    """Return the means over seeds at the end of training, a network a row."""
    last = table[table["epochs"] == STAGE * STAGES]
    return last.pivot_table(index="network", columns="way", values="value")[[*WAYS, CERTAIN]]


def numbers(table: pd.DataFrame) -> dict[str, float]:
    """Return what the prose quotes of the end of training, in percent."""
    return {"rounded-deterministic-one": float(ends(table)[CERTAIN]["deterministic"])}


def rounded_signs(table: pd.DataFrame) -> Figure:
    """Accuracy under a signed step against training, by how its gradient is computed."""
    networks = list(table["network"].unique())
    label = rf"accuracy at $\epsilon$ = {STEP:g}, %"
    figure, shown = panels(networks, (5.0, 5.0), xlabel="epochs of training", ylabel=label)
    ways = [way for way in table["way"].unique() if way != CERTAIN]
    # wide, then narrow above it: where two gradients agree both are seen
    looks = [("o", "-", 2.0), ("s", "-", 5.0), ("^", "--", 2.0)]
    for axes, network in zip(shown, networks, strict=True):
        rows = table[table["network"] == network]
        for way, colour, (marker, line, width) in zip(ways, COLOURS, looks, strict=False):
            look = dict(color=colour, marker=marker, ls=line, lw=width, label=way)
            mean_line(axes, rows[rows["way"] == way], "epochs", **look)
        certain = rows[rows["way"] == CERTAIN].groupby("epochs")["value"].mean()
        look = dict(color="grey", alpha=0.25, label="images with p(y | x) = 1, no attack")
        axes.fill_between(certain.index, certain, **look)
        axes.set_xticks(certain.index)
    shown[0].set_ylim(bottom=-1)
    return finish(figure, f"digits, small networks, {SEEDS} seeds", legend=shown[0], columns=2)
