"""Calls of what is measured of representations."""

import torch
from torch import Tensor, nn

from experiments import infomax as representation
from experiments.infomax import Architecture, Effort, Frozen, Sample, two_priors
from ibutils.infomax import DeepInfoMax, InfoMaxRecipe, Terms, draw_occlusion
from ibutils.nets import encoders

from ..registry import call, given
from .data_for_calls import generator, images, labels, normal

SMALL = Architecture(side=32, channels=1 / 32, units=8, global_units=8, decoder_channels=1 / 32)
EFFORT = dict(
    probe_epochs=1,
    probe_learning_rate=1e-3,
    probe_milestones=[1],
    probe_last=1,
    machine_count=1,
    machine_images=0,
    machine_iterations=20,
    decoder_epochs=1,
    decoder_learning_rate=1e-3,
    decoder_channels=1 / 32,
    mine_steps=2,
    mine_learning_rate=1e-3,
    ndm_steps=2,
    ndm_learning_rate=1e-3,
    critic_channels=1 / 32,
)


def encoder() -> encoders.ConvolutionalEncoder:
    return encoders.basic32(channels=1 / 32, code=4, generator=generator())


def part(n: int) -> Sample:
    return Sample(images(n), labels(n), "0")


def frozen() -> Frozen:
    return representation.freeze(encoder(), part(12), part(9), seed=0)


def effort() -> Effort:
    return Effort(**EFFORT)


call(representation.Architecture, lambda: given(32, 0.5, 8, 8, 0.5))
call(representation.Effort, lambda: given(**EFFORT))
call(representation.EachCode, lambda: given(encoder(), negatives=2, units=8))
call(representation.Untrained, lambda: given(encoder()))
call(representation.freeze, lambda: given(encoder(), part(12), part(9), seed=0))
for measure in (
    representation.accuracies,
    representation.dependency,
    representation.information,
    representation.reconstruction,
    representation.support_vectors,
):
    call(measure, lambda: given(frozen(), effort()))
call(representation.fine_tuned, lambda: given(encoder(), frozen(), effort()))
call(representation.neighbour_pictures, lambda: given(frozen(), queries=3, k=2))
call(representation.neighbour_share, lambda: given(frozen(), k=2))
call(
    representation.as_table,
    lambda: given("DIM-T4", {("ae", None): [dict(metric="ssim", value=0.5)]}),
)
call(
    representation.build,
    lambda: given(
        "dim_local",
        "infonce",
        architecture=SMALL,
        classes=3,
        images=12,
        generator=generator(),
    ),
)
call(
    representation.build_encoder,
    lambda: given(SMALL, crops=False, generator=generator()),
)
call(representation.variational, lambda: given(2.0, architecture=SMALL, generator=generator()))
call(representation.terms_of, lambda: given("dim_both", "infonce"))
call(representation.loss_of_each_code, lambda: given(normal(5, 4), normal(5, 2, 4)))


def local() -> DeepInfoMax:
    return DeepInfoMax(encoder(), Terms(), units=8)


def masks() -> Tensor:
    return draw_occlusion(5, size=32, block=10, generator=generator())


call(representation.occluded_losses, lambda: given(local(), images(5), seed=0))
call(representation.occlusion_rows, lambda: given(torch.rand(5, 8, 8), masks()))
call(representation.sample, lambda: given("digits", split="test", count=10))
call(
    representation.train,
    lambda: given(local(), part(6), recipe=InfoMaxRecipe(1, batch_size=3), seed=0),
)


def one_number() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 1))


call(
    two_priors.TwoPriors,
    lambda: given(one_number(), nn.Linear(3, 16), latent=3, source=generator()),
)
call(
    two_priors.TwoPriors.objective,
    lambda: given(
        two_priors.TwoPriors(one_number(), nn.Linear(3, 16), latent=3),
        normal(5, 16),
        labels(5),
        normal(5, 5),
    ),
)
call(two_priors.certified_divergence, lambda: given((1.0, -1.0)))
call(two_priors.images_of, lambda: given(nn.Linear(3, 16), normal(5, 3), 4))
