"""Planes of MNIST: descent and its flow, what each noise sees of scale, signal, watching."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.special import expit
from torch import nn

from experiments.information_plane import mnist_planes, mnist_watch
from experiments.information_plane.gradient import signal_to_noise
from ibutils.baselines import Classifier
from ibutils.information_plane import coordinates
from ibutils.nets import StackedPerceptrons
from ibutils.train import Learner, Recipe, fit, generator

SMALL = mnist_planes.Settings(units=6, epochs=4, points=5, watched=40, gradients=3)


@pytest.fixture(scope="module")
def digits():
    return mnist_planes.load(SMALL, "cpu")


class TestTime:
    """A logistic regression: bounded gradient and curvature, and a flow that SciPy integrates."""

    x, y = np.array([1.0, -0.5, 2.0, 0.3]), np.array([1, 1, 0, 1])
    largest = np.abs(x).mean()  # of the gradient
    curvature = np.square(x).mean() / 4

    def gradient(self, w):
        return float(((expit(w * self.x) - self.y) * self.x).mean())

    def flow(self, time):
        options = dict(rtol=1e-11, atol=1e-12)
        return solve_ivp(lambda t, w: [-self.gradient(w[0])], (0, time), [3.0], **options).y[0, -1]

    def descent(self, rate, time):
        w = 3.0
        for _ in range(round(time / rate)):
            w -= rate * self.gradient(w)
        return w

    @pytest.mark.parametrize("rate", [0.4, 0.1, 0.01])
    @pytest.mark.parametrize("time", [0.4, 2.0, 4.0])
    def test_descent_stays_within_the_bound(self, rate, time):
        error = abs(self.descent(rate, time) - self.flow(time))
        assert error <= rate * self.largest / 2 * np.expm1(self.curvature * time)
        assert error > 0

    def test_the_error_is_in_proportion_to_the_rate(self):
        errors = [abs(self.descent(rate, 2.0) - self.flow(2.0)) for rate in (0.02, 0.01, 0.005)]
        assert errors[0] / errors[1] == pytest.approx(2, rel=0.05)
        assert errors[1] / errors[2] == pytest.approx(2, rel=0.05)

    def test_noise_at_a_time_grows_with_the_rate(self):
        """The exercise: a flat loss and gradients of unit variance."""
        draws, time = np.random.default_rng(0), 8.0
        for rate in (0.5, 0.05):
            steps = draws.normal(size=(20_000, round(time / rate)))
            spread = (-rate * steps).sum(1).var()
            assert spread == pytest.approx(rate * time, rel=0.05)


class TestObservers:
    def seen(self, layer, labels):
        found = coordinates([layer[None]], labels, mnist_watch.observers(noise=0.1, width=0.5))
        return {name: float(value) for name, value in found.items() if name.endswith("_input")}

    def test_noise_of_one_variance_sees_growth_and_one_that_follows_does_not(self):
        layer = torch.randn(60, 4, dtype=torch.float64, generator=generator(0, "layer"))
        labels = torch.arange(60) % 3
        small, large = self.seen(0.3 * layer, labels), self.seen(1.2 * layer, labels)
        for name in ("kde", "kde-lower", "akde", "bins"):
            assert large[f"{name}_input"] > small[f"{name}_input"] + 0.1
        follows = "akde-deviation_input"
        assert large[follows] == pytest.approx(small[follows], abs=1e-9)
        gains = {name: large[name] - small[name] for name in small}
        assert gains["akde_input"] < gains["kde_input"]

    def test_they_agree_where_the_largest_activity_is_one(self):
        layer = torch.rand(50, 3, dtype=torch.float64, generator=generator(1, "layer"))
        layer[0, 0] = -1.0
        seen = self.seen(layer, torch.arange(50) % 2)
        assert seen["akde_input"] == pytest.approx(seen["kde_input"], abs=1e-9)
        assert seen["akde-deviation_input"] == pytest.approx(seen["kde_input"], abs=1e-9)
        assert seen["kde-lower_input"] < seen["kde_input"]

    def test_bins_of_a_width_count_multiples_of_it(self):
        layer = torch.tensor([[-0.6], [-0.5], [-0.1], [0.0], [0.49], [0.5], [7.0], [7.0]])
        found = mnist_watch.by_width(layer[None], torch.arange(8) % 2, width=0.5)
        shares = np.array([1, 2, 2, 1, 2]) / 8  # [-1, -.5), [-.5, 0), [0, .5), [.5, 1), [7, 7.5)
        assert float(found.about_input.value) == pytest.approx(-(shares * np.log(shares)).sum())

    def test_a_saturated_layer_tells_which_corner_an_image_is_in(self):
        """The exercise: both bounds near the entropy of the shares of corners."""
        corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]).repeat_interleave(
            torch.tensor([5, 3, 2]), dim=0
        )
        shares = np.array([0.5, 0.3, 0.2])
        entropy = -(shares * np.log(shares)).sum()
        rest = (shares * np.log1p((1 - shares) / shares * np.exp(-2 / 0.1))).sum()
        upper = self.seen(corners.double(), torch.arange(10) % 2)["kde_input"]
        assert entropy - rest <= upper <= entropy + 1e-12
        assert rest < 1e-7


class TestSignal:
    @pytest.mark.parametrize("name", ["tanh", "relu"])
    def test_it_is_that_of_the_stacked_networks(self, digits, name):
        """One pass over the batches against all gradients side by side."""
        g = generator(3, "weights")
        network = mnist_planes.perceptron_of((64, 6, 5, 10), name, generator=g)
        images, labels = digits.inputs["train"][:96], digits.labels["train"][:96]
        found = mnist_watch.signal_over_noise(network, images, labels, batch_size=32)
        nets = StackedPerceptrons([network])
        positions = torch.arange(96)[None]
        slow = signal_to_noise(nets, images, labels, train=positions, batch_size=32)
        np.testing.assert_allclose(found, slow[0], rtol=1e-4)

    def test_equal_batches_have_no_noise(self, digits):
        g = generator(3, "weights")
        network = mnist_planes.perceptron_of((64, 5, 10), "tanh", generator=g)
        images, labels = (
            of["train"][:8].repeat(4, *[1] * (of["train"].ndim - 1)) for of in digits[:2]
        )
        found = mnist_watch.signal_over_noise(
            network.double(), images.double(), labels, batch_size=8
        )
        assert ((found == 0) | (found > 1e6)).all()


def followed(settings, digits, *, epochs, checkpoint=None):
    g = generator(0, "weights")
    sizes = (64, settings.units, *mnist_planes.NARROW, 10)
    model = Classifier(mnist_planes.perceptron_of(sizes, "tanh", generator=g))
    recipe = Recipe(epochs, partial(torch.optim.SGD, lr=settings.rate), batch_size=32)
    watch = mnist_planes.watching(settings, digits)
    images, labels = digits.inputs["train"], digits.labels["train"]
    learner = Learner(model, recipe)
    fit(learner, images, labels, seeds=[0], callbacks=[watch], checkpoint=checkpoint)
    return watch, learner


class TestWatch:
    def test_watching_changes_nothing_and_a_resumed_course_is_the_same(self, digits, tmp_path):
        whole, learner = followed(SMALL, digits, epochs=4)
        followed(SMALL, digits, epochs=2, checkpoint=tmp_path / "c.pt")
        resumed, again = followed(SMALL, digits, epochs=4, checkpoint=tmp_path / "c.pt")
        for name, values in whole.courses().items():
            assert np.array_equal(values, resumed.courses()[name]), name
        blind, alone = followed(replace(SMALL, points=2), digits, epochs=4)
        for one, other, third in zip(
            learner.model.parameters(),
            again.model.parameters(),
            alone.model.parameters(),
            strict=True,
        ):
            assert torch.equal(one, other) and torch.equal(one, third)
        assert len(blind.history["kde"]) == 2 < len(whole.history["kde"])

    def test_the_last_look_is_of_the_trained_network(self, digits):
        watch, learner = followed(SMALL, digits, epochs=4)
        images, labels = mnist_watch.watched(digits, "test", 40)
        network = learner.model.network
        assert isinstance(network[-1], nn.Linear) and len(mnist_watch.weights(network)) == 5
        hits = (network(images).argmax(1) == labels).double().mean()
        assert watch.courses()["accuracy"][-1, 1] == pytest.approx(float(hits))
        assert watch.epochs[0] == 0 and watch.epochs[-1] == 4

    def test_too_few_images_for_the_gradients_are_named(self, digits):
        with pytest.raises(ValueError, match="gradients=100"):
            mnist_planes.watching(replace(SMALL, gradients=100), digits)


class TestRows:
    def test_a_fall_and_what_of_it_is_certain(self, digits):
        watch, _ = followed(SMALL, digits, epochs=4)
        courses = watch.courses()
        course = np.array([1.0, 3.0, 2.0])[:, None, None] * np.ones((3, 2, 2))
        courses |= {name: course for name in mnist_watch.observers(noise=1.0, width=1.0)}
        courses["kde-lower"] = course - 0.4
        rows = mnist_planes.plane_rows("SX-F1CD", courses)
        of = {(row["estimator"], row["metric"], row["layer"]): row["value"] for row in rows}
        assert of["kde", "drop", 1] == pytest.approx(1.0)
        assert of["kde", "certain_drop", 2] == pytest.approx(0.6)
        assert of["kde", "initial", 1] == 1.0 and of["bins", "final", 2] == 2.0

    def test_members_of_other_steps_serve_a_target_of_their_own(self, digits, tmp_path):
        settings = replace(SMALL, epochs=1, points=2, other_rates=(0.03,), other_batches=(100,))
        members = mnist_planes.grid(settings)
        kinds = [(member["rate"], member.get("batch_size")) for member in members]
        assert kinds == [(0.1, None)] * 2 + [(0.03, None)] * 2 + [(0.1, 100)] * 2
        losses = set()
        for member, (rate, size) in zip(members[1::2], kinds[1::2], strict=True):
            own = tmp_path / f"{rate}-{size}.pt"
            (found,) = mnist_planes.train([member], settings, digits, checkpoint=own)
            targets = {row["target"] for row in found.rows}
            main = (rate, size) == (0.1, None)
            assert targets == ({"SX-F1CD", "SX-F10"} if main else {"SX-F1R"})
            (seen,) = found.arrays.values()
            steps = -(-len(digits.inputs["train"]) // (size or 32))
            assert seen["time"][-1] == pytest.approx(rate * steps)
            losses.add(seen["cross_entropy"][-1, 0])
        assert len(losses) == 3

    @pytest.mark.parametrize(
        "wrong",
        [
            dict(activations=("elu",)),
            dict(other_rates=(0.1,)),
            dict(other_batches=(32,)),
            dict(other_batches=(0,)),
            dict(points=1),
            dict(units=0),
        ],
    )
    def test_what_no_member_can_be_is_refused(self, wrong):
        with pytest.raises((TypeError, ValueError)):
            replace(SMALL, **wrong)
