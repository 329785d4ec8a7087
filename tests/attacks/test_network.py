"""What holds for any prediction: balls, boxes, masks, batches, and a slow twin."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from ibutils.attacks import (
    carlini_wagner_l2,
    fast_gradient_sign,
    gradient_sign,
    keep_successes,
    norms,
    prediction,
    projected_gradient,
    reached,
)
from ibutils.baselines import Classifier
from ibutils.nets import linear, perceptron
from ibutils.train import generator as stream
from ibutils.vib import VIB, StochasticEncoder

SIZE, CLASSES, COUNT, K = 16, 5, 9, 6


def network():
    return Classifier(perceptron([SIZE, 24, CLASSES], generator=stream(0, "weights")).double())


def noisy():
    g = stream(1, "weights")
    encoder = StochasticEncoder(perceptron([SIZE, 24, 2 * K], generator=g), bottleneck=K)
    torch.nn.init.constant_(encoder.network[-1].bias[K:], 4.0)
    return VIB(encoder, linear(K, CLASSES, generator=g), beta=1e-3).double()


@pytest.fixture
def predict():
    return prediction(network(), low=-1.0, high=1.0)


@pytest.fixture
def images(generator):
    return torch.rand(COUNT, SIZE, generator=generator, dtype=torch.float64)


@pytest.fixture
def labels(predict, images):
    return predict(images, None).argmax(1)


def run(name, predict, images, classes, **options):
    """Run an attack by name at settings that take little time."""
    if name == "fast_gradient_sign":
        return fast_gradient_sign(predict, images, classes, epsilon=0.1, **options)
    if name == "projected_gradient":
        return projected_gradient(
            predict, images, classes, epsilon=0.1, steps=8, restarts=2, **options
        )
    return carlini_wagner_l2(
        predict,
        images,
        classes,
        search_steps=3,
        iterations=60,
        learning_rate=0.05,
        initial_weight=0.3,
        **options,
    )


ATTACKS = ("fast_gradient_sign", "projected_gradient", "carlini_wagner")
each = pytest.mark.parametrize("name", ATTACKS)


@each
@pytest.mark.parametrize("targeted", [False, True])
def test_the_success_mask_holds_when_images_are_classified_again(
    predict, images, labels, name, targeted
):
    classes = (labels + 1) % CLASSES if targeted else labels
    found = run(name, predict, images, classes, targeted=targeted)
    assert torch.equal(
        reached(predict(found.images, None), classes, targeted=targeted), found.success
    )
    assert torch.equal(found.images[~found.success], images[~found.success])
    assert 0 <= float(found.images.min()) and float(found.images.max()) <= 1
    assert found.success.any()


@each
def test_the_same_seed_gives_the_same_images(images, labels, name):
    predict = prediction(noisy(), low=-1.0, high=1.0)
    one, two = (run(name, predict, images, labels, generator=stream(5, "x")) for _ in range(2))
    assert torch.equal(one.images, two.images) and torch.equal(one.success, two.success)


@each
def test_nothing_is_changed_in_place(predict, images, labels, name):
    kept = images.clone()
    run(name, predict, images, labels)
    assert torch.equal(images, kept) and not images.requires_grad


@each
def test_images_may_have_any_shape(images, labels, name):
    model = network()
    flattened = Classifier(torch.nn.Sequential(torch.nn.Flatten(), model.network))
    square = prediction(flattened, low=-1.0, high=1.0)
    flat = run(
        name, prediction(model, low=-1.0, high=1.0), images, labels, generator=stream(5, "x")
    )
    shaped = run(name, square, images.reshape(-1, 1, 4, 4), labels, generator=stream(5, "x"))
    torch.testing.assert_close(shaped.images.flatten(1), flat.images)


@settings(max_examples=10)
@given(epsilon=st.floats(0, 0.6), seed=st.integers(0, 99))
def test_signed_steps_stay_in_the_ball_and_in_the_box(epsilon, seed):
    g = torch.Generator().manual_seed(seed)
    images = torch.rand(4, SIZE, generator=g, dtype=torch.float64).round(decimals=1)
    labels = torch.randint(CLASSES, (4,), generator=g)
    predict = prediction(noisy(), low=-1.0, high=1.0)
    options = {"epsilon": epsilon, "generator": g}
    moved = [
        gradient_sign(predict, images, labels, **options),
        projected_gradient(
            predict, images, labels, steps=5, restarts=2, gradients=2, **options
        ).images,
    ]
    for found in moved:
        assert (norms(images, found).linf <= epsilon + 1e-12).all()
        assert 0 <= float(found.min()) and float(found.max()) <= 1


def test_projected_gradient_beats_one_step(predict, images, labels):
    for epsilon in (0.02, 0.05, 0.1):
        one = fast_gradient_sign(predict, images, labels, epsilon=epsilon).success
        g = torch.Generator().manual_seed(0)  # no restart need succeed where one step does
        many = projected_gradient(
            predict, images, labels, epsilon=epsilon, restarts=3, generator=g
        ).success
        assert int(many.sum()) >= int(one.sum())


def test_a_batch_is_attacked_as_its_images_one_by_one(predict, images, labels):
    together = run("carlini_wagner", predict, images, labels)
    alone = [
        run("carlini_wagner", predict, images[i : i + 1], labels[i : i + 1]) for i in range(9)
    ]
    torch.testing.assert_close(together.images, torch.cat([found.images for found in alone]))
    assert torch.equal(together.success, torch.cat([found.success for found in alone]))


def textbook(predict, image, label, *, target=None, steps, iterations, rate, weight):
    """Attack one image as the paper tells it: torch's own Adam, plain bisection, no stopping."""
    low, high, best, kept = 0.0, 1e10, float("inf"), image
    for _ in range(steps):
        w = torch.atanh((2 * image - 1) * 0.999999).requires_grad_()
        adam = torch.optim.Adam([w], lr=rate)
        succeeded = False
        for _ in range(iterations):
            candidate = (torch.tanh(w) + 1) / 2
            logits = predict(candidate[None], None)[0]
            others = [
                logits[k] for k in range(CLASSES) if k != (label if target is None else target)
            ]
            rival = torch.stack(others).max()
            f = logits[label] - rival if target is None else rival - logits[target]
            distance = ((candidate - image) ** 2).sum()
            if f < 0:
                succeeded = True
                if float(distance.detach()) < best:
                    best, kept = float(distance.detach()), candidate.detach()
            adam.zero_grad()
            (distance + weight * f.clamp(min=0)).backward()
            adam.step()
        low, high = (low, weight) if succeeded else (weight, high)
        weight = (low + high) / 2 if high < 1e10 else 10 * weight
    return kept, best < float("inf")


