"""What attacks leave of a trained member: the rows and images of Figures 3 to 6 of Deep VIB."""

import io
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ibutils import checks
from ibutils.attacks import (
    Prediction,
    carlini_wagner_l2,
    gradient_sign,
    norms,
    prediction,
    projected_gradient,
)
from ibutils.baselines import Classifier
from ibutils.train import generator
from ibutils.vib import VIB
from reproduce.experiment import Member

SAMPLES = 12  # codes averaged in a prediction, attacked and scored
BLACK, WHITE = -1.0, 1.0  # what the models take for the ends of a pixel
SOURCE, TARGET = 0, 1  # Figure 3 turns zeros into ones
SIGN_EPSILONS = (0.05, 0.1, 0.15, 0.175, 0.2, 0.225, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
BALL_EPSILONS = (0.05, 0.1, 0.2)  # radii at which projected gradients run
BALL_STEPS = 20
CONFIDENCE = 2.0  # nats by which the wrong class has to win, in the variant with a margin
EXAMPLE_BETA = 1e-3  # of the VIB on which the effect of iterations is shown

Row = dict[str, Any]


@dataclass(frozen=True)
class Attacks:
    """Scale of the attacks.

    Attributes:
        step_images: First test images, for the fast gradient sign; the paper: 1000.
        search_images: First test images, for the other attacks; the paper: 1000.
        zeros: First zeros of the test set, for Figure 3; the paper: 10.
        executions: Times that each attack on a stochastic model runs; the paper: 3.
        search_steps: Of Carlini-Wagner; its code: 9.
        iterations: Of each search step; its code: 10000.
        rate: Adam's learning rate in the attack; its code: 0.01.
        weight: At which the search starts; its code: 0.001.
        counts: Numbers of iterations whose effect is shown.
        restarts: Of projected gradients.
        gradients: Averaged in each of their steps on a stochastic model.
    """

    step_images: int = 100
    search_images: int = 10
    zeros: int = 3
    executions: int = 1
    search_steps: int = 3
    iterations: int = 40
    rate: float = 0.05
    weight: float = 1.0
    counts: tuple[int, ...] = (10, 40)
    restarts: int = 2
    gradients: int = 4

    def __post_init__(self) -> None:
        """Refuse attacks on nothing, and attacks that do nothing."""
        for name in ("step_images", "search_images", "zeros", "executions"):
            checks.count(name, getattr(self, name))
        for name in ("search_steps", "iterations", "restarts", "gradients"):
            checks.count(name, getattr(self, name))
        checks.counts("counts", self.counts)
        checks.number("rate", self.rate, above=0)
        checks.number("weight", self.weight, above=0)


class Victims(NamedTuple):
    """Test images ``[n, d]`` with pixels in [0, 1], and their classes.

    Attributes:
        pixels: The images.
        classes: Their own classes.
        wrong: One random wrong class each, the target of targeted attacks.
        shape: Height and width.
    """

    pixels: Tensor
    classes: Tensor
    wrong: Tensor
    shape: tuple[int, int]


@dataclass(frozen=True)
class Trial:
    """A trained member, and what it is attacked with."""

    member: Member
    model: VIB | Classifier
    attacks: Attacks
    victims: Victims

    @property
    def noisy(self) -> bool:
        """Whether the model has noise, and an attack another result each time."""
        return self.member["method"] == "vib"

    @property
    def executions(self) -> int:
        """How often each attack runs."""
        return self.attacks.executions if self.noisy else 1

    @property
    def usual(self) -> Prediction:
        """The prediction of the paper: the mean over samples, with fresh noise."""
        return prediction(self.model, low=BLACK, high=WHITE, samples=SAMPLES)

    def draws(self, name: str) -> torch.Generator:
        """Return the source of the noise of one kind of attack."""
        return generator(self.member["seed"], name, device=self.victims.pixels.device)

    def searched(self) -> tuple[Tensor, Tensor]:
        """Return the images that all attacks but the single step meet, and their classes."""
        first = self.attacks.search_images
        return self.victims.pixels[:first], self.victims.classes[:first]

    def search(self) -> Any:
        """Return the attack of Carlini and Wagner at its scale."""
        return partial(
            carlini_wagner_l2,
            search_steps=self.attacks.search_steps,
            learning_rate=self.attacks.rate,
            initial_weight=self.attacks.weight,
        )


@torch.no_grad()
def accuracy(predict: Prediction, images: Tensor, own: Tensor, g: torch.Generator) -> float:
    """Return the share of images in their own class, under noise that no attack has seen."""
    return float((predict(images, g).argmax(1) == own).double().mean())


def row(target: str, metric: str, value: float) -> Row:
    """Return one tidy row."""
    unit = "pixel" if metric == "l0" else "1"
    return dict(target=target, split="test", metric=metric, value=value, unit=unit)


def under_signs(trial: Trial) -> list[Row]:
    """Return the rows of Figure 5: accuracy under one signed step of each size.

    The images are scored whether the step succeeded or not.
    """
    g, predict, first = trial.draws("signs"), trial.usual, trial.attacks.step_images
    images, own = trial.victims.pixels[:first], trial.victims.classes[:first]
    rows = [row("VIB-F5", "accuracy", accuracy(predict, images, own, g))]
    for epsilon in SIGN_EPSILONS:
        left = []
        for _ in range(trial.executions):
            moved = gradient_sign(predict, images, own, epsilon=epsilon, generator=g)
            left.append(accuracy(predict, moved, own, g))
        rows.append(row("VIB-F5", f"sign_{epsilon:g}", float(np.mean(left))))
    return rows


def in_balls(trial: Trial) -> list[Row]:
    """Return accuracies under projected gradients for each radius.

    They are plain, with one start and one gradient, or strong, with restarts and, where there is
    noise, averaged gradients.
    """
    g, predict, (images, own) = trial.draws("balls"), trial.usual, trial.searched()
    averaged = trial.attacks.gradients if trial.noisy else 1
    strong: dict[str, Any] = dict(restarts=trial.attacks.restarts, gradients=averaged)
    attack = partial(projected_gradient, steps=BALL_STEPS, generator=g)
    rows = []
    for epsilon in BALL_EPSILONS:
        for name, options in {"ball_plain": {}, "ball": strong}.items():
            found = attack(predict, images, own, epsilon=epsilon, **options)
            left = accuracy(predict, found.images, own, g)
            rows.append(row("VIB-F5", f"{name}_{epsilon:g}", left))
    return rows


def under_search(trial: Trial) -> list[Row]:
    """Return the rows of Figure 6, with variants of the attack for a model with noise.

    They are frozen noise; the mean of the code, scored with samples or with the mean; and a
    margin by which the wrong class has to win.
    """
    g, usual = trial.draws("search"), trial.usual
    left = partial(_left_by_search, trial, g)
    found = {
        "accuracy": accuracy(usual, *trial.searched(), g),
        "untargeted": left(usual, usual),
        "targeted": left(usual, usual, targeted=True),
    }
    if trial.noisy:
        mean = prediction(trial.model, low=BLACK, high=WHITE, noise="mean")
        frozen = prediction(
            trial.model, low=BLACK, high=WHITE, samples=SAMPLES, noise="frozen", generator=g
        )
        found["frozen"] = left(frozen, usual)
        found["mean"] = left(mean, usual)
        found["mean_mode"] = left(mean, mean)
        found["confident"] = left(usual, usual, confidence=CONFIDENCE)
    return [row("VIB-F6", metric, value) for metric, value in found.items()]


def _left_by_search(
    trial: Trial,
    g: torch.Generator,
    attacked: Prediction,
    scored: Prediction,
    *,
    targeted: bool = False,
    confidence: float = 0.0,
) -> float:
    """Return the accuracy that a Carlini-Wagner attack leaves, a mean over executions."""
    images, own = trial.searched()
    aims = trial.victims.wrong[: len(own)] if targeted else own
    attack = partial(trial.search(), attacked, images, aims, targeted=targeted, generator=g)
    left = []
    for _ in range(trial.executions):
        found = attack(iterations=trial.attacks.iterations, confidence=confidence)
        left.append(accuracy(scored, found.images, own, g))
    return float(np.mean(left))


def over_iterations(trial: Trial) -> list[Row]:
    """Return accuracy and mean perturbation of the untargeted attack by its iterations."""
    member, rows = trial.member, []
    shown = member["beta"] in (None, EXAMPLE_BETA) and member["method"] != "dropout"
    for count in trial.attacks.counts if shown else ():
        g, predict, (images, own) = trial.draws("iterations"), trial.usual, trial.searched()
        found = trial.search()(predict, images, own, iterations=count, generator=g)
        left = accuracy(predict, found.images, own, g)
        rows.append(row("VIB-F6", f"untargeted_after_{count}", left))
        if found.success.any():
            size = norms(images, found.images).l2[found.success].mean()
            rows.append(row("VIB-F6", f"distance_after_{count}", float(size)))
    return rows


def classify(trial: Trial, images: np.ndarray | Tensor) -> np.ndarray:
    """Return the class of each attacked image, repeatably."""
    flat = torch.as_tensor(images, device=trial.victims.pixels.device).flatten(1)
    with torch.no_grad():
        return trial.usual(flat, trial.draws("figure")).argmax(1).cpu().numpy()


def attack_zeros(trial: Trial) -> dict[str, np.ndarray]:
    """Return the arrays of Figure 3, whose images are kept exactly as the attack left them."""
    clean = trial.victims.pixels[trial.victims.classes == SOURCE][: trial.attacks.zeros]
    wanted = torch.full((len(clean),), TARGET, device=clean.device)
    options = dict(iterations=trial.attacks.iterations, generator=trial.draws("zeros"))
    found = trial.search()(trial.usual, clean, wanted, targeted=True, **options)
    shape = len(clean), *trial.victims.shape
    arrays = {
        "clean": clean.reshape(shape).cpu().numpy(),
        "attacked": found.images.reshape(shape).cpu().numpy(),
        "success": found.success.cpu().numpy(),
        "predicted": classify(trial, found.images),
    }
    check_saved(trial, arrays)
    return arrays


def check_saved(trial: Trial, arrays: dict[str, np.ndarray]) -> None:
    """Raise unless arrays, written and read again, hold images of the classes they name."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # names, no options
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        again = classify(trial, stored["attacked"])
    if not np.array_equal(again, arrays["predicted"]):
        raise RuntimeError(f"saved images of {trial.member} are classified as {again}")


def of_zeros(arrays: dict[str, np.ndarray]) -> list[Row]:
    """Return the rows of Figures 3 and 4: shares of classes, and sizes where it succeeded."""
    predicted = arrays["predicted"]
    shares = {"hit": predicted == TARGET, "kept": predicted == SOURCE}
    clean, attacked = (
        torch.from_numpy(arrays[name][arrays["success"]]) for name in ("clean", "attacked")
    )
    sizes = norms(clean, attacked)._asdict()
    rows = [row("VIB-F3", name, float(share.mean())) for name, share in shares.items()]
    return rows + [
        row("VIB-F4", name, float(size.mean())) for name, size in sizes.items() if len(size)
    ]
