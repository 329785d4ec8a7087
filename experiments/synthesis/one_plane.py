"""All objectives on one encoder and one plane: the same measurements for all."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from experiments.synthesis.code_measures import measured, picture
from experiments.synthesis.objectives import build
from experiments.synthesis.one_plane_figures import FIGURES, numbers
from experiments.synthesis.shifted_images import SPLITS, PlacedSplits, load_shifted
from ibutils import checks
from ibutils.data import READERS
from ibutils.train import Learner, Recipe, adam, fit, milestones
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

METHODS = {  # by the parameter that holds the weights
    "vib_betas": "vib",
    "ceb_betas": "ceb",
    "dropout_betas": "information_dropout",
    "log_uniform_betas": "log_uniform_dropout",
    "vae_betas": "beta_vae",
    "gammas": "deep_infomax",
    "global_gammas": "global_infomax",
}
CHOICES = (*METHODS, "seeds")
PLAIN = ("supervised", "untrained")  # without noise and without a weight
EXAMPLES = 24  # test images that are kept to be shown


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        data: ``digits`` comes with scikit-learn.
        images: To train on; 0 is all.
        test_images: To measure on; 0 is all.
        offset: Columns by which an image is moved to the left or to the right.
        epochs: Passes over the images.
        batch_size: Images in a step.
        learning_rate: Of Adam; falls to a tenth after four fifths of the passes.
        channels: Of the first convolution; the second has twice as many.
        hidden: Width of the hidden layer of the encoder, and of the decoder of images.
        code: Components K of the code.
        units: Dimension in which places and codes are compared.
        noise: Standard deviation of the noise of Deep InfoMax's codes, and of the reading of
            codes that have none.
        vib_betas: Weights of VIB.
        ceb_betas: Weights of the conditional entropy bottleneck.
        dropout_betas: Weights of Information Dropout with its log-normal prior.
        log_uniform_betas: And with its log-uniform prior.
        vae_betas: Weights of the beta-VAE, whose target has hundreds of nats.
        gammas: Weights of local Deep InfoMax's prior matching.
        global_gammas: And of global Deep InfoMax's.
        seeds: Of each.
        probe_epochs: Passes of the perceptrons on codes.
        epsilon: Size of the signed step, in units of the range of a pixel.
    """

    data: str = "digits"
    images: int = 1000
    test_images: int = 0
    offset: int = 1
    epochs: int = 6
    batch_size: int = 50
    learning_rate: float = 3e-3
    channels: int = 8
    hidden: int = 32
    code: int = 4
    units: int = 16
    noise: float = 0.3
    vib_betas: tuple[float, ...] = (1e-3, 1e-1)
    ceb_betas: tuple[float, ...] = (1e-1,)
    dropout_betas: tuple[float, ...] = (1e-3, 1e-1)
    log_uniform_betas: tuple[float, ...] = (1e-1,)
    vae_betas: tuple[float, ...] = (1.0, 16.0)
    gammas: tuple[float, ...] = (0.01, 1.0)
    global_gammas: tuple[float, ...] = (0.1,)
    seeds: tuple[int, ...] = (0,)
    probe_epochs: int = 4
    epsilon: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        checks.choice("data", self.data, READERS)
        for name in ("images", "test_images"):
            checks.count(name, getattr(self, name), least=0)
        for name in ("offset", "channels", "hidden", "code", "units", "probe_epochs"):
            checks.count(name, getattr(self, name))
        checks.number("noise", self.noise, above=0)
        checks.number("epsilon", self.epsilon, least=0)
        for name in METHODS:
            for weight in getattr(self, name):
                checks.number(name, weight, least=0)
        self.recipe()

    def recipe(self) -> Recipe:
        """Return how all objectives are trained."""
        fall = milestones([max(1, self.epochs * 4 // 5)])
        return Recipe(self.epochs, adam(self.learning_rate), fall, batch_size=self.batch_size)


def grid(settings: Settings) -> list[Member]:
    """Return each objective at each of its weights, and both encoders without any."""
    priced: list[tuple[str, float | None]] = [
        (method, weight) for name, method in METHODS.items() for weight in getattr(settings, name)
    ]
    plain: list[tuple[str, float | None]] = [(method, None) for method in PLAIN]
    return [
        dict(method=method, knob=knob, seed=seed)
        for method, knob in priced + plain
        for seed in settings.seeds
    ]


def load(settings: Settings, device: str) -> PlacedSplits:
    """Return the images to train on and to measure on, each moved to its place."""
    counts = dict(zip(SPLITS, (settings.images, settings.test_images), strict=True))
    parts = {
        split: load_shifted(
            settings.data, split=split, count=count, offset=settings.offset, device=device
        )
        for split, count in counts.items()
    }
    return PlacedSplits(parts, {split: part.checksum for split, part in parts.items()})


def train(
    members: list[Member], settings: Settings, data: PlacedSplits, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield rows and the picture of the codes of one member."""
    (member,) = members
    method, seed, part = member["method"], member["seed"], data.parts["train"]
    model = build(method, member["knob"], settings, part.images.shape[1:], seed=seed)
    model.to(part.images.device)
    if method != "untrained":
        learner = Learner(model, settings.recipe())
        fit(learner, part.images, part.labels, seeds=[seed], checkpoint=checkpoint)
    rows, codes = measured(model, data, settings, seed=seed)
    share, arrays = picture(codes)
    if method == "untrained":
        shown = (255 * data.parts["test"].images[:EXAMPLES]).round().byte()
        arrays["images"] = shown.cpu().numpy()
    yield Result([*rows, share], {"SYN-F2": arrays})
