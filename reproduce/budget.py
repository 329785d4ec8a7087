"""The time that a command may take: no member is begun that is known to end after it.

python -m reproduce.budget 2.5h [--since 1767225600]

It prints the moment at which the budget is spent, in seconds since 1970. Every process that the
command starts is told this moment, so that all notebooks share one budget.
"""

import argparse
import math
import os
import re
import sys
import time

UNTIL = "IBUTILS_UNTIL"  # the environment variable that holds the moment
_SECONDS = {"h": 3600, "m": 60, "s": 1}


class BudgetSpentError(Exception):
    """A run stops here because nothing more fits into its budget; nothing is wrong."""


def seconds(text: str) -> float:
    """Return the seconds that a budget is.

    Raises:
        ValueError: It is no positive time with its unit.

    Example:
        >>> seconds("2.5h"), seconds("90m"), seconds("3600s")
        (9000.0, 5400.0, 3600.0)
        >>> seconds("2h30")
        Traceback (most recent call last):
        ValueError: a budget must be a time such as 2.5h, 90m or 3600s, got '2h30'
    """
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+)([hms])", text.strip())
    if not found or not float(found[1]):
        raise ValueError(f"a budget must be a time such as 2.5h, 90m or 3600s, got {text!r}")
    return float(found[1]) * _SECONDS[found[2]]


def left() -> float:
    """Return the seconds that this process may still take; infinity without a budget."""
    until = os.environ.get(UNTIL)
    return float(until) - time.time() if until else math.inf


def main() -> None:
    """Print the moment at which a budget is spent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("budget", help="such as 2.5h, 90m or 3600s")
    parser.add_argument("--since", type=float, default=time.time(), help="now by default")
    arguments = parser.parse_args()
    try:
        print(round(arguments.since + seconds(arguments.budget)))
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
