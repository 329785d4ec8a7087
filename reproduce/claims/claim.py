"""Claims as ``book/claims`` states them, and whether they can be judged as they are written."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any

from ibutils import checks
from reproduce.claims.stated import parse, parts, text
from reproduce.claims.target import Target, target
from reproduce.record import PROFILES

JUDGED: tuple[str, ...] = PROFILES[1:]  # a smoke run supports no statement about a paper
UNITS = ("network", "sample")  # what is independent: trained, or drawn, anew
MOST_PRIMARY = 10  # claims of a family

QUANTITY = ("target", "metric", "split", "minus")  # what names a quantity, of a test or an arm
# What each kind of test has to name, what it may name, and the seeds it takes at least.
KINDS: dict[str, tuple[set[str], set[str], int]] = {
    "difference": ({"first"}, {"second", "margin", "alternative", "scale"}, 2),
    "equivalence": ({"arms", "low", "high"}, set(), 2),
    "ordering": ({"factor", "order"}, {"scale"}, 2),
    "extremum": ({"factor", "low", "high"}, {"least", "scale"}, 2),
    "correlation": ({"x"}, {"sign", "within", "cluster"}, 1),
    "uncorrelated": ({"x", "margin"}, {"within", "cluster"}, 1),
    "superiority": (set(), {"over", "under", "margin", "scale"}, 1),
    "closeness": ({"arms", "margin"}, set(), 1),
}


@dataclass(frozen=True)
class Claim:
    """A statement of a paper and the test that decides it.

    Args:
        id: For example ``"VIB-T1-1"``.
        statement: What the paper says, in our words.
        source: Table, figure or section; it begins with "ours" where the paper does not say so.
        target: The target whose table it is read from.
        test: Kind, quantity and options of the test.
        profiles: Profiles it may be judged on.
        family: The paper it is a statement of, by its bibliography key, or ``foundations``.
        unit: What one independent replication is: ``network`` or ``sample``.
        seeds: Seeds that each sample needs.
        primary: Whether it is among the few by which the paper stands or falls.
        untestable: Why no record can decide it, if none can.
        withdrawn: Why the record that would decide it is known to be wrong, if it is.
    """

    id: str
    statement: str
    source: str
    target: str
    test: Mapping[str, Any]
    profiles: tuple[str, ...]
    family: str
    unit: str
    seeds: int
    primary: bool = False
    untestable: str | None = None
    withdrawn: str | None = None

    @property
    def ours(self) -> bool:
        """Whether it is a statement of this book about what a paper measures, not of the paper."""
        return self.source.casefold().startswith("ours")


def load(part: str) -> list[Claim]:
    """Return the claims of a part.

    Args:
        part: For example ``"vib"``.

    Raises:
        ValueError: The part has no claims file, or a claim repeats an identifier, lacks a field
            or has an unknown one, has an unknown family, unit, target, profile, kind of test or
            option, or too few seeds for its test; or a family has too many primary claims.
    """
    checks.choice("part", part, parts())
    return list(_checked(text(f"claims/{part}"), text("families")))


def every() -> list[Claim]:
    """Return the claims of all parts, in the order of the book.

    Raises:
        ValueError: As in :func:`load`.
    """
    return [claim for part in parts() for claim in load(part)]


@cache
def _checked(own: str, families: str) -> list[Claim]:
    """Return the claims of a file with that text; each is checked once."""
    known = {name: target(name, entry) for name, entry in parse(own)["targets"].items()}
    papers = [*parse(families)]
    claims: dict[str, Claim] = {}
    for entry in parse(own)["claims"]:
        claim = _claim(entry)
        if claim.id in claims:
            raise ValueError(f"claim {claim.id!r} is stated twice")
        _check(claim, known, papers)
        claims[claim.id] = claim
    primary = Counter(claim.family for claim in claims.values() if claim.primary)
    if many := {name: n for name, n in primary.items() if n > MOST_PRIMARY}:
        raise ValueError(f"more than {MOST_PRIMARY} claims are primary: {many}")
    return list(claims.values())


def _claim(entry: Mapping[str, Any]) -> Claim:
    """Return a claim as it stands in the file."""
    name = entry.get("id", "without an id")
    required = {f.name for f in fields(Claim) if f.default is MISSING} - {"test", "seeds"}
    if missing := [field for field in sorted(required) if not entry.get(field)]:
        raise ValueError(f"claim {name!r} lacks {missing}")
    if unknown := entry.keys() - {field.name for field in fields(Claim)}:
        raise ValueError(f"claim {name!r} has the unknown fields {sorted(unknown)}")
    return Claim(**{"test": {}, "seeds": 1, **entry, "profiles": tuple(entry["profiles"])})


def _check(claim: Claim, known: Mapping[str, Target], papers: list[str]) -> None:
    """Raise when a claim of a target and a paper cannot be judged as it is written."""
    test = claim.test
    for name in {claim.target, test.get("target", claim.target)}:
        if name not in known or known[name].notebook is None:
            raise ValueError(f"claim {claim.id!r} has the unknown target {name!r}")
    if claim.family not in papers:
        raise ValueError(
            f"claim {claim.id!r}: family {claim.family!r} is not in {papers}; enter a new paper in"
            " book/families.yaml with its title"
        )
    if claim.unit not in UNITS:
        raise ValueError(f"claim {claim.id!r}: unit {claim.unit!r} is not in {UNITS}")
    if unknown := set(claim.profiles) - set(JUDGED):
        raise ValueError(f"claim {claim.id!r}: profiles {sorted(unknown)} are not in {JUDGED}")
    if claim.untestable:
        return
    if test.get("kind") not in KINDS:
        raise ValueError(f"claim {claim.id!r}: kind {test.get('kind')!r} is not in {[*KINDS]}")
    needed, optional, seeds = KINDS[test["kind"]]
    needed = needed | {"kind", "metric", "split"}
    if missing := needed - test.keys():
        raise ValueError(f"claim {claim.id!r}: its test lacks {sorted(missing)}")
    if unknown := test.keys() - needed - optional - {*QUANTITY, "unit", "where"}:
        raise ValueError(f"claim {claim.id!r}: its test has the unknown {sorted(unknown)}")
    if claim.seeds < seeds:
        raise ValueError(f"claim {claim.id!r}: {claim.seeds} seeds are too few; it takes {seeds}")
    _check_numbers(claim, test)


def _check_numbers(claim: Claim, value: Any) -> None:
    """Refuse numbers that YAML reads as text, such as ``1e-3`` without a point."""
    if isinstance(value, Mapping):
        for inner in value.values():
            _check_numbers(claim, inner)
    elif isinstance(value, list):
        for inner in value:
            _check_numbers(claim, inner)
    elif isinstance(value, str) and value.lstrip("+-.")[:1].isdigit():
        raise ValueError(f"claim {claim.id!r}: {value!r} is text; write a number as 1.0e-3")
