"""The measures of a classifier against a slow loop and closed forms."""

import inspect
import math

import pytest
import torch
from torch import nn

from ibutils.baselines import Classifier
from ibutils.data import load
from ibutils.data.published import data_root
from ibutils.evaluation import error_rate, evaluate
from ibutils.nets import linear, perceptron
from ibutils.train import generator
from ibutils.vib import VIB, GaussianCode, StochasticEncoder

STANDARD_ERRORS = 4  # a stochastic test fails for 6 in 100,000 seeds, and seeds are fixed


def data(count=23, size=6, classes=3):
    g = torch.Generator().manual_seed(1)
    inputs = torch.randn(count, size, generator=g, dtype=torch.float64)
    return inputs, torch.randint(classes, (count,), generator=g)


def vib(covariance="diagonal"):
    g = generator(0, "weights")
    width = StochasticEncoder.width(2, covariance)
    network = perceptron([6, 8, width], generator=g)
    with torch.no_grad():
        network[-1].bias[2:] += 6  # wide codes, so that samples differ
    encoder = StochasticEncoder(network, bottleneck=2, covariance=covariance)
    return VIB(encoder, linear(2, 3, generator=g), beta=0.1).double()


class Switch(nn.Module):
    """A decoder of one-dimensional codes: near certain of class 0, or quite certain of class 1."""

    def forward(self, code):
        return torch.where(code < 0.2533, 8.0, -30.0) * torch.tensor([1.0, 0.0])


class Fixed(StochasticEncoder):
    """An encoder that gives every input the standard normal code."""

    def __init__(self):
        super().__init__(nn.Identity(), bottleneck=1)

    def forward(self, inputs):
        return GaussianCode(*torch.zeros(2, len(inputs), 1))


class Constant(nn.Module):
    """A network that always predicts one class."""

    def __init__(self, label):
        super().__init__()
        self.label = label

    def forward(self, inputs):
        return nn.functional.one_hot(torch.full((len(inputs),), self.label), 10).float()


class TestSlowTwin:
    @pytest.mark.parametrize("covariance", ["diagonal", "full"])
    def test_agrees_with_loops_over_batches_samples_and_inputs(self, covariance):
        model, (inputs, labels) = vib(covariance), data()
        found = evaluate(
            model,
            inputs,
            labels,
            samples=4,
            repeats=3,
            generator=torch.Generator().manual_seed(5),
            batch_size=10,
        )
        g = torch.Generator().manual_seed(5)
        wrong = [[], [], [], []]
        surprise, rates = [], []
        with torch.no_grad():
            for x, y in zip(inputs.split(10), labels.split(10), strict=True):
                code = model.encoder(x)
                rates += code.rate().tolist()
                for draw, count in enumerate([1, 4, 4, 4]):
                    noises = [
                        torch.randn(len(x), 2, generator=g, dtype=x.dtype) for _ in range(count)
                    ]
                    for i, label in enumerate(y.tolist()):
                        total = torch.zeros(3, dtype=x.dtype)
                        for noise in noises:
                            one = GaussianCode(
                                *(part[i : i + 1] for part in code if part is not None)
                            )
                            logits = model.decoder(one.sample(noise[i : i + 1]))
                            total += logits[0].softmax(dim=-1)
                        probabilities = (total / count).tolist()
                        best = max(range(3), key=probabilities.__getitem__)
                        wrong[draw].append(best != label)
                        if draw == 0:
                            surprise.append(-math.log(probabilities[label]))
        single, *averaged = (sum(draw) / len(draw) for draw in wrong)
        assert len(set(averaged)) > 1  # evaluations are independent of each other
        assert found == pytest.approx(
            {
                "error": single,
                "error_4": sum(averaged) / 3,
                "cross_entropy": sum(surprise) / len(surprise),
                "rate": sum(rates) / len(rates),
            },
            rel=1e-12,
        )


class TestAveraging:
    def test_averages_probabilities_not_logits(self):
        """Six in ten samples say class 0, near certain; the others say class 1, more certain.

        The mean probability of class 0 is 0.6, its mean logit 8 * 0.6 - 30 * 0.4 = -7.2.
        """
        model, n = VIB(Fixed(), Switch(), beta=0.0), 2000
        inputs, labels = torch.zeros(n, 1), torch.zeros(n, dtype=torch.long)
        found = evaluate(
            model, inputs, labels, samples=1000, generator=torch.Generator().manual_seed(0)
        )
        assert found["error_1000"] == 0.0
        assert abs(found["error"] - 0.4) < STANDARD_ERRORS * math.sqrt(0.4 * 0.6 / n)
        assert found["rate"] == 0.0

    def test_more_samples_approach_the_expected_prediction(self):
        """At 0.6 against 0.4, an odd number of samples errs as often as a binomial tail says."""
        model, n, samples = VIB(Fixed(), Switch(), beta=0.0), 4000, 5
        found = evaluate(
            model,
            torch.zeros(n, 1),
            torch.zeros(n, dtype=torch.long),
            samples=samples,
            generator=torch.Generator().manual_seed(0),
        )
        tail = sum(math.comb(5, k) * 0.4**k * 0.6 ** (5 - k) for k in (3, 4, 5))
        error = math.sqrt(tail * (1 - tail) / n)
        assert abs(found["error_5"] - tail) < STANDARD_ERRORS * error


