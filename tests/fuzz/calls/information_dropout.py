"""Calls of Information Dropout and of what is measured of it."""

import torch
from torch import nn

from ibutils.exact import bottlenecks
from ibutils.information_dropout import (
    FixedNoise,
    GaussianLatent,
    InformationDropout,
    NoisyClassifier,
    NoisyNetwork,
    VariationalAutoencoder,
    all_cnn,
    check_priors,
    estimate_total_correlation,
    fixed_noise,
    gaussian_total_correlation,
    information_dropout_loss,
    layer_statistics,
    log_normal_kl,
    log_normal_moments,
    log_normal_noise,
    log_uniform_kl,
    recipe,
    reestimate_batch_norm,
    total_correlation_floor,
    variational_autoencoder,
    warm_up,
    warm_up_beta,
)
from ibutils.information_dropout.dropout_mlp import dropout_mlp
from ibutils.train import Learner

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
    information_dropout_loss,
    lambda: given(torch.rand(5), torch.rand(5), beta=1.0, samples=100),
)
call(warm_up, lambda: given(0, epochs=4))
call(recipe, lambda: given(2, batch_size=4, milestones=(1,)))
call(check_priors, lambda: given(Learner(classifier(), recipe(2)), 1))
call(warm_up_beta, lambda: given(4))
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
