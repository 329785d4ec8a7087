"""What binning and KDE refuse alike: activity and labels that are not those of a layer."""

import inspect
import math

import pytest
import torch

from ibutils.estimators import binning, kde


def by_bins(activity, labels=None):
    edges = torch.tensor([-9.0, 0.5, 9.0])
    return inspect.unwrap(binning.information)(activity, labels, edges=edges)


def by_edges(activity, labels=None):
    return inspect.unwrap(binning.equal_distinct_edges)(activity, bins=3)


def by_kernel(activity, labels=None):
    return inspect.unwrap(kde.information)(activity, labels, noise_variance=1.0, bound="upper")


def by_noise(activity, labels=None):
    return inspect.unwrap(kde.adaptive_noise)(activity)


def value(found):
    """Return edges or a noise as they are, of information what is most specific, detached."""
    if isinstance(found, torch.Tensor):
        return found.detach()
    return (found.about_labels or found.about_input).value.detach()


of_activity = pytest.mark.parametrize("estimate", [by_bins, by_edges, by_kernel, by_noise])
of_labels = pytest.mark.parametrize("estimate", [by_bins, by_kernel])


@of_activity
@pytest.mark.parametrize("shape", [(1, 3), (5, 1, 3), (4, 0), (0, 4, 2), (7,)])
def test_too_few_samples_or_units(estimate, shape):
    with pytest.raises(ValueError, match="at least 2 samples and a unit, got"):
        estimate(torch.zeros(shape))


@of_activity
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_activity_that_is_not_finite_is_named(estimate, value):
    activity = torch.zeros(3, 2, 5, 4)
    activity[2, 1, 4, 0] = value
    with pytest.raises(ValueError, match=rf"not finite at batch index \(2, 1\): {value}"):
        estimate(activity)
    with pytest.raises(ValueError, match=rf"activity is not finite: {value}"):
        estimate(activity[2, 1])


@of_activity
def test_activity_may_be_any_numbers(estimate):
    numbers = torch.arange(12).reshape(2, 3, 2) % 5
    expected = value(estimate(numbers.double()))
    for same in (numbers, numbers.numpy(), numbers.tolist(), numbers.double().requires_grad_()):
        torch.testing.assert_close(value(estimate(same)), expected)
    for same in (numbers.half(), numbers.bfloat16(), numbers.float()):
        torch.testing.assert_close(value(estimate(same)), expected, check_dtype=False)


@of_activity
def test_activity_that_is_no_numbers(estimate):
    with pytest.raises(TypeError, match="activity must hold numbers"):
        estimate([["a"], ["b"]])
    with pytest.raises(TypeError, match="activity must hold samples, got NoneType"):
        estimate(None)


@of_labels
@pytest.mark.parametrize("labels", [torch.zeros(3).long(), ["a"] * 5])
def test_labels_that_do_not_fit(estimate, labels):
    with pytest.raises(ValueError, match="labels must have 4 entries, one a sample, got"):
        estimate(torch.arange(4.0)[:, None], labels)


@of_labels
def test_labels_may_be_of_any_kind(estimate):
    activity = torch.arange(8.0)[:, None] / 4
    expected = value(estimate(activity, torch.tensor([0, 0, 1, 1, 2, 2, 2, 0])))
    for labels in (list("aabbccca"), [0.5, 0.5, 7, 7, 9, 9, 9, 0.5]):
        torch.testing.assert_close(value(estimate(activity, labels)), expected)


@of_labels
def test_input_is_left_alone(estimate):
    activity = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    labels, before = torch.tensor([3, 1, 3, 3, 1, 1]), activity.clone()
    estimate(activity.requires_grad_(), labels)
    assert torch.equal(activity.detach(), before)
    assert labels.tolist() == [3, 1, 3, 3, 1, 1]


@of_labels
@pytest.mark.gpu
def test_a_gpu_gives_the_same(estimate):
    activity = torch.randn(2, 60, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(60) % 4
    ours, theirs = estimate(activity, labels), estimate(activity.cuda(), labels.cuda())
    for name in ("about_input", "about_labels"):
        value = getattr(theirs, name).value
        assert value.is_cuda
        torch.testing.assert_close(value.cpu(), getattr(ours, name).value)
