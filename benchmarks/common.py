"""Paired timings in one process, and the committed ratios that they are compared with.

Two ways of doing the same work are timed in turn, A B A B ..., so that both meet the same load
of the machine; the median of the ratios of neighbours is what a benchmark reports.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

BASELINES = Path(__file__).with_name("baselines.json")
DRIFT = 1.5  # a ratio worse than the recorded one by this factor is pointed out


@dataclass(frozen=True)
class Target:
    """What a benchmark promises: a ratio of times at most, or at least, a limit."""

    name: str
    limit: float
    at_most: bool

    def met(self, ratio: float) -> bool:
        """Return whether a ratio keeps the promise."""
        return ratio <= self.limit if self.at_most else ratio >= self.limit

    def worse(self, ratio: float, than: float) -> bool:
        """Return whether a ratio is worse than a recorded one by more than ``DRIFT``."""
        return ratio > than * DRIFT if self.at_most else ratio < than / DRIFT


def options(description: str | None, *, repeats: int) -> argparse.Namespace:
    """Read the command line and set the number of threads."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--repeats", type=int, default=repeats, help="pairs that are timed")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--record", action="store_true", help="write the ratio as the baseline")
    found = parser.parse_args()
    if found.repeats < 1 or found.threads < 1:
        parser.error(f"repeats and threads must be positive: {found.repeats}, {found.threads}")
    torch.set_num_threads(found.threads)
    return found


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of a call, the work it left to a GPU included."""
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def paired(
    first: Callable[[], object], second: Callable[[], object], *, repeats: int
) -> tuple[float, float, float]:
    """Time two calls in turn, after one untimed turn of each.

    Returns:
        The median ratio of the time of ``second`` to that of ``first``, and their median times.
    """
    first(), second()
    pairs = []
    for turn in range(repeats):  # whoever goes second may find the cache warmer
        if turn % 2 == 0:
            pairs.append((seconds(first), seconds(second)))
        else:
            pairs.append((seconds(second), seconds(first))[::-1])
    ratio = statistics.median(b / a for a, b in pairs)
    return ratio, *(statistics.median(times) for times in zip(*pairs, strict=True))


def report(target: Target, ratio: float, detail: str, arguments: argparse.Namespace) -> int:
    """Print one line, record the ratio if asked, and return the exit status.

    A missed target is 1, unless an ``explanation`` is written beside the recorded ratio.
    """
    baselines = json.loads(BASELINES.read_text()) if BASELINES.exists() else {}
    known = baselines.get(target.name, {})
    met, word = target.met(ratio), "at most" if target.at_most else "at least"
    line = f"{target.name}: {ratio:.2f}, target {word} {target.limit:g}"
    line += f" ({'met' if met else 'MISSED'}); {detail}"
    if "ratio" in known:
        line += f"; recorded {known['ratio']:.2f}"
        line += " (much worse now)" if target.worse(ratio, known["ratio"]) else ""
    explanation = known.get("explanation")
    if not met and explanation:
        line += f"; explained: {explanation}"
    print(line, flush=True)
    if arguments.record:
        entry = {"ratio": round(ratio, 3), "detail": detail, **_machine(arguments)}
        entry |= {"explanation": explanation} if explanation else {}
        text = json.dumps(baselines | {target.name: entry}, indent=2, sort_keys=True)
        BASELINES.write_text(text + "\n")
    return 0 if met or explanation else 1


def _machine(arguments: argparse.Namespace) -> dict[str, object]:
    """Return where and with what a ratio was measured."""
    gpu = torch.cuda.is_available()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "device": torch.cuda.get_device_name() if gpu else platform.machine(),
        "cores": os.cpu_count(),
        "threads": arguments.threads,
        "load": round(os.getloadavg()[0], 1),
        "pairs": arguments.repeats,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def skip(reason: str) -> None:
    """Print why a benchmark can't run here, and end without an error."""
    print(f"skipped: {reason}", flush=True)
    sys.exit(0)
