"""Calls of Information Dropout and of what is measured of it."""

import pandas as pd
import torch
from torch import Tensor, nn

from experiments.information_dropout import activity, gains, maps, nuisance
from experiments.information_dropout import noisy_units as evaluation
from ibutils.data import images as stored
from ibutils.data.composed import Cluttered, cluttered
from ibutils.exact import bottlenecks
from ibutils.information_dropout import (
    FixedNoise,
    GaussianLatent,
    InformationDropout,
    MomentumLearner,
    MomentumRecipe,
    NoisyClassifier,
    NoisyNetwork,
    VariationalAutoencoder,
    all_cnn,
    estimate_total_correlation,
    fixed_noise,
    gaussian_total_correlation,
    information_dropout_loss,
    layer_statistics,
    log_normal_kl,
    log_normal_moments,
    log_normal_noise,
    log_uniform_kl,
    reestimate_batch_norm,
    total_correlation_floor,
    variational_autoencoder,
    warm_up,
)
from ibutils.information_dropout.dropout_mlp import dropout_mlp

from ..registry import call, given
from .data_for_calls import covariance, generator, labels, normal


def learned(prior: str = "log_uniform") -> InformationDropout:
    activation = nn.ReLU() if prior == "log_uniform" else nn.Softplus()
    transform = nn.Sequential(nn.Linear(4, 3), activation)
    return InformationDropout(transform, nn.Linear(4, 3), prior=prior)


def network() -> NoisyNetwork:
    return dropout_mlp(4, inputs=4, classes=3, generator=generator())


def classifier() -> NoisyClassifier:
    return NoisyClassifier(network(), beta=1.0, samples=10)


def of_images() -> NoisyClassifier:
    network = all_cnn.all_cnn_32(width=1 / 32, channels=1, size=16, generator=generator())
    return NoisyClassifier(network, beta=1.0, samples=10).eval()


call(
    InformationDropout,
    lambda: given(
        nn.Sequential(nn.Linear(4, 3), nn.ReLU()),
        nn.Linear(4, 3),
        prior="log_uniform",
        max_alpha=0.7,
    ),
)
for prior in ("log_uniform", "log_normal"):
    call(
        InformationDropout.forward,
        lambda prior=prior: given(learned(prior), normal(5, 4), normal(5, 3)),
    )
call(FixedNoise, lambda: given(nn.Linear(4, 3), law="binary", strength=0.5))
call(
    FixedNoise.forward,
    lambda: given(
        FixedNoise(nn.Linear(4, 3), law="log_normal", strength=0.5), normal(5, 4), normal(5, 3)
    ),
)
call(NoisyNetwork, lambda: given({"out": nn.Linear(4, 2)}, shape=(4,), input_keep=0.8))
call(
    NoisyNetwork.forward,
    lambda: given(network(), normal(5, 4), network().draw_noise(5, generator=generator())),
)
call(NoisyNetwork.draw_noise, lambda: given(network(), 5, generator=generator()))
call(NoisyClassifier, lambda: given(network(), beta=1.0, samples=10))
call(
    NoisyClassifier.objective,
    lambda: given(
        classifier(), normal(5, 4), labels(5), classifier().draw_noise(5, generator=generator())
    ),
)
call(
    NoisyClassifier.log_predictive,
    lambda: given(classifier(), normal(5, 4), samples=2, generator=generator()),
)
call(
    information_dropout_loss,
    lambda: given(torch.rand(5), torch.rand(5), beta=1.0, samples=100),
)
call(warm_up, lambda: given(0, epochs=4))
call(MomentumRecipe, lambda: given(2, batch_size=4, milestones=(1,)))
call(MomentumLearner, lambda: given(classifier(), MomentumRecipe(2)))
call(log_normal_kl, lambda: given(torch.rand(5, 3) + 0.1, normal(5, 3), 0.1, 1.2))
call(log_uniform_kl, lambda: given(0.6 * torch.rand(5, 3) + 0.05, max_alpha=0.7))
call(log_normal_moments, lambda: given(0.5))
call(log_normal_noise, lambda: given(torch.rand(5, 3), generator=generator()))
call(fixed_noise, lambda: given(normal(5, 3), law="gaussian", strength=0.5))
call(estimate_total_correlation, lambda: given(normal(20, 3)))
call(gaussian_total_correlation, lambda: given(covariance(3)))
call(total_correlation_floor, lambda: given(3, 100))
call(layer_statistics, lambda: given(network(), normal(5, 4), batch_size=4))
call(
    reestimate_batch_norm,
    lambda: given(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)), normal(6, 4), batch_size=3),
)


