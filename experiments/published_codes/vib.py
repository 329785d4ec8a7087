"""Two codes of the variational information bottleneck: its losses, averages and schedule."""

import math
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn

from experiments.published_codes.comparison import Comparison, Side, count
from experiments.published_codes.fixture import Case, output
from ibutils.information import nats_to_bits
from ibutils.nets import linear, perceptron
from ibutils.train import Learner
from ibutils.vib import VIB, GaussianCode, StochasticEncoder, recipe

STEPS = 600  # batches of 100 in an epoch of MNIST


class _Drawn(GaussianCode):
    """A code whose noise is given."""

    draws: Iterator[Tensor]

    def sample(self, noise: Tensor) -> Tensor:
        """Return a sample with the next given noise in place of ``noise``."""
        return super().sample(next(self.draws))


def _model(case: Case) -> VIB:
    """Return a model whose encoder hands on the statistics of the code."""
    weight, beta = case.given("decoder_weight"), case.options["beta"]
    decoder = linear(weight.shape[1], weight.shape[0]).double()
    decoder.load_state_dict({"weight": weight, "bias": case.given("decoder_bias")})
    encoder = StochasticEncoder(nn.Identity(), bottleneck=weight.shape[1])
    model = VIB(encoder, decoder, beta=beta).double()
    model.beta.fill_(beta)  # it was rounded to single precision
    return model


def _term(case: Case, name: str) -> Tensor | None:
    """Return a term of the objective at the given noise, in nats."""
    if "decoder_weight" not in case.input:
        return None
    noise = case.given("noise_of_the_loss")
    return _model(case).objective(case.given("statistics"), case.given("labels"), noise)[name]


def _term_in_bits(case: Case, name: str) -> Tensor | None:
    term = _term(case, name)
    return None if term is None else nats_to_bits(term)


def _relevance(case: Case) -> Tensor:
    """Return the bound on the information about ten equally likely labels, in bits."""
    cross_entropy = _term(case, "cross_entropy")
    assert cross_entropy is not None
    return nats_to_bits(math.log(10) - cross_entropy)


def _average(case: Case) -> Tensor:
    """Return the probabilities averaged over the given draws of the code."""
    model = _model(case)
    code = _Drawn(*model.encoder(case.given("statistics")))
    code.draws = iter(case.given("noise_of_the_average"))
    return model.log_mixture(code, samples=case.options["samples"]).exp()


def _rates(epochs: Tensor) -> Tensor:
    """Return the learning rate in some epochs of our loop, from 0."""
    learner = Learner(
        VIB(StochasticEncoder(nn.Linear(1, 2), bottleneck=1), linear(1, 2), beta=0.0),
        recipe(epochs=1),
    )
    found = []
    for _ in range(int(epochs.max()) + 1):
        found.append(learner.schedule.get_last_lr()[0])
        learner.optimizer.step()  # the schedule warns where no step was taken
        learner.schedule.step()
    return torch.tensor(found, dtype=torch.float64)[epochs]


def _parameters(case: Case) -> int:
    """Return how many parameters our network of Table 1 trains."""
    k = case.input["k"]
    parts = perceptron([784, 1024, 1024, 2 * k]), linear(k, 10)
    return sum(p.numel() for part in parts for p in part.parameters())


def _losses(gap: str) -> tuple[Comparison, ...]:
    def bits(key: str, name: str, term: str, gaps: dict[str, Side]) -> Comparison:
        ours = partial(_term_in_bits, name=term)
        return Comparison(key, output(name, optional=True), ours, gaps)

    return (
        bits("class loss, bits", "class_loss_bits", "cross_entropy", {}),
        bits("rate, bits", "info_loss_bits", "rate", {}),
        bits("total loss, bits", "total_loss_bits", "loss", {gap: partial(_term, name="loss")}),
        Comparison(
            "bound on I(Z;Y), bits",
            output("izy_bound_bits", optional=True),
            _relevance,
            stated=0.0,
        ),
        Comparison(
            "average over 12 samples", output("averaged_probabilities", optional=True), _average
        ),
    )


LEARNING_RATE = partial(
    Comparison, "learning rate, relative", output("learning_rate", optional=True), scale="relative"
)

OFFICIAL = (
    *_losses("total loss, nats for bits"),
    LEARNING_RATE(lambda case: _rates(case.given("steps") // STEPS)),
)
PYTORCH = (
    *_losses("total loss, nats for bits"),
    LEARNING_RATE(lambda case: _rates(case.given("epochs"))),
    count("number of parameters", output("parameters", optional=True), _parameters),
)
