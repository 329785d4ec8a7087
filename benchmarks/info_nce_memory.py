"""InfoNCE of a separable critic without its table of scores: memory and time against n.

Value and gradient of 65,536 pairs of embeddings of 64 dimensions, in float32, whose table of
scores alone would take 16 GiB. Targets: the process that computes them peaks at 2 GiB at most;
twice the pairs take 2 times the memory and 4 times the time, and at most a quarter more.
"""

import multiprocessing
import re
import threading
from pathlib import Path

import torch
from common import Target, options, paired, report, skip

from ibutils.bounds import info_nce_from_embeddings

PAIRS, DIMENSION = 65_536, 64
TIMED = (4096, 8192)
GPU = torch.cuda.is_available()
DEVICE = "cuda" if GPU else "cpu"
STATUS = Path("/proc/self/status")
GIB = 2**30


def work(n):
    """Return a function that computes value and gradient for n pairs."""
    f, g = (torch.randn(n, DIMENSION, device=DEVICE).requires_grad_() for _ in range(2))

    def run():
        f.grad = g.grad = None
        info_nce_from_embeddings(f, g).backward()

    return run


def resident(field):
    """Return a size of this process in bytes: RssAnon is its data now, VmHWM all at its peak."""
    (kib,) = re.findall(rf"{field}:\s+(\d+) kB", STATUS.read_text())
    return int(kib) * 1024


def peak_of_data(call):
    """Return the largest RssAnon during a call, looked up every few milliseconds.

    The peak of all memory would count the pages of libraries, which come and go with the load.
    """
    found, done = [], threading.Event()

    def look():
        while not done.wait(0.005):
            found.append(resident("RssAnon"))

    watcher = threading.Thread(target=look)
    watcher.start()
    call()
    done.set()
    watcher.join()
    return max(found)


def measure(n, threads):
    """Return the peak memory in bytes, and how much of it came with n pairs."""
    torch.set_num_threads(threads)
    work(1024)()  # libraries load, and a tile reaches its full size
    if GPU:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work(n)()
        return torch.cuda.max_memory_allocated(), torch.cuda.max_memory_allocated() - before
    before = resident("RssAnon")
    data = peak_of_data(work(n))
    return resident("VmHWM"), data - before


def in_own_process(n, threads):
    """Measure in a fresh process, so that no earlier peak hides this one."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (n, threads))


def main():
    """Measure memory, time growth, and report."""
    arguments = options(__doc__, repeats=9)
    if not GPU and not STATUS.exists():
        skip("peak memory is read from /proc, which this system has not")
    peak, added = in_own_process(PAIRS, arguments.threads)
    _, half = in_own_process(PAIRS // 2, arguments.threads)
    detail = f"{PAIRS} pairs add {added / GIB:.3f} GiB, half of them {half / GIB:.3f} GiB"
    status = report(
        Target(f"info_nce_peak_gib_{DEVICE}", 2.0, at_most=True), peak / GIB, detail, arguments
    )
    target = Target(f"info_nce_memory_growth_{DEVICE}", 2.5, at_most=True)
    status |= report(target, added / half, detail, arguments)
    ratio, *times = paired(*map(work, TIMED), repeats=arguments.repeats)
    detail = ", ".join(f"{n} pairs {t:.2f} s" for n, t in zip(TIMED, times, strict=True))
    target = Target(f"info_nce_time_growth_{DEVICE}", 5.0, at_most=True)
    return status | report(target, ratio, detail, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
