"""InfoNCE over local scores: memory beside the table, and without one.

Value and gradient for 512 images of 64 locations from their table of scores; target: memory
peaks at 2.3 times the table, which is the table, its gradient and little else. Then for 4,096
images from their embeddings in chunks, whose table would take 4 GiB and its gradient as much;
target: the process peaks at 12 GiB at most.
"""

import multiprocessing

import torch
from common import Target, options, report, skip
from info_nce_memory import GIB, GPU, STATUS, peak_of_data, resident

from ibutils.infomax import infomax_loss, infomax_loss_from_embeddings

LOCATIONS, TABLE, CHUNKED, FEW = 64, 512, 4096, 16
DIMENSION = 2048 if GPU else 256  # of the embeddings
DEVICE = "cuda" if GPU else "cpu"


def of_table(n):
    """Make a table of scores, its loss and its gradient."""
    scores = torch.randn(n, n, LOCATIONS, device=DEVICE).requires_grad_()
    infomax_loss(scores, bound="info_nce").backward()


def of_embeddings(n):
    """Make embeddings, their loss and its gradient."""
    local = torch.randn(n, LOCATIONS, DIMENSION, device=DEVICE).div_(DIMENSION**0.25)
    global_ = torch.randn(n, DIMENSION, device=DEVICE).div_(DIMENSION**0.25).requires_grad_()
    infomax_loss_from_embeddings(local.requires_grad_().mT, global_, bound="info_nce").backward()


WORK = {"table": of_table, "embeddings": of_embeddings}


def measure(kind, n, threads):
    """Return the peak memory in bytes, and how much of it came with n images."""
    torch.set_num_threads(threads)
    WORK[kind](FEW)  # libraries load
    if GPU:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        WORK[kind](n)
        return torch.cuda.max_memory_allocated(), torch.cuda.max_memory_allocated() - before
    before = resident("RssAnon")
    data = peak_of_data(lambda: WORK[kind](n))
    return resident("VmHWM"), data - before


def in_own_process(*arguments):
    """Measure in a fresh process, so that no earlier peak hides this one."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, arguments)


def main():
    """Measure and report."""
    arguments = options(__doc__, repeats=1)
    if not GPU and not STATUS.exists():
        skip("peak memory is read from /proc, which this system has not")
    table = TABLE**2 * LOCATIONS * 4
    _, added = in_own_process("table", TABLE, arguments.threads)
    detail = f"{TABLE} images add {added / 2**20:.0f} MiB, the table has {table / 2**20:.0f} MiB"
    target = Target(f"infomax_memory_table_{DEVICE}", 2.3, at_most=True)
    status = report(target, added / table, detail, arguments)
    peak, added = in_own_process("embeddings", CHUNKED, arguments.threads)
    detail = f"{CHUNKED} images in {DIMENSION} dimensions add {added / GIB:.2f} GiB"
    target = Target(f"infomax_memory_peak_gib_{DEVICE}", 12.0, at_most=True)
    return status | report(target, peak / GIB, detail, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
