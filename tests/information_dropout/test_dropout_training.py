"""Training with milestones and warm-up, batch statistics without noise, and its warnings."""

import math
import warnings

import pytest
import torch
from torch import nn

from ibutils.information_dropout import (
    InformationDropoutWarning,
    NoisyClassifier,
    check_priors,
    layer_statistics,
    recipe,
    reestimate_batch_norm,
    warm_up_beta,
)
from ibutils.information_dropout.all_cnn import all_cnn_32
from ibutils.information_dropout.dropout_mlp import dropout_mlp
from ibutils.information_dropout.layer import MIN_ALPHA
from ibutils.train import Learner, Recipe, adam, fit, milestones, nesterov

close = torch.testing.assert_close


@pytest.fixture
def images(generator):
    return torch.randn(40, 3, 8, 8, generator=generator)


@pytest.fixture
def labels(generator):
    return torch.randint(10, (40,), generator=generator)


def small_cnn(dropout="information", activation="softplus", **options):
    g = torch.Generator().manual_seed(1)
    options = dict(width=1 / 24, size=8, input_keep=0.8) | options
    return all_cnn_32(dropout=dropout, activation=activation, generator=g, **options)


def classifier(network=None, beta=1.0, samples=40):
    return NoisyClassifier(network or small_cnn(), beta=beta, samples=samples)


def state(model):
    return {name: x.clone() for name, x in model.state_dict().items()}


class TestModel:
    @pytest.mark.parametrize("dropout", ["none", "binary", "constant", "information"])
    @pytest.mark.parametrize("activation", ["relu", "softplus"])
    def test_every_method_trains_through_the_same_calls(self, images, labels, dropout, activation):
        model = classifier(small_cnn(dropout, activation))
        history = fit(Learner(model, recipe(1, batch_size=20)), images, labels, seeds=[0])
        assert bool(history["loss"].isfinite().all())
        assert bool((history["kl"] > 0) == (dropout == "information"))

    def test_the_loss_is_cross_entropy_and_beta_over_n_times_the_sum(self, images, labels):
        model = classifier(beta=3.0, samples=200).eval()
        noise = model.draw_noise(40, generator=torch.Generator().manual_seed(0))
        terms = model.objective(images, labels, noise)
        maps = model.network.kl_maps().values()
        total = sum(m.sum((1, 2)) for m in maps).mean()
        close(terms["kl"], total)
        close(terms["loss"], terms["cross_entropy"] + 3 / 200 * total)

    @pytest.mark.parametrize("label", [10, -1, -100])  # PyTorch leaves out -100 unless told
    def test_a_step_refuses_a_label_out_of_range(self, images, label):
        model, labels = classifier(), torch.tensor([0, 1, label])
        noise = model.draw_noise(3, generator=torch.Generator().manual_seed(0))
        with pytest.raises(ValueError, match=f"labels must lie in 0..9.*: Target {label} is out"):
            model.objective(images[:3], labels, noise)

    def test_upto_is_a_prefix_of_the_whole(self, images):
        network = small_cnn().eval()
        noise = network.draw_noise(40, generator=torch.Generator().manual_seed(0))
        middle = network(images, noise, upto="conv_6")
        assert middle.shape == (40, 8, 2, 2)
        close(network.layers["classes"](middle), network(images, noise))

    @pytest.mark.parametrize("samples", [None, 0])
    def test_n_must_be_given(self, samples):
        with pytest.raises(ValueError, match=f"samples must be .*got {samples}"):
            classifier(samples=samples)
        with pytest.raises(ValueError, match=r"beta must be at least 0, got -1\.0"):
            classifier(beta=-1.0)


