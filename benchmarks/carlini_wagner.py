"""The Carlini-Wagner attack on 100 images as one batch against one image at a time.

Both run the same attack on the stochastic model of Deep VIB at full size, with 12 samples of the
code, and no image leaves it early, so both make as many predictions. One at a time is timed on
``SINGLE`` images, which is extrapolated to 100. Target: at least 10 times as fast.
"""

import torch
from common import Target, options, paired, report

from ibutils.attacks import carlini_wagner, carlini_wagner_l2, prediction
from ibutils.nets import linear, perceptron
from ibutils.train import generator
from ibutils.vib import VIB, StochasticEncoder

IMAGES, SINGLE, ITERATIONS, K = 100, 3, 20, 256
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
TARGET = Target(f"carlini_wagner_batch_{DEVICE}", 10.0, at_most=False)


def model():
    """Return an untrained VIB of the paper's size; the cost does not depend on its weights."""
    g = generator(0, "weights")
    encoder = StochasticEncoder(perceptron([784, 1024, 1024, 2 * K], generator=g), bottleneck=K)
    return VIB(encoder, linear(K, 10, generator=g), beta=1e-3).requires_grad_(False).to(DEVICE)


def attack(predict, images, labels, g):
    """Run one search step of the attack."""
    return carlini_wagner_l2(
        predict, images, labels, search_steps=1, iterations=ITERATIONS, generator=g
    )


def main():
    """Time both and report."""
    arguments = options(__doc__, repeats=5)
    carlini_wagner.PROGRESS = float("inf")  # every loss counts as one that still falls
    predict = prediction(model(), low=-1.0, high=1.0)
    g = generator(0, "attack", device=DEVICE)
    images = torch.rand(IMAGES, 784, generator=generator(0, "images")).to(DEVICE)
    labels = torch.randint(10, (IMAGES,), generator=generator(0, "labels")).to(DEVICE)

    def together():
        attack(predict, images, labels, g)

    def alone():
        for i in range(SINGLE):
            attack(predict, images[i : i + 1], labels[i : i + 1], g)

    ratio, batch, few = paired(together, alone, repeats=arguments.repeats)
    scale = IMAGES / SINGLE
    detail = (
        f"{batch / ITERATIONS * 1e3:.1f} ms an iteration of {IMAGES} images, one at a time "
        f"{scale * few / ITERATIONS * 1e3:.0f} ms, from {SINGLE} images"
    )
    return report(TARGET, scale * ratio, detail, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
