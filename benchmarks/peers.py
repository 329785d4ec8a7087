"""Estimates from nearest neighbours beside those of infomeasure, ennemi and scikit-learn.

200,000 samples, k = 3: value, interval and time of each library that takes the kind of data, and
how many times as long the fastest of them needs. They run as an outside program, in an environment
that is made under ``_build/peers``. Targets: at least 2 in three dimensions and more, otherwise 1.
"""

import csv
import json
import math
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from common import Target, options, paired, report, skip

from ibutils import estimate_mi
from ibutils.estimators.neighbours import conditional_ksg, ksg, ross

SAMPLES, CORRELATION, DISTANCE, K = 200_000, 0.6, 2.0, 3
ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT, OUTSIDE = ROOT / "_build" / "peers", ROOT / "benchmarks" / "outside"
RECORDED = ROOT / "benchmarks" / "peers.csv"  # what the book shows
AGREE = 0.01  # nats: they round, scale and disturb samples in their ways


@dataclass(frozen=True)
class Case:
    """One kind of data: sizes of x, y and z, and who takes it."""

    name: str
    samples: str
    sizes: tuple[int, int, int]
    peers: tuple[str, ...]
    limit: float
    labels: bool = False

    def draw(self) -> dict[str, torch.Tensor]:
        """Return samples of which coordinate by coordinate x and y are correlated."""
        g = torch.Generator().manual_seed(0)
        x, y, z = (torch.randn(SAMPLES, d, generator=g, dtype=torch.float64) for d in self.sizes)
        if self.labels:
            y = torch.randint(2, (SAMPLES, 1), generator=g)
            return {"x": x + DISTANCE * y, "y": y}
        shared = min(self.sizes[:2])
        noise = math.sqrt(1 - CORRELATION**2) * y[:, :shared]
        y[:, :shared] = CORRELATION * x[:, :shared] + noise
        return {"x": x + z, "y": y + z, "z": z} if z.shape[1] else {"x": x, "y": y}


ALL = ("infomeasure", "ennemi", "scikit-learn")
CASES = (
    Case("ksg_1_1", "1 and 1 dimensions", (1, 1, 0), ALL, 1.0),
    Case("ksg_label", "1 dimension and 2 labels", (1, 1, 0), ALL[1:], 1.0, labels=True),
    Case("ksg_1_1_given_1", "1 and 1, given 1", (1, 1, 1), ALL[:2], 2.0),
    Case("ksg_2_1", "2 and 1 dimensions", (2, 1, 0), ALL[:1], 2.0),
    Case("ksg_3_3", "3 and 3 dimensions", (3, 3, 0), ALL[:1], 2.0),
)


def environment() -> Path:
    """Return the interpreter of the other libraries, which are installed if they are not."""
    python = ENVIRONMENT / "bin" / "python"
    try:
        if not python.exists():
            venv.create(ENVIRONMENT, with_pip=True)
        install = [python, "-m", "pip", "install", "-q", "-r", OUTSIDE / "requirements.txt"]
        subprocess.run(install, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        skip(f"the other libraries cannot be installed ({error})")
    return python


def ours(data: dict[str, torch.Tensor], case: Case):
    """Return our estimate."""
    if case.labels:
        return ross(data["x"], data["y"], k=K)
    return conditional_ksg(**data, k=K) if "z" in data else ksg(**data, k=K)


def ask(program: subprocess.Popen, who: str, where: Path, case: Case) -> float:
    """Return the value of another library."""
    request = {"who": who, "data": str(where), "labels": case.labels, "k": K}
    program.stdin.write(json.dumps(request) + "\n")
    program.stdin.flush()
    return json.loads(program.stdout.readline())


def compare(case: Case, program: subprocess.Popen, folder: Path, arguments) -> int:
    """Time one kind of data, print a line for each library, and report the smallest ratio."""
    data = case.draw()
    where = folder / f"{case.name}.npz"
    np.savez(where, **{name: values.numpy() for name, values in data.items()})
    found = ours(data, case)
    low, high = estimate_mi(**data, method="neighbours", k=K).interval()
    lines, ratios, times = [], {}, {}
    for who in case.peers:
        theirs = partial(ask, program, who, where, case)
        value = theirs()
        ratios[who], own, times[who] = paired(
            partial(ours, data, case), theirs, repeats=arguments.repeats
        )
        np.testing.assert_allclose(value, found.value, atol=AGREE)
        lines.append([who, f"{value:.4f}", "", "", f"{times[who]:.2f}", f"{ratios[who]:.1f}"])
    lines.insert(0, ["ibutils", f"{found:.4f}", f"{low:.4f}", f"{high:.4f}", f"{own:.2f}", ""])
    for line in lines:
        print(f"  {case.samples}:", *line, flush=True)
    if arguments.record:
        with RECORDED.open("a", newline="") as file:
            csv.writer(file).writerows([case.samples, *line] for line in lines)
    fastest = min(ratios, key=ratios.__getitem__)
    detail = f"{own:.2f} s, {fastest} {times[fastest]:.2f} s"
    return report(Target(case.name, case.limit, at_most=False), ratios[fastest], detail, arguments)


def main():
    """Compare all cases."""
    arguments = options(__doc__, repeats=3)
    command = [environment(), OUTSIDE / "estimate.py"]
    if arguments.record:
        RECORDED.write_text("samples,library,value,low,high,seconds,ratio\n")
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as program,
    ):
        return max(compare(case, program, Path(folder), arguments) for case in CASES)


if __name__ == "__main__":
    sys.exit(main())
