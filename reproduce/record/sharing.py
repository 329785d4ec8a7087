"""Several processes share a grid: each trains what no other is training."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from reproduce.record import given
from reproduce.record.files import Lock
from reproduce.record.integrity import Member
from reproduce.record.run import Run

PATIENCE = 2.0  # seconds between looks at what another process is training


def claimed(
    run: Run,
    groups: Iterable[Sequence[Member]],
    fits: Callable[[list[Member]], bool] = lambda _: True,
) -> Iterator[list[Member]]:
    """Yield the groups that this process is to train, each while no other process does.

    A group with a member that another process trains is passed over; at the end this process
    waits for such groups, and trains what is missing then, which is what a process that was
    killed has left.

    Args:
        run: Where members are recorded.
        groups: Members that are trained together; those that are on record are left out.
        fits: Says of members whether there is time to train them; those for which there is none
            are left.
    """
    waiting = [given.members("groups", group) for group in groups]
    said = ""
    while waiting:
        passed: list[list[Member]] = []
        for group in waiting:
            if not fits(todo := run.missing(group)):
                continue
            with _taken([run.claim(member) for member in todo]) as other:
                if other:
                    passed.append(group)
                    holder = other.holder()
                elif todo := run.missing(group):  # another process may have just finished
                    yield todo
        if len(passed) == len(waiting):
            if said != (said := f"{len(passed)} groups are held, the last by {holder}"):
                print(said, flush=True)
            time.sleep(PATIENCE)
        waiting = passed


@contextmanager
def _taken(locks: Sequence[Lock]) -> Iterator[Lock | None]:
    """Take locks for a while, up to the first that another process holds, which is handed out."""
    try:
        yield next((lock for lock in locks if not lock.take()), None)
    finally:
        for lock in locks:
            lock.release()
