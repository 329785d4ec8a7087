"""Transforms are injective, so the information of a task is that of its image."""

import math

import pytest
import torch
from draws import normal
from scipy import stats

from ibutils.tasks import (
    ASINH,
    HALF_CUBE,
    NORMAL_CDF,
    SPIRAL,
    SWISS_ROLL,
    WIGGLY,
    Student,
    Transform,
    Transformed,
    both,
    dense_normal,
    sparse_normal,
)

close = torch.testing.assert_close
COMPONENTWISE = [NORMAL_CDF, HALF_CUBE, ASINH, WIGGLY]
EVERYWHERE = [*COMPONENTWISE, SPIRAL]


def name(map_):
    return map_.name


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("map_", EVERYWHERE, ids=name)
def test_the_inverse_undoes_the_map(map_, dim):
    x = normal(200, dim)
    z = map_.forward(x)
    assert z.shape == x.shape
    if (map_, dim) != (SPIRAL, 1):  # a number has no plane to turn in
        assert not torch.allclose(z, x, atol=1e-2)
    close(map_.inverse(z), x, rtol=1e-9, atol=1e-9)


def test_the_swiss_roll_unrolls():
    x = torch.linspace(0, 1, 101, dtype=torch.float64)[:, None]
    z = SWISS_ROLL.forward(x)
    assert z.shape == (101, 2)
    close(SWISS_ROLL.inverse(z), x)
    angles = torch.atan2(z[1:, 1], z[1:, 0]) - torch.atan2(z[:-1, 1], z[:-1, 0])
    turns = (angles % (2 * math.pi)).sum() / (2 * math.pi)
    assert float(turns) == pytest.approx(1.5)


@pytest.mark.parametrize("map_", COMPONENTWISE, ids=name)
def test_componentwise_maps_increase(map_):
    x = torch.linspace(-5, 5, 2001, dtype=torch.float64)
    assert (map_.forward(x).diff() > 0).all()


def test_each_map_is_the_one_it_is_named_after():
    x = normal(500, 1)
    assert stats.kstest(NORMAL_CDF.forward(x)[:, 0].numpy(), "uniform").pvalue > 1e-4
    close(HALF_CUBE.forward(x).square(), x.abs() ** 3)
    close(ASINH.forward(x), (x + (1 + x.square()).sqrt()).log())
    slope = (WIGGLY.forward(x + 1e-6) - WIGGLY.forward(x)) / 1e-6
    assert slope.min() < 0.6 and slope.max() > 1.5  # it does wiggle


def test_the_spiral_keeps_lengths_and_hides_correlation():
    x = normal(50, 5)
    z = SPIRAL.forward(x)
    close(z.norm(dim=1), x.norm(dim=1))
    close(z[:, 4], x[:, 4])  # of five components the last has no partner
    task = both(dense_normal(2, 2, correlation=0.8), SPIRAL)
    columns = torch.cat(task._draw(5000, torch.Generator().manual_seed(0)), dim=1)
    plain = torch.cat(task.task._draw(5000, torch.Generator().manual_seed(0)), dim=1)
    assert columns.T.corrcoef()[0, 2] < plain.T.corrcoef()[0, 2] - 0.1


@pytest.mark.parametrize("map_", EVERYWHERE, ids=name)
def test_the_log_ratio_is_that_of_what_was_mapped(map_):
    base = sparse_normal(3, 3, correlation=0.7, pairs=2)
    task = both(base, map_)
    assert task.mutual_information() == base.mutual_information()
    x, y = base._draw(40, torch.Generator().manual_seed(1))
    mapped = task._draw(40, torch.Generator().manual_seed(1))
    close(task._log_ratio(*mapped), base._log_ratio(x, y), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("point", [0.0, 1.0, 1.5])
def test_points_outside_an_image_are_refused(point):
    task = both(dense_normal(1, 1, correlation=0.5), NORMAL_CDF)
    inside, outside = torch.tensor([[0.5]]), torch.tensor([[0.5], [point]])
    with pytest.raises(ValueError, match=rf"x must hold .* normal-cdf leads to, got \[{point}\]"):
        task.log_ratio(outside, inside)
    with pytest.raises(ValueError, match=rf"y must hold .* normal-cdf leads to, got \[{point}\]"):
        task.log_ratio(inside, outside)


def test_points_off_the_roll_are_refused():
    base = both(dense_normal(1, 1, correlation=0.5), NORMAL_CDF)
    rolled = Transformed("rolled", base, SWISS_ROLL, None)
    x, y = rolled.sample(5, generator=torch.Generator().manual_seed(0))
    assert rolled.log_ratio(x, y).isfinite().all()
    x[3] = torch.tensor([-0.5, 0.2])
    with pytest.raises(
        ValueError, match=r"x must hold points that swiss-roll leads to, got \[-0.5"
    ):
        rolled.log_ratio(x, y)


@pytest.mark.parametrize(
    ("base", "map_"),
    [
        (Student("cauchy", torch.eye(2), 1, 1.0), NORMAL_CDF),  # to 1 beyond 5.4
        (dense_normal(1, 1, correlation=0.5), SWISS_ROLL),  # -0.2 and -0.8 to one point
    ],
    ids=["cauchy", "roll"],
)
def test_samples_that_a_map_does_not_keep_apart_are_refused(base, map_):
    task = Transformed("mapped", base, None, map_)
    with pytest.raises(
        ValueError, match=rf"of_y={map_.name} of 'mapped' cannot be undone for \d+ of 1000"
    ):
        task.sample(1000, generator=torch.Generator().manual_seed(0))


def test_x_and_y_may_be_mapped_differently():
    base = both(dense_normal(1, 1, correlation=0.5), NORMAL_CDF)
    rolled = Transformed("rolled", base, SWISS_ROLL, None)
    assert (rolled.dim_x, rolled.dim_y) == (2, 1)
    (x, y), (_, plain) = (
        task.sample(9, generator=torch.Generator().manual_seed(2)) for task in (rolled, base)
    )
    assert x.shape == (9, 2) and y.equal(plain)
    assert rolled.mutual_information() == pytest.approx(-0.5 * math.log(0.75))


def test_a_map_of_one_dimension_refuses_two():
    with pytest.raises(ValueError, match="swiss-roll is defined for dimension 1, not 2"):
        both(dense_normal(2, 2, correlation=0.5), SWISS_ROLL)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"added": -1}, "added must be at least 0, got -1"),
        ({"dim": 0}, "dim must be at least 1, got 0"),
    ],
)
def test_settings_of_maps_are_checked(setting, message):
    with pytest.raises(ValueError, match=message):
        Transform("identity", torch.clone, torch.clone, **setting)