class TestDeterministic:
    def test_averaging_changes_nothing(self):
        model = Classifier(perceptron([6, 8, 3], generator=generator(0, "weights"))).double()
        inputs, labels = data()
        found = evaluate(model, inputs, labels, samples=12, repeats=5, batch_size=10)
        logits = model(inputs).detach()
        assert set(found) == {"error", "error_12", "cross_entropy"}
        assert found["error"] == float((logits.argmax(dim=-1) != labels).double().mean())
        assert found["error_12"] == pytest.approx(found["error"], rel=1e-15)
        expected = nn.functional.cross_entropy(logits, labels)
        assert found["cross_entropy"] == pytest.approx(float(expected), rel=1e-12)

    @pytest.mark.parametrize("split", ["train", "test"])
    def test_the_commonest_class_errs_on_all_others(self, split):
        images = load("digits", split=split)
        counts = images.labels.bincount()
        found = evaluate(Classifier(Constant(int(counts.argmax()))), images.flat(), images.labels)
        assert found["error"] == pytest.approx(1 - float(counts.max()) / len(images), rel=1e-12)

    @pytest.mark.skipif(
        not (data_root() / "MNIST" / "raw").is_dir(), reason="needs MNIST; set IBUTILS_DATA"
    )
    @pytest.mark.parametrize("split, percent", [("train", 88.76), ("test", 88.65)])
    def test_the_commonest_class_of_mnist(self, split, percent):
        images = load("mnist", split=split)
        model = Classifier(Constant(int(images.labels.bincount().argmax())))
        found = evaluate(model, images.flat(), images.labels)
        assert 100 * found["error"] == pytest.approx(percent, abs=0.005)

    def test_a_uniform_prediction_costs_the_logarithm_of_the_classes(self):
        network = nn.Linear(6, 3)
        nn.init.zeros_(network.weight), nn.init.zeros_(network.bias)
        inputs, labels = data()
        found = evaluate(Classifier(network), inputs.float(), labels)
        assert found["cross_entropy"] == pytest.approx(math.log(3), rel=1e-6)


class TestCalls:
    def test_a_generator_decides_and_nothing_else(self):
        model, (inputs, labels) = vib(), data(count=200)
        before = torch.get_rng_state()
        one, two, three = (
            evaluate(model, inputs, labels, generator=torch.Generator().manual_seed(seed))
            for seed in (0, 0, 1)
        )
        assert one == two and one["cross_entropy"] != three["cross_entropy"]
        assert one["rate"] == three["rate"]
        assert torch.equal(torch.get_rng_state(), before)

    def test_keeps_no_graph_and_changes_no_weight(self):
        model, (inputs, labels) = vib(), data()
        weights = [p.clone() for p in model.parameters()]
        evaluate(model, inputs, labels, generator=torch.Generator().manual_seed(0))
        assert all(p.grad is None for p in model.parameters())
        assert all(map(torch.equal, model.parameters(), weights))

    def test_error_rate_counts(self):
        predictions = torch.eye(4)[[0, 1, 2, 3, 3]].log()
        assert error_rate(predictions, torch.tensor([0, 1, 2, 3, 0])) == 0.2

    @pytest.mark.parametrize("kind", [torch.uint8, torch.uint16, torch.uint32, torch.uint64])
    def test_error_rate_takes_unsigned_labels(self, kind):
        labels = torch.tensor([0, 1, 2, 0]).to(kind)
        assert inspect.unwrap(error_rate)(torch.eye(4).log(), labels) == 0.25

    @pytest.mark.parametrize("value", [math.nan, -math.inf])
    def test_error_rate_takes_the_logarithm_of_zero_but_no_nan(self, value):
        predictions = torch.tensor([[0.0, value], [value, value]])
        if math.isnan(value):
            with pytest.raises(ValueError, match="got 2 such rows of 2"):
                error_rate(predictions, torch.tensor([0, 1]))
        else:
            assert error_rate(predictions[:1], torch.tensor([0])) == 0.0

    @pytest.mark.parametrize("labels", [[0, 4], [-1, 0], [0]])
    def test_error_rate_refuses_labels(self, labels):
        with pytest.raises(ValueError, match="labels must"):
            inspect.unwrap(error_rate)(torch.zeros(2, 4), torch.tensor(labels))

    def test_the_mode_of_each_part_is_given_back(self):
        seen = []
        network = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3).eval(), nn.Dropout(0.5))
        network[2].register_forward_hook(lambda layer, *_: seen.append(layer.training))
        inputs, labels = data()
        statistics = network[1].running_mean.clone()
        with torch.inference_mode():
            evaluate(Classifier(network), inputs.float(), labels)
        assert seen and not any(seen)
        assert [layer.training for layer in network] == [True, False, True]
        assert torch.equal(network[1].running_mean, statistics)

    @pytest.mark.parametrize("samples", [0, -3])
    def test_refuses_numbers_of_samples(self, samples):
        with pytest.raises(ValueError, match=f"samples .*{samples}"):
            evaluate(vib(), *data(), samples=samples)

    def test_refuses_numbers_that_disagree(self):
        inputs, labels = data()
        with pytest.raises(ValueError, match="labels must have 23 entries, one a sample, got 22"):
            evaluate(vib(), inputs, labels[1:])
