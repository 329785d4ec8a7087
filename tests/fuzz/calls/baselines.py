"""Calls of baselines and of probes."""

import torch
from torch import Tensor, nn

from ibutils import baselines, probes
from ibutils.critics import Concatenated
from ibutils.nets import encoders, strided_crops
from ibutils.nets.image_code import image_decoder

from ..registry import Given, call, given
from .data_for_calls import generator, images, labels, normal


def encoder() -> encoders.ConvolutionalEncoder:
    return encoders.basic32(channels=1 / 32, code=4, generator=generator())


def crops() -> encoders.ConvolutionalEncoder:
    return strided_crops.strided_crops(channels=1 / 32, code=4, generator=generator())


def decoder() -> nn.Module:
    return image_decoder(4, (3, 32, 32), channels=1 / 32, generator=generator())


call(baselines.Autoencoder, lambda: given(encoder(), decoder()))
call(baselines.AAE, lambda: given(encoder(), decoder(), generator=generator()))
call(baselines.VAE, lambda: given(encoder(), decoder(), beta=2.0, generator=generator()))
call(
    baselines.BiGAN,
    lambda: given(encoder(), decoder(), channels=1 / 32, generator=generator()),
)
call(baselines.CPC, lambda: given(crops(), units=8, generator=generator()))
call(baselines.SeveralGlobals, lambda: given(crops(), units=8, generator=generator()))
call(baselines.NoiseAsTargets, lambda: given(encoder(), 5, generator=generator()))
call(baselines.Supervised, lambda: given(encoder(), 3, generator=generator()))

MODELS = {
    baselines.Autoencoder: lambda: baselines.Autoencoder(encoder(), decoder()),
    baselines.AAE: lambda: baselines.AAE(encoder(), decoder()),
    baselines.VAE: lambda: baselines.VAE(encoder(), decoder()),
    baselines.BiGAN: lambda: baselines.BiGAN(encoder(), decoder(), channels=1 / 32),
    baselines.CPC: lambda: baselines.CPC(crops(), units=8),
    baselines.SeveralGlobals: lambda: baselines.SeveralGlobals(crops(), units=8),
    baselines.NoiseAsTargets: lambda: baselines.NoiseAsTargets(encoder(), 5),
    baselines.Supervised: lambda: baselines.Supervised(encoder(), 3),
}


def step(make: object) -> Given:
    model = make()
    noise = model.draw_noise(5, generator=generator())
    own = isinstance(model, baselines.NoiseAsTargets)
    return given(model, images(5), torch.arange(5) if own else labels(5), noise)


for kind, make in MODELS.items():
    call(kind.objective, lambda make=make: step(make))

call(baselines.Classifier, lambda: given(nn.Linear(4, 3)))
call(baselines.Classifier.forward, lambda: given(plain(), normal(5, 4)))
call(
    baselines.Classifier.objective,
    lambda: given(plain(), normal(5, 4), labels(5), torch.empty(5, 0)),
)
call(baselines.Classifier.log_predictive, lambda: given(plain(), normal(5, 4)))
call(baselines.DropoutClassifier, lambda: given(deep(), rate=0.5))
call(baselines.DropoutClassifier.forward, lambda: given(masked(), normal(5, 4), torch.rand(5, 8)))
call(
    baselines.DropoutClassifier.objective,
    lambda: given(masked(), normal(5, 4), labels(5), torch.rand(5, 8)),
)


def masked() -> baselines.DropoutClassifier:
    return baselines.DropoutClassifier(deep(), rate=0.5)


def plain() -> baselines.Classifier:
    return baselines.Classifier(nn.Linear(4, 3))


def deep() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))


call(baselines.RowContext, lambda: given(3, generator=generator()))
call(baselines.RowContext.forward, lambda: given(baselines.RowContext(3), normal(5, 3, 4, 4)))
call(baselines.best_assignment, lambda: given(normal(5, 3), normal(5, 3)))
call(
    baselines.confidence_penalty_loss,
    lambda: given(normal(5, 3), labels(5), weight=0.1),
)
call(baselines.label_smoothing_loss, lambda: given(normal(5, 3), labels(5), epsilon=0.1))
call(
    baselines.predictive_loss,
    lambda: given(normal(5, 3, 4), normal(5, 3, 2), normal(5, 3, 2)),
)
call(baselines.squared_error, lambda: given(images(5, side=4), images(5, side=4)))
call(baselines.standard_normal_kl, lambda: given(normal(5, 3), normal(5, 3)))

call(probes.recipe, lambda: given(2, batch_size=4, milestones=(1,)))
call(probes.Dependency, lambda: given(3, hidden=(8,), generator=generator()))
call(
    probes.Dependency.objective,
    lambda: given(
        probes.Dependency(3, hidden=(8,)), normal(6, 3), torch.empty(6, 0), torch.rand(6, 3)
    ),
)
call(probes.FineTuned, lambda: given(encoder(), probes.Probe(encoder().conv_size, 3)))
call(probes.Mine, lambda: given(critic(), decay=0.9))
call(
    probes.Mine.objective,
    lambda: given(probes.Mine(critic()), normal(6, 3), normal(6, 2), torch.empty(6, 0)),
)
call(probes.Probe, lambda: given(4, 3, hidden=8, dropout=0.1, generator=generator()))
call(
    probes.Probe.forward,
    lambda: given(probes.Probe(4, 3, hidden=8), normal(6, 4), torch.rand(6, 8)),
)
call(probes.Reconstructor, lambda: given(decoder()))


def critic() -> Concatenated:
    return Concatenated(3, 2, width=8, depth=1, generator=generator())


def split() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return normal(12, 4), labels(12), normal(9, 4), labels(9)


def pictures() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return images(12), labels(12), images(9), labels(9)


call(probes.class_share, lambda: given(normal(12, 4), labels(12), k=2, chunk=5))
call(probes.nearest, lambda: given(normal(12, 4), torch.tensor([0, 3, 5]), k=2, chunk=2))
call(
    probes.features,
    lambda: given(encoder(), images(5), layers=("conv", "y"), batch_size=3),
)
call(probes.mlp_probe, lambda: given(*split(), epochs=2, seed=0, batch_size=6))
call(
    probes.fine_tuning_probe,
    lambda: given(encoder(), *pictures(), epochs=1, seed=0, batch_size=6, last=1),
)
call(probes.svm_probe, lambda: given(*split(), seed=0, iterations=20))
call(
    probes.mine,
    lambda: given(
        normal(12, 3),
        normal(12, 2),
        normal(9, 3),
        normal(9, 2),
        critic=critic(),
        steps=4,
        seed=0,
        batch_size=6,
    ),
)
call(
    probes.neural_dependency,
    lambda: given(normal(12, 4), normal(9, 4), steps=4, seed=0, batch_size=6, hidden=(8,)),
)
call(
    probes.reconstruction_probe,
    lambda: given(
        normal(12, 4),
        images(12),
        normal(9, 4),
        images(9),
        epochs=1,
        seed=0,
        channels=1 / 32,
        batch_size=6,
    ),
)
call(probes.similarity, lambda: given(images(2), images(2)))
