"""Data sets of many JPEG files, in a folder or still in their zip archive."""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ibutils.data.published import File, verify
from ibutils.extras import extra

Reader = Callable[[str], bytes]


@contextmanager
def opened(folder: Path, archive: Path, published: File) -> Iterator[Reader]:
    """Yield a function that returns the content of a file by its name.

    Names are relative to the parent of ``folder``; the archive, when it is there, is preferred,
    since its MD5 covers every picture.

    Raises:
        ValueError: The archive is cut short or is not the published one.
    """
    if archive.exists():
        verify(archive, published)
        with zipfile.ZipFile(archive) as packed:
            yield packed.read
    else:
        yield lambda name: (folder.parent / name).read_bytes()


def decode(read: Reader, names: Sequence[str], *, side: int) -> np.ndarray:
    """Return pictures as red, green and blue bytes, ``[n, 3, side, side]``.

    A picture of another size is cut to the largest centred square and scaled bilinearly.

    Raises:
        FileNotFoundError: A picture is missing.
        ValueError: A picture is cut short or is none.
    """
    with extra("data"):
        from PIL import Image, ImageOps

    pixels = np.empty((len(names), 3, side, side), np.uint8)
    for i, name in enumerate(names):
        try:
            with Image.open(io.BytesIO(read(name))) as picture:
                found = picture.convert("RGB")
        except (FileNotFoundError, KeyError) as error:
            raise FileNotFoundError(f"the picture {name} is missing") from error
        except (OSError, SyntaxError) as error:  # what Pillow raises for broken files
            raise ValueError(f"the picture {name} is cut short or broken: {error}") from error
        if found.size != (side, side):
            found = ImageOps.fit(found, (side, side), Image.Resampling.BILINEAR)
        pixels[i] = np.asarray(found).transpose(2, 0, 1)
    return pixels