def latent() -> GaussianLatent:
    return GaussianLatent(nn.Linear(3, 2), nn.Linear(3, 2))


def autoencoder() -> VariationalAutoencoder:
    return variational_autoencoder(1 / 64, latent="information", inputs=6, generator=generator())


call(GaussianLatent, lambda: given(nn.Linear(3, 2), nn.Linear(3, 2)))
call(GaussianLatent.forward, lambda: given(latent(), normal(5, 3), normal(5, 2)))
call(
    VariationalAutoencoder,
    lambda: given(nn.Linear(6, 3), latent(), nn.Linear(2, 6), dimension=2, beta=1.0),
)
call(
    VariationalAutoencoder.objective,
    lambda: given(autoencoder(), torch.rand(5, 6), labels(5), normal(5, 4)),
)
call(
    VariationalAutoencoder.evidence_bound,
    lambda: given(autoencoder(), torch.rand(5, 6), generator=generator()),
)
call(VariationalAutoencoder.kl_per_component, lambda: given(autoencoder(), torch.rand(5, 6)))
call(
    variational_autoencoder,
    lambda: given(1 / 64, latent="gaussian", inputs=6, generator=generator()),
)

call(bottlenecks.binary_entropy, lambda: given(0.3))
call(bottlenecks.channel_loss, lambda: given(0.1, noise=0.2, beta=0.5))
call(bottlenecks.optimal_flip, lambda: given(noise=0.2, beta=0.5))
call(
    bottlenecks.toy_loss,
    lambda: given(torch.rand(5), torch.rand(5), torch.rand(5), input_variance=1.0, beta=0.5),
)
call(bottlenecks.optimal_variance, lambda: given(input_variance=4.0, beta=0.1))

for factory, size in ((all_cnn.all_cnn_32, 16), (all_cnn.all_cnn_96, 32)):
    call(
        factory,
        lambda size=size: given(
            channels=1, classes=3, width=1 / 32, size=size, generator=generator()
        ),
    )
call(all_cnn.alpha_bias, lambda: given(0.3, max_alpha=0.7))
call(dropout_mlp, lambda: given(4, inputs=4, classes=3, generator=generator()))

call(
    evaluation.classification_errors,
    lambda: given(classifier(), normal(5, 4), labels(5), generator=generator(), batch_size=3),
)
for measure in (evaluation.noisy_activity, evaluation.activity_and_noise):
    call(
        measure,
        lambda: given(classifier(), normal(5, 4), "drop_2", generator=generator(), batch_size=3),
    )


def digits() -> stored.Images:
    pixels = torch.randint(1, 256, (10, 1, 4, 4)).byte()
    return stored.images(
        pixels.numpy(), labels(10).numpy(), levels=255, name="digits", split="train"
    )


def clutter() -> Cluttered:
    return cluttered(digits(), count=5, size=16, distractors=1, patch=2)


def seen() -> Tensor:
    return clutter().images.floats().to(torch.get_default_dtype())


def mask() -> Tensor:
    return torch.rand(5, 4, 4) > 0.5


call(maps.cell_masks, lambda: given(mask(), mask(), (2, 2)))
call(
    maps.information_by_place,
    lambda: given(of_images(), seen(), clutter(), batch_size=3),
)
call(maps.information_maps, lambda: given(of_images(), seen(), torch.tensor([0, 2, 4])))
call(activity.log_activity, lambda: given(torch.rand(2000) + 0.1))
call(
    nuisance.NuisanceReader,
    lambda: given(of_images(), "conv_6", classes=3, generator=generator()),
)
call(nuisance.label_information, lambda: given(labels(12), labels(12, 4), classes=4))
call(
    nuisance.permutation_quantile,
    lambda: given(labels(12), labels(12, 4), level=0.9, draws=5, generator=generator()),
)


def widths() -> pd.DataFrame:
    rows = [
        dict(
            target="ID-F3a",
            network="mlp",
            activation="relu",
            method=method,
            width=width,
            beta=1.0,
            alpha=0.5,
            seed=seed,
            split="test",
            metric="error",
            value=0.1 / width + 0.01 * seed,
            unit="1",
            profile="laptop",
        )
        for method in ("information", "binary")
        for width in (1.0, 2.0)
        for seed in (0, 1)
    ]
    return pd.DataFrame(rows)


call(gains.measure, lambda: given(widths(), {}))
call(gains.chosen, lambda: given(widths()))
