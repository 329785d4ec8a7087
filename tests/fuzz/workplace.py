"""A project of its own, in which calls that write runs leave the real one alone."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ibutils.project import project_root
from tests.synthetic import write_record

ROOT = Path(__file__).parents[2]


@contextmanager
def workplace() -> Iterator[Path]:
    """Work in a new folder with the pages and notebooks of the project and a made-up record."""
    before = {name: os.environ.get(name) for name in ("IBUTILS_ROOT", "IBUTILS_DATA")}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("pyproject.toml", "notebooks", "book"):
            (root / name).symlink_to(ROOT / name)
        write_record(root / "results", "laptop", seeds=2)
        os.environ |= {"IBUTILS_ROOT": folder, "IBUTILS_DATA": str(root / "data")}
        project_root.cache_clear()
        try:
            yield root
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            project_root.cache_clear()
