"""On a linear classifier every attack has a closed form."""

import math

import pytest
import torch

from ibutils.attacks import (
    carlini_wagner_l2,
    fast_gradient_sign,
    gradient_sign,
    norms,
    projected_gradient,
)

SIZE, CLASSES, COUNT = 20, 4, 12


class Linear:
    """Logits W x + b, for which the distance to a decision boundary is known."""

    def __init__(self, classes, generator):
        shape = {"generator": generator, "dtype": torch.float64}
        self.weight = torch.randn(classes, SIZE, **shape)
        self.bias = -self.weight.sum(1) / 2  # boundaries through the middle of the box
        self.images = 0.25 + 0.5 * torch.rand(COUNT, SIZE, **shape)
        self.labels = self(self.images, None).argmax(1)

    def __call__(self, images, _):
        return (images @ self.weight.T + self.bias).log_softmax(-1)

    def distance(self, order):
        """Return the least change of an image, in a norm whose dual is ``order``, to err."""
        logits, rows = self(self.images, None), torch.arange(COUNT)
        margins = logits[rows, self.labels][:, None] - logits
        steepness = (self.weight[self.labels][:, None] - self.weight).norm(dim=-1, p=order)
        found = margins / steepness
        found[rows, self.labels] = torch.inf
        return found.amin(1)


@pytest.fixture
def many(generator):
    return Linear(CLASSES, generator)


@pytest.fixture
def two(generator):
    return Linear(2, generator)


# With two classes the boundary is one plane, and the distance has to be met; with more, the
# attack may follow the strongest rival to a plane that is not the nearest.
CW = {"search_steps": 7, "iterations": 300, "learning_rate": 0.01, "initial_weight": 1.0}


def test_carlini_wagner_approaches_the_least_distance(many, two):
    for model, share in ((two, 1.0), (many, 0.75)):
        found = carlini_wagner_l2(model, model.images, model.labels, **CW)
        size, least = norms(model.images, found.images).l2, model.distance(2)
        assert found.success.all() and (size > least).all()
        assert (size < 1.01 * least + 1e-3).double().mean() >= share


def test_between_two_classes_a_target_is_the_other_class(two):
    options = CW | {"iterations": 100}
    away = carlini_wagner_l2(two, two.images, two.labels, **options)
    towards = carlini_wagner_l2(two, two.images, 1 - two.labels, targeted=True, **options)
    torch.testing.assert_close(towards.images, away.images)


def test_confidence_is_what_the_wrong_class_wins_by(two):
    kappa = 2.0
    found = carlini_wagner_l2(two, two.images, two.labels, confidence=kappa, **CW)
    logits = two(found.images, None)
    won = logits.gather(1, 1 - two.labels[:, None]) - logits.gather(1, two.labels[:, None])
    assert found.success.all()
    assert (won >= kappa).all() and (won < 1.05 * kappa).all()


def test_a_gradient_sign_step_is_exact(two):
    epsilon = 0.07
    slope = two.weight[1 - two.labels] - two.weight[two.labels]
    expected = (two.images + epsilon * slope.sign()).clamp(0, 1)
    found = gradient_sign(two, two.images, two.labels, epsilon=epsilon)
    torch.testing.assert_close(found, expected)
    towards = gradient_sign(two, two.images, 1 - two.labels, epsilon=epsilon, targeted=True)
    torch.testing.assert_close(towards, expected)


def attack(name, model, **options):
    if name == "gradient_sign":
        return fast_gradient_sign(model, model.images, model.labels, **options)
    return projected_gradient(model, model.images, model.labels, steps=20, **options)


@pytest.mark.parametrize("name", ["gradient_sign", "projected_gradient"])
def test_a_signed_step_succeeds_exactly_past_the_least_largest_change(two, name):
    """The least largest change to cross a boundary is the margin over the l1 norm."""
    least = two.distance(1)
    for epsilon in torch.quantile(least, torch.tensor([0.2, 0.5, 0.8], dtype=torch.float64)):
        found = attack(name, two, epsilon=float(epsilon))
        assert torch.equal(found.success, least < epsilon)


def test_starting_points_are_uniform_in_the_ball(two):
    """Mean 0 and variance epsilon^2 / 3, within four standard errors."""
    epsilon, seen = 0.1, []

    def watched(images, source):
        seen.append(images.detach().clone())
        return two(images, source)

    images = torch.full_like(two.images, 0.5)
    g = torch.Generator().manual_seed(0)
    projected_gradient(watched, images, two.labels, epsilon=epsilon, steps=1, generator=g)
    shift = ((seen[0] - images) / epsilon).flatten()
    assert float(shift.abs().max()) <= 1 + 1e-9
    assert abs(float(shift.mean())) < 4 * math.sqrt(1 / 3 / len(shift))
    assert abs(float(shift.square().mean()) - 1 / 3) < 4 * math.sqrt(4 / 45 / len(shift))


def test_failures_come_back_clean(many):
    epsilon = float(many.distance(1).median())
    for found in (
        attack("gradient_sign", many, epsilon=epsilon),
        attack("projected_gradient", many, epsilon=epsilon),
        carlini_wagner_l2(many, many.images, many.labels, search_steps=1, iterations=2),
    ):
        assert not found.success.all()
        assert torch.equal(found.images[~found.success], many.images[~found.success])


def test_a_noisy_gradient_misleads_one_draw_and_not_the_mean_of_many(two):
    """Expectation over noise: values are exact here, their gradients are not."""

    def noisy(images, source):
        shape = (len(images), SIZE)
        noise = 20 * torch.randn(shape, generator=source, dtype=torch.float64)
        wave = ((images - images.detach()) * noise).sum(1, keepdim=True)
        return two(images, None) + wave * torch.tensor([1.0, -1.0])

    # the margin of log-probabilities that do not sum to one is still a margin
    epsilon = 1.2 * float(two.distance(1).max())
    options = {"epsilon": epsilon, "steps": 20}
    found = [
        projected_gradient(
            noisy,
            two.images,
            two.labels,
            gradients=gradients,
            generator=torch.Generator().manual_seed(0),
            **options,
        ).success
        for gradients in (1, 400)
    ]
    assert found[1].all() and not found[0].all()


def test_certainty_moves_no_boundary_and_hides_none(two):
    """Steeper logits leave every least distance as it is; in single precision p(y) is one."""
    factor, images = 1e3, two.images.float()
    weight, bias = factor * two.weight.float(), factor * two.bias.float()

    def certain(x, _):
        return (x @ weight.T + bias).log_softmax(-1)

    own = certain(images, None).gather(1, two.labels[:, None])
    assert (own == 0).all()
    largest, shortest = two.distance(1), two.distance(2)
    for attack in (fast_gradient_sign, projected_gradient):
        for epsilon in torch.quantile(largest, torch.tensor([0.2, 0.5, 0.8]).double()):
            found = attack(certain, images, two.labels, epsilon=float(epsilon))
            assert torch.equal(found.success, largest < epsilon)
    found = carlini_wagner_l2(certain, images, two.labels, **CW | {"initial_weight": 1e-3})
    size = norms(images, found.images).l2
    assert found.success.all() and (size < 1.01 * shortest + 1e-3).all()
