"""The examples of the pages run as they are printed, and print what stands below them."""

import math
import re
from pathlib import Path
from statistics import fmean

import pandas as pd
import pytest
import torch

from ibutils import estimate_mi
from ibutils.estimators import ksg, ross
from ibutils.estimators.tables import plug_in
from ibutils.tasks import catalogue

ROOT = Path(__file__).parents[2]
PAGES = (
    "book/api.md",
    "book/api/information_dropout.md",
    "book/api/infomax.md",
    "book/api/training.md",
    "book/data.md",
    "book/how_to_read.md",
    "book/which_estimator.md",
    "book/your_data.md",
    "README.md",
)
EMBEDDED = ('"mnist"', '"digits"')  # the pages show MNIST; a test must not need it


def blocks(page: str) -> list[tuple[str, str]]:
    """Return the fenced Python blocks of a page, and the text printed right below, or nothing."""
    fenced = r"^```python\n((?:(?!```).*\n)*)```$(?:\n\n```text\n((?:(?!```).*\n)*)```$)?"
    return re.findall(fenced, (ROOT / page).read_text(encoding="utf-8"), re.M)


def examples(page: str) -> list[str]:
    """Return the fenced Python blocks of a page."""
    return [code for code, _ in blocks(page)]


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert blocks(page), f"{page} shows no Python example"
    for code, shown in blocks(page):
        exec(compile(code.replace(*EMBEDDED), page, "exec"), {})
        printed = capsys.readouterr().out
        if shown:
            assert printed == shown


def test_each_text_of_a_page_is_compared() -> None:
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        assert text.count("```text\n") == sum(bool(shown) for _, shown in blocks(page)), page


def test_the_loss_takes_ten_lines_and_trains_the_network() -> None:
    imports, lines = examples("book/api.md")[0].split("\n\n")
    assert len(lines.splitlines()) == 10
    setup, step = lines.splitlines()[:4], lines.splitlines()[4:]
    torch.manual_seed(0)  # the example draws from the global generator
    scope: dict = {}
    exec("\n".join([imports, *setup]), scope)
    losses = []
    for _ in range(60):
        exec("\n".join(step), scope)
        losses.append(scope["loss"].item())
    assert losses[-1] < 0.5 * losses[0]
    assert all(p.grad is not None for p in scope["network"].parameters())


class TestYourData:
    """What the page says in words of numbers that no example prints."""

    def recorded(self, samples: int) -> pd.DataFrame:
        """Return mean estimates of the calibration by task and method, with the dimensions."""
        folder = ROOT / "results" / "laptop" / "foundations" / "calibration"
        table = pd.concat(map(pd.read_csv, sorted(folder.glob("*/FND-CAL.csv"))))
        table = table[(table["metric"] == "estimate") & (table["samples"] == samples)]
        means = table.pivot_table(index="task", columns="method", values="value")
        sizes = {name: task.dim_x + task.dim_y for name, task in catalogue().items()}
        return means.assign(size=means.index.map(sizes))

    @pytest.mark.parametrize("samples", [500, 5000])
    def test_neighbours_are_nearer_up_to_four_dimensions_and_info_nce_beyond(self, samples):
        means = self.recorded(samples)
        behind = (means["ksg"] - means["exact"]).abs() - (means["info_nce"] - means["exact"]).abs()
        few = means["size"] <= 4
        assert (behind[few] < 0.02).all()
        assert (behind[~few] > 0).mean() > 0.6
        bent_or_heavy = ["spiral-normal-sparse-5x5-2x0.8", "student-5x5-2"]
        assert (behind[bent_or_heavy] < 0).all()

    def test_losses_in_ten_and_in_fifty_dimensions(self):
        means = self.recorded(5000)
        lost = 1 - means[["ksg", "info_nce"]].div(means["exact"], axis=0)
        ten = lost[(means["size"] == 10) & ~means.index.str.contains("student|spiral")]
        normal = ten[ten.index.str.startswith("normal-") & ~ten.index.str.contains("cdf")]
        assert (normal["info_nce"] < 0.1).all() and (ten["info_nce"] < 0.15).all()
        assert ten["ksg"].min() < 0.05 and 0.35 < ten["ksg"].max() < 0.4
        assert lost.loc["spiral-normal-sparse-5x5-2x0.8", "info_nce"] > 0.5
        fifty = ["normal-sparse-25x25-2x0.8", "half-cube-normal-sparse-25x25-2x0.8"]
        assert lost.loc[fifty, "info_nce"].mean() == pytest.approx(1 / 3, abs=0.05)
        few = self.recorded(500).loc[fifty]
        assert (lost.loc[fifty, "ksg"] > 6 / 7).all() and (few["ksg"] < few["exact"] / 7).all()
        assert (few["info_nce"] < 0).all()

    @pytest.mark.parametrize("size", [1, 2])
    def test_a_tenth_is_lost_below_log_n_less_three_and_more_beyond(self, size):
        g, n = torch.Generator().manual_seed(0), 500

        def found(truth: float) -> float:
            rest = math.exp(-truth / size)  # of the standard deviation, given the other
            x, noise = torch.randn(2, n, size, generator=g, dtype=torch.float64)
            return float(ksg(x, math.sqrt(1 - rest**2) * x + rest * noise))

        near, beyond = math.log(n) - 3, math.log(n)
        assert fmean(found(near) for _ in range(10)) > 0.88 * near
        assert fmean(found(beyond) for _ in range(10)) < 0.85 * beyond

    def test_the_correction_of_counts_needs_five_samples_a_cell(self):
        g, classes = torch.Generator().manual_seed(0), 10

        def left(each: int) -> float:
            """Return the share of the bias that is left at independence, where the truth is 0."""
            pairs = torch.randint(classes, (200, 2, each * classes**2), generator=g)
            plain = fmean(float(plug_in(*pair, correction=None)) for pair in pairs)
            return fmean(float(plug_in(*pair)) for pair in pairs) / plain

        assert left(5) < 0.2
        assert left(1) > 0.5

    def test_plain_neighbours_read_rounded_numbers_six_times_too_high(self):
        from sklearn.datasets import load_wine

        wine = load_wine(as_frame=True)
        ash = wine.data["ash"]
        assert float(ross(ash, wine.target)) > 6 * float(estimate_mi(ash, wine.target))

    def test_logarithms_of_numbers_with_a_long_tail_are_better(self):
        g, truth = torch.Generator().manual_seed(0), -math.log(0.8)
        x, noise = torch.randn(2, 20, 1000, generator=g)
        y = 0.6 * x + 0.8 * noise
        of_logarithms = fmean(float(ksg(*pair)) for pair in zip(x, y, strict=True))
        of_numbers = fmean(float(ksg(*pair)) for pair in zip(x, (2 * y).exp(), strict=True))
        assert abs(of_logarithms - truth) < 0.02
        assert of_numbers < truth - 0.025

    def test_no_doubt_and_no_shuffle_notices_a_random_walk(self):
        g = torch.Generator().manual_seed(0)
        for _ in range(3):
            one, other = torch.randn(2, 1000, generator=g).cumsum(1)
            found = estimate_mi(one, other)
            shuffled = estimate_mi(one, other[torch.randperm(1000, generator=g)])
            assert len(found.diagnostics) == 1  # which says what was chosen
            assert float(shuffled) < 0.1 < found.interval()[0]
