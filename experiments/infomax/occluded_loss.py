"""Where in an image the local loss is large when its code was made with a part hidden."""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from ibutils.infomax import DeepInfoMax, draw_occlusion, local_scores, location_losses, occlude
from ibutils.infomax.occlusion import BLOCK
from ibutils.modes import evaluating
from ibutils.train import generator

HIDDEN, VISIBLE = 0.999, 0.001  # share of a location's field that is hidden


@torch.no_grad()
def occluded_losses(
    model: DeepInfoMax, images: Float[Tensor, "n 3 side side"], *, seed: int = 0
) -> tuple[Float[Tensor, "n m m"], Bool[Tensor, "n side side"]]:
    """Return the InfoNCE loss of each location of whole images against codes of occluded ones.

    Args:
        model: A trained model with a local head; it is in evaluation mode while it is used.
        images: All are negatives for one another, at least 2.
        seed: What the masks follow from.

    Returns:
        Losses in nats by place, and the masks, True where the code did not see the image.

    :cite:t:`hjelm2019learning`, the figure of occluded losses; equation 5.
    """
    side, m = images.shape[-1], model.encoder.local_shape[1]
    g = generator(seed, "occlusion", device=images.device)
    masks = draw_occlusion(len(images), size=side, block=BLOCK * side // 32, generator=g)
    with evaluating(model):
        local = model.encoder(images).local
        y = model.encoder(occlude(images, masks)).y
        losses = location_losses(local_scores(*model.local_head(local, y)))
    return losses.unflatten(1, (m, m)), masks


def occlusion_rows(
    losses: Float[Tensor, "n m m"], masks: Bool[Tensor, "n side side"]
) -> list[dict[str, Any]]:
    """Return the mean loss of places that are wholly hidden, and of those wholly in sight.

    A place is its own square of the image, of the image's side over that of the map: the middle
    of what its local feature sees.
    """
    cells = F.adaptive_avg_pool2d(masks[:, None].float(), losses.shape[-1])[:, 0]
    means = {"hidden_loss": losses[cells > HIDDEN], "visible_loss": losses[cells < VISIBLE]}
    return [
        dict(layer="local", split="test", metric=name, value=float(found.mean()), unit="nat")
        for name, found in means.items()
    ]
