"""Information of labels, of mixed variables, and given a third: closed forms, tables, loops."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm
from sklearn.feature_selection._mutual_info import _compute_mi_cd
from sklearn.metrics import mutual_info_score

from ibutils.estimators.neighbours import Variable, conditional_ksg, information, ksg, ross
from ibutils.information import gaussian_mutual_information
from tests import neighbour_loops

SPREAD, STANDARD_ERRORS = 2, 4  # as in test_neighbours

some = settings(max_examples=40, deadline=None)


def close(estimate, truth: float) -> bool:
    """Say whether an estimate is within the standard errors of its documented uncertainty."""
    return abs(estimate.value - truth) < STANDARD_ERRORS * SPREAD * estimate.stderr


def of_two_normals(distance: float) -> float:
    """Return the information between a fair label and a normal whose mean it moves."""

    def entropy_of_label(t: float) -> float:
        return float(norm.pdf(t)) * math.log1p(math.exp(-distance * t - distance**2 / 2))

    return math.log(2) - quad(entropy_of_label, -12, 12)[0]


def two_normals(n: int, dimensions: int, distance: float, *, seed: int = 0):
    """Return normal samples whose means differ by a distance, and their labels."""
    source = torch.Generator().manual_seed(seed)
    labels = torch.randint(2, (n,), generator=source)
    x = torch.randn(n, dimensions, generator=source, dtype=torch.float64)
    return x + distance / math.sqrt(dimensions) * labels[:, None], labels


def table(x, y) -> float:
    """Return the plug-in estimate of two vectors of labels."""
    return float(mutual_info_score(x.numpy(), y.numpy()))


class TestLabels:
    @pytest.mark.parametrize("distance", [0.0, 1.0, 3.0])
    @pytest.mark.parametrize("dimensions", [1, 2])
    def test_two_normals(self, distance, dimensions):
        x, labels = two_normals(4000, dimensions, distance)
        estimate = ross(x, labels)
        assert close(estimate, of_two_normals(distance))
        assert estimate.diagnostics == ()

    def test_thirty_features_are_too_many_and_that_is_said(self):
        """The distance 3 has 0.527 nats; numbers instead of labels once gave 0.0 +- 0.0."""
        x, labels = two_normals(2000, 30, 3.0)
        estimate, truth = ross(x, labels), of_two_normals(3.0)
        assert truth == pytest.approx(0.527, abs=1e-3)
        assert 0.7 * truth < estimate.value < truth
        assert "too few for 30 dimensions" in estimate.diagnostics[0]

    @pytest.mark.parametrize("k", [1, 3, 10])
    @pytest.mark.parametrize("classes", [2, 8])  # of few samples, theirs rounds distances
    def test_agrees_with_scikit_learn(self, k, classes):
        source = torch.Generator().manual_seed(classes)
        labels = torch.randint(classes, (300,), generator=source)
        labels[7] = classes  # the only sample of its label
        x = torch.randn(300, generator=source, dtype=torch.float64) + labels / classes
        theirs = _compute_mi_cd(x.numpy().copy(), labels.numpy(), k)
        estimate = ross(x, labels, k=k, standardise=False)
        assert max(0.0, estimate.value) == pytest.approx(theirs, abs=1e-12)
        assert estimate.diagnostics[0].startswith("Left out 1 of 300 samples")

    def test_only_whether_labels_are_equal_matters(self):
        x, labels = two_normals(400, 1, 2.0)
        value = ross(x, labels).value
        names = ["spam" if one else "ham" for one in labels]
        for renamed in (1 - labels, 10**12 * labels - 7, labels.bool(), names, labels / 3):
            assert ross(x, renamed).value == pytest.approx(value, abs=1e-12)

    @pytest.mark.parametrize("scale", [1e-6, 1e6])
    def test_units(self, scale):
        x, labels = two_normals(400, 2, 2.0)
        found = ross(x * torch.tensor([scale, 1.0]), labels)
        assert found.value == pytest.approx(ross(x, labels).value, abs=1e-9)

    def test_repeated_samples_are_named(self):
        x, labels = two_normals(400, 2, 2.0)
        estimate = ross(x.repeat(2, 1), labels.repeat(2), k=1)
        assert "of the samples repeat" in estimate.diagnostics[0]

    def test_labels_that_no_two_samples_share(self):
        with pytest.raises(ValueError, match="no two of 5 samples have the same labels"):
            ross(torch.rand(5), torch.arange(5))

    def test_lengths(self):
        with pytest.raises(ValueError, match=r"x \(5, 1\) and labels \(4,\) must have one length"):
            ross(torch.rand(5), torch.arange(4))


class TestGivenAThird:
    @pytest.mark.parametrize("dimensions", [(1, 1, 1), (2, 1, 1), (1, 1, 2)])
    def test_gaussians(self, dimensions):
        """By the chain rule, I(X; Y | Z) = I(X; Y, Z) - I(X; Z)."""
        source = torch.Generator().manual_seed(0)
        d = sum(dimensions)
        mix = 0.9 * torch.ones(d, d, dtype=torch.float64).tril(-1) + torch.eye(d)
        samples = torch.randn(6000, d, generator=source, dtype=torch.float64) @ mix.T
        x, y, z = samples.split(dimensions, dim=1)
        covariance = mix @ mix.T
        of_x_and_z = [*range(dimensions[0]), *range(d - dimensions[2], d)]
        both = gaussian_mutual_information(covariance, dim_x=dimensions[0])
        one = gaussian_mutual_information(
            covariance[of_x_and_z][:, of_x_and_z], dim_x=dimensions[0]
        )
        estimate = conditional_ksg(x, y, z)
        assert both - one > 0.07
        assert abs(estimate.value - float(both - one)) < 0.04

    def test_a_common_cause_explains_all(self):
        source = torch.Generator().manual_seed(0)
        x, y, z = torch.randn(3, 3000, generator=source, dtype=torch.float64)
        assert ksg(x + z, y + z).value > 0.1
        assert close(conditional_ksg(x + z, y + z, z), 0.0)

    def test_what_is_constant_gives_nothing_away(self):
        source = torch.Generator().manual_seed(0)
        x, noise = torch.randn(2, 300, generator=source, dtype=torch.float64)
        constant = torch.ones(300)
        found = conditional_ksg(x, x + noise, constant)
        # Without z, the digamma function is taken of all samples as well.
        assert found.value == pytest.approx(ksg(x, x + noise).value, abs=1e-12)

    @pytest.mark.parametrize("scale", [1e-6, 1e6])
    def test_units(self, scale):
        source = torch.Generator().manual_seed(0)
        x, y, z = torch.randn(3, 300, generator=source, dtype=torch.float64)
        value = conditional_ksg(x + z, y + z, z).value
        assert conditional_ksg(x + z, y + z, scale * z).value == pytest.approx(value, abs=1e-9)

    def test_tables(self):
        """All is discrete: the plug-in estimate within each value of z, as numbers or labels."""
        source = torch.Generator().manual_seed(0)
        z = torch.randint(3, (600,), generator=source)
        x = (z + torch.randint(2, (600,), generator=source)) % 3
        y = (x + z * torch.randint(2, (600,), generator=source)) % 4
        shares = [(z == one).double().mean() * table(x[z == one], y[z == one]) for one in range(3)]
        expected = float(sum(shares))
        assert conditional_ksg(x, y, z).value == pytest.approx(expected, abs=1e-12)
        nothing = torch.empty(600, 0)
        labelled = information(*(Variable(nothing, one) for one in (x, y, z)))
        assert labelled.value == pytest.approx(expected, abs=1e-12)
        assert labelled.diagnostics == ()
        pair = information(Variable(nothing, x), Variable(nothing, y), k=599)
        assert pair.value == pytest.approx(table(x, y), abs=1e-12)

    def test_a_label_given_a_continuous_variable(self):
        """x is a label moved by z beside noise: the chain rule with two integrals."""
        source = torch.Generator().manual_seed(0)
        labels = torch.randint(2, (6000,), generator=source)
        z, noise = torch.randn(2, 6000, generator=source, dtype=torch.float64)
        y = 2 * labels + z + noise
        nothing = torch.empty(6000, 0)
        given = information(Variable(nothing, labels), Variable(y[:, None]), Variable(z[:, None]))
        assert close(given, of_two_normals(2.0))  # y - z is left
        assert close(ross(y, labels), of_two_normals(2.0 / math.sqrt(2)))


class TestMixed:
    @given(
        st.tuples(*[st.integers(0, 2)] * 3),
        st.tuples(*[st.integers(0, 3)] * 3),
        st.sampled_from([0.5, 2.0, 0.0]),
        st.integers(1, 4),
        st.integers(0, 1000),
    )
    @some
    def test_agrees_with_loops(self, dimensions, labels, grid, k, seed):
        """Any coordinates and labels; on a grid of halves there are ties and atoms."""
        source, n = torch.Generator().manual_seed(seed), 30
        variables, twins = [], []
        for d, classes in zip(dimensions, labels, strict=True):
            values = torch.randn(n, d, generator=source, dtype=torch.float64)
            values = (values * grid).round() / grid if grid else values
            own = torch.randint(max(classes, 1), (n,), generator=source)
            variables.append(Variable(values, own if classes else None))
            twins.append(
                [(tuple(v), c) for v, c in zip(values.tolist(), own.tolist(), strict=True)]
            )
        found = information(*variables, k=k, standardise=False)
        assert (found.value, found.stderr) == pytest.approx(
            neighbour_loops.information(*twins, k), abs=1e-12
        )

    def test_a_variable_that_is_a_number_or_nothing(self):
        """Half of the samples sit on an atom, the others carry what a normal pair does."""
        source = torch.Generator().manual_seed(0)
        x, noise = torch.randn(2, 6000, generator=source, dtype=torch.float64)
        here = torch.rand(6000, generator=source) < 0.5
        x, y = x.where(here, 6.0), (0.8 * x + 0.6 * noise).where(here, 6.0)
        # The atom of both tells one bit; where there is none, the normal pair tells the rest.
        truth = math.log(2) - math.log1p(-(0.8**2)) / 4
        assert close(ksg(x, y), truth)
