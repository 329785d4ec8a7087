"""A file that holds a training between two epochs: whole, or seen to be damaged."""

import hashlib
import io
import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint

DIGEST = 64  # characters of the SHA-256 that a checkpoint starts with


class CheckpointWarning(UserWarning):
    """A checkpoint cannot be used: it is set aside, and training starts anew."""


def write(path: Path, state: dict[str, Any]) -> None:
    """Write a state whole or not at all, behind its SHA-256.

    Raises:
        TypeError: The state holds what ``read`` would not read, such as a number of numpy.
        OSError: There is no room, or no permission; the message names the path.
    """
    buffer = _saved(state)
    if _unreadable(buffer):
        parts = {name: _unreadable(_saved(part)) for name, part in state.items()}
        found = " and ".join(f"{types} in {name}" for name, types in parts.items() if types)
        raise TypeError(
            f"the checkpoint {path} must hold tensors and plain values of Python, which alone "
            f"are read again, got {found}"
        )
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(hashlib.sha256(buffer.getbuffer()).hexdigest().encode())
            file.write(buffer.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = f"cannot write the checkpoint: {error.strerror}"
        raise OSError(error.errno, reason, str(path)) from error


def read(path: Path) -> dict[str, Any]:
    """Return the state that a checkpoint holds.

    Raises:
        ValueError: The file is not what ``write`` left.
    """
    content = memoryview(path.read_bytes())
    digest, payload = content[:DIGEST], content[DIGEST:]
    if bytes(digest) != hashlib.sha256(payload).hexdigest().encode():
        raise ValueError(f"the checkpoint {path} is damaged")
    try:
        return torch.load(io.BytesIO(payload), weights_only=True, map_location="cpu")
    except pickle.UnpicklingError as error:
        raise ValueError(f"the checkpoint {path} holds more than tensors and numbers") from error


def resume(path: Path, *, given: str) -> dict[str, Any] | None:
    """Return the state of an earlier run, or ``None`` where training must start.

    What killed processes left beside the file is removed. A checkpoint that is damaged, or that
    was written for other data or seeds, gets the ending ``.bad``.

    Args:
        path: Of the checkpoint, which need not be there.
        given: The ``fingerprint`` of what is trained on.

    Warns:
        CheckpointWarning: The checkpoint was set aside.
    """
    for part in path.parent.glob(f"{path.name}.*.part"):
        if not _runs(part.name.split(".")[-2]):
            part.unlink(missing_ok=True)
    if not path.exists():
        return None
    try:
        state = read(path)
        if state["given"] == given:
            return state
        reason = f"the checkpoint {path} is of other inputs, labels, seeds, callbacks or device"
    except ValueError as error:
        reason = str(error)
    aside = path.replace(path.with_name(f"{path.name}.bad"))
    warnings.warn(
        f"{reason}: it is now {aside}, and training starts anew", CheckpointWarning, stacklevel=3
    )
    return None


def fingerprint(*values: Tensor | list[Any]) -> str:
    """Return the SHA-256 of tensors and lists, their shapes and types included."""
    digest = hashlib.sha256()
    for value in values:
        if isinstance(value, Tensor):
            digest.update(f"{value.dtype} {tuple(value.shape)}".encode())
            plain = value.detach().cpu().contiguous().flatten().view(torch.uint8)
            digest.update(plain.numpy().data)
        else:
            digest.update(repr(value).encode())
    return digest.hexdigest()


def _saved(state: Any) -> io.BytesIO:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer


def _unreadable(buffer: io.BytesIO) -> list[str]:
    """Return the names of what is saved there and not loaded as weights only."""
    buffer.seek(0)
    return sorted(get_unsafe_globals_in_checkpoint(buffer))


def _runs(pid: str) -> bool:
    """Say whether a process of this number runs on this machine."""
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
