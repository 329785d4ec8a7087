"""Losses without a table: same value, same gradient, whatever the chunk."""

from functools import partial

import pytest
import torch
from pair_loops import BOUNDS, normal, value_and_gradients

from ibutils.infomax import infomax_loss, infomax_loss_from_embeddings, local_scores

exact = partial(torch.testing.assert_close, rtol=1e-10, atol=1e-10)
each = pytest.mark.parametrize("bound", BOUNDS)


def embeddings(n=7, d=3, locations=4, spread=1.0):
    return spread * normal(n, d, locations), spread * normal(n, d, seed=1)


@each
class TestSameAsTheTable:
    @pytest.mark.parametrize("chunk", [None, 1, 2, 3, 6, 7, 100])
    @pytest.mark.parametrize("spread", [0.3, 3.0])
    def test_value_and_gradient(self, bound, chunk, spread):
        def of_table(local, global_):
            return infomax_loss(local_scores(local, global_), bound=bound)

        own = partial(infomax_loss_from_embeddings, bound=bound, chunk=chunk)
        arguments = embeddings(spread=spread)
        exact(value_and_gradients(own, *arguments), value_and_gradients(of_table, *arguments))

    @pytest.mark.parametrize("chunk", [1, 2, 4])
    def test_gradients(self, bound, chunk):
        function = partial(infomax_loss_from_embeddings, bound=bound, chunk=chunk)
        arguments = [a.requires_grad_() for a in embeddings(4, 2, 3)]
        assert torch.autograd.gradcheck(function, arguments)

    def test_the_memory_may_hold_either_axis_last(self, bound):
        local, global_ = embeddings()
        function = partial(infomax_loss_from_embeddings, bound=bound, chunk=3)
        turned = local.mT.contiguous().mT
        exact(
            value_and_gradients(function, turned, global_),
            value_and_gradients(function, local, global_),
        )

    @pytest.mark.parametrize("chunk", [2, 7])
    def test_a_factor_scales_the_gradient(self, bound, chunk):
        function = partial(infomax_loss_from_embeddings, bound=bound, chunk=chunk)
        arguments = embeddings()
        _, once = value_and_gradients(function, *arguments)
        _, thrice = value_and_gradients(lambda *a: 3 * function(*a), *arguments)
        exact(thrice, tuple(3 * gradient for gradient in once))

    def test_arguments_stay_as_they_are(self, bound):
        arguments = embeddings()
        before = [a.clone() for a in arguments]
        value_and_gradients(
            partial(infomax_loss_from_embeddings, bound=bound, chunk=2), *arguments
        )
        assert all(torch.equal(a, b) for a, b in zip(arguments, before, strict=True))

    def test_half_precision_embeddings_have_single_precision_sums(self, bound):
        local, global_ = (a.bfloat16() for a in embeddings())
        function = partial(infomax_loss_from_embeddings, bound=bound, chunk=3)
        value, gradients = value_and_gradients(function, local, global_)
        assert value.dtype == torch.float32
        assert {g.dtype for g in gradients} == {torch.bfloat16}
        expected, _ = value_and_gradients(function, local.float(), global_.float())
        torch.testing.assert_close(value, expected, rtol=0.05, atol=0.05)

    @pytest.mark.parametrize("autocast", [False, True])
    def test_scores_beyond_the_range_of_half_precision(self, bound, autocast):
        local, global_ = (a.half() for a in embeddings(spread=300.0))
        precise = local_scores(local.double(), global_.double())
        assert float(precise.abs().max()) > torch.finfo(torch.float16).max
        with torch.autocast("cpu", dtype=torch.float16, enabled=autocast):
            value = infomax_loss_from_embeddings(local, global_, bound=bound, chunk=3)
        torch.testing.assert_close(
            value.double(), infomax_loss(precise, bound=bound), rtol=1e-5, atol=0.0
        )

    @pytest.mark.parametrize("chunk", [2, 7])
    def test_extremes_stay_finite(self, bound, chunk):
        local, global_ = (a.float() for a in embeddings(spread=100.0))
        function = partial(infomax_loss_from_embeddings, bound=bound, chunk=chunk)
        value, gradients = value_and_gradients(function, local, global_)
        assert bool(value.isfinite()) and all(bool(g.isfinite().all()) for g in gradients)

    def test_there_is_no_second_derivative(self, bound):
        local, global_ = embeddings()
        value = infomax_loss_from_embeddings(local.requires_grad_(), global_, bound=bound)
        with pytest.raises(RuntimeError, match="no second derivative"):
            torch.autograd.grad(value, local, create_graph=True)

    @pytest.mark.gpu
    @pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
    def test_on_a_gpu(self, bound, dtype):
        local, global_ = (a.to("cuda", dtype) for a in embeddings(40, 16, 9, 0.5))
        value = infomax_loss_from_embeddings(local, global_, bound=bound, chunk=16)
        precise = local.double(), global_.double()
        expected = infomax_loss(local_scores(*precise), bound=bound)
        tolerance = 1e-10 if dtype == torch.float64 else 1e-3  # products are summed in single
        torch.testing.assert_close(value.double(), expected, rtol=tolerance, atol=tolerance)


def test_autocast_halves_the_products_only():
    local, global_ = (a.float() for a in embeddings())
    expected = infomax_loss_from_embeddings(local.bfloat16(), global_.bfloat16(), bound="info_nce")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value, gradients = value_and_gradients(
            partial(infomax_loss_from_embeddings, bound="info_nce"), local, global_
        )
    assert value.dtype == torch.float32 and {g.dtype for g in gradients} == {torch.float32}
    torch.testing.assert_close(value, expected)


class TestBadInput:
    def test_refuses_an_unknown_bound(self):
        with pytest.raises(ValueError, match="got 'nce'"):
            infomax_loss_from_embeddings(*embeddings(), bound="nce")

    def test_refuses_a_batch_of_one(self):
        with pytest.raises(ValueError, match="n=1"):
            infomax_loss_from_embeddings(*embeddings(n=1), bound="jensen_shannon")

    @pytest.mark.parametrize("chunk", [0, -3])
    def test_refuses_chunks_without_extent(self, chunk):
        with pytest.raises(ValueError, match=f"chunk must be at least 1, got {chunk}"):
            infomax_loss_from_embeddings(*embeddings(), bound="jensen_shannon", chunk=chunk)
