"""Published files: where they are kept, how they are downloaded, checked by size and MD5."""

import hashlib
import os
import socket
import tarfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ibutils.extras import extra
from ibutils.project import project_root

TIMEOUT = 30.0  # seconds without an answer until a download counts as failed
ADVICE = "remove it to download it again"


class File(NamedTuple):
    """A published file, with its size in bytes (None: not stated) and its MD5."""

    name: str
    size: int | None
    md5: str


def verify(path: Path, file: File) -> None:
    """Raise ``ValueError`` if the size or the MD5 of a file are not the published ones."""
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, _md5).hexdigest()
    _compare(path, path.stat().st_size, found, file)


def verified(path: Path, file: File) -> bytes:
    """Return the content of a file whose size and MD5 are the published ones."""
    content = path.read_bytes()
    _compare(path, len(content), _md5(content).hexdigest(), file)
    return content


def contents(
    root: Path, files: Sequence[File], archive: File, *, url: str, title: str
) -> list[bytes]:
    """Return the verified content of each file, out of its folder or of the tar archive.

    Args:
        root: Folder of data sets, against which all names are relative.
        files: What is wanted.
        archive: The published archive that holds the files under the same names.
        url: Where the archive is downloaded from when neither is there.
        title: What the data set is called in messages.

    Raises:
        ValueError: A file, or the archive, is cut short or is not the published one.
        FileNotFoundError: Neither is there, and the archive can't be downloaded.
    """
    paths = [root / file.name for file in files]
    packed = root / archive.name
    if all(path.exists() for path in paths):
        return [verified(path, file) for path, file in zip(paths, files, strict=True)]
    if not packed.exists():
        missing = next(path for path in paths if not path.exists())
        download(archive, root, url=url, title=title, missing=missing)
    verify(packed, archive)
    with tarfile.open(packed) as tar:
        members = [tar.extractfile(file.name) for file in files]
        return [member.read() for member in members if member is not None]


def download(file: File, root: Path, *, url: str, title: str, missing: Path) -> None:
    """Fetch one file into ``root``, or say what is missing and what to do."""
    with extra("data"):  # slow to import, and seldom needed
        from torchvision.datasets import utils

    fetch(
        lambda: utils.download_url(url, str(root), filename=file.name, md5=file.md5),
        title=title,
        missing=missing,
    )
    if not (root / file.name).exists():
        raise FileNotFoundError(f"{root / file.name} is missing after the download")


def fetch(action: Callable[[], object], *, title: str, missing: Path) -> None:
    """Run a download with a time limit; if it fails, say what is missing and what to do.

    Folders that torchvision makes before it downloads go again if it fails.
    """
    new = [folder for folder in missing.parents if not folder.exists()]
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        action()
    except (OSError, RuntimeError) as error:
        for folder in new:  # from the innermost
            with suppress(OSError):  # it holds something
                folder.rmdir()
        raise FileNotFoundError(
            f"{title} is not here: {missing} is missing and could not be downloaded ({error}). "
            "Put the files there, or name the folder that holds the data sets with root= or "
            "IBUTILS_DATA. "
            "The data set 'digits' needs neither files nor a network."
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def _compare(path: Path, size: int, md5: str, file: File) -> None:
    if file.size is not None and size < file.size:
        raise ValueError(f"{path} is cut short: {size} of {file.size} bytes; {ADVICE}")
    if md5 != file.md5:
        cut = "has changed" if file.size is not None else "is cut short or has changed"
        raise ValueError(f"{path} {cut}: expected md5 {file.md5}, found {md5}; {ADVICE}")


def _md5(content: bytes = b"") -> "hashlib._Hash":
    return hashlib.md5(content, usedforsecurity=False)


def data_root(root: str | Path | None = None) -> Path:
    """Return the folder of data sets.

    Without a name it is ``data`` of the project in a clone, and elsewhere ``~/.cache/ibutils``,
    which a download makes if need be. A folder that was named is never made.

    Args:
        root: The folder; by default what ``$IBUTILS_DATA`` names.

    Raises:
        FileNotFoundError: There is no such folder.
    """
    if named := root or os.environ.get("IBUTILS_DATA"):
        folder = Path(named).expanduser()
        if not folder.is_dir():
            raise FileNotFoundError(
                f"there is no folder {folder}, which {'root' if root else 'IBUTILS_DATA'} names; "
                "make it, or name another with root= or IBUTILS_DATA"
            )
        return folder
    try:
        return project_root() / "data"
    except ValueError:
        return Path.home() / ".cache" / "ibutils"
