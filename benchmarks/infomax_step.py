"""A training step of DIM(L) with infoNCE and full heads, beside the machine's own products.

On a CPU: the rate of floating-point operations of a step, in single precision, over that of a
product of matrices like the largest one in it. Target: at least 0.8.

On a GPU: the time of a plain transcription of the paper's formulas in single precision over that
of a step in bfloat16, at the paper's batch of 64; target: at least 3. And the rate of a step at a
batch of 512 over that of a product in bfloat16; target: at least 0.4.
"""

import torch
from common import Target, options, paired, report
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from ibutils.infomax import DeepInfoMax, Terms, recipe
from ibutils.nets.encoders import basic32
from ibutils.train import Learner, generator

UNITS, BATCH, LARGE = 2048, 64, 512
GPU = torch.cuda.is_available()
DEVICE = "cuda" if GPU else "cpu"


def images(batch):
    """Return a batch and labels that nothing looks at."""
    return torch.randn(batch, 3, 32, 32, device=DEVICE), torch.zeros(batch, device=DEVICE)


def package_step(batch, precision):
    """Return a function that takes a step through ``ibutils``."""
    g = generator(0, "weights")
    model = DeepInfoMax(basic32(generator=g), Terms("info_nce"), units=UNITS, generator=g)
    own = recipe(1, batch_size=batch, precision=precision, compile=GPU)
    learner = Learner(model.to(DEVICE), own)
    noise = model.draw_noise(batch, generator=generator(0, "noise", device=DEVICE))
    inputs = images(batch)
    return lambda: learner.step(*inputs, noise)


class PlainHead(nn.Module):
    """A branch of the encode-and-dot head, as one would write it down from the paper."""

    def __init__(self, inputs):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, UNITS, 1, bias=False),
            nn.BatchNorm2d(UNITS),
            nn.ReLU(),
            nn.Conv2d(UNITS, UNITS, 1),
        )
        self.shortcut = nn.Conv2d(inputs, UNITS, 1, bias=False)
        self.norm = nn.LayerNorm(UNITS)

    def forward(self, x):
        """Return embeddings [n, locations, units]."""
        return self.norm((self.body(x) + self.shortcut(x)).flatten(2).mT)


def plain_loss(local, global_):
    """Return the infoNCE loss over all locations of all other images, a softmax a location."""
    n, locations, _ = local.shape
    scores = torch.einsum("ikd,jd->jik", local, global_)
    own = torch.eye(n, dtype=torch.bool, device=scores.device)[..., None]
    others = scores.masked_fill(own, -torch.inf).reshape(n, 1, -1).expand(-1, locations, -1)
    positive = scores.diagonal().T[..., None]
    return -torch.cat([positive, others], dim=2).log_softmax(2)[..., 0].mean()


def plain_step(batch):
    """Return a function that takes a step of the transcription, the prior term included."""
    encoder = basic32().to(DEVICE)
    heads = nn.ModuleList([PlainHead(128), PlainHead(64)]).to(DEVICE)
    judge = nn.Sequential(nn.Linear(64, 1000), nn.ReLU(), nn.Linear(1000, 200), nn.ReLU())
    judge.append(nn.Linear(200, 1)).to(DEVICE)
    rates = {"lr": 1e-4, "betas": (0.5, 0.999)}
    players = torch.optim.Adam([*encoder.parameters(), *heads.parameters()], **rates)
    opponent = torch.optim.Adam(judge.parameters(), **rates)
    inputs, _ = images(batch)

    def run():
        features = encoder(inputs)
        y = features.y
        local, global_ = heads[0](features.local), heads[1](y[..., None, None])[:, 0]
        codes = y.sigmoid()
        loss = plain_loss(local, global_) + 0.1 * F.softplus(-judge(codes)).mean()
        players.zero_grad()
        loss.backward()
        players.step()
        real, made = judge(torch.rand_like(codes)), judge(codes.detach())
        loss = F.softplus(-real).mean() + F.softplus(made).mean()
        opponent.zero_grad()
        loss.backward()
        opponent.step()

    return run


def product(dtype, batch):
    """Return a product like the largest of a step, repeated eight times, and its operations."""
    rows = batch * 64
    a = torch.randn(rows, UNITS, device=DEVICE, dtype=dtype)
    b = torch.randn(UNITS, UNITS, device=DEVICE, dtype=dtype)
    return lambda: [a @ b for _ in range(8)], 8 * 2 * rows * UNITS**2


def operations(batch):
    """Count the floating-point operations of a step, forward and backward, in products."""
    g = generator(0, "weights")
    model = DeepInfoMax(basic32(generator=g), Terms("info_nce"), units=UNITS).to(DEVICE)
    noise = model.draw_noise(batch, generator=generator(0, "noise", device=DEVICE))
    with FlopCounterMode(display=False) as counter:
        model.objective(*images(batch), noise)["loss"].backward()
    return counter.get_total_flops()


def share(batch, precision, target, arguments):
    """Report the rate of a step over that of a product."""
    multiply, of_product = product(getattr(torch, precision), batch)
    step = package_step(batch, precision)
    ratio, *times = paired(multiply, step, repeats=arguments.repeats)
    of_step = operations(batch)
    rates = [work / t / 1e9 for work, t in zip((of_product, of_step), times, strict=True)]
    detail = f"batch {batch}, {times[1] * 1e3:.1f} ms a step of {of_step / 1e9:.0f} GFLOP, "
    detail += f"{rates[1]:.0f} GFLOP/s, products {rates[0]:.0f} GFLOP/s"
    return report(target, of_step / of_product / ratio, detail, arguments)


def main():
    """Time, and report."""
    arguments = options(__doc__, repeats=9)
    if not GPU:
        target = Target("infomax_step_cpu", 0.8, at_most=False)
        return share(BATCH, "float32", target, arguments)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    ratio, *times = paired(
        package_step(BATCH, "bfloat16"), plain_step(BATCH), repeats=arguments.repeats
    )
    detail = f"{times[0] * 1e3:.1f} ms a step, transcription {times[1] * 1e3:.1f} ms"
    status = report(Target("infomax_step_cuda", 3.0, at_most=False), ratio, detail, arguments)
    target = Target("infomax_share_cuda", 0.4, at_most=False)
    return status | share(LARGE, "bfloat16", target, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