class TestLearner:
    def test_plain_steps_by_hand(self, generator):
        """Nesterov momentum, milestones and L2 on weights but not on biases."""
        own = recipe(3, batch_size=8, learning_rate=0.1, milestones=(1, 2), weight_decay=0.01)
        x, y = torch.randn(8, 5, generator=generator), torch.randint(3, (8,), generator=generator)
        network = dropout_mlp(4, inputs=5, classes=3, dropout="none")
        model = classifier(network)
        mine = {n: p.detach().clone() for n, p in model.named_parameters()}
        velocity = {n: torch.zeros_like(p) for n, p in mine.items()}
        learner = Learner(model, own)
        fit(learner, x, y, seeds=[0])
        twin = classifier(dropout_mlp(4, inputs=5, classes=3, dropout="none"))
        for rate in (0.1, 0.01, 0.001):
            twin.load_state_dict(mine, strict=False)
            twin.zero_grad()
            twin.objective(x, y, torch.empty(8, 0))["loss"].backward()
            for name, p in twin.named_parameters():
                step = p.grad + (0.01 * mine[name] if p.ndim > 1 else 0)
                velocity[name] = 0.9 * velocity[name] + step
                mine[name] = mine[name] - rate * (step + 0.9 * velocity[name])
        for name, p in learner.averaged().named_parameters():
            close(p, mine[name], atol=1e-5, rtol=1e-4)

    def test_the_divergence_warms_up(self, images, labels):
        model = classifier(beta=1.0)
        learner, rise = Learner(model, recipe(4, batch_size=40)), [warm_up_beta(4)]
        history = fit(learner, images, labels, seeds=[0], callbacks=rise)
        share = (history["loss"] - history["cross_entropy"]) / (history["kl"] / 40)
        close(share[:, 0], torch.tensor([0.25, 0.5, 0.75, 1.0]), atol=1e-4, rtol=1e-4)

    @pytest.mark.parametrize("optimiser", [nesterov, adam])
    def test_a_resumed_run_is_bit_identical_with_its_batch_statistics(
        self, images, labels, tmp_path, optimiser
    ):
        def run(epochs, checkpoint=None):
            model = classifier()
            fall = milestones((1,))
            learner = Learner(model, Recipe(epochs, optimiser(0.05), fall, batch_size=20))
            options = dict(callbacks=[warm_up_beta(2)], checkpoint=checkpoint)
            fit(learner, images, labels, seeds=[0], **options)
            return state(learner.averaged())

        whole = run(3)
        run(2, tmp_path / "part.pt")
        resumed = run(3, tmp_path / "part.pt")
        assert all(torch.equal(whole[name], resumed[name]) for name in whole)
        assert any("running_mean" in name for name in whole)

    def test_a_prior_that_collapses_stops_the_training(self, images, labels):
        model = classifier()
        nn.init.constant_(model.network.layers["drop_1"].log_prior_scale, -20.0)
        model.network.layers["drop_1"].log_prior_scale.requires_grad_(False)
        learner = Learner(model, recipe(1, learning_rate=1e-12))
        with pytest.raises(ValueError, match=r"drop_1 has collapsed to 2\.06\d*e-09.* after 0"):
            fit(learner, images, labels, seeds=[0], callbacks=[check_priors])


class TestBatchStatistics:
    def test_they_are_those_of_all_inputs_without_noise(self, images):
        """The first layer's are the mean and variance of its inputs; uneven batches count so."""
        model = small_cnn("binary")
        reestimate_batch_norm(model, images, batch_size=16)
        convolution, norm = model.layers["conv_1"][0]
        with torch.no_grad():
            out = convolution(images)
        close(norm.running_mean, out.mean((0, 2, 3)), atol=1e-5, rtol=1e-4)
        parts = out.split(16)
        weights = torch.tensor([len(p) / 40 for p in parts])
        variances = torch.stack([p.var((0, 2, 3)) for p in parts])
        close(norm.running_var, weights @ variances, atol=1e-5, rtol=1e-4)
        assert not model.training and norm.momentum == 0.1

    def test_they_mend_a_network_whose_training_was_noisy(self, generator):
        """Noise raises the variance that a later layer sees; without it the statistics differ."""
        images = torch.randn(200, 3, 8, 8, generator=generator)
        model = small_cnn("constant", "relu")
        model.train()
        for _ in range(60):
            model(images, model.draw_noise(200, generator=generator))
        norm = model.layers["conv_3"][0][1]
        noisy = norm.running_var.clone()
        reestimate_batch_norm(model, images, batch_size=200)
        assert bool((noisy > norm.running_var).all())
        x = model(images, upto="drop_1")
        out = model.layers["conv_3"][0](x)
        close(out.std((0, 2, 3)), torch.ones(out.shape[1]), atol=0.02, rtol=0)

    def test_networks_without_normalisation_only_change_their_mode(self):
        model = dropout_mlp(4, inputs=5)
        reestimate_batch_norm(model, torch.zeros(3, 5))
        assert not model.training

    @pytest.mark.parametrize(("n", "batch_size", "split"), [(7, 3, [3, 4]), (3, 2, [3])])
    def test_a_last_input_alone_joins_the_batch_before(self, generator, n, batch_size, split):
        x = torch.randn(n, 5, generator=generator)
        norm = nn.BatchNorm1d(5)
        reestimate_batch_norm(norm, x, batch_size=batch_size)
        weights = torch.tensor(split) / n
        close(norm.running_mean, x.mean(0))
        close(norm.running_var, weights @ torch.stack([p.var(0) for p in x.split(split)]))

    def test_a_call_that_fails_changes_nothing(self, images):
        """The first layer has seen a batch when the second refuses it."""
        model = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(), nn.Linear(7, 2)).train()
        model[1].eval()
        before = state(model)
        with pytest.raises(ValueError, match="must suit the network"):
            reestimate_batch_norm(model, images)
        assert all(torch.equal(x, before[name]) for name, x in state(model).items())
        assert [m.training for m in model] == [True, False, True] and model[0].momentum == 0.1

    def test_one_input_is_refused(self, images):
        with pytest.raises(ValueError, match="at least two inputs, got 1"):
            reestimate_batch_norm(small_cnn(), images[:1])


