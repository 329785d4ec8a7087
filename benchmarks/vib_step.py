"""One training step of VIB through ``ibutils.train`` against a plain hand-written PyTorch loop.

Both run the recipe of Deep VIB on its full network: Adam, one sample of the code, weights
averaged at each step. Target: at most 1.1 times the time of the plain loop.
"""

import torch
from common import Target, options, paired, report
from torch import nn
from torch.nn import functional as F

from ibutils.nets import linear, perceptron
from ibutils.train import Learner, generator
from ibutils.vib import VIB, StochasticEncoder, recipe

STEPS, BATCH, K, BETA = 5, 100, 256, 1e-3
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
TARGET = Target(f"vib_step_{DEVICE}", 1.1, at_most=True)


class Plain(nn.Module):
    """The network of Deep VIB as one would write it in a script."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(784, 1024), nn.Linear(1024, 1024)
        self.three, self.out = nn.Linear(1024, 2 * K), nn.Linear(K, 10)

    def forward(self, x):
        """Return logits at one sample of the code, its mean and its standard deviation."""
        h = F.relu(self.two(F.relu(self.one(x))))
        mean, raw = self.three(h).chunk(2, dim=1)
        scale = F.softplus(raw - 5)
        z = mean + scale * torch.randn_like(mean)
        return self.out(z), mean, scale


def plain_loop(inputs, labels):
    """Return a function that takes ``STEPS`` steps of the hand-written loop."""
    model = Plain().to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, betas=(0.5, 0.999), fused=True)
    average = [p.detach().clone() for p in model.parameters()]

    def run():
        order = torch.randperm(len(inputs), device=DEVICE)[: STEPS * BATCH]
        for index in order.split(BATCH):
            logits, mean, scale = model(inputs[index])
            rate = 0.5 * (mean**2 + scale**2 - 1 - 2 * scale.log()).sum(dim=1).mean()
            loss = F.cross_entropy(logits, labels[index]) + BETA * rate
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                torch._foreach_lerp_(average, list(model.parameters()), 1e-3)

    return run


def package_loop(inputs, labels):
    """Return a function that takes ``STEPS`` steps through ``ibutils``."""
    g = generator(0, "weights")
    encoder = StochasticEncoder(perceptron([784, 1024, 1024, 2 * K], generator=g), bottleneck=K)
    model = VIB(encoder, linear(K, 10, generator=g), beta=BETA).to(DEVICE)
    learner = Learner(model, recipe(1, batch_size=BATCH))
    noise = generator(0, "noise", device=DEVICE)

    def run():
        order = torch.randperm(len(inputs), device=DEVICE)[: STEPS * BATCH]
        for index in order.split(BATCH):
            draws = [(index, model.draw_noise(len(index), generator=noise))]
            learner.step(*learner.gather(inputs, labels, draws))

    return run


def main():
    """Time both and report."""
    arguments = options(__doc__, repeats=21)
    inputs = torch.rand(6000, 784, device=DEVICE)
    labels = torch.randint(10, (6000,), device=DEVICE)
    ratio, plain, own = paired(
        plain_loop(inputs, labels), package_loop(inputs, labels), repeats=arguments.repeats
    )
    detail = f"{own / STEPS * 1e3:.1f} ms a step, plain loop {plain / STEPS * 1e3:.1f} ms"
    return report(TARGET, ratio, detail, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
