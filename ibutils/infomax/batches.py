"""What all models around an encoder ask of a batch; no value is read."""

from torch import Tensor

from ibutils import checks


def check_inputs(encoder: object, inputs: Tensor, *, least: int = 1, name: str = "inputs") -> None:
    """Raise unless inputs are images ``[n, channels, h, w]`` that an encoder takes.

    Args:
        encoder: Says by ``image`` what shape it takes; without, any will do.
        inputs: Images.
        least: How many there must be: batch statistics and negatives need 2.
        name: Of the argument.
    """
    checks.tensor(name, inputs, ndim=4)
    image = tuple(getattr(encoder, "image", inputs.shape[1:]))
    if tuple(inputs.shape[1:]) != image:
        raise ValueError(f"{name} must be images {image}, got shape {tuple(inputs.shape)}")
    check_images(name, inputs, least=least)


def check_images(name: str, values: Tensor, *, least: int = 2) -> None:
    """Raise for a batch of too few images, by default one without negatives."""
    if len(values) < least:
        raise ValueError(f"{name} must be of {least} images at least, got n={len(values)}")


def check_noise(noise: Tensor, n: int, columns: int) -> None:
    """Raise unless noise is what ``draw_noise`` returns for n images."""
    checks.tensor("noise", noise, ndim=2)
    if noise.shape != (n, columns):
        raise ValueError(
            f"noise must be what draw_noise({n}) returns, {(n, columns)}, got shape "
            f"{tuple(noise.shape)}"
        )


def check_channels(channels: float) -> None:
    """Raise unless a factor on the widths of a network leaves one that fits in memory."""
    checks.number("channels", channels, above=0, most=100)
