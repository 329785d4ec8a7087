"""Calls of the variational information bottleneck, of training, evaluation and attacks."""

import torch
from torch import nn

from ibutils import attacks, ensemble, evaluation, prior_matching, train, vib, whitening
from ibutils.baselines import Classifier

from ..registry import Given, call, given
from .data_for_calls import generator, labels, network, normal


def encoder(covariance: str = "diagonal") -> vib.StochasticEncoder:
    outputs = vib.StochasticEncoder.width(2, covariance)
    return vib.StochasticEncoder(network(4, outputs), bottleneck=2, covariance=covariance)


def model() -> vib.VIB:
    return vib.VIB(encoder(), nn.Linear(2, 3), beta=0.01)


call(vib.diagonal_gaussian_kl, lambda: given(normal(5, 2), normal(5, 2)))
call(vib.full_gaussian_kl, lambda: given(normal(5, 2), normal(5, 2), normal(5, 2, 2)))
call(vib.log_softplus, lambda: given(normal(5, 2)))
call(vib.vib_loss, lambda: given(normal(5, 3), labels(5), torch.rand(5), beta=0.01))
call(vib.GaussianCode.rate, lambda: given(encoder()(normal(5, 4))))
call(vib.GaussianCode.rate, lambda: given(encoder("full")(normal(5, 4))))
call(vib.GaussianCode.sample, lambda: given(encoder()(normal(5, 4)), normal(5, 2)))
call(vib.GaussianCode.sample, lambda: given(encoder("full")(normal(5, 4)), normal(5, 2)))
call(
    vib.StochasticEncoder,
    lambda: given(network(4, 4), bottleneck=2, covariance="diagonal"),
)
call(vib.StochasticEncoder.width, lambda: given(2, "full"))
call(vib.StochasticEncoder.forward, lambda: given(encoder(), normal(5, 4)))
call(vib.VIB, lambda: given(encoder(), nn.Linear(2, 3), beta=0.01))
call(vib.VIB.forward, lambda: given(model(), normal(5, 4), normal(5, 2)))
call(vib.VIB.draw_noise, lambda: given(model(), 5, generator=generator()))
call(vib.VIB.objective, lambda: given(model(), normal(5, 4), labels(5), normal(5, 2)))
call(
    vib.VIB.log_predictive,
    lambda: given(model(), normal(5, 4), samples=2, generator=generator()),
)
call(vib.expected_log_sum_exp, lambda: given(normal(5, 3), torch.eye(3).expand(5, 3, 3)))

call(whitening.fit_whitening, lambda: given(normal(6, 3), epsilon=1e-5))
call(whitening.fit_zca, lambda: given(normal(6, 3), epsilon=1e-5))
call(whitening.standardise, lambda: given(normal(5, 1, 4, 4)))
call(
    whitening.Whitening.__call__,
    lambda: given(whitening.fit_whitening(normal(6, 3)), normal(5, 3)),
)

call(prior_matching.game_value, lambda: given(normal(5), normal(5)))
call(prior_matching.discriminator_loss, lambda: given(normal(5), normal(5)))
call(prior_matching.encoder_loss, lambda: given(normal(5), form="minimax"))
call(prior_matching.sample_prior, lambda: given("uniform", 5, 2, generator=generator()))

call(train.Recipe, lambda: given(2, train.adam(1e-3), batch_size=4))
call(train.adam, lambda: given(1e-3, momentum=0.5))
call(train.nesterov, lambda: given(1e-3, momentum=0.5, weight_decay=0.1))
call(train.staircase, lambda: given(0.9, every=2))
call(train.milestones, lambda: given((1, 2), 0.5))
call(train.MeanOfLast, lambda: given(lambda: 1.0, last=2))
call(vib.recipe, lambda: given(2, batch_size=4))
call(train.generator, lambda: given(0, "weights"))
call(train.Learner, lambda: given(model(), vib.recipe(2)))
call(
    train.Learner.step,
    lambda: given(train.Learner(model(), vib.recipe(2)), normal(5, 4), labels(5), normal(5, 2)),
)
call(train.Stream, lambda: given(0))
call(train.Stream.epoch, lambda: given(train.Stream(0), model(), count=10, batch_size=4))
call(
    train.fit,
    lambda: given(
        train.Learner(model(), vib.recipe(2, batch_size=4)), normal(8, 4), labels(8), seeds=[0]
    ),
)
call(ensemble.Ensemble, lambda: given([model(), model()], vib.recipe(2)))
call(ensemble.check_alike, lambda: given([model(), model()]))
call(ensemble.group_size, lambda: given(model()))
call(
    ensemble.fit_each,
    lambda: given(
        [model(), model()],
        vib.recipe(2, batch_size=4),
        normal(8, 4),
        labels(8),
        seeds=[0, 1],
    ),
)

call(evaluation.error_rate, lambda: given(normal(5, 3).log_softmax(-1), labels(5)))
call(
    evaluation.check_predictions,
    lambda: given(normal(5, 3).log_softmax(-1), classes=labels(5)),
)
call(
    evaluation.evaluate,
    lambda: given(model(), normal(5, 4), labels(5), samples=2, generator=generator()),
)


def classifier() -> Classifier:
    return Classifier(nn.Sequential(nn.Flatten(), nn.Linear(4, 3)))


def attacked(**options: object) -> Given:
    predict = attacks.prediction(classifier(), low=0.0, high=1.0)
    return given(predict, torch.rand(5, 1, 2, 2), labels(5), generator=generator(), **options)


call(
    attacks.prediction,
    lambda: given(model(), low=-1.0, high=1.0, samples=2, noise="frozen", generator=generator()),
)
call(attacks.fast_gradient_sign, lambda: attacked(epsilon=0.1))
call(attacks.gradient_sign, lambda: attacked(epsilon=0.1))
call(attacks.projected_gradient, lambda: attacked(epsilon=0.1, steps=2))
call(
    attacks.carlini_wagner_l2,
    lambda: attacked(search_steps=2, iterations=3, learning_rate=0.01),
)
call(
    attacks.keep_successes,
    lambda: given(
        attacks.prediction(classifier(), low=0.0, high=1.0),
        torch.rand(5, 1, 2, 2),
        torch.rand(5, 1, 2, 2),
        labels(5),
        generator=generator(),
    ),
)
call(attacks.norms, lambda: given(torch.rand(5, 1, 2, 2), torch.rand(5, 1, 2, 2)))
for one in (attacks.excess, attacks.reached):
    call(one, lambda: given(normal(5, 3).log_softmax(-1), labels(5), targeted=True))
call(attacks.log_odds, lambda: given(normal(5, 3).log_softmax(-1), labels(5)))
