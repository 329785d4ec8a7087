"""What the tests of the book share: the verdicts on the real record, half a minute of work."""

import pytest

from reproduce import claims


@pytest.fixture(scope="session")
def judged() -> dict[str, list[claims.Verdict]]:
    """The verdicts of each part."""
    return {part: claims.verdicts(part) for part in claims.parts()}


@pytest.fixture(scope="session")
def verdicts(judged: dict[str, list[claims.Verdict]]) -> dict[str, claims.Verdict]:
    """The verdict of each claim by its name."""
    return {v.claim.id: v for own in judged.values() for v in own}
