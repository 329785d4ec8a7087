"""Reading in blocks: the value and the jackknife of the bound on the whole table."""

import itertools
import math
from functools import partial

import pytest
import torch
from torch import nn

from ibutils import bounds
from ibutils.critics import Concatenated, Separable
from ibutils.estimators import blockwise
from ibutils.estimators.neural import CLIP, OBJECTIVES

CRITICS = {
    "separable": partial(Separable, width=8, embedding=4, depth=1),
    "concatenated": partial(Concatenated, width=8, depth=2),
}
# What the scores are read through, as a function of their table.
TABLES = {
    "donsker_varadhan": bounds.donsker_varadhan,
    "nwj": bounds.nwj,
    "info_nce": bounds.info_nce,
    "jensen_shannon": bounds.donsker_varadhan,
    "jensen_shannon_nwj": lambda scores: bounds.nwj(scores + 1),
    "smile": partial(bounds.smile, clip=CLIP),
}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pairs(n, dtype=torch.float64):
    x, noise = (torch.randn(n, 2, generator=seeded(s), dtype=dtype) for s in (0, 1))
    return x, torch.cat([x + 0.5 * noise, noise], dim=1)[:, :3]


def sharp(name, dtype=torch.float64):
    """Return a critic whose scores spread over tens of nats, beyond the clip."""
    critic = CRITICS[name](2, 3, generator=seeded()).to(dtype)
    with torch.no_grad():
        for weight in critic.parameters():
            weight.mul_(3)
    return critic


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("critic", CRITICS)
@pytest.mark.parametrize(("n", "block"), [(13, 256), (60, 3), (61, 256), (157, 7)])
def test_value_and_jackknife_are_those_of_the_table(monkeypatch, name, critic, n, block):
    monkeypatch.setattr(blockwise, "BLOCK", block)
    network, (x, y) = sharp(critic), pairs(n)
    with torch.no_grad():
        scores = network(x, y)
    assert scores.abs().max() > CLIP
    groups = min(10, n // 2)
    group, bound = torch.arange(n) % groups, TABLES[name]
    left_out = [scores[group != g][:, group != g] for g in range(groups)]
    parts = torch.stack([bound(rest) for rest in left_out])
    value, stderr, freedom = blockwise.read(network, x, y, OBJECTIVES[name][1])
    assert value == pytest.approx(float(bound(scores)), rel=1e-9)
    assert stderr == pytest.approx(
        math.sqrt((groups - 1) * float(parts.var(correction=0))), rel=1e-6
    )
    assert freedom == groups - 1
    assert network.training


@pytest.mark.parametrize("critic", CRITICS)
def test_blocks_make_the_whole_table(monkeypatch, critic):
    monkeypatch.setattr(blockwise, "BLOCK", 7)
    network, (x, y) = sharp(critic), pairs(17)
    torch.testing.assert_close(blockwise.table(network, x, y), network(x, y).detach())
    assert network.training


@pytest.mark.parametrize("make", [Separable, Concatenated])
def test_a_critic_is_read_as_it_evaluates_and_stays_in_its_mode(make):
    sizes = {"embedding": 4} if make is Separable else {}
    network = make(
        2, 3, width=8, depth=1, activation=lambda: nn.Dropout(0.5), generator=seeded(), **sizes
    )
    x, y = pairs(20, torch.float32)
    for mode in (True, False):
        network.train(mode)
        first, second = (blockwise.table(network, x, y) for _ in range(2))
        sums = [blockwise.read(network, x, y, OBJECTIVES["info_nce"][1]) for _ in range(2)]
        assert first.equal(second) and sums[0] == sums[1]
        assert network.training == mode


def test_single_precision_loses_little():
    (x, y), reader = pairs(300), OBJECTIVES["donsker_varadhan"][1]
    exact = blockwise.read(sharp("separable"), x, y, reader)[0]
    network = sharp("separable", torch.float64).float()
    assert blockwise.read(network, x.float(), y.float(), reader)[0] == pytest.approx(
        exact, rel=1e-5
    )


def test_a_subclass_scores_by_its_own_forward():
    """Its embeddings are not what it returns."""

    class Halved(Separable):
        def forward(self, x, y):
            return super().forward(x, y) / 2

    x, y = pairs(20)
    critic = Halved(2, 3, width=8, embedding=4, depth=1, generator=seeded()).double()
    expected = float(bounds.info_nce(critic(x, y).detach()))
    assert blockwise.read(critic, x, y, OBJECTIVES["info_nce"][1])[0] == pytest.approx(expected)


def test_nwj_overflows_as_on_the_table():
    class Constant(nn.Module):
        def forward(self, x, y):
            return torch.full((len(x), len(y)), 95.0)

    x, y = pairs(20, torch.float32)
    assert float(bounds.nwj(Constant()(x, y))) == -math.inf
    assert blockwise.read(Constant(), x, y, OBJECTIVES["nwj"][1])[0] == -math.inf


def test_the_jackknife_knows_the_error_of_a_mean():
    """For a bound that is a mean over the diagonal, up to the noise of ten groups."""

    class Own(nn.Module):
        def forward(self, x, y):
            return x.expand(-1, len(y)).clone()

    x = torch.randn(1000, 1, generator=seeded())
    mean = blockwise.BlockwiseBound(lambda sums: sums.own.mean())
    assert blockwise.read(Own(), x, x, mean)[1] == pytest.approx(1 / math.sqrt(1000), rel=0.7)


@pytest.mark.parametrize("sizes", [[1], [5, 4, 4], [600, 599]])
def test_parts_cover_each_group_once(sizes):
    parts = blockwise._parts(sizes)
    starts = list(itertools.accumulate(sizes, initial=0))
    for g, (start, end) in enumerate(itertools.pairwise(starts)):
        own = [part for group, part in parts if group == g]
        assert own[0].start == start and own[-1].stop == end
        assert all(a.stop == b.start for a, b in itertools.pairwise(own))
        lengths = [part.stop - part.start for part in own]
        assert max(lengths) <= blockwise.BLOCK and max(lengths) - min(lengths) <= 1
