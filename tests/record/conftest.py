"""A project of its own for each test that writes runs."""

import pytest
from copies import copy_project

from reproduce.record import identity, provenance


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a copy of the project that records, and the hash of the code, refer to."""
    root = copy_project(tmp_path)
    monkeypatch.setenv("IBUTILS_ROOT", str(root))
    for module in (identity, provenance):
        monkeypatch.setattr(module, "__file__", str(root / "reproduce/record/any.py"))
    provenance.project_root.cache_clear()
    yield root
    provenance.project_root.cache_clear()
