"""Binning: exact counts against libraries and slow twins, and what increasing maps leave alone."""

import inspect
import itertools
import math

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from ibutils.estimators import binning, cells

LOG_2 = math.log(2)
ROUNDING = 1e-12

close = torch.testing.assert_close
some = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 10_000)


def tanh_layers(*shape, seed=0, dtype=torch.float32):
    """Return activity that saturates, so that some values repeat."""
    g = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=g, dtype=dtype).mul(4).tanh()


def random_labels(n, classes, *, seed=0):
    return torch.randint(classes, (n,), generator=torch.Generator().manual_seed(seed))


def plain_entropy(rows):
    counts = np.unique(np.asarray(rows), axis=0, return_counts=True)[1]
    return scipy.stats.entropy(counts)


def plain_edges(layer, bins):
    """Return edges from a sorted list of distinct values, in a loop."""
    distinct = sorted(set(layer.flatten().tolist()))
    if len(distinct) <= bins:
        return distinct + [math.inf] * (bins + 1 - len(distinct))
    inner = [distinct[k * len(distinct) // bins] for k in range(bins)]
    return [*inner, distinct[-1]]


def plain_information(layer, labels, edges):
    """Return both informations of one layer, each value placed by counting edges below it."""
    inner = edges[1:-1]
    rows = [[sum(value >= edge for edge in inner) for value in row] for row in layer.tolist()]
    labels = labels.tolist()
    joint = [[*row, label] for row, label in zip(rows, labels, strict=True)]
    h_layer = plain_entropy(rows)
    return h_layer, h_layer + plain_entropy([[label] for label in labels]) - plain_entropy(joint)


class TestEqualDistinctEdges:
    @given(seeds, st.integers(1, 40), st.sampled_from([1.0, 8.0, 1e3]))
    @some
    def test_each_bin_holds_equally_many_distinct_values(self, seed, bins, grid):
        activity = (tanh_layers(60, 2, seed=seed) * grid).round() / grid
        distinct = activity.unique()
        edges = binning.equal_distinct_edges(activity, bins=bins)
        counts = np.histogram(distinct.numpy(), bins=edges.numpy())[0]
        assert len(edges) == bins + 1 and bool((edges.diff() > 0).all())
        assert counts.sum() == len(distinct)
        if len(distinct) > bins:
            assert set(counts) <= {len(distinct) // bins, -(-len(distinct) // bins)}
        else:
            assert list(counts) == [1] * len(distinct) + [0] * (bins - len(distinct))

    @given(seeds)
    @some
    def test_information_does_not_change_under_increasing_maps(self, seed):
        activity = tanh_layers(80, 3, seed=seed, dtype=torch.float64)
        labels = random_labels(80, 3, seed=seed)
        maps = [lambda t: 1000 * t - 3, torch.exp, lambda t: t**3, lambda t: t.clamp(min=0) + t]
        values = [
            binning.information(h, labels, edges=binning.equal_distinct_edges(h, bins=7))
            for h in (activity, *(increasing(activity) for increasing in maps))
        ]
        for other in values[1:]:
            assert float(other.about_input.value) == float(values[0].about_input.value)
            assert float(other.about_labels.value) == float(values[0].about_labels.value)

    def test_fixed_bins_do_change(self):
        activity, edges = tanh_layers(80, 3), binning.uniform_edges(-1.0, 1.0, bins=7)
        values = [binning.information(h, edges=edges) for h in (activity, activity / 10)]
        first, second = (float(value.about_input.value) for value in values)
        assert second < first - 0.1

    def test_saturated_values_count_once(self):
        tail = torch.arange(1.0, 9.0)[:, None]
        once = binning.equal_distinct_edges(torch.cat([torch.zeros(1, 1), tail]), bins=3)
        often = binning.equal_distinct_edges(torch.cat([torch.zeros(500, 1), tail]), bins=3)
        close(once, often)
        close(once, torch.tensor([0.0, 3.0, 6.0, 8.0]))

    def test_zeros_of_both_signs_are_one_value(self):
        activity = torch.tensor([[-0.0], [0.0], [1.0], [2.0]])
        close(binning.equal_distinct_edges(activity, bins=3)[:3], torch.tensor([0.0, 1.0, 2.0]))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
    @pytest.mark.parametrize("constant", [0.0, -1.0, 1e4, -1e20, 1e20])
    def test_constant_activity_has_increasing_edges_and_one_cell(self, dtype, constant):
        activity = torch.full((5, 2), constant, dtype=dtype)
        edges = binning.equal_distinct_edges(activity, bins=30)
        assert bool((edges.diff() > 0).all())
        assert float(binning.information(activity, edges=edges).about_input.value) == 0.0

    def test_a_batch_equals_a_loop(self):
        batch = tanh_layers(2, 3, 50, 4)
        batch[1, 2] = 0.0
        together = binning.equal_distinct_edges(batch, bins=9)
        for i, j in itertools.product(range(2), range(3)):
            close(together[i, j], binning.equal_distinct_edges(batch[i, j], bins=9))

    def test_agrees_with_a_plain_twin(self):
        for seed in range(10):
            layer = tanh_layers(40, 3, seed=seed)
            edges = binning.equal_distinct_edges(layer, bins=11)
            assert edges.tolist() == plain_edges(layer, 11)


class TestInformation:
    @pytest.mark.parametrize("adaptive", [True, False])
    @pytest.mark.parametrize("units", [1, 3, 10])
    def test_agrees_with_a_plain_twin(self, units, adaptive):
        batch, labels = tanh_layers(4, 90, units), random_labels(90, 3)
        edges = binning.uniform_edges(-1.0, 1.0, bins=30)
        if adaptive:
            edges = binning.equal_distinct_edges(batch, bins=30)
        result = binning.information(batch, labels, edges=edges)
        for index, layer in enumerate(batch):
            own = edges[index] if adaptive else edges
            plain = plain_information(layer, labels, own.tolist())
            assert float(result.about_input.value[index]) == pytest.approx(plain[0], abs=1e-9)
            assert float(result.about_labels.value[index]) == pytest.approx(plain[1], abs=1e-9)

    @given(seeds, st.integers(1, 5), st.integers(1, 4))
    @some
    def test_agrees_with_scikit_learn(self, seed, bins, classes):
        activity, labels = tanh_layers(60, 2, seed=seed), random_labels(60, classes, seed=seed)
        edges = binning.uniform_edges(-1.0, 1.0, bins=bins)
        value = float(binning.information(activity, labels, edges=edges).about_labels.value)
        digits = np.digitize(activity.numpy(), edges.numpy()[1:-1]) @ [1, bins]
        assert value == pytest.approx(mutual_info_score(labels.numpy(), digits), abs=ROUNDING)

    @given(seeds)
    @some
    def test_inequalities(self, seed):
        activity, labels = tanh_layers(50, 3, seed=seed), random_labels(50, 3, seed=seed)
        edges = binning.uniform_edges(-1.0, 1.0, bins=6)
        whole = binning.information(activity, labels, edges=edges)
        fewer_units = binning.information(activity[:, :2], labels, edges=edges)
        coarser = binning.information(activity, labels, edges=edges[::2])
        about_input, about_labels = whole.about_input.value, whole.about_labels.value
        h_labels = plain_entropy(labels.numpy())
        assert -ROUNDING <= about_labels <= min(about_input, h_labels) + ROUNDING
        assert about_input <= math.log(50) + ROUNDING
        for processed in (fewer_units, coarser):
            assert processed.about_input.value <= about_input + ROUNDING
            assert processed.about_labels.value <= about_labels + ROUNDING

    def test_adds_over_independent_units(self):
        first, second = torch.meshgrid(torch.arange(6.0), torch.arange(5.0), indexing="ij")
        table = torch.stack([first.flatten(), second.flatten()], dim=1)
        edges = binning.uniform_edges(0.0, 6.0, bins=4)
        both, *each = (
            binning.information(h, edges=edges).about_input.value
            for h in (table, table[:, :1], table[:, 1:])
        )
        close(both, sum(each))

    def test_noiseless_label_is_known(self):
        activity = torch.tensor([[0.1], [0.2], [0.8], [0.9]])
        edges = binning.uniform_edges(0.0, 1.0, bins=2)
        labels = torch.tensor([-7, -7, 40, 40])
        value = float(binning.information(activity, labels, edges=edges).about_labels.value)
        assert value == pytest.approx(LOG_2)

    def test_bins_are_closed_on_the_left_and_the_last_on_both_sides(self):
        edges = binning.uniform_edges(0.0, 2.0, bins=2)
        activity = torch.tensor([[0.0], [1.0], [2.0], [2.0]])
        counts = torch.tensor([1.0, 3.0]) / 4
        value = float(binning.information(activity, edges=edges).about_input.value)
        assert value == pytest.approx(scipy.stats.entropy(counts.numpy()))

    @given(seeds)
    @some
    def test_float32_activity_meets_float64_edges_exactly(self, seed):
        generator = np.random.default_rng(seed)
        activity = torch.from_numpy(generator.choice(np.linspace(0, 1, 7), (40, 2)))
        edges = binning.uniform_edges(0.0, 1.0, bins=6)
        single = activity.float().clamp(max=1)
        exact = binning.information(single.double(), edges=edges).about_input.value
        assert float(binning.information(single, edges=edges).about_input.value) == float(exact)

    def test_wide_layers_are_counted_exactly(self):
        few = tanh_layers(200, 2).sign()
        labels = random_labels(200, 4)
        wide = few.repeat(1, 100)
        edges = binning.uniform_edges(-1.0, 1.0, bins=30)
        narrow, whole = (binning.information(h, labels, edges=edges) for h in (few, wide))
        close(whole.about_input.value, narrow.about_input.value, rtol=0, atol=0)
        close(whole.about_labels.value, narrow.about_labels.value, rtol=0, atol=0)
        distinct = tanh_layers(3, 100, 300)
        value = binning.information(distinct, edges=edges).about_input.value
        close(value, torch.full((3,), math.log(100), dtype=torch.float64))

    @pytest.mark.parametrize("adaptive", [True, False])
    @pytest.mark.parametrize("units", [1, 20])  # few samples share a cell of twenty
    def test_the_path_of_other_devices_gives_the_same(self, monkeypatch, adaptive, units):
        batch, labels = tanh_layers(2, 3, 70, units), random_labels(70, 3)
        batch = torch.cat([batch, (10 * batch).round() / 10])  # whose values are some edges'

        def both():
            edges = binning.uniform_edges(-1.0, 1.0, bins=30)
            if adaptive:
                edges = binning.equal_distinct_edges(batch, bins=30)
            result = binning.information(batch, labels, edges=edges)
            return result.about_input.value, result.about_labels.value

        ours = both()
        monkeypatch.setattr(cells, "_suits_numpy", lambda values: False)
        close(both(), ours, rtol=0, atol=1e-12)

    def test_views_and_layouts_give_the_same(self):
        batch = tanh_layers(3, 60, 5)
        edges = binning.equal_distinct_edges(batch, bins=8)
        feature_major = batch.permute(2, 0, 1).contiguous().permute(1, 2, 0)
        assert not feature_major.is_contiguous()
        close(binning.equal_distinct_edges(feature_major, bins=8), edges)
        values = [binning.information(h, edges=edges) for h in (batch, feature_major)]
        close(values[0].about_input.value, values[1].about_input.value, rtol=0, atol=0)

    def test_many_bins(self):
        activity = tanh_layers(300, 1, dtype=torch.float64)
        edges = binning.uniform_edges(-1.0, 1.0, bins=1000)
        cells_of = np.digitize(activity.numpy(), edges.numpy()[1:-1])
        value = float(binning.information(activity, edges=edges).about_input.value)
        assert value == pytest.approx(plain_entropy(cells_of), abs=ROUNDING)

    @pytest.mark.parametrize("bins", [2, 255, 256, 257, 258, 1000])
    def test_a_sample_for_each_bin_tells_their_logarithm(self, bins):
        activity = (2 * torch.arange(bins, dtype=torch.float64)[:, None] + 1) / bins - 1
        edges = binning.uniform_edges(-1.0, 1.0, bins=bins)
        value = float(binning.information(activity, edges=edges).about_input.value)
        assert value == pytest.approx(math.log(bins), abs=ROUNDING)

    def test_infinite_outer_edges_take_everything(self):
        edges = torch.tensor([-math.inf, 0.0, math.inf])
        activity = torch.tensor([[-9.0], [-1.0], [1.0], [1e30]])
        value = float(binning.information(activity, edges=edges).about_input.value)
        assert value == pytest.approx(LOG_2)


class TestDiagnostics:
    def test_dead_and_saturated_layers_are_counted(self):
        batch = torch.stack([torch.zeros(100, 2), tanh_layers(100, 2), torch.zeros(100, 2)])
        batch[1, :, 0] = torch.linspace(-1, 1, 100)
        edges = binning.uniform_edges(-1.0, 1.0, bins=200)
        result = binning.information(batch, random_labels(100, 2), edges=edges)
        assert result.about_input.value[[0, 2]].tolist() == [0.0, 0.0]
        assert result.about_labels.value[[0, 2]].tolist() == [0.0, 0.0]
        dead, own = result.about_input.diagnostics
        assert dead.startswith("In 2 of 3 layers all samples share one cell")
        assert own.startswith("In 1 of 3 layers every sample has a cell of its own")
        (few,) = result.about_labels.diagnostics
        assert few.startswith("In 1 of 3 layers there are fewer than 5 samples a cell")
        assert few.endswith("biased, mostly up.")

    def test_nothing_is_said_where_nothing_is_wrong(self):
        activity = tanh_layers(1000, 2)
        edges = binning.uniform_edges(-1.0, 1.0, bins=4)
        result = binning.information(activity, random_labels(1000, 2), edges=edges)
        assert result.about_input.diagnostics == result.about_labels.diagnostics == ()


class TestInformationOfSamples:
    def test_agrees_with_scikit_learn(self):
        x, y = tanh_layers(500, 1), tanh_layers(500, 1, seed=1)
        y = x + 0.5 * y
        digits = [
            np.digitize(v.numpy()[:, 0], binning.equal_distinct_edges(v, bins=6).numpy()[1:-1])
            for v in (x, y)
        ]
        value = binning.information_of_samples(x, y, bins=6).value
        assert value == pytest.approx(mutual_info_score(*digits), abs=ROUNDING)

    def test_does_not_depend_on_increasing_maps_of_coordinates(self):
        x = tanh_layers(300, 2, dtype=torch.float64)
        y = tanh_layers(300, 3, seed=1, dtype=torch.float64)
        y = y + x[:, :1]
        value = binning.information_of_samples(x, y, bins=3).value
        changed = torch.stack([x[:, 0].exp(), 7 * x[:, 1]], dim=1)
        assert binning.information_of_samples(changed, y, bins=3).value == value
        assert binning.information_of_samples(y, x, bins=3).value == pytest.approx(value)

    def test_finds_nothing_in_an_independent_table(self):
        x, y = torch.meshgrid(torch.arange(8.0), torch.arange(9.0), indexing="ij")
        value = binning.information_of_samples(x.reshape(-1, 1), y.reshape(-1, 1), bins=4).value
        assert value == pytest.approx(0, abs=ROUNDING)

    def test_says_when_cells_are_empty(self):
        x, y = tanh_layers(200, 5), tanh_layers(200, 5, seed=1)
        result = binning.information_of_samples(x, y, bins=4)
        assert result.value > 3  # independent
        assert "biased, mostly up" in result.diagnostics[0]

    def test_refuses_samples_of_different_number(self):
        with pytest.raises(ValueError, match=r"x \(3, 1\) and y \(4, 1\) must have one length"):
            binning.information_of_samples(torch.zeros(3, 1), torch.zeros(4, 1), bins=2)

    def test_any_numbers_will_do(self):
        x, y = tanh_layers(200, 1), tanh_layers(200, 1, seed=1)
        expected = binning.information_of_samples(x, x + y, bins=5)
        found = binning.information_of_samples(x[:, 0].tolist(), (x + y).numpy(), bins=5)
        assert found.value == pytest.approx(expected.value, abs=ROUNDING)
        counts = torch.arange(100) % 7
        assert binning.information_of_samples(counts, counts > 3, bins=7).value > 0


class TestPrecision:
    """Edges that are given as numbers are those numbers."""

    def test_edges_are_doubles(self):
        assert binning.uniform_edges(0.1, 0.2, bins=2).tolist()[::2] == [0.1, 0.2]
        ends = np.array([0.1, 0.3]), torch.tensor([0.2, 0.4], dtype=torch.float64)
        assert binning.uniform_edges(*ends, bins=1).tolist() == [[0.1, 0.2], [0.3, 0.4]]

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_activity_up_to_an_edge_fits(self, dtype):
        activity = torch.tensor([[0.1], [0.2], [0.15], [0.12]], dtype=dtype)
        edges = binning.uniform_edges(0.1, 0.2, bins=2)
        found = binning.information(activity, edges=edges).about_input.value
        assert 0 < float(found) <= LOG_2 + ROUNDING
        beyond = torch.nextafter(activity, torch.tensor(1.0, dtype=dtype))
        with pytest.raises(ValueError, match="lies outside the edges"):
            binning.information(beyond, edges=edges)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half_precision_keeps_its_values(self, dtype):
        layer = tanh_layers(40, 2).to(dtype)
        edges = binning.uniform_edges(-1.0, 1.0, bins=9)
        found = binning.information(layer, edges=edges).about_input.value
        close(found, binning.information(layer.double(), edges=edges).about_input.value)


class TestBadInput:
    def test_types(self):
        with pytest.raises(TypeError, match="low must hold samples, got str: 'a'"):
            binning.uniform_edges("a", 1.0, bins=3)
        with pytest.raises(ValueError, match=r"low \(2,\) and high \(3,\) do not broadcast"):
            binning.uniform_edges([0.0, 0.0], [1.0, 1.0, 1.0], bins=3)
        with pytest.raises(TypeError, match="edges must hold samples, got NoneType"):
            binning.information(torch.zeros(3, 1), edges=None)
        plain = inspect.unwrap(binning.equal_distinct_edges)
        with pytest.raises(TypeError, match=r"bins must be an integer, got float: 2\.5"):
            plain(torch.zeros(3, 1), bins=2.5)

    @pytest.mark.parametrize(
        ("edges", "message"),
        [
            ([1.0, 0.0, 2.0], "edges must increase, but a step between neighbours is -1.0"),
            ([0.0, 0.0, 2.0], "edges must increase, but a step between neighbours is 0.0"),
            ([0.0, math.nan, 2.0], "edges must increase"),
            ([0.0], r"edges must be \[bins\+1\].*got \(1,\)"),
            ([0.0, 0.25], r"activity in \[0.0, 0.5\] lies outside the edges \[0.0, 0.25\]"),
            ([0.25, 1.0], "lies outside the edges"),
        ],
    )
    def test_edges(self, edges, message):
        with pytest.raises(ValueError, match=message):
            binning.information(torch.tensor([[0.0], [0.5]]), edges=torch.tensor(edges))

    def test_edges_of_another_batch(self):
        with pytest.raises(ValueError, match=r"batch \(3,\), got \(2, 5\)"):
            edges = torch.arange(5.0).expand(2, 5)
            binning.information(torch.zeros(3, 4, 1), edges=edges)

    @pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (0.0, math.inf)])
    def test_ranges(self, low, high):
        with pytest.raises(ValueError, match=rf"low < high, both finite, got \({low}, {high}\)"):
            binning.uniform_edges(low, high, bins=3)

    def test_ranges_of_a_batch(self):
        low, high = torch.zeros(2, 2), torch.tensor([[1.0, 2.0], [0.0, 3.0]])
        with pytest.raises(ValueError, match=r"got \(0.0, 0.0\) at batch index \(1, 0\)"):
            binning.uniform_edges(low, high, bins=3)
        edges = binning.uniform_edges(low, high + 1, bins=3)
        close(edges[1, 1], binning.uniform_edges(0.0, 4.0, bins=3))

    @pytest.mark.parametrize("bins", [0, -3])
    def test_bins(self, bins):
        for edges in (
            lambda: binning.uniform_edges(0.0, 1.0, bins=bins),
            lambda: binning.equal_distinct_edges(torch.zeros(3, 1), bins=bins),
        ):
            with pytest.raises(ValueError, match=f"bins must be at least 1, got {bins}"):
                edges()


@pytest.mark.parametrize(("bins", "copies"), [(2, 63), (4, 31), (8, 21), (16, 15)])
def test_a_side_of_many_columns_counts_as_on_the_other_side(bins, copies):
    """Keys of a power of two for each side, whose product would wrap round to equal numbers."""
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(500, 2, generator=g), torch.randn(500, 1, generator=g)
    found = binning.information_of_samples(x, y.repeat(1, copies), bins=bins)
    assert found == binning.information_of_samples(y.repeat(1, copies), x, bins=bins)
    assert float(found) == pytest.approx(float(binning.information_of_samples(x, y, bins=bins)))
