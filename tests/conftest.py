"""What all tests share: shapes checked at run time, repeatable examples, GPU tests skipped."""

from typing import Any

import hypothesis
import pytest
import torch
from jaxtyping import install_import_hook

# Must stand before the first import of ibutils.
install_import_hook(["ibutils", "experiments", "reproduce"], "beartype.beartype")

hypothesis.settings.register_profile("project", deadline=None, derandomize=True)
hypothesis.settings.load_profile("project")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a GPU")


@pytest.fixture
def generator() -> torch.Generator:
    """Return a generator with a fixed seed."""
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def judged() -> dict[str, list[Any]]:
    """Return the verdicts of each part on the real record, half a minute of work."""
    from reproduce import claims  # behind the hook

    return {part: claims.verdicts(part) for part in claims.parts()}


@pytest.fixture(scope="session")
def verdicts(judged: dict[str, list[Any]]) -> dict[str, Any]:
    """Return the verdict of each claim by its name."""
    return {v.claim.id: v for own in judged.values() for v in own}
