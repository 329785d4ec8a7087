"""Calls of Deep InfoMax and of the networks it trains."""

import torch
from torch import Tensor, nn

from ibutils import infomax, nets
from ibutils.infomax import heads
from ibutils.infomax.losses import negatives_from
from ibutils.nets import encoders, image_code, layers, strided_crops
from ibutils.nets.image_code import image_decoder

from ..registry import call, given
from .data_for_calls import generator, images, labels, normal

call(infomax.local_scores, lambda: given(normal(5, 3, 4), normal(5, 3)))
call(infomax.infomax_loss, lambda: given(normal(5, 5, 4), bound="info_nce"))
call(infomax.infomax_loss, lambda: given(normal(5, 5), bound="jensen_shannon"))
call(
    infomax.infomax_loss_from_embeddings,
    lambda: given(normal(5, 3, 4), normal(5, 3), bound="info_nce", chunk=2),
)
call(infomax.location_losses, lambda: given(normal(5, 5, 4)))
call(infomax.pair_loss, lambda: given(normal(5, 4), normal(5, 2, 4), bound="info_nce"))
call(infomax.pairs, lambda: given(normal(5, 5, 4), others()))
call(infomax.check_support, lambda: given(torch.rand(5, 3), prior="uniform"))
call(infomax.draw_occlusion, lambda: given(5, size=12, block=4, generator=generator()))
call(infomax.occlusion_masks, lambda: given(torch.rand(5), size=12, block=4))
call(infomax.occlude, lambda: given(images(5, side=12), masks()))
call(infomax.positions, lambda: given(3))


def others() -> Tensor:
    return negatives_from(torch.rand(5, 5), 2)


def masks() -> Tensor:
    return infomax.draw_occlusion(5, size=12, block=4)


def absolute() -> infomax.AbsoluteCoordinates:
    return infomax.AbsoluteCoordinates(3, 4, 2, units=8)


def relative() -> infomax.RelativeCoordinates:
    return infomax.RelativeCoordinates(3, 4, 2, units=8)


for kind in (infomax.AbsoluteCoordinates, infomax.RelativeCoordinates):
    call(kind, lambda: given(3, 4, 2, units=8, generator=generator()))
call(
    infomax.AbsoluteCoordinates.forward,
    lambda: given(absolute(), normal(5, 3, 4, 4), normal(5, 2)),
)
call(
    infomax.RelativeCoordinates.forward,
    lambda: given(relative(), normal(5, 3, 4, 4), normal(5, 2), labels(5)),
)


def matching() -> infomax.PriorMatching:
    return infomax.PriorMatching(3, hidden=(8,), penalty=0.1)


call(
    infomax.PriorMatching,
    lambda: given(3, hidden=(8,), penalty=0.1, generator=generator()),
)
call(infomax.PriorMatching.forward, lambda: given(matching(), normal(5, 3), torch.rand(5, 3)))


def encoder() -> encoders.ConvolutionalEncoder:
    return encoders.basic32(channels=1 / 16, code=8, generator=generator())


def model() -> infomax.DeepInfoMax:
    terms = infomax.Terms(alpha=0.5, penalty=0.1, coordinates=0.1, occlusion=True, negatives=2)
    return infomax.DeepInfoMax(encoder(), terms, units=8, global_units=8)


call(infomax.Terms, lambda: given("info_nce", alpha=0.5, negatives=2))
call(
    infomax.DeepInfoMax,
    lambda: given(encoder(), infomax.Terms(), units=8, global_units=8, generator=generator()),
)
call(infomax.DeepInfoMax.forward, lambda: given(model(), images(5)))
call(infomax.DeepInfoMax.draw_noise, lambda: given(model(), 5, generator=generator()))
call(
    infomax.DeepInfoMax.objective,
    lambda: given(model(), images(5), labels(5), model().draw_noise(5, generator=generator())),
)
call(infomax.recipe, lambda: given(2, batch_size=4, precision="float32"))