@pytest.mark.parametrize("targeted", [False, True])
def test_carlini_wagner_agrees_with_its_slow_twin(predict, images, labels, targeted, monkeypatch):
    monkeypatch.setattr("ibutils.attacks.carlini_wagner.PROGRESS", float("inf"))  # no stopping
    targets = (labels + 2) % CLASSES
    options = {"steps": 3, "iterations": 40, "rate": 0.05, "weight": 0.3}
    found = carlini_wagner_l2(
        predict,
        images,
        targets if targeted else labels,
        targeted=targeted,
        search_steps=3,
        iterations=40,
        learning_rate=0.05,
        initial_weight=0.3,
    )
    for i in range(4):
        target = int(targets[i]) if targeted else None
        expected, success = textbook(predict, images[i], int(labels[i]), target=target, **options)
        torch.testing.assert_close(found.images[i], expected)
        assert bool(found.success[i]) == success


def test_images_that_stall_are_dropped_without_harm(predict, images, labels, monkeypatch):
    options = {"iterations": 200, "search_steps": 3, "learning_rate": 0.05, "initial_weight": 0.3}
    calls = []

    def counted(x, source):
        calls.append(len(x))
        return predict(x, source)

    stopped = carlini_wagner_l2(counted, images, labels, **options)
    spent = sum(calls)
    calls.clear()
    monkeypatch.setattr("ibutils.attacks.carlini_wagner.PROGRESS", float("inf"))
    full = carlini_wagner_l2(counted, images, labels, **options)
    assert spent < sum(calls) == 3 * 200 * COUNT
    sizes = [norms(images, found.images).l2 for found in (stopped, full)]
    torch.testing.assert_close(*sizes, rtol=0.05, atol=0)


