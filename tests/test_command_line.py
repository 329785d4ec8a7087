"""The command line says what the function says, and in one line what is wrong."""

import csv
import subprocess
import sys

import numpy as np
import pytest
import torch

import ibutils
from ibutils import command_line, estimate_mi
from ibutils.command_line import main, read_columns

N = 300
ESTIMATE = ("--x", "height", "weight", "--y", "class")


@pytest.fixture(scope="module")
def columns():
    random = np.random.default_rng(0)
    label = random.integers(0, 2, N)
    return {
        "height": (label + random.normal(size=N)).tolist(),
        "weight": random.normal(size=N).tolist(),
        "class": [("short, or not", "tall")[one] for one in label],
        "level": (label + random.integers(0, 3, N)).tolist(),
    }


@pytest.fixture
def table(tmp_path, columns):
    """Return the path of a function that writes a table, with some lines replaced."""

    def write(**changed):
        path = tmp_path / "table.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(columns)
            rows = [list(row) for row in zip(*columns.values(), strict=True)]
            for place, text in changed.items():
                row, name = place.split("_")
                rows[int(row[1:])][list(columns).index(name)] = text
            writer.writerows(rows)
        return path

    return write


def ended(capsys, *arguments):
    """Return the exit code of a wrong command line, and what it said."""
    with pytest.raises(SystemExit) as error:
        main(list(map(str, arguments)))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1, said.err
    return error.value.code, said.err


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ((), {}),
        (("--z", "level"), {"z": "level"}),
        (("--k", "5", "--method", "neighbours"), {"k": 5, "method": "neighbours"}),
        (
            ("--x-kind", "discrete", "--method", "plug_in"),
            {"x_kind": "discrete", "method": "plug_in"},
        ),
    ],
)
def test_the_function_says_the_same(capsys, table, columns, options, same):
    arguments = ["estimate", str(table()), *ESTIMATE, *options]
    if "z" in same:
        same = same | {"z": columns[same["z"]]}
    x = np.column_stack([columns["height"], columns["weight"]])
    generator = torch.Generator().manual_seed(0)
    found = estimate_mi(x, columns["class"], generator=generator, **same)
    for unit, estimate in (((), found), (("--bits",), found.to_bits())):
        main([*arguments, *unit])
        expected = estimate.summary().replace("z_kind='continuous'", "--z-kind continuous")
        assert capsys.readouterr().out == expected + "\n"


def test_columns_may_be_named_one_by_one(capsys, table):
    def said(*columns):
        main(["estimate", str(table()), *columns, "--y", "class"])
        return capsys.readouterr().out

    together = said("--x", "height", "weight")
    assert said("--x", "height", "--x", "weight") == together != said("--x", "weight")


def test_the_seed_decides_about_what_is_random(capsys, table):
    def said(*options):
        main(["estimate", str(table()), *ESTIMATE, *options])
        return capsys.readouterr().out

    assert said() == said("--seed", "0") != said("--seed", "1")


def test_numbers_text_and_integers_are_told_apart(table, columns):
    found = read_columns(table(), list(columns))
    assert found == columns
    assert {type(values[0]) for values in found.values()} == {float, int, str}


def test_one_text_makes_labels_of_a_column_and_is_told(capsys, table):
    found = read_columns(table(r4_level="?", r9_level="1_0"), ["level"])["level"]
    assert (found[4], found[9]) == ("?", "1_0") and set(map(type, found)) == {str}
    assert "Column 'level' is read as labels: '?' in line 6 is no number." in (
        capsys.readouterr().err
    )


def test_codes_with_leading_zeros_are_labels(capsys, table):
    """``7`` and ``007`` are two products."""
    changed = {f"r{i}_level": ("7", "007")[i % 2] for i in range(300)}
    found = read_columns(table(**changed), ["level", "height"])
    assert set(found["level"]) == {"7", "007"} and isinstance(found["height"][0], float)
    assert "'007' in line 3 begins with a zero" in capsys.readouterr().err


