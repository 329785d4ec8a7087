"""MINE: its gradient, its pooled value, and Gaussians whose information is known."""

import math
import statistics

import pytest
import torch
from scipy import stats

from ibutils.bounds import donsker_varadhan
from ibutils.critics import Concatenated
from ibutils.nets.image_code import ImageAndCode
from ibutils.probes import Mine, mine
from ibutils.probes.mine import BLOCK, _value
from ibutils.train import generator


def pairs(n, correlation, seed):
    g = torch.Generator().manual_seed(seed)
    x, noise = torch.randn(2, n, 1, generator=g)
    return x, correlation * x + math.sqrt(1 - correlation**2) * noise


def critic(seed=0):
    return Concatenated(1, 1, width=16, depth=2, generator=generator(seed, "weights"))


def test_without_memory_the_gradient_is_that_of_donsker_varadhan():
    network, (x, y) = critic(), pairs(20, 0.7, 0)
    model = Mine(network, decay=0.0)
    (-donsker_varadhan(network(x, y))).backward()
    expected = [p.grad.clone() for p in network.parameters()]
    network.zero_grad()
    terms = model.objective(x, y, torch.empty(20, 0))
    terms["loss"].backward()
    for p, gradient in zip(network.parameters(), expected, strict=True):
        torch.testing.assert_close(p.grad, gradient, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(terms["donsker_varadhan"], donsker_varadhan(network(x, y)).detach())


def test_the_average_moves_over_batches():
    model, means = Mine(critic(), decay=0.9), []
    for seed in range(3):
        x, y = pairs(16, 0.5, seed)
        scores = model.critic(x, y).detach().double()
        off = scores[~torch.eye(16, dtype=torch.bool)]
        means.append(float(off.exp().mean()))
        model.objective(x, y, torch.empty(16, 0))
    expected = 0.9 * (0.9 * means[0] + 0.1 * means[1]) + 0.1 * means[2]
    assert float(model.log_average.exp()) == pytest.approx(expected, rel=1e-5)


def test_looking_at_other_pairs_does_not_move_the_average():
    model, (x, y), other = Mine(critic()), pairs(16, 0.5, 0), pairs(16, 0.5, 1)
    model.objective(x, y, torch.empty(16, 0))
    before = model.log_average.clone()
    model.eval()
    first = model.objective(*other, torch.empty(16, 0))
    assert torch.equal(model.log_average, before)
    assert torch.equal(first["loss"], model.objective(*other, torch.empty(16, 0))["loss"])


@pytest.mark.filterwarnings("ignore::ibutils.probes.ProbeWarning")
@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_gaussian_pairs_have_their_information(correlation):
    truth = -0.5 * math.log(1 - correlation**2)
    train, test = pairs(4096, correlation, 0), pairs(4000, correlation, 1)
    options = {"steps": 250, "seed": 0, "learning_rate": 1e-2}
    found = mine(*train, *test, critic=critic(), **options)
    assert found.test.value < truth + 4 * found.test.stderr
    assert found.test.value > 0.9 * truth - 4 * found.test.stderr


@pytest.mark.parametrize("last", [40, 2])
def test_the_pooled_value_is_that_of_all_pairs_within_blocks(last):
    """A loop over pairs, in double precision, with a last block of another size."""
    n = 2 * BLOCK + last
    network, (x, y) = critic().double(), pairs(n, 0.9, 0)
    x, y = x.double(), y.double()
    with torch.no_grad():
        joint = [network(x[i : i + 1], y[i : i + 1]).item() for i in range(n)]
        product = []
        for part in (range(BLOCK), range(BLOCK, 2 * BLOCK), range(2 * BLOCK, n)):
            scores = network(x[part.start : part.stop], y[part.start : part.stop])
            product += [
                math.exp(s)
                for i, row in enumerate(scores.tolist())
                for j, s in enumerate(row)
                if i != j
            ]
    expected = sum(joint) / n - math.log(sum(product) / len(product))
    found, share = _value(network, x, y)
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert found.stderr > 0
    assert share == pytest.approx(max(product) / sum(product), rel=1e-9)


def test_the_standard_error_of_a_mean_is_that_of_the_means_of_blocks():
    """Where mismatched pairs score zero, the value is the mean of the scores of the pairs."""

    class Diagonal(torch.nn.Module):
        def forward(self, x, y):
            return x[:, 0].diag()

    x, y = (part.double() for part in pairs(4 * BLOCK, 0.0, 0))
    found, _ = _value(Diagonal(), x, y)
    means = [float(block.mean()) for block in x.split(BLOCK)]
    assert found.value == pytest.approx(statistics.fmean(means))
    assert found.stderr == pytest.approx(statistics.stdev(means) / 2)


@pytest.mark.parametrize(("n", "blocks"), [(100, 2), (2 * BLOCK, 2), (4 * BLOCK, 4)])
def test_the_interval_is_students_of_as_many_degrees_as_blocks_less_one(n, blocks):
    found, _ = _value(critic(), *pairs(n, 0.9, 0))
    low, high = found.interval()
    expected = stats.t.ppf(0.975, blocks - 1) * found.stderr
    assert (high - low) / 2 == pytest.approx(expected)


def test_a_critic_that_scores_pairs_below_all_others_says_so():
    class Own(torch.nn.Module):
        def __init__(self, score):
            super().__init__()
            self.score = score

        def forward(self, x, y):
            return self.score * torch.eye(len(x))

    doubts = {}
    for score in (-10.0, 10.0):
        found, _ = _value(Own(score), *pairs(100, 0.9, 0))
        assert found.value == pytest.approx(score)
        doubts[score] = found.diagnostics
    assert doubts[10.0] == ()
    assert doubts[-10.0] == ("below zero: the critic does worse than a constant one",)


def test_the_network_of_images_scores_pairs_as_if_side_by_side():
    """Diagonal and pairs agree, and a code enters only through its own column."""
    network = ImageAndCode((3, 32, 32), 6, channels=1 / 16)
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(4, 3, 32, 32, generator=g), torch.randn(4, 6, generator=g)
    with torch.no_grad():
        scores = network(x, y)
        torch.testing.assert_close(scores.diagonal(), network.of_pairs(x, y))
        other = y.clone()
        other[2] += 1
        changed = (network(x, other) != scores).any(0)
    assert changed.tolist() == [False, False, True, False]
    with pytest.raises(ValueError, match=r"multiples of 8, got \(3, 30, 32\)"):
        ImageAndCode((3, 30, 32), 6)


@pytest.mark.filterwarnings("ignore::ibutils.probes.ProbeWarning")
@pytest.mark.parametrize("mode", [False, True])
def test_a_critic_trains_in_training_mode_and_keeps_its_own(mode):
    network, seen = critic().train(mode), []
    network.register_forward_hook(lambda own, *_: seen.append(own.training))
    mine(*pairs(16, 0.5, 0), *pairs(16, 0.5, 1), critic=network, steps=2, seed=0, batch_size=8)
    assert network.training == mode and seen.count(True) == 2


@pytest.mark.parametrize(
    ("n", "m", "options", "message"),
    [
        (300, 299, {}, r"train_x \(300, 1\) and train_y \(299, 1\) must have one length"),
        (3, 3, {}, "train_y must hold at least 4 samples, got 3"),
        (385, 385, {}, "385 samples of train_x in batches of batch_size=64"),
    ],
)
def test_bad_samples_are_refused(n, m, options, message):
    x, y = torch.zeros(n, 1), torch.zeros(m, 1)
    with pytest.raises(ValueError, match=message):
        mine(x, y, x, y, critic=critic(), steps=1, seed=0, **options)


def test_bad_decay_is_refused():
    with pytest.raises(ValueError, match="decay must be at least 0 and below 1, got 1"):
        Mine(critic(), decay=1.0)