def test_more_iterations_find_closer_images(predict, images, labels):
    options = {"search_steps": 4, "learning_rate": 0.02, "initial_weight": 1.0}
    found = [
        carlini_wagner_l2(predict, images, labels, iterations=n, **options) for n in (30, 100, 300)
    ]
    hit = found[0].success  # where a short search fails there is nothing to compare
    sizes = [float(norms(images, each.images).l2[hit].mean()) for each in found]
    assert hit.sum() > 4 and found[2].success.all()
    assert sizes[0] > sizes[1] > sizes[2]


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), count=st.integers(1, SIZE))
def test_norms_bound_each_other(seed, count):
    g = torch.Generator().manual_seed(seed)
    images = torch.rand(3, SIZE, generator=g, dtype=torch.float64)
    changed = images.clone()
    changed[:, :count] = torch.rand(3, count, generator=g, dtype=torch.float64)
    l0, l2, linf = norms(images, changed, threshold=0.0)
    assert (l0 == count).all()
    assert (linf <= l2).all() and (l2 <= l0.sqrt() * linf + 1e-12).all()


def test_the_threshold_is_part_of_the_l0_norm():
    images = torch.zeros(1, 1, 2, 2)
    changed = torch.tensor([[[[0.1, 0.0039], [0.004, 0.0]]]])
    assert float(norms(images, changed).l0) == 2  # one grey level of 255 is 0.00392
    assert float(norms(images, changed, threshold=0.0).l0) == 3
    assert float(norms(images, images).l2) == 0


def test_a_change_of_one_grey_level_is_not_counted():
    """The least change that an image file can hold is 1/255, and not 1/256."""
    changed = torch.tensor([[1 / 255, 0.00391, 0.00393, 2 / 255]])
    assert float(norms(torch.zeros(1, 4), changed).l0) == 2


def test_only_successes_are_kept(predict, images, labels):
    found = keep_successes(predict, images.flip(0), images, labels)
    wrong = predict(images.flip(0), None).argmax(1) != labels
    assert torch.equal(found.success, wrong) and wrong.any() and not wrong.all()
    assert torch.equal(found.images[wrong], images.flip(0)[wrong])
    assert torch.equal(found.images[~wrong], images[~wrong])


@pytest.mark.parametrize(
    ("attack", "options", "message"),
    [
        (gradient_sign, {"epsilon": -0.1}, "epsilon must be at least 0, got -0.1"),
        (projected_gradient, {"epsilon": -0.1}, "epsilon must be at least 0, got -0.1"),
        (projected_gradient, {"epsilon": 0.1, "steps": 0}, "steps must be at least 1, got 0"),
        (projected_gradient, {"epsilon": 0.1, "restarts": 0}, "restarts .* got 0"),
        (projected_gradient, {"epsilon": 0.1, "gradients": 0}, "gradients .* got 0"),
        (carlini_wagner_l2, {"iterations": 0}, "iterations must be at least 1, got 0"),
        (carlini_wagner_l2, {"search_steps": 0}, "search_steps .* got 0"),
        (carlini_wagner_l2, {"confidence": -1.0}, "confidence must be at least 0, got -1"),
    ],
)
def test_refuses(predict, images, labels, attack, options, message):
    with pytest.raises(ValueError, match=message):
        attack(predict, images, labels, **options)


def test_refuses_what_is_no_picture(predict, images, labels):
    with pytest.raises(ValueError, match=r"images must lie in \[0, 1\]"):
        gradient_sign(predict, 2 * images - 1, labels, epsilon=0.1)
    with pytest.raises(ValueError, match="threshold must be at least 0, got -1"):
        norms(images, images, threshold=-1.0)


@pytest.mark.gpu
@each
def test_runs_on_a_gpu(images, labels, name):
    model = noisy().to("cuda")
    g = stream(0, "x", device="cuda")
    found = run(
        name, prediction(model, low=-1.0, high=1.0), images.cuda(), labels.cuda(), generator=g
    )
    assert found.images.is_cuda and found.success.is_cuda
