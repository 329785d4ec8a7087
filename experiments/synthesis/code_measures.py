"""The same measurements for every code, noisy or read at a stated noise, as tidy rows."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.nn import functional as F

from experiments.synthesis.one_code import OneCode
from experiments.synthesis.shifted_images import PlacedSplits, ShiftedImages
from ibutils.attacks import gradient_sign
from ibutils.bounds import barber_agakov_lower, gaussian_sandwich
from ibutils.information import entropy, gaussian_kl
from ibutils.information_dropout import estimate_total_correlation, reestimate_batch_norm
from ibutils.probes import recipe
from ibutils.probes.mlp import Probe, accuracy
from ibutils.train import Learner, fit, generator
from ibutils.vib import GaussianCode
from ibutils.whitening import fit_whitening

FEW = (100, 1000)  # labels that a linear probe is given besides all
PICTURED = 400  # codes that are drawn
Row = dict[str, Any]
Reader = Callable[[Tensor], GaussianCode]


class CodesOfSplit(NamedTuple):
    """The codes of the images of a split.

    Attributes:
        law: Mean and log scale of each code.
        drawn: One draw of each, ``[n, k]``.
        part: The images with what they show.
    """

    law: GaussianCode
    drawn: Float[Tensor, "n k"]
    part: ShiftedImages


class LinearReading(NamedTuple):
    """A linear classifier of codes: logits are ``codes @ weight.T + bias``."""

    weight: Float[Tensor, "classes k"]
    bias: Float[Tensor, " classes"]

    def __call__(self, codes: Float[Tensor, "n k"]) -> Float[Tensor, "n classes"]:
        """Return logits."""
        return codes @ self.weight.mT + self.bias


def reader(model: OneCode, data: PlacedSplits, *, noise: float) -> Reader:
    """Return what makes codes of images; a deterministic code is whitened and given noise.

    The statistics of batch normalisations become those of the training images, and the model is
    in evaluation mode.
    """
    images = data.parts["train"].images
    reestimate_batch_norm(model.encoder, images)
    model.eval().requires_grad_(False)
    if model.noisy:
        return model.code
    whitened = fit_whitening(laws(model.code, images).mean)

    def read(images: Tensor) -> GaussianCode:
        mean = whitened(model.code(images).mean)
        return GaussianCode(mean, torch.full_like(mean, math.log(noise)))

    return read


@torch.no_grad()
def laws(read: Reader, images: Float[Tensor, "n c h w"]) -> GaussianCode:
    """Return the codes of all images."""
    parts = [read(part) for part in images.split(500)]
    mean, log_scale = (
        torch.cat([getattr(part, name) for part in parts]) for name in ("mean", "log_scale")
    )
    return GaussianCode(mean, log_scale)


def measured(
    model: OneCode, data: PlacedSplits, settings: Any, *, seed: int
) -> tuple[list[Row], CodesOfSplit]:
    """Return all rows of a trained model, and its codes of test images."""
    read = reader(model, data, noise=settings.noise)
    g = generator(seed, "reading", device=data.parts["test"].images.device)
    codes = {}
    for split, part in data.parts.items():
        law = laws(read, part.images)
        noise = torch.randn(law.mean.shape, generator=g, device=law.mean.device)
        codes[split] = CodesOfSplit(law, law.sample(noise), part)
    train, test = codes["train"], codes["test"]
    rows = input_information(train.law, test)
    if model.noisy:
        own = model.bounds(test.law, test.part.labels)
        rows += [_row(name, value.mean(), "nat") for name, value in own.items()]
        rows.append(_row("total_correlation", estimate_total_correlation(test.drawn).value, "nat"))
    rows += label_readings(train, test, settings, seed=seed)
    rows += linear_readings(train, test)
    rows.append(_row("attacked", attacked(read, train, test.part, epsilon=settings.epsilon)))
    return rows, test


def input_information(train: GaussianCode, test: CodesOfSplit) -> list[Row]:
    """Return bounds on I(X;Z) over the test images, and the ceiling of the lower one."""
    lower, upper, ceiling = gaussian_sandwich(test.drawn, test.law.mean, test.law.log_scale)
    bounds: dict[str, float | Tensor] = {
        "info_nce": lower,
        "leave_one_out": upper,
        "structured": structured_rate(train, test.law),
        "ceiling": ceiling,
    }
    return [_row(name, value, "nat") for name, value in bounds.items()]


def structured_rate(train: GaussianCode, test: GaussianCode) -> float:
    r"""Return the rate against the Gaussian with mean and covariance of the training codes.

    .. math:: \frac1n \sum_i \mathrm{KL}[p(z \mid x_i) \,\|\, \mathcal N(m, S)]

    An upper bound of I(X;Z) in expectation, since m and S are fitted on other images.
    """
    means, variances = train.mean.double(), (2 * train.log_scale.double()).exp()
    m = means.mean(0)
    s = (means - m).mT.cov() + torch.diag(variances.mean(0))
    own = torch.diag_embed((2 * test.log_scale.double()).exp())
    return float(gaussian_kl(test.mean.double(), own, m, s).mean())


def label_readings(
    train: CodesOfSplit, test: CodesOfSplit, settings: Any, *, seed: int
) -> list[Row]:
    """Return what a perceptron reads off noisy codes: label, I(Z;Y) from below, and place."""
    labels, places = (
        perceptron_of(train.drawn, getattr(train.part, name), settings.probe_epochs, seed=seed)
        for name in ("labels", "places")
    )
    counts = test.part.labels.bincount().double()
    label_entropy = entropy(counts / counts.sum())
    with torch.no_grad():
        logs = F.log_softmax(labels(test.drawn), dim=1)
    own = logs.gather(1, test.part.labels[:, None])[:, 0]
    return [
        _row("mlp", accuracy(labels, test.drawn, test.part.labels)),
        _row("place", accuracy(places, test.drawn, test.part.places)),
        _row("label_information", barber_agakov_lower(own, float(label_entropy)), "nat"),
        _row("label_entropy", label_entropy, "nat"),
    ]


def perceptron_of(
    codes: Float[Tensor, "n k"], classes: Int[Tensor, " n"], epochs: int, *, seed: int
) -> Probe:
    """Return a perceptron with one hidden layer, trained to tell classes by codes."""
    spread = codes.std(0)
    probe = Probe(codes.shape[1], int(classes.max()) + 1, generator=generator(seed, "probe"))
    with torch.no_grad():  # standardises its inputs
        probe.first.weight.div_(spread)
        probe.first.bias.sub_(probe.first.weight @ codes.mean(0))
    own = recipe(epochs, learning_rate=1e-3, batch_size=100, milestones=(max(1, epochs * 2 // 3),))
    fit(Learner(probe.to(codes.device), own), codes, classes, seeds=[seed])
    return probe.eval()


def linear_readings(train: CodesOfSplit, test: CodesOfSplit) -> list[Row]:
    """Return the accuracy of linear classifiers on noisy codes and on their means."""
    found = {
        "linear": _correct(linear_of(train.drawn, train.part.labels)(test.drawn), test.part),
        "linear_mean": _correct(
            linear_of(train.law.mean, train.part.labels)(test.law.mean), test.part
        ),
    }
    for count in FEW:
        few = train.drawn[:count], train.part.labels[:count]
        found[f"linear_{count}"] = _correct(linear_of(*few)(test.drawn), test.part)
    return [_row(name, value) for name, value in found.items()]


def linear_of(codes: Float[Tensor, "n k"], labels: Int[Tensor, " n"]) -> LinearReading:
    """Return the logistic regression of labels on standardised codes, with unit ridge."""
    scaler = StandardScaler()
    standard = scaler.fit_transform(codes.cpu().double().numpy())
    machine = LogisticRegression(max_iter=1000).fit(standard, labels.cpu().numpy())
    weight = torch.zeros(10, codes.shape[1], dtype=torch.float64)
    bias = torch.full((10,), -torch.inf, dtype=torch.float64)  # classes that few labels lack
    seen = torch.from_numpy(machine.classes_)
    weight[seen] = torch.from_numpy(machine.coef_ / scaler.scale_)
    bias[seen] = torch.from_numpy(machine.intercept_) - weight[seen] @ torch.from_numpy(
        scaler.mean_
    )
    return LinearReading(weight.to(codes), bias.to(codes))


def attacked(read: Reader, train: CodesOfSplit, part: ShiftedImages, *, epsilon: float) -> float:
    """Return the accuracy after one signed step against a linear classifier of the means."""
    linear = linear_of(train.law.mean, train.part.labels)

    def predict(images: Tensor, _: torch.Generator | None) -> Tensor:
        return F.log_softmax(linear(read(images).mean), dim=1)

    right = 0
    for images, labels in zip(part.images.split(500), part.labels.split(500), strict=True):
        moved = gradient_sign(predict, images, labels, epsilon=epsilon)
        right += int((predict(moved, None).argmax(1) == labels).sum())
    return right / len(part.labels)


def picture(codes: CodesOfSplit) -> tuple[Row, dict[str, Any]]:
    """Return the first test codes in the plane of their two largest variances, and its share."""
    shown = codes.drawn[:PICTURED].double()
    centred = shown - shown.mean(0)
    _, sizes, axes = torch.linalg.svd(centred, full_matrices=False)
    variances = sizes.square()
    share = _row("variance_shown", variances[:2].sum() / variances.sum()) | {"target": "SYN-F2"}
    found = {
        "points": (centred @ axes[:2].mT).float(),
        "label": codes.part.labels[:PICTURED].byte(),
        "place": codes.part.places[:PICTURED].byte(),
    }
    return share, {name: values.cpu().numpy() for name, values in found.items()}


def _correct(logits: Tensor, part: ShiftedImages) -> float:
    return float((logits.argmax(1) == part.labels).double().mean())


def _row(metric: str, value: float | Tensor, unit: str = "1") -> Row:
    return dict(target="SYN-F1", split="test", metric=metric, value=float(value), unit=unit)
