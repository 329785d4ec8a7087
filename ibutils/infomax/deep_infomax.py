"""Deep InfoMax: an encoder trained by global, local and prior-matching terms."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ibutils import checks
from ibutils.infomax.blocks import check_bound, infomax_loss_from_embeddings
from ibutils.infomax.coordinates import AbsoluteCoordinates, RelativeCoordinates
from ibutils.infomax.heads import ConcatenateAndConvolve, EncodeAndDot, global_head
from ibutils.infomax.losses import infomax_loss, local_scores, negatives_from, pair_loss, pairs
from ibutils.infomax.occlusion import BLOCK, occlude, occlusion_masks
from ibutils.nets.encoders import Encoder, Features, check_encoder, check_inputs, check_noise
from ibutils.prior_matching import PriorMatching, check_prior, sample_prior
from ibutils.train import Recipe, Trainable, adam

HEADS = ("dot", "concatenate")


@dataclass(frozen=True)
class Terms:
    """What Deep InfoMax maximises, and how; the defaults are those of DIM(L) with infoNCE.

    Attributes:
        bound: ``"donsker_varadhan"``, ``"jensen_shannon"`` or ``"info_nce"``, for global and
            local term alike: see ``infomax_loss``.
        alpha: Weight of the global term.
        beta: Weight of the local term.
        gamma: Weight of the prior-matching term for the encoder.
        prior: ``"uniform"`` or ``"gaussian"``.
        penalty: Weight of the squared gradient of the prior's discriminator.
        negatives: Other images that each image is compared with, in a smaller last batch all
            that there are; None is all of every batch.
        coordinates: Weight of both coordinate terms.
        occlusion: Whether the code sees the image with a part hidden.
        head: Local discriminator: ``"dot"`` or ``"concatenate"``.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A number is out of range, or a bound, prior or head unknown.
    """

    bound: str = "info_nce"
    alpha: float = 0.0
    beta: float = 1.0
    gamma: float = 0.1
    prior: str = "uniform"
    penalty: float = 0.0
    negatives: int | None = None
    coordinates: float = 0.0
    occlusion: bool = False
    head: str = "dot"

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        check_bound(self.bound)
        check_prior(self.prior)
        weights = {name: getattr(self, name) for name in ("alpha", "beta", "gamma", "coordinates")}
        for name, weight in (weights | {"penalty": self.penalty}).items():
            checks.number(name, weight, least=0)
        if not any(weights.values()):
            raise ValueError(f"at least one weight must be positive, got {weights}")
        checks.choice("head", self.head, HEADS)
        checks.instance("occlusion", self.occlusion, bool)
        if self.negatives is not None:
            checks.count("negatives", self.negatives)


class DeepInfoMax(Trainable):
    r"""An encoder with the discriminators that train it.

    .. math::
        \max\; \alpha\, \hat I(X; E(X)) + \frac{\beta}{M^2} \sum_i \hat I(C^{(i)}(X); E(X))
        \quad\text{with}\quad
        \min_\psi \max_\phi\; \gamma\, \hat D_\phi(V \,\|\, U)

    The loss is the sum of what all players minimise. Each term moves only its own networks,
    so one step of one optimiser trains encoder, critics and the discriminator of the prior.

    Args:
        encoder: Makes ``Features`` of images.
        terms: Weights and forms of the terms.
        units: Dimension of the local head's embeddings, or width of its hidden layers.
        global_units: Width of the hidden layers of global head and coordinate networks.
        generator: Source of the initial weights of the heads.

    Raises:
        TypeError: The encoder has not what ``ibutils.nets.encoders.Encoder`` names, or an option
            is of the wrong type.
        ValueError: A width is less than 1; or the encoder has what a term cannot do with: images
            that are not square or have fewer than 4 pixels a side for ``occlusion``, a map that
            is not square for ``coordinates``.

    :cite:t:`hjelm2019learning`, equation 8.

    Example:
        >>> from ibutils.nets.encoders import basic32
        >>> model = DeepInfoMax(basic32(channels=1 / 8), Terms(alpha=0.5), units=16)
        >>> images = torch.randn(4, 3, 32, 32)
        >>> noise = model.draw_noise(4, generator=torch.Generator().manual_seed(0))
        >>> sorted(model.objective(images, torch.zeros(4), noise))
        ['discriminator', 'global', 'local', 'loss', 'prior']
    """

    encoder: Encoder

    def __init__(
        self,
        encoder: Encoder,
        terms: Terms | None = None,
        *,
        units: int = 2048,
        global_units: int = 512,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        terms = Terms() if terms is None else terms
        check_encoder(encoder)
        checks.instance("terms", terms, Terms)
        checks.count("units", units)
        checks.count("global_units", global_units)
        checks.generator(generator)
        _check_shapes(encoder, terms)
        self.encoder, self.terms = encoder, terms
        channels, side, _ = encoder.local_shape
        code = encoder.code
        if terms.beta > 0:
            kind = EncodeAndDot if terms.head == "dot" else ConcatenateAndConvolve
            self.local_head = kind(channels, code, units=units, generator=generator)
        if terms.alpha > 0:
            self.global_head = global_head(
                encoder.conv_size, code, units=global_units, generator=generator
            )
        if terms.gamma > 0:
            self.matching = PriorMatching(
                code, prior=terms.prior, penalty=terms.penalty, generator=generator
            )
        if terms.coordinates > 0:
            self.coordinates = nn.ModuleDict(
                {
                    name: kind(channels, side, code, units=global_units, generator=generator)
                    for name, kind in _COORDINATES.items()
                }
            )

    def forward(self, inputs: Tensor) -> Features:
        """Return the features of images ``[n, channels, h, w]``."""
        check_inputs(self.encoder, inputs)
        return self.encoder(inputs)

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return samples of the prior, two uniform columns and, for negatives, n more."""
        checks.count("batch", batch)
        checks.instance("generator", generator, torch.Generator)
        terms = self.terms
        others = 0 if terms.negatives is None else batch
        # Drawn in the type of the weights that read the samples.
        dtype = next(self.matching.parameters()).dtype if terms.gamma > 0 else None
        uniform = torch.rand(
            batch, 2 + others, generator=generator, device=generator.device, dtype=dtype
        )
        if terms.gamma == 0:
            return uniform
        code = self.encoder.code
        samples = sample_prior(terms.prior, batch, code, generator=generator, dtype=dtype)
        return torch.cat([uniform, samples], 1)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the terms that are switched on, in nats, and the ``loss`` that sums all players.

        Args:
            inputs: Images ``[n, channels, h, w]``, scaled to [-1, 1]; at least 2.
            labels: Not used.
            noise: What ``draw_noise`` returns.

        Returns:
            ``local`` and ``global``, the losses of ``infomax_loss``; ``prior``, the loss of the
            encoder in the game, and ``discriminator``, that of its opponent; ``absolute`` and
            ``relative``, cross-entropies of the coordinates; all that are part of ``loss``.

        Raises:
            TypeError: Inputs or noise are no tensor.
            ValueError: Fewer than 2 images, or noise of another shape than that of
                ``draw_noise``.
        """
        check_inputs(self.encoder, inputs, least=2)
        terms, n = self.terms, len(inputs)
        others = 0 if terms.negatives is None else n
        of_prior = 0 if terms.gamma == 0 else self.encoder.code
        check_noise(noise, n, 2 + others + of_prior)
        of_mask, of_source, of_others, samples = noise.split([1, 1, others, of_prior], dim=1)
        chosen = None
        if terms.negatives is not None:
            chosen = negatives_from(of_others, min(terms.negatives, n - 1))
        features = self.encoder(inputs)
        y = features.y
        if terms.occlusion:
            y = self._code_of_occluded(inputs, of_mask[:, 0])
        found = {}
        if terms.beta > 0:
            found["local"] = self._local_loss(features.local, y, chosen)
        if terms.alpha > 0:
            found["global"] = self._global_loss(features.conv, y, chosen)
        if terms.gamma > 0:
            found["prior"], found["discriminator"] = self.matching(y, samples)
        if terms.coordinates > 0:
            locations = features.local[0, 0].numel()
            source = (of_source[:, 0] * locations).long().clamp_max(locations - 1)
            found["absolute"] = self.coordinates["absolute"](features.local, y)
            found["relative"] = self.coordinates["relative"](features.local, y, source)
        weights = self._weights()
        loss = torch.stack([weights[name] * term for name, term in found.items()]).sum()
        return {"loss": loss, **found}

    def _weights(self) -> dict[str, float]:
        """Return what each term counts; the discriminator is a player of its own."""
        terms = self.terms
        coordinates = dict.fromkeys(_COORDINATES, terms.coordinates)
        own = {"local": terms.beta, "global": terms.alpha, "prior": terms.gamma}
        return own | coordinates | {"discriminator": 1.0}

    def _code_of_occluded(self, inputs: Tensor, uniform: Tensor) -> Tensor:
        """Return the codes of images with a part hidden, by a second pass of the encoder."""
        size = inputs.shape[-1]
        masks = occlusion_masks(uniform, size=size, block=_block(size))
        return self.encoder(occlude(inputs, masks)).y

    def _local_loss(self, local: Tensor, y: Tensor, chosen: Tensor | None) -> Tensor:
        bound = self.terms.bound
        if isinstance(self.local_head, ConcatenateAndConvolve):
            if chosen is None:
                return infomax_loss(self.local_head(local, y), bound=bound)
            return pair_loss(*self.local_head.pairs(local, y, chosen), bound=bound)
        embeddings = self.local_head(local, y)
        if chosen is None:
            return infomax_loss_from_embeddings(*embeddings, bound=bound)
        return pair_loss(*pairs(local_scores(*embeddings), chosen), bound=bound)

    def _global_loss(self, conv: Tensor, y: Tensor, chosen: Tensor | None) -> Tensor:
        scores = self.global_head(conv, y)
        if chosen is None:
            return infomax_loss(scores, bound=self.terms.bound)
        return pair_loss(*pairs(scores[..., None], chosen), bound=self.terms.bound)


def _block(size: int) -> int:
    """Return the side of the least block that is hidden: what a local feature of 32 by 32 sees."""
    return BLOCK * size // 32


def _check_shapes(encoder: Encoder, terms: Terms) -> None:
    """Raise where a term wants other images or another map than the encoder has."""
    _, height, width = encoder.image
    if terms.occlusion and (height != width or _block(height) < 1):
        raise ValueError(
            "encoder must see square images, of at least 4 pixels a side, for terms with "
            f"occlusion, got {tuple(encoder.image)}"
        )
    _, rows, columns = encoder.local_shape
    if terms.coordinates > 0 and rows != columns:
        raise ValueError(
            "encoder must have a square map of local features for terms with coordinates, got "
            f"{tuple(encoder.local_shape)}"
        )


_COORDINATES = {"absolute": AbsoluteCoordinates, "relative": RelativeCoordinates}


def recipe(
    epochs: int,
    *,
    batch_size: int = 64,
    learning_rate: float = 1e-4,
    precision: str = "float32",
    compile: bool = False,
) -> Recipe:
    """Return how Deep InfoMax trains: Adam with first decay rate 0.5, at a constant rate.

    The models that it is compared with train so as well. Networks have batch normalisations: a
    last batch needs two images at least.

    Raises:
        TypeError: A setting is of another type.
        ValueError: A setting is out of range.

    :cite:t:`hjelm2019learning`; the defaults are those of the official code.

    Example:
        >>> recipe(1000).batch_size
        64
    """
    rule = adam(learning_rate, momentum=0.5)
    return Recipe(epochs, rule, batch_size=batch_size, precision=precision, compile=compile)
