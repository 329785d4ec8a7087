"""The environment is made whole, or made again."""

import subprocess
import venv

import pytest

from reproduce import environment


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Return a project whose installation is only noted down."""
    for name in environment.REQUIREMENTS:
        (tmp_path / name).write_text("")
    run, root = subprocess.run, tmp_path.resolve()

    def without_installing(command, **options):
        if "install" in command:
            return subprocess.CompletedProcess(command, 0)
        return run(command, **options)

    monkeypatch.setattr(environment, "ROOT", root)
    monkeypatch.setattr(subprocess, "run", without_installing)
    return root


def test_an_environment_without_pip_is_made_again(root, monkeypatch):
    own, made = root / ".venv", []
    venv.create(own)
    monkeypatch.setattr(environment, "make", made.append)
    environment.prepare(own)
    assert made == [own] and (own / ".ibutils-installed").exists()


def test_a_half_made_environment_is_removed(root, monkeypatch):
    own = root / ".venv"

    def without_ensurepip(path, **options):
        path.mkdir()
        raise subprocess.CalledProcessError(1, "ensurepip")

    monkeypatch.setattr(venv, "create", without_ensurepip)
    with pytest.raises(subprocess.CalledProcessError):
        environment.prepare(own)
    assert not own.exists()


def test_an_active_environment_is_left_as_it_is(root, monkeypatch):
    active = root / "conda"
    venv.create(active)
    monkeypatch.setattr(environment, "SUITS", "import sys; sys.exit(1)")
    with pytest.raises(SystemExit, match=r"conda needs Python 3.11 to 3.13: activate another"):
        environment.prepare(active)
    assert (active / "bin" / "python").exists()
