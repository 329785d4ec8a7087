"""Files that are whole or not there: written aside, made durable, then renamed; and locks.

A run has several files, and ``run.json`` names what each of them holds. So new contents are staged
beside the old ones, ``run.json`` is replaced, which is the moment at which they count, and then
they take their places. Readers find what ``run.json`` names in either place.
"""

import fcntl
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

STAGED = ".next."  # before the name of a file whose turn comes with run.json


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole and durably, or leave it as it was.

    Raises:
        OSError: The folder cannot be written or the disk is full; says what was kept.
    """
    part = path.with_name(f".{os.getpid()}.{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        _sync(path.parent)
    except OSError as error:
        kept = "the earlier file is kept" if path.exists() else "nothing was written"
        raise OSError(error.errno, f"{error.strerror}; {kept}", str(path)) from error
    finally:
        with suppress(OSError):  # a folder that cannot be written holds no part either
            part.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_together(folder: Path, contents: Mapping[str, bytes], last: tuple[str, bytes]) -> None:
    """Write files of a folder so that all of them count once ``last`` is written, or none does.

    Raises:
        OSError: As ``write_atomically``.
    """
    try:
        for name, content in contents.items():
            write_atomically(folder / f"{STAGED}{name}", content)
        write_atomically(folder / last[0], last[1])
    except OSError:
        for name in contents:
            (folder / f"{STAGED}{name}").unlink(missing_ok=True)
        raise
    for name in contents:
        os.replace(folder / f"{STAGED}{name}", folder / name)
    _sync(folder)


class Lock:
    """A lock between processes, which the kernel releases when its holder ends or is killed.

    It is a lock of ``flock`` on a file. On a network file system it holds between machines only
    where that supports it, as NFS does with its lock manager.

    Args:
        path: The file, which exists while somebody holds the lock, and after a kill.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def take(self) -> bool:
        """Take the lock if nobody else holds it, and say whether it was taken.

        Raises:
            PermissionError: Its folder may not be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except PermissionError as error:
            raise PermissionError(
                f"what is trained is written to {self.path.parent}, which may not be written: run"
                " in a clone of your own"
            ) from error
        while True:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return False
            if self._is(handle):
                self._handle = handle
                os.truncate(handle, 0)
                os.write(handle, f"process {os.getpid()} on {socket.gethostname()}".encode())
                return True
            os.close(handle)  # the holder removed the file after we had opened it

    def _is(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), os.stat(self.path))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Let others take the lock."""
        if self._handle is not None:
            self.path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None

    def held(self) -> bool:
        """Say whether somebody holds the lock, and leave it as it is."""
        try:
            handle = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def holder(self) -> str:
        """Return which process holds the lock, or held it last."""
        with suppress(OSError):
            return self.path.read_text() or "a process that starts"
        return "a process that has just ended"
