"""Overlaps of Gaussians: gradients against a plain twin, and numbers of any size."""

import math
from functools import partial

import pytest
import torch
from draws import normal

from ibutils.estimators import kde, overlap
from ibutils.estimators.overlap import mean_log_overlap

close = torch.testing.assert_close
DTYPES = [torch.float32, torch.float64]


def plain(points, variance):
    """Return the same from the whole table, by autograd."""
    differences = points[:, :, None] - points[:, None]
    exponents = -differences.square().sum(-1) / (2 * variance[:, None, None])
    return (exponents.logsumexp(-1) - math.log(points.shape[1])).mean(-1)


def about_input(activity, variance, bound="upper"):
    return kde.information(activity, noise_variance=variance, bound=bound).about_input


class TestGradient:
    @pytest.mark.parametrize("pairs", [5, 40, 2**19])
    @pytest.mark.parametrize("squares", [0.0, 2.0**20])
    def test_numerically(self, monkeypatch, pairs, squares):
        """In stripes of any height, by products and by differences."""
        monkeypatch.setattr(overlap, "PAIRS", pairs)
        monkeypatch.setattr(overlap, "SQUARES", squares)
        arguments = normal(3, 7, 2).requires_grad_(), normal(3).exp().requires_grad_()
        assert torch.autograd.gradcheck(mean_log_overlap, arguments)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_that_of_a_plain_twin(self, dtype):
        points, variance = normal(2, 60, 4, dtype=dtype), normal(2).exp()
        one, two = points.clone().requires_grad_(), points.double().requires_grad_()
        wide = [variance.clone().requires_grad_() for _ in range(2)]
        mean_log_overlap(one, wide[0]).sum().backward()
        plain(two, wide[1]).sum().backward()
        assert one.grad.dtype == dtype
        close(one.grad.double(), two.grad, rtol=1e-5, atol=1e-7)
        close(wide[0].grad, wide[1].grad, rtol=1e-6, atol=1e-9)

    def test_through_the_bounds_labels_and_adaptive_noise(self):
        labels = torch.arange(20) % 3

        def value(activity):
            noise = kde.adaptive_noise(activity, constant=0.1)
            found = kde.information(activity, labels, noise_variance=noise, bound="lower")
            return found.about_input.value, found.about_labels.value

        activity = normal(2, 20, 3).requires_grad_()
        assert torch.autograd.gradcheck(value, activity)

    def test_far_from_the_noise_differences_do_not_cancel(self):
        """Pairs at a distance of the noise, a billion of its widths from each other."""
        near = normal(1, 2, 3)
        shift = torch.tensor([0.0, 1e9, 3e9], dtype=torch.float64)
        points = torch.cat([near + s for s in shift], dim=1)
        exact = points.unflatten(1, (3, 2)) - shift[:, None, None]  # what the shift left of them
        points.requires_grad_()
        one = torch.ones(1, dtype=torch.float64)
        value = mean_log_overlap(points, one)
        value.sum().backward()
        alone = [plain(part, one) for part in exact.unbind(1)]
        close(value, torch.stack(alone).mean(0) - math.log(3), rtol=1e-9, atol=0)
        for i, part in enumerate(exact.unbind(1)):
            leaf = part.clone().requires_grad_()
            (expected,) = torch.autograd.grad(plain(leaf, one).sum() / 3, leaf)
            close(points.grad.unflatten(1, (3, 2))[:, i], expected, rtol=1e-6, atol=1e-12)

    def test_there_is_no_second_derivative(self):
        activity = normal(5, 2).requires_grad_()
        value = about_input(activity, 1.0).value
        with pytest.raises(RuntimeError, match="no second derivative"):
            torch.autograd.grad(value, activity, create_graph=True)

    def test_spreading_samples_by_gradient_gains_information(self):
        activity = (0.1 * normal(30, 2)).requires_grad_()
        optimizer = torch.optim.Adam([activity], lr=0.1)
        values = []
        for _ in range(30):
            value = about_input(activity, 0.1).value
            optimizer.zero_grad()
            (-value).backward()
            optimizer.step()
            values.append(float(value.detach()))
        assert values[0] < 1 < 3 < values[-1]


class TestRange:
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_noise_far_below_large_activity(self, dtype):
        activity = normal(64, 3, dtype=dtype) * 1e7
        value = about_input(activity, 1e-3).value
        close(value, torch.tensor(math.log(64), dtype=torch.float64), rtol=1e-12, atol=0)

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("scale", [1e-20, 1e-10, 1e-3, 1e3, 1e10, 1e20])
    @pytest.mark.parametrize("bound", ["lower", "upper"])
    def test_units_do_not_matter(self, dtype, scale, bound):
        activity = normal(40, 3, dtype=dtype)
        expected = about_input(activity, 0.3, bound).value
        scaled = about_input(activity * scale, 0.3 * scale**2, bound).value
        close(scaled, expected, rtol=1e-6 if dtype == torch.float32 else 1e-12, atol=0)

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
    @pytest.mark.parametrize("variance", [1e-40, 1e-20, 1.0, 1e20, 1e40])
    def test_values_stay_between_zero_and_log_n(self, dtype, scale, variance):
        activity = (normal(40, 3, dtype=dtype) * scale).requires_grad_()
        value = about_input(activity, variance).value
        value.backward()
        assert -1e-9 < float(value.detach()) < math.log(40) + 1e-9
        assert bool(activity.grad.isfinite().all())

    def test_products_and_differences_agree(self, monkeypatch):
        points, variance = normal(2, 50, 3), normal(2).exp()
        expected = mean_log_overlap(points, variance)
        monkeypatch.setattr(overlap, "SQUARES", 0.0)
        close(mean_log_overlap(points, variance), expected, rtol=1e-12, atol=0)

    def test_the_border_between_them_is_not_seen(self):
        """Just below it squares lose a billionth of a nat."""
        points = normal(1, 30, 2)
        points[0, 0] = math.sqrt(overlap.SQUARES / 2)
        variance = torch.full((1,), 1 / math.log(2), dtype=torch.float64)
        close(mean_log_overlap(points, variance), plain(points, variance), rtol=0, atol=1e-9)

    def test_beyond_all_numbers(self):
        activity = torch.tensor([[0.0], [1e200], [2e200]], dtype=torch.float64)
        for signed in (activity, -activity):
            with pytest.raises(ValueError, match=r"range of numbers: it spreads over 2e\+200"):
                about_input(signed, 1e-250)
        variance = torch.tensor(1e-200, dtype=torch.float64).requires_grad_()
        value = about_input(activity.requires_grad_(), variance).value
        value.backward()
        assert float(value.detach()) == pytest.approx(math.log(3))
        assert not activity.grad.any() and float(variance.grad) == 0


def test_memory_stays_bounded_forward_and_backward():
    """A table of 6,000^2 pairs in float64 would take 275 MiB; a stripe takes 4."""
    largest = 0

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            nonlocal largest
            found = function(*args, **(kwargs or {}))
            if isinstance(found, torch.Tensor):
                largest = max(largest, found.untyped_storage().nbytes())
            return found

    activity = normal(6000, 2).requires_grad_()
    with Watch():
        about_input(activity, 1.0).value.backward()
    assert largest < 2 * 8 * overlap.PAIRS


def test_stripes_of_one_row():
    value = partial(mean_log_overlap, variance=torch.ones(1, dtype=torch.float64))
    points = normal(1, 9, 2)
    close(value(points), plain(points, torch.ones(1, dtype=torch.float64)))
