"""The check of the rendered pages finds what is broken and what loads from elsewhere."""

from pathlib import Path

import pytest

from reproduce import links


def site(folder: Path, body: str) -> list[str]:
    """Write two pages and return the problems of the first."""
    (folder / "sub").mkdir(exist_ok=True)
    (folder / "sub" / "other.html").write_text("<h1 id='top'>Other</h1>")
    (folder / "sub" / "a b.png").write_bytes(b"")
    (folder / "index.html").write_text(f"<p id='here'>{body}</p>")
    return list(links.problems(folder))


@pytest.mark.parametrize(
    "body",
    [
        '<a href="sub/other.html#top">x</a><a href="#here">x</a><a href="?q=1#here">x</a>',
        '<a href="https://example.org/gone#x">x</a><a href="mailto:a@example.org">x</a>',
        '<img src="sub/a%20b.png"><img src="data:image/png;base64,AA==">',
        '<link rel="canonical" href="https://example.org/">',
        '<script>const note = "https://example.org";</script>',
        "<code>fetch('https://example.org')</code>",
        "<svg><use href='#here'></use></svg>",
    ],
)
def test_a_sound_page_has_no_problems(tmp_path: Path, body: str) -> None:
    assert site(tmp_path, body) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<a href="sub/gone.html">x</a>', "missing file: sub/gone.html"),
        ('<a href="sub/other.html#gone">x</a>', "missing anchor: sub/other.html#gone"),
        ('<a href="#gone">x</a>', "missing anchor: #gone"),
        ('<img src="gone.png">', "missing file: gone.png"),
        ('<img srcset="gone.png 2x, sub/a%20b.png">', "missing file: gone.png"),
        ('<meta http-equiv="Refresh" content="0; url=gone.html">', "missing file: gone.html"),
        ('<script src="https://example.org/a.js"></script>', "another host: https://example.org"),
        ('<script src="//example.org/a.js"></script>', "another host: //example.org/a.js"),
        ('<link rel="stylesheet" href="https://example.org/a.css">', "another host"),
        ('<link rel="preload" as="font" href="https://example.org/a.woff">', "another host"),
        ('<img src="https://example.org/a.png">', "another host"),
        ('<iframe src="https://example.org"></iframe>', "another host"),
        ("<style>@import 'https://example.org/a.css';</style>", "another host"),
        ('<p style="background: url(https://example.org/a.png)">', "another host"),
        ('<script>import("https://example.org/a.js")</script>', "another host"),
        ('<script>tag.src = "https://example.org/a.js";</script>', "another host"),
        ('<script>fetch("https://example.org/data")</script>', "another host"),
    ],
)
def test_a_problem_is_found(tmp_path: Path, body: str, problem: str) -> None:
    (found,) = site(tmp_path, body)
    assert found.startswith("index.html ") and problem in found


def test_styles_and_scripts_of_their_own_are_searched(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@font-face { src: url('https://example.org/a.woff2'); }")
    (tmp_path / "a.js").write_text("new Worker('https://example.org/w.js')")
    found = site(tmp_path, "fine")
    assert [line.split()[0] for line in found] == ["a.css", "a.js"]


def test_an_empty_folder_is_no_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["links", str(tmp_path)])
    with pytest.raises(SystemExit, match="no pages"):
        links.main()
