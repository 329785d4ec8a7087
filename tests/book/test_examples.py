"""The examples of the pages run as they are printed."""

import re
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
PAGES = (
    "book/api.md",
    "book/data.md",
    "book/how_to_read.md",
    "book/which_estimator.md",
    "book/your_data.md",
    "README.md",
)
EMBEDDED = ('"mnist"', '"digits"')  # the pages show MNIST; a test must not need it


def examples(page: str) -> list[str]:
    """Return the fenced Python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(), re.M | re.S)


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run(page: str) -> None:
    blocks = examples(page)
    assert blocks, f"{page} shows no Python example"
    for block in blocks:
        exec(compile(block.replace(*EMBEDDED), page, "exec"), {})


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