def narrow() -> nn.Sequential:
    return nets.narrow_perceptron([4, 3, 2], activation="tanh", generator=generator())


def stacked() -> nets.StackedPerceptrons:
    return nets.StackedPerceptrons([narrow(), narrow()])


call(nets.StackedPerceptrons, lambda: given([narrow(), narrow()]))
call(nets.StackedPerceptrons.activity, lambda: given(stacked(), normal(5, 4)))
call(nets.activation, lambda: given("tanh", 3))
call(nets.linear, lambda: given(3, 2, generator=generator()))
call(nets.narrow_perceptron, lambda: given([4, 3, 2], activation="tanh", generator=generator()))
call(nets.perceptron, lambda: given([4, 3, 2], generator=generator()))
call(layers.dense, lambda: given(3, 2, generator=generator()))
call(layers.convolution, lambda: given(3, 2, size=3, stride=1, padding=1, generator=generator()))

FACTORIES = (
    encoders.basic32,
    encoders.alex64,
    strided_crops.strided_crops,
    strided_crops.strided_crops64,
)
for factory in FACTORIES:
    call(factory, lambda: given(channels=1 / 16, code=8, image=3, generator=generator()))
call(encoders.ConvolutionalEncoder.forward, lambda: given(encoder(), images(5)))
call(
    encoders.ConvolutionalEncoder,
    lambda: given(
        (3, 8, 8),
        nn.Conv2d(3, 4, 3),
        nn.Conv2d(4, 2, 3),
        hidden=[8],
        code=4,
        generator=generator(),
    ),
)
call(encoders.alexnet_stages, lambda: given(3, [4, 4, 4, 4, 4], generator=generator()))
call(encoders.check_image, lambda: given((3, 32, 32), multiple=8))
call(encoders.scaled, lambda: given([64, 32], 0.5))
call(strided_crops.OnCrops, lambda: given(nn.Conv2d(3, 2, 4), size=4, stride=2))
call(
    strided_crops.OnCrops.forward,
    lambda: given(strided_crops.OnCrops(nn.Conv2d(3, 2, 4), size=4, stride=2), images(5, side=8)),
)


call(heads.Branch, lambda: given(3, 8, generator=generator()))
call(heads.Branch.forward, lambda: given(heads.Branch(3, 8), normal(5, 4, 3)))
for kind in (heads.EncodeAndDot, heads.ConcatenateAndConvolve):
    call(kind, lambda: given(3, 2, units=8, generator=generator()))
call(
    heads.EncodeAndDot.forward,
    lambda: given(heads.EncodeAndDot(3, 2, units=8), normal(5, 3, 4, 4), normal(5, 2)),
)
call(
    heads.ConcatenateAndConvolve.forward,
    lambda: given(heads.ConcatenateAndConvolve(3, 2, units=8), normal(5, 3, 4, 4), normal(5, 2)),
)
call(
    heads.ConcatenateAndConvolve.pairs,
    lambda: given(
        heads.ConcatenateAndConvolve(3, 2, units=8), normal(5, 3, 4, 4), normal(5, 2), others()
    ),
)
call(heads.global_head, lambda: given(6, 2, units=8, generator=generator()))
call(image_decoder, lambda: given(4, (3, 32, 32), channels=1 / 16, generator=generator()))
call(
    image_code.ImageAndCode,
    lambda: given((3, 32, 32), 4, channels=1 / 16, generator=generator()),
)
call(
    image_code.ImageAndCode.forward,
    lambda: given(
        image_code.ImageAndCode((3, 32, 32), 4, channels=1 / 16), images(5), normal(5, 4)
    ),
)
call(
    image_code.ImageAndCode.of_pairs,
    lambda: given(
        image_code.ImageAndCode((3, 32, 32), 4, channels=1 / 16), images(5), normal(5, 4)
    ),
)