@pytest.mark.parametrize("error", [MemoryError("no room"), RuntimeError("can't allocate memory")])
def test_memory_that_is_short_is_said_in_one_line(capsys, monkeypatch, table, error):
    def short(**options):
        raise error

    monkeypatch.setattr(command_line, "estimate_mi", short)
    code, said = ended(capsys, "estimate", table(), *ESTIMATE)
    assert code == 2 and f"{error}; columns of many labels" in said


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (dict(r0_weight=""), "'weight' has no value in 1 of 300 rows, in line 2;"),
        (
            dict(r3_class="NA", r7_class=" "),
            "'class' has no value in 2 of 300 rows, in line 5, 9;",
        ),
        ({f"r{i}_height": "nan" for i in range(7)}, "in line 2, 3, 4, 5, 6, ...;"),
        (dict(r0_class="None", r1_class="<NA>", r2_class="n.a."), "in line 2, 3, 4;"),
        (dict(r0_height="inf"), "'height' has 'inf' in line 2, which is no finite number;"),
        (dict(r5_height="-1e999"), "'height' has '-1e999' in line 7, which is no finite number;"),
    ],
)
def test_missing_values_are_named(capsys, table, changed, message):
    code, said = ended(capsys, "estimate", table(**changed), *ESTIMATE)
    assert code == 2 and message in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--x", "hieght", "--y", "class"), "no column 'hieght'; it has height, weight, class"),
        (("--x", "height"), "the following arguments are required: --y"),
        ((*ESTIMATE, "--method", "kgs"), "invalid choice: 'kgs'"),
        ((*ESTIMATE, "--k", "0"), "--k must be"),
        ((*ESTIMATE, "--k", "2.5"), "invalid int value: '2.5'"),
        ((*ESTIMATE, "--seed", "-1"), "--seed must be from 0 to"),
        ((*ESTIMATE, "--method", "binning", "--bins", "0"), "--bins must be"),
        ((*ESTIMATE, "--method", "plug_in"), "use --x-kind discrete to take its numbers"),
        ((*ESTIMATE, "--method", "smile", "--z", "level"), "--method must be "),
        ((*ESTIMATE, "--method", "smile", "--z", "level"), "with --z, got 'smile'"),
        ((*ESTIMATE, "--x-kind", "whole"), "invalid choice: 'whole'"),
        ((*ESTIMATE, "--y-kind", "continuous"), "no numbers: use --y-kind discrete"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(capsys, table, arguments, message):
    code, said = ended(capsys, "estimate", table(), *arguments)
    assert code == 2 and message in said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column 'height'; it has none"),
        (b"height,weight,height,class\n", "2 columns 'height'"),
        (b"height,weight,class\n1,2,a\n3,4\n", "line 3: 2 values, but 3 columns have names"),
        (b"height,weight,class\n", "has no rows below the names of its columns"),
        (b"height,weight,class\n1,2,a\n", "x must hold at least 2 samples"),
        (b"1.5,2,a\n2.5,3,b\n", "it has 1.5, 2, a; the first line must name the columns"),
        (b"height,weight,class\n1,2,\xff\n", "no text in UTF-8"),
        (b'height,weight,class\n1,2,a\n3,4,"b\n5,6,c\n', "unexpected end of data"),
        (b'height,weight,class\n1,2,"b\n5,6,"c\n', "expected after '\"'"),
        (b'height,weight,class\n"1,5",2,a\n"2,5",3,b\n', "numbers such as '1,5' in line 2"),
        (b"height,weight,class\n1,7 %,a\n2,8.5 %,b\n", "numbers such as '7 %' in line 2"),
        (
            b"height;weight;class\n1;2;a\n",
            "it has height;weight;class; separate columns by commas",
        ),
    ],
)
def test_broken_files_are_named(capsys, tmp_path, content, message):
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    code, said = ended(capsys, "estimate", path, *ESTIMATE)
    assert code == 2 and message in said


def test_a_file_that_is_not_there_is_named(capsys, tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        code, said = ended(capsys, "estimate", path, *ESTIMATE)
        assert code == 2 and str(path) in said


def test_spreadsheets_mark_their_text(tmp_path):
    """Some programs begin UTF-8 with a byte order mark, end lines in two characters, quote all."""
    path = tmp_path / "table.csv"
    path.write_bytes('"a"," b "\r\n"1"," 2.5"\r\n\r\n"3","4"\r\n'.encode("utf-8-sig"))
    assert read_columns(path, ["a", "b"]) == {"a": [1, 3], "b": [2.5, 4.0]}


def test_a_process_of_its_own(table):
    command = [sys.executable, "-m", "ibutils", "estimate", str(table()), *ESTIMATE]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0 and " nat" in ended.stdout, ended.stderr
    ended = subprocess.run([*command, "--z", "none"], capture_output=True, text=True)
    assert ended.returncode == 2 and ended.stdout == "" and ended.stderr.count("\n") == 1


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.split() == [ibutils.__version__]
