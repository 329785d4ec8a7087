"""Critics by their slow twins, their sizes, and the generator that decides them."""

import inspect

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from ibutils.bounds import info_nce, info_nce_from_embeddings
from ibutils.critics import Concatenated, Separable

N, DX, DY = 5, 3, 2


@pytest.fixture
def pairs(generator):
    return torch.randn(N, DX, generator=generator), torch.randn(N, DY, generator=generator)


def separable(seed=0, **sizes):
    sizes = dict(width=7, embedding=4, depth=2) | sizes
    return Separable(DX, DY, **sizes, generator=torch.Generator().manual_seed(seed))


def plain(**changes):
    """Make a separable critic without the run-time check of types."""
    sizes = dict(width=7, embedding=4, depth=2) | changes
    inspect.unwrap(Separable.__init__)(Separable.__new__(Separable), DX, DY, **sizes)


def concatenated(seed=0, **sizes):
    sizes = dict(width=7, depth=2) | sizes
    return Concatenated(DX, DY, **sizes, generator=torch.Generator().manual_seed(seed))


def weights(model):
    return sum(p.numel() for p in model.parameters())


class TestSeparable:
    def test_scores_are_products_of_embeddings(self, pairs):
        critic = separable()
        f, g = (embedding.detach() for embedding in critic.embed(*pairs))
        assert f.shape == g.shape == (N, 4)
        expected = [[float(a @ b) for b in g] for a in f]
        torch.testing.assert_close(critic(*pairs).detach(), torch.tensor(expected))

    def test_sizes(self):
        of_x = DX * 7 + 7 + 7 * 7 + 7 + 7 * 4 + 4
        of_y = DY * 7 + 7 + 7 * 7 + 7 + 7 * 4 + 4
        assert weights(separable()) == of_x + of_y

    def test_trains_without_its_table(self, pairs):
        one, two = separable(), separable()
        (-info_nce(one(*pairs))).backward()
        (-info_nce_from_embeddings(*two.embed(*pairs), chunk=2)).backward()
        for a, b in zip(one.parameters(), two.parameters(), strict=True):
            torch.testing.assert_close(a.grad, b.grad)


class TestConcatenated:
    @pytest.mark.parametrize("depth", [1, 3])
    def test_is_the_network_of_each_pair(self, pairs, depth):
        self.check_pairs(concatenated(depth=depth), pairs)

    def check_pairs(self, critic, pairs):
        scores = critic(*pairs)
        for i, x in enumerate(pairs[0]):
            for j, y in enumerate(pairs[1]):
                torch.testing.assert_close(scores[i, j], critic.network(torch.cat([x, y]))[0])

    def test_spectral_normalisation_keeps_it_that(self, pairs):
        """It renames the weights, and puts them behind the bias."""
        critic = concatenated()
        spectral_norm(critic.network[0])
        self.check_pairs(critic.eval(), pairs)

    def test_sizes(self):
        assert weights(concatenated()) == (DX + DY) * 7 + 7 + 7 * 7 + 7 + 7 + 1


@pytest.mark.parametrize("make", [separable, concatenated])
class TestBoth:
    def test_row_i_is_x_i(self, make, pairs):
        x, y = pairs
        critic, order = make(), torch.tensor([2, 0, 4, 1, 3])
        torch.testing.assert_close(critic(x[order], y), critic(x, y)[order])
        torch.testing.assert_close(critic(x, y[order]), critic(x, y)[:, order])

    def test_a_generator_decides_and_nothing_else(self, make, pairs):
        before = torch.get_rng_state()
        assert torch.equal(make()(*pairs), make()(*pairs))
        assert not torch.equal(make()(*pairs), make(seed=1)(*pairs))
        assert torch.equal(torch.get_rng_state(), before)

    def test_all_weights_learn(self, make, pairs):
        critic = make()
        info_nce(critic(*pairs)).backward()
        # A bias of the last layer shifts all scores of the concatenated critic alike.
        moved = [bool(p.grad.any()) for p in critic.parameters()]
        assert all(moved[:-1])

    @pytest.mark.parametrize("size", ["width", "depth"])
    def test_refuses_sizes_below_one(self, make, size):
        with pytest.raises(ValueError, match=f"{size} must be at least 1, got 0"):
            make(**{size: 0})


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ((5, 3), (4, 2), r"x \(5, 3\) and y \(4, 2\) must have one length"),
        ((5, 3), (5, 3), r"y must be \[n, 2\], got shape \(5, 3\)"),
        ((5,), (5, 2), r"x must have 2 axes, got shape \(5,\)"),
        ((0, 3), (0, 2), "x must not be empty"),
    ],
)
@pytest.mark.parametrize("make", [separable, concatenated])
def test_refuses_samples_of_other_shapes(make, x, y, message):
    critic = make()
    method = inspect.unwrap(type(critic).embed if make is separable else type(critic).forward)
    with pytest.raises(ValueError, match=message):
        method(critic, torch.zeros(x), torch.zeros(y))


def test_refuses_other_types():
    with pytest.raises(TypeError, match=r"width must be an integer, got float: 2\.5"):
        plain(width=2.5)
    with pytest.raises(TypeError, match="activation must make a module when called, got str"):
        plain(activation="relu")
    for wrong in (nn.ReLU(), torch.tanh, lambda: "relu"):
        with pytest.raises(
            TypeError, match=r"activation .* called, got .* class such as nn\.ReLU"
        ):
            plain(activation=wrong)
    with pytest.raises(TypeError, match="generator must be a Generator or None, got int: 7"):
        plain(generator=7)


def test_refuses_dimensions_below_one():
    with pytest.raises(ValueError, match="dim_x must be at least 1, got 0"):
        Separable(0, 1, width=1, embedding=1, depth=1)
    with pytest.raises(ValueError, match="embedding must be at least 1, got -1"):
        Separable(1, 1, width=1, embedding=-1, depth=1)
    with pytest.raises(ValueError, match="dim_y must be at least 1, got 0"):
        Concatenated(1, 0, width=1, depth=1)
