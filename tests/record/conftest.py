"""A project of its own for each test that writes runs."""

import shutil

import pytest
from copies import ROOT, copy_project

from ibutils.project import project_root
from reproduce.record import identity


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a project with our notebooks and no record; the code is that of the real one."""
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    yield from at(tmp_path, monkeypatch)


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """Return a copy of the project whose code the hash is made from."""
    root = copy_project(tmp_path)
    monkeypatch.setattr(identity, "__file__", str(root / "reproduce/record/any.py"))
    yield from at(root, monkeypatch)


def at(root, monkeypatch):
    """Yield a folder as the root of the project."""
    monkeypatch.setenv("IBUTILS_ROOT", str(root))
    project_root.cache_clear()
    yield root
    project_root.cache_clear()
