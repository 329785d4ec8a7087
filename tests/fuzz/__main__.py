"""Count how wrong calls end."""

import argparse
import collections
import functools
import sys
import time
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

from .judge import ENDINGS, Ending, judge
from .mutations import NUMBERS, spoil
from .registry import Call, calls
from .workplace import workplace

SHARE = 0.95  # of the wrong calls that raise must be clear


def endings(call: Call, share: float = 1.0) -> Iterator[Ending]:
    """Yield how a valid call ends with each argument spoilt, or a share of these, always the same.

    Numbers of other libraries are in every share.

    Raises:
        RuntimeError: The valid call fails.
    """

    @functools.cache
    def valid() -> Any:
        try:
            return call.run(call.arguments())
        except Exception as error:
            raise RuntimeError(f"the valid call of {call.name} fails: {error!r}") from error

    try:
        arguments = call.arguments()
    except Exception as error:
        raise RuntimeError(f"no valid call of {call.name}: {error!r}") from error
    for spoilt in spoil(call, arguments):
        key = f"{call.name} {spoilt.argument} {spoilt.what}"
        if spoilt.what in NUMBERS or zlib.crc32(key.encode()) % 1000 < 1000 * share:
            yield judge(call, call.arguments(), spoilt, valid)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the calls to make")
    parser.add_argument("--only", default="", help="what names begin with: ibutils.vib")
    parser.add_argument(
        "--list",
        nargs="*",
        default=["silent", "inside", "undocumented"],
        choices=ENDINGS,
        help="endings to show each call of; none to show no call",
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of training that is cut short
    begun = time.perf_counter()
    found: list[Ending] = []
    broken = []
    with workplace():
        for call in calls():
            if call.name.startswith(options.only):
                try:
                    found += endings(call, options.share)
                except RuntimeError as error:
                    broken.append(str(error))
    for one in found:
        if one.ending in options.list:
            print(f"{one.ending:8} {one.name}({one.argument} = {one.what}): {one.seen}")
    for line in broken:
        print(line)
    print(_table(found))
    counts = collections.Counter(one.ending for one in found)
    raising = len(found) - counts["harmless"]
    share = counts["clear"] / max(raising, 1)
    print(
        f"{len(found)} calls in {time.perf_counter() - begun:.0f} s; {share:.1%} of {raising} "
        f"wrong ones clear, {counts['silent']} silent, {counts['inside']} inside another library, "
        f"{counts['undocumented']} of an error that the docstring does not name"
    )
    never = counts["silent"], counts["inside"], counts["undocumented"], broken
    good = share >= SHARE and not any(never)
    return 0 if good and found else 1


def _table(found: list[Ending]) -> str:
    """Return the number of calls with each ending, a line a package."""
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for one in found:
        counts[".".join(one.name.split(".")[:2])][one.ending] += 1
    header = f"{'package':32}" + "".join(f"{ending:>13}" for ending in ENDINGS)
    rows = [
        f"{package:32}" + "".join(f"{count[ending]:>13}" for ending in ENDINGS)
        for package, count in sorted(counts.items())
    ]
    return "\n".join([header, *rows])


if __name__ == "__main__":
    sys.exit(main())
