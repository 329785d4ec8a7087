"""A bar is shown where tqdm is, and nothing changes where it is not."""

import sys

import pytest

from ibutils.progress import track


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize("show", [True, False])
def test_iterates_and_shows_what_it_can(capsys, monkeypatch, installed, show):
    if not installed:
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    bar = track(range(2, 5), unit="epoch", show=show, total=5, initial=2)
    found = []
    for epoch in bar:
        found.append(epoch)
        bar.set_postfix(loss=0.25)
    assert found == [2, 3, 4]
    shown = capsys.readouterr().err
    assert ("5/5" in shown and "loss=0.25" in shown) == (installed and show)
    assert installed or not shown


@pytest.mark.parametrize("installed", [True, False])
def test_counts_without_an_iterable(capsys, monkeypatch, installed):
    if not installed:
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    bar = track(unit="step", show=True, total=3)
    for _ in range(3):
        bar.update()
    bar.close()
    assert ("3/3" in capsys.readouterr().err) == installed
