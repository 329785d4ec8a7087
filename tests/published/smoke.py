"""What somebody does with ``ibutils`` and its requirements alone, anywhere.

Run by ``tests.published`` in a fresh environment. It says what it did, or ends in an error.
"""

import importlib
import pkgutil
import sys
from importlib.util import find_spec

import torch

import ibutils

OPTIONAL = ("PIL", "matplotlib", "pandas", "seaborn", "sklearn", "torchvision", "tqdm", "yaml")


def main() -> None:
    """Estimate, bound, train and import everything."""
    if present := [name for name in OPTIONAL if find_spec(name)]:
        sys.exit(f"this environment has more than the requirements: {present}")
    estimate()
    train()
    modules = {found.name for found in pkgutil.walk_packages(ibutils.__path__, "ibutils.")}
    modules.remove("ibutils.__main__")  # a program
    try:
        ibutils.data.load("digits", split="train")
    except ImportError as error:
        print(error)
    print("need an extra:", *sorted(name for name in modules if not imports(name)))


def estimate() -> None:
    """Estimate the information of two correlated samples."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(500, 1, generator=generator)
    y = x + torch.randn(500, 1, generator=generator)
    print(ibutils.estimate_mi(x[:, 0].tolist(), y[:, 0].tolist(), generator=generator).summary())
    print(f"ksg {ibutils.estimators.ksg(x, y):.2f}")
    print(f"info_nce {ibutils.bounds.info_nce(x @ y.T):.2f}")


def train() -> None:
    """Differentiate the loss of Deep VIB."""
    encoder = ibutils.vib.StochasticEncoder(torch.nn.Linear(4, 6), bottleneck=3)
    code = encoder(torch.rand(8, 4))
    logits = torch.nn.Linear(3, 2)(code.sample(torch.randn(8, 3)))
    loss = ibutils.vib.vib_loss(logits, torch.arange(8) % 2, code.rate(), beta=1e-3)
    loss.backward()
    weights = list(encoder.parameters())
    if not all(weight.grad is not None and weight.grad.isfinite().all() for weight in weights):
        sys.exit("the gradient of the loss is not finite")
    print(f"vib_loss {loss:.2f}")


def imports(name: str) -> bool:
    """Say whether a module can be imported; if not, it must say what to install."""
    try:
        importlib.import_module(name)
    except ImportError as error:
        if 'pip install "ibutils[' not in str(error):
            raise
        return False
    return True


if __name__ == "__main__":
    main()
