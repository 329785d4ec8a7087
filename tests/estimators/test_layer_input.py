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
def test_integer_activity(estimate):
    with pytest.raises(ValueError, match=r"floating point, got torch\.int64"):
        estimate(torch.zeros(3, 2, dtype=torch.int64))


@of_labels
@pytest.mark.parametrize(
    "labels",
    [torch.zeros(3).long(), torch.zeros(0).long(), torch.zeros(4), torch.zeros(4, 1).long()],
)
def test_labels_that_do_not_fit(estimate, labels):
    with pytest.raises(ValueError, match="labels must be 4 integers, one a sample, got"):
        estimate(torch.arange(4.0)[:, None], labels)


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
