"""Neural estimates of many samples: peak memory, time, and what reading in blocks costs.

200,000 samples in 5 + 5 dimensions, separable critic, the bound read on 60,000 pairs, whose table
of scores would take 14 GiB. Target: the process grows by at most 2 GiB beyond what the imports
take. Then the bound and its jackknife on the 1,500 test pairs of 5,000 samples, block by block and
from the whole table; target: at least as fast.
"""

import math
import multiprocessing
import resource
import time

import torch
from common import Target, options, paired, report

from ibutils import bounds
from ibutils.critics import Separable
from ibutils.estimators import blockwise, neural
from ibutils.tasks import sparse_normal

SAMPLES, FEW, GIB = 200_000, 5_000, 2**30


def peak():
    """Return the largest memory that the process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def draw(n):
    """Return samples with a known information, and that."""
    task = sparse_normal(5, 5, correlation=0.8, pairs=2)
    return *task.sample(n, generator=torch.Generator().manual_seed(0)), task.mutual_information()


def estimate(threads):
    """Return how much memory an estimate takes beyond the imports, its seconds, and its error."""
    torch.set_num_threads(threads)
    before, start = peak(), time.perf_counter()
    x, y, truth = draw(SAMPLES)
    found = neural.estimate(x, y, generator=torch.Generator().manual_seed(1))
    return peak() - before, time.perf_counter() - start, found.value - truth


def whole_table(critic, x, y):
    """Return InfoNCE and its jackknife from the whole table, as one would write it."""
    with torch.no_grad():
        scores = critic(x, y)
    group = torch.arange(len(x)) % blockwise.GROUPS
    kept = [(group != left_out).nonzero()[:, 0] for left_out in range(blockwise.GROUPS)]
    parts = torch.stack([bounds.info_nce(scores[rows][:, rows]) for rows in kept])
    error = math.sqrt((blockwise.GROUPS - 1) * float(parts.var(correction=0)))
    return float(bounds.info_nce(scores)), error


def main():
    """Measure memory in a fresh process, compare times, and report."""
    arguments = options(__doc__, repeats=9)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        memory, seconds, error = pool.apply(estimate, (arguments.threads,))
    detail = f"GiB beyond the imports, {seconds:.0f} s, {error:+.3f} nats off the truth"
    target = Target("neural_memory", 2.0, at_most=True)
    status = report(target, memory / GIB, detail, arguments)

    x, y, _ = draw(round(FEW * (1 - neural.TRAIN - neural.VALIDATION)))
    g = torch.Generator().manual_seed(0)
    critic = Separable(5, 5, width=128, embedding=32, depth=1, generator=g)

    def blocks():
        return blockwise.read(critic, x, y, neural.OBJECTIVES["info_nce"][1])[:2]

    def table():
        return whole_table(critic, x, y)

    torch.testing.assert_close(blocks(), table(), rtol=1e-5, atol=1e-5)
    ratio, ours, theirs = paired(blocks, table, repeats=arguments.repeats)
    detail = f"{ours * 1e3:.0f} ms for {len(x)} pairs, whole table {theirs * 1e3:.0f} ms"
    target = Target("neural_blocks", 1.0, at_most=False)
    return status | report(target, ratio, detail, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
