"""An epoch of batches from ``ibutils.data`` against torchvision's MNIST with a DataLoader.

Both yield shuffled batches of 100 flat images in [-1, 1] with their labels. Target: at least 5
times faster, without worker processes and with two.
"""

import torch
import torchvision
from common import Target, options, paired, report, skip
from torch.utils.data import DataLoader

from ibutils import data
from ibutils.data.published import data_root

BATCH = 100


def main():
    """Time an epoch of both and report."""
    arguments = options(__doc__, repeats=3)
    try:
        train = data.load("mnist", split="train")
    except FileNotFoundError as error:
        skip(str(error))
    inputs, labels = train.flat(), train.labels
    theirs = torchvision.datasets.MNIST(
        str(data_root()), train=True, transform=torchvision.transforms.ToTensor()
    )

    def own_epoch():
        for index in torch.randperm(len(inputs)).split(BATCH):
            inputs[index], labels[index]

    status = 0
    for workers in (0, 2):
        loader = DataLoader(theirs, batch_size=BATCH, shuffle=True, num_workers=workers)

        def their_epoch(loader=loader):
            for images, _labels in loader:
                images.flatten(1) * 2 - 1

        ratio, own, their = paired(own_epoch, their_epoch, repeats=arguments.repeats)
        target = Target(f"data_batches_{workers}_workers", 5.0, at_most=False)
        detail = f"{own:.2f} s an epoch, DataLoader {their:.2f} s"
        status |= report(target, ratio, detail, arguments)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
