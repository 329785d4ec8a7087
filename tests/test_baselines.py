"""The baselines of Table 1 against explicit targets, torch.distributions and plain dropout."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Categorical
from torch.nn import functional as F

from ibutils.baselines import (
    Classifier,
    DropoutClassifier,
    confidence_penalty_loss,
    label_smoothing_loss,
)
from ibutils.nets import perceptron

STANDARD_ERRORS = 4  # a stochastic test fails for 6 in 100,000 seeds, and seeds are fixed
CLASSES = 10

close = torch.testing.assert_close


@pytest.fixture
def batch(generator):
    """Return logits and labels in double precision."""
    logits = 3 * torch.randn(20, CLASSES, generator=generator, dtype=torch.float64)
    return logits, torch.randint(CLASSES, (20,), generator=generator)


class TestLabelSmoothing:
    @pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.5, 1.0])
    def test_is_the_cross_entropy_with_the_mixed_target(self, batch, epsilon):
        logits, labels = batch
        target = (1 - epsilon) * F.one_hot(labels, CLASSES) + epsilon / CLASSES
        expected = -(target * logits.log_softmax(dim=-1)).sum(dim=-1).mean()
        close(label_smoothing_loss(logits, labels, epsilon=epsilon), expected)

    @pytest.mark.parametrize("e", [0.0, 0.01, 0.1, 1.0])
    def test_is_the_papers_wording_with_the_stated_mapping(self, batch, e):
        """Zeros of the one-hot vector become e, and the vector is renormalised."""
        logits, labels = batch
        target = F.one_hot(labels, CLASSES).double()
        target[target == 0] = e
        target = target / target.sum(dim=-1, keepdim=True)
        expected = -(target * logits.log_softmax(dim=-1)).sum(dim=-1).mean()
        epsilon = CLASSES * e / (1 + (CLASSES - 1) * e)
        close(label_smoothing_loss(logits, labels, epsilon=epsilon), expected)

    def test_is_least_at_the_smoothed_target_and_there_its_entropy(self):
        labels, epsilon = torch.tensor([3]), 0.1
        target = (1 - epsilon) * F.one_hot(labels, CLASSES).double() + epsilon / CLASSES
        logits = target.log().requires_grad_()
        loss = label_smoothing_loss(logits, labels, epsilon=epsilon)
        close(loss, Categorical(probs=target).entropy()[0])
        (slope,) = torch.autograd.grad(loss, logits)
        close(slope, torch.zeros_like(slope))

    @pytest.mark.parametrize("epsilon", [-0.1, 1.1, math.nan])
    def test_refuses_epsilon(self, batch, epsilon):
        with pytest.raises(ValueError, match=f"got {epsilon}"):
            label_smoothing_loss(*batch, epsilon=epsilon)


class TestConfidencePenalty:
    @pytest.mark.parametrize("weight", [0.0, 0.1, 1.0, 8.0])
    def test_is_cross_entropy_minus_weighted_entropy(self, batch, weight):
        logits, labels = batch
        predicted = Categorical(logits=logits)
        expected = -predicted.log_prob(labels).mean() - weight * predicted.entropy().mean()
        close(confidence_penalty_loss(logits, labels, weight=weight), expected)

    def test_gradients(self, batch):
        logits, labels = batch
        assert torch.autograd.gradcheck(
            lambda logits: confidence_penalty_loss(logits, labels, weight=0.7),
            logits.requires_grad_(),
        )

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_stays_finite_for_certain_predictions(self, dtype):
        logits = torch.tensor([[500.0, 0.0, -500.0]], dtype=dtype, requires_grad=True)
        loss = confidence_penalty_loss(logits, torch.tensor([0]), weight=1.0)
        (slope,) = torch.autograd.grad(loss, logits)
        close(loss, torch.zeros_like(loss))
        assert slope.isfinite().all()

    @pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
    def test_classes_may_be_masked(self, batch, dtype):
        """The value and slopes of the classes that are left."""
        logits, labels = batch[0].detach().to(dtype), batch[1]
        masked = torch.cat([logits, torch.full_like(logits[:, :1], -math.inf)], dim=1)
        slopes = []
        for one in (logits, masked):
            loss = confidence_penalty_loss(one.requires_grad_(), labels, weight=0.7)
            slopes.append((loss.detach(), *torch.autograd.grad(loss, one)))
        (expected, slope), (value, of_masked) = slopes
        close(value, expected)
        close(of_masked[:, :-1], slope)
        assert not of_masked[:, -1].any()

    def test_refuses_a_negative_weight(self, batch):
        with pytest.raises(ValueError, match="got -1"):
            confidence_penalty_loss(*batch, weight=-1.0)


class TestClassifier:
    def test_minimises_its_loss_and_logs_the_cross_entropy(self, generator):
        network = perceptron([4, 5, 3], generator=generator)
        model = Classifier(network, loss=lambda logits, labels: logits.square().mean())
        inputs = torch.randn(6, 4, generator=generator)
        labels = torch.randint(3, (6,), generator=generator)
        terms = model.objective(inputs, labels, model.draw_noise(6, generator=generator))
        close(terms["loss"], network(inputs).square().mean())
        close(terms["cross_entropy"], F.cross_entropy(network(inputs), labels))

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_predicts_in_single_precision_at_least(self, dtype):
        logs = Classifier(nn.Linear(4, 3).to(dtype)).log_predictive(torch.ones(2, 4, dtype=dtype))
        assert logs.dtype == torch.float32
        close(logs.exp().sum(1), torch.ones(2))

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_its_loss_is_in_single_precision_at_least(self, dtype):
        model = Classifier(nn.Linear(4, 3).to(dtype))
        inputs, labels = torch.ones(2, 4, dtype=dtype), torch.tensor([0, 2])
        terms = model.objective(inputs, labels, torch.empty(2, 0))
        assert terms["loss"].dtype == torch.float32
        assert torch.equal(terms["loss"], terms["cross_entropy"])

    def test_cross_entropy_is_the_default(self, generator):
        model = Classifier(perceptron([4, 3], generator=generator))
        inputs, labels = torch.randn(6, 4, generator=generator), torch.tensor([0, 1, 2] * 2)
        terms = model.objective(inputs, labels, model.draw_noise(6, generator=generator))
        assert torch.equal(terms["loss"], terms["cross_entropy"])

    def test_predicts_probabilities_and_draws_nothing(self, generator):
        model = Classifier(perceptron([4, 5, 3], generator=generator))
        state = generator.get_state()
        inputs = torch.ones(6, 4)
        assert model.draw_noise(6, generator=generator).shape == (6, 0)
        predicted = model.log_predictive(inputs, samples=12, generator=generator)
        close(predicted.exp(), model(inputs).softmax(dim=-1))
        assert torch.equal(generator.get_state(), state)


class TestDropout:
    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_masks_keep_half_precision(self, dtype, generator):
        model = DropoutClassifier(perceptron([4, 5, 3], generator=generator).to(dtype), rate=0.5)
        noise = model.draw_noise(6, generator=generator)
        assert model(torch.ones(6, 4, dtype=dtype), noise).dtype == dtype

    sizes = (4, 6, 5, 3)

    def model(self, generator, rate=0.5):
        return DropoutClassifier(perceptron(self.sizes, generator=generator), rate=rate)

    def by_hand(self, model, inputs, kept):
        """Return the logits with units dropped where ``kept`` is 0, and the others scaled."""
        first, _, second, _, last = model.network
        one, two = kept[:, :6] / model.keep, kept[:, 6:] / model.keep
        return last(second(first(inputs).relu() * one).relu() * two)

    @pytest.mark.parametrize("rate", [0.2, 0.5])
    def test_each_hidden_unit_has_its_own_mask(self, generator, rate):
        model = self.model(generator, rate)
        inputs = torch.randn(50, 4, generator=generator)
        noise = model.draw_noise(50, generator=generator)
        close(model(inputs, noise), self.by_hand(model, inputs, (noise < 1 - rate).float()))
        kept = torch.zeros(11, 11).fill_diagonal_(1)  # one unit of the two layers at a time
        spread = inputs[:1].expand(11, -1)
        close(model(spread, 1 - kept), self.by_hand(model, spread, kept))

    def test_without_noise_all_units_are_kept(self, generator):
        model = self.model(generator)
        inputs = torch.randn(50, 4, generator=generator)
        assert torch.equal(model(inputs), model.network(inputs))
        close(model.log_predictive(inputs).exp(), model.network(inputs).softmax(dim=-1))

    @pytest.mark.parametrize(
        "layers",
        [
            [nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 3)],
            [nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 5), nn.Linear(5, 3)],
            [nn.Sequential(nn.Linear(4, 6), nn.ReLU()), nn.Linear(6, 3)],
            [nn.Linear(4, 6), nn.Sequential(nn.ReLU()), nn.Linear(6, 3)],
            [nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3), nn.ReLU()],
        ],
    )
    def test_a_hidden_layer_that_would_keep_its_units_is_refused(self, layers):
        with pytest.raises(ValueError, match=r"a ReLU behind each hidden layer, got \['"):
            DropoutClassifier(nn.Sequential(*layers), rate=0.5)

    def test_rate_zero_is_the_plain_classifier(self, generator):
        model = self.model(generator, rate=0.0)
        inputs = torch.randn(50, 4, generator=generator)
        noise = model.draw_noise(50, generator=generator)
        assert torch.equal(model(inputs, noise), Classifier(model.network)(inputs))

    @pytest.mark.parametrize("rate", [0.2, 0.5])
    def test_keeps_the_expectation_of_a_linear_readout(self, generator, rate):
        """One hidden layer: the mean over masks is the network without dropout."""
        model = DropoutClassifier(perceptron([4, 6, 3], generator=generator), rate=rate)
        n = 20_000
        inputs = torch.randn(1, 4, generator=generator).expand(n, -1)
        draws = model(inputs, model.draw_noise(n, generator=generator)).detach()
        error = draws.std(dim=0) / math.sqrt(n)
        bias = draws.mean(dim=0) - model(inputs[:1])[0].detach()
        assert (bias.abs() <= STANDARD_ERRORS * error).all() and (error > 0).any()

    @pytest.mark.parametrize("rate", [0.2, 0.5])
    def test_drops_units_at_its_rate(self, generator, rate):
        model = self.model(generator, rate)
        noise = model.draw_noise(10_000, generator=generator)
        assert noise.shape == (10_000, 11)
        error = math.sqrt(rate * (1 - rate) / noise.numel())
        assert abs(float((noise >= model.keep).float().mean()) - rate) < STANDARD_ERRORS * error

    def test_a_layer_that_is_replaced_is_used(self, generator):
        model = self.model(generator, 0.0)
        inputs = torch.randn(5, model.network[0].in_features, generator=generator)
        model.network[0] = nn.Linear(model.network[0].in_features, model.hidden[0])
        noise = model.draw_noise(5, generator=generator)
        torch.testing.assert_close(model(inputs, noise), model(inputs))

    def test_has_the_weights_of_its_network_once(self, generator):
        model = self.model(generator)
        assert len(list(model.parameters())) == len(list(model.network.parameters())) == 6

    @pytest.mark.parametrize("rate", [-0.1, 1.0, math.nan])
    def test_refuses_a_rate(self, generator, rate):
        with pytest.raises(ValueError, match=f"got {rate}"):
            self.model(generator, rate)