class TestStatistics:
    def statistics(self, bias, **options):
        network = dropout_mlp(4, inputs=5, **options).eval()
        for layer in network.information_layers().values():
            nn.init.zeros_(layer.alpha_head.weight)
            nn.init.constant_(layer.alpha_head.bias, bias)
        return layer_statistics(network, torch.ones(7, 5), batch_size=3)["drop_2"]

    def test_a_layer_in_the_middle(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = self.statistics(0.0)
        assert found.units == 4
        assert found.mean_alpha == pytest.approx((0.7 + MIN_ALPHA) / 2, rel=1e-5)
        assert found.kl == pytest.approx(4 * math.log(0.7 / found.mean_alpha), rel=1e-5)
        assert found.kl_per_unit == pytest.approx(found.kl / 4)
        assert (found.saturated_high, found.saturated_low) == (0.0, 0.0)
        assert found.prior_scale is None

    def test_the_start_is_not_saturated(self, images):
        network = small_cnn().eval()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for found in layer_statistics(network, images).values():
                assert 0.1 < found.mean_alpha < 0.6
                assert found.saturated_high < 0.1 and found.saturated_low < 0.1
                assert (found.prior_mean, found.prior_scale) == (0.0, 1.0)

    def test_saturation_at_the_largest_noise_and_collapse_are_told(self):
        with pytest.warns(InformationDropoutWarning) as told:
            found = self.statistics(12.0)
        assert found.saturated_high == 1.0
        texts = [str(warning.message) for warning in told]
        assert any(
            "drop_2: 100% of the noise scales are saturated at the largest" in t for t in texts
        )
        assert any("drop_2: the divergence has collapsed to" in t for t in texts)

    def test_saturation_at_the_least_noise_is_told(self):
        with pytest.warns(InformationDropoutWarning, match="100% .* at the least noise"):
            assert self.statistics(-12.0).saturated_low == 1.0

    @pytest.mark.filterwarnings("ignore::ibutils.information_dropout.InformationDropoutWarning")
    @pytest.mark.parametrize(
        ("gate", "high", "low"),
        [(0.009, 0.0, 1.0), (0.011, 0.0, 0.0), (0.989, 0.0, 0.0), (0.991, 1.0, 0.0)],
    )
    def test_a_hundredth_of_the_range_at_each_end_is_saturated(self, gate, high, low):
        found = self.statistics(math.log(gate / (1 - gate)))
        assert (found.saturated_high, found.saturated_low) == (high, low)

    @pytest.mark.parametrize(("kl", "collapsed"), [(5e-4, True), (2e-3, False)])
    def test_collapse_is_told_by_the_unit(self, kl, collapsed):
        """Four units have four times as much together."""
        gate = (0.7 * math.exp(-kl) - MIN_ALPHA) / (0.7 - MIN_ALPHA)
        with pytest.warns(InformationDropoutWarning) as told:
            found = self.statistics(math.log(gate / (1 - gate)))
        assert found.kl_per_unit == pytest.approx(kl, rel=1e-3)
        assert any("collapsed" in str(warning.message) for warning in told) == collapsed

    def test_no_inputs(self):
        with pytest.raises(ValueError, match="inputs must not be empty"):
            layer_statistics(dropout_mlp(4, inputs=5), torch.empty(0, 5))

    def test_networks_without_information_dropout_have_none(self):
        assert layer_statistics(dropout_mlp(4, inputs=5, dropout="none"), torch.ones(2, 5)) == {}
