"""Files: written whole or not at all, read field by field, hashed; and nobody else opens any."""

from __future__ import annotations

import ast
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest

from sdd_bench import files
from sdd_bench.errors import InputError, SDDBenchError
from support.paths import ROOT


def test_sha256_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    assert files.sha256(path) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


# --- writing ----------------------------------------------------------------------------------


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write(path, b"old")
    files.write(path, b"new")
    assert files.read(path) == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_json_is_for_people_and_knows_no_nan(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    files.write_json(path, {"b": "é", "a": [1]})
    assert path.read_text(encoding="utf-8") == '{\n  "b": "é",\n  "a": [\n    1\n  ]\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, float("nan"))
    assert files.read(path) is not None


def test_text_is_added_to_what_others_wrote(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("theirs\n")
    files.append(path, "é\n", "--summary")
    assert path.read_bytes() == b"theirs\n\xc3\xa9\n"
    with pytest.raises(InputError, match="Is a directory; give another folder with --summary"):
        files.append(tmp_path, "é", "--summary")


# --- reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "read",
    [
        files.read,
        files.read_text,
        lambda path: files.read_json(path, dict[str, str]),
        lambda path: files.read_toml(path, dict[str, str]),
        lambda path: files.read_csv(path, dict[str, str]),
        files.read_parquet,
        files.parquet_columns,
    ],
)
def test_what_is_not_there_is_none(tmp_path: Path, read: Callable[[Path], object]) -> None:
    assert read(tmp_path / "nothing") is None


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SDDBenchError) as caught:
        files.read(tmp_path)
    assert str(caught.value) == f"cannot read {tmp_path}: Is a directory"


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_has_no_end_is_not_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "endless"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(SDDBenchError) as caught:
        files.read(path)
    assert str(caught.value) == f"cannot read {path}: it is a pipe or a device, not a file"


def test_files_are_found_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.csv", "below/a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [path.relative_to(tmp_path).as_posix() for path in files.find(tmp_path, "*.txt")]
    assert names == ["a.txt", "b.txt"]
    assert len(files.find(tmp_path, "**/*.txt")) == 3
    assert files.find(tmp_path / "nowhere", "*") == []


def test_a_table_comes_back_and_its_columns_without_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    files.write_parquet(path, pd.DataFrame({"b": [1.5], "a": ["x"]}, index=[7]))
    found = files.read_parquet(path)
    assert found is not None
    assert found.to_dict("records") == [{"b": 1.5, "a": "x"}]
    assert files.parquet_columns(path) == ["b", "a"]
    # The columns stand at the end: without the rows before them there is still something to read.
    path.write_bytes(path.read_bytes()[:-1])
    for read in (files.read_parquet, files.parquet_columns):
        with pytest.raises(files.ContentError, match="not Parquet: "):
            read(path)


# --- fields -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    steps: int
    scale: float = 7.5
    kind: Literal["mean", "rate"] = "mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    name: str
    inner: Inner = Inner(steps=25)
    words: tuple[str, ...] = ()
    note: str | None = None
    free: Mapping[str, object] = field(default_factory=dict)


def test_json_becomes_what_is_asked_for() -> None:
    text = """{
        "name": "é", "inner": {"steps": 2, "scale": 7}, "words": ["a", "b"], "note": null,
        "free": {"x": [1, 2.5, {"y": null}]}
    }"""
    found = files.parse_json(text.encode(), Outer)
    assert found == Outer(
        name="é",
        inner=Inner(steps=2, scale=7.0),
        words=("a", "b"),
        free={"x": [1, 2.5, {"y": None}]},
    )
    assert files.parse_json(b'{"name": "n"}', Outer) == Outer(name="n")
    # As Windows' editors write it.
    assert files.parse_json(b'\xef\xbb\xbf{"name": "n"}', Outer) == Outer(name="n")


FAULTS = [
    ('{"name": "n", "inner": {"steps": "25"}}', 'inner.steps should be a valid integer, not "25"'),
    ('{"name": "n", "inner": {"steps": 25.0}}', "inner.steps should be a valid integer, not 25.0"),
    ('{"name": "n", "inner": {"steps": true}}', "inner.steps should be a valid integer, not true"),
    ('{"name": "n", "inner": {"steps": null}}', "inner.steps should be a valid integer, not null"),
    ('{"name": "n", "inner": {}}', "inner.steps is missing"),
    ('{"name": "n", "inner": [25]}', "inner should be an object, not [25]"),
    (
        '{"name": "n", "inner": {"steps": 1, "scale": "7"}}',
        'inner.scale should be a valid number, not "7"',
    ),
    (
        '{"name": "n", "inner": {"steps": 1, "kind": "sum"}}',
        """inner.kind should be 'mean' or 'rate', not "sum\"""",
    ),
    ('{"name": "n", "inner": {"steps": 1, "stpes": 2}}', "inner.stpes is unknown"),
    ('{"name": 3}', "name should be a valid string, not 3"),
    ('{"name": "n", "words": "abc"}', 'words should be a valid array, not "abc"'),
    ('{"name": "n", "words": ["a", 1]}', "words.1 should be a valid string, not 1"),
    ('{"name": "n", "note": 3}', "note should be a valid string, not 3"),
    ("{}", "name is missing"),
    ("[1]", "the content should be an object, not [1]"),
    ('{"nam": "n"}', "name is missing; nam is unknown"),
    (
        '{"a": 1, "b": 2, "c": 3, "d": 4}',
        "name is missing; a is unknown; b is unknown; and 2 more",
    ),
    (f'{{"name": {[0] * 99}}}', f"name should be a valid string, not [{'0, ' * 19}0,"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS)
def test_a_fault_names_the_field_what_was_given_and_what_is_expected(
    text: str, message: str
) -> None:
    with pytest.raises(files.ContentError) as caught:
        files.parse_json(text.encode(), Outer)
    assert str(caught.value).strip() == message
    with pytest.raises(files.ContentError) as caught:
        files.checked(json.loads(text), Outer)
    assert str(caught.value).strip() == message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "EOF while parsing a value at line 1 column 0"),
        (b'{\n"name": }', "expected value at line 2 column 9"),
        (b'{"name": "\xff"}', "invalid unicode code point at line 1"),
    ],
)
def test_what_is_no_json_says_where(data: bytes, message: str) -> None:
    with pytest.raises(files.ContentError, match=f"^not JSON: {message}"):
        files.parse_json(data, Outer)


def test_what_is_no_number_is_read_as_python_reads_it() -> None:
    text = '{"name": "n", "inner": {"steps": 1, "scale": NaN}, "free": {"x": -Infinity}}'
    found = files.parse_json(text.encode(), Outer)
    assert math.isnan(found.inner.scale)
    assert math.isnan(json.loads(text)["inner"]["scale"])
    assert found.free == json.loads(text)["free"] == {"x": -math.inf}


def test_unknown_fields_may_be_left_out() -> None:
    text = b'{"name": "n", "inner": {"steps": 1, "new": 2}, "newer": 3}'
    assert files.parse_json(text, Outer, extra="ignore") == Outer(name="n", inner=Inner(steps=1))


def test_toml_is_read_as_json_is() -> None:
    text = 'name = "n"\nwords = ["a"]\n[inner]\nsteps = 1\nscale = 7\n'
    assert files.parse_toml(text, Outer) == Outer(
        name="n", inner=Inner(steps=1, scale=7.0), words=("a",)
    )
    for old, new, message in (
        ("steps = 1", 'steps = "1"', r'^inner\.steps should be a valid integer, not "1"$'),
        ("steps = 1", "steps = 2026-11-26", r'^inner\.steps should be .*, not "2026-11-26"$'),
        ("steps = 1", "steps =", r"^not TOML: Invalid value \(at line 4, column 8\)$"),
        ("[inner]", "[other]", r"^other is unknown$"),
    ):
        with pytest.raises(files.ContentError, match=message):
            files.parse_toml(text.replace(old, new), Outer)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=" + "[" * 100_000, "maximum recursion depth exceeded"),
        (f"[{'.'.join('a' * 100_000)}]", "maximum recursion depth exceeded"),
        (f"a={'9' * 5000}", "Exceeds the limit .* value has 5000 digits$"),
    ],
)
def test_toml_that_is_absurd_is_not_toml(text: str, message: str) -> None:
    with pytest.raises(files.ContentError, match=f"^not TOML: {message}"):
        files.parse_toml(text, dict[str, object])


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, f"{'[' * 999}{']' * 999}"])
def test_json_that_is_nested_too_deep_is_not_json(text: str) -> None:
    with pytest.raises(files.ContentError, match=r"^not JSON: recursion limit exceeded"):
        files.parse_json(text.encode(), dict[str, object])


@pytest.mark.parametrize(
    ("text", "message"),
    [('steps\n"1', "not CSV: unexpected end"), ("9" * 200_000, "not CSV: field larger")],
)
def test_a_table_that_is_cut_or_absurd_is_not_csv(text: str, message: str) -> None:
    with pytest.raises(files.ContentError, match=message):
        files.parse_csv(text, Inner)


def test_a_row_of_csv_is_an_object_and_an_empty_cell_is_not_there() -> None:
    found = files.parse_csv("steps,more,scale\r\n1,x,\r\n2,,8.5\r\n", Inner)
    assert found == [Inner(steps=1), Inner(steps=2, scale=8.5)]
    with pytest.raises(files.ContentError) as caught:
        files.parse_csv('more,steps\n"two\nlines",1\n,many\n', Inner)
    # The second row stands behind a cell of two lines.
    assert str(caught.value) == 'line 4: steps should be a valid integer, not "many"'


def test_what_is_no_utf8_says_where(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b'name = "\xe9"')
    with pytest.raises(files.ContentError, match=r"^not UTF-8 text \(byte 8\)$"):
        files.read_toml(path, Outer)


def test_a_file_of_the_package_is_named_where_it_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "shipped.toml"
    with pytest.raises(SDDBenchError, match=r"shipped\.toml is missing: reinstall sdd-bench$"):
        files.read_shipped(path, Outer)
    path.write_text("name = 3")
    with pytest.raises(InputError, match=r"shipped\.toml cannot be used: name should be a valid"):
        files.read_shipped(path, Outer)


# --- nobody else opens files --------------------------------------------------------------------

OPENS = {
    "glob", "iterdir", "load_file", "open", "read_bytes", "read_csv", "read_parquet", "read_schema",
    "read_table", "read_text", "rglob", "safe_open", "save_file", "to_parquet", "write_bytes",
    "write_text",
}  # fmt: skip
"""Functions and methods that open a file or list a folder, whoever's they are."""

LOADS = {"json.dump", "json.load", "np.load", "np.save", "pickle.load", "torch.load", "torch.save"}

OWN = ("files", "Run", "cls")
"""What is asked of these goes through `files`."""

EXCEPTIONS = {
    "cli/main": {"os.open"},  # the null device, for whoever closed our output
    "papers/published": {"_shipped().iterdir"},  # what is installed, wherever that is
    "runs/faults": {"Image.open"},  # Pillow takes a path, and reads no more than it has to
    "runs/images": {"Image.open"},
    "runs/importer": {"Image.open"},
    "scoring/references": {"Image.open", "load_file", "safe_open"},  # of arrays, without torch
    "suites/readers": {"pd.read_csv"},  # of a text that has been read
    "training/checkpoints": {"load_file", "safe_open", "torch.load"},  # the one place for tensors
    "training/states": {"torch.save"},  # into memory
    "weights/downloads": {"target.open"},  # goes on at the end of what has arrived
    "weights/pypi": {"tarfile.open", "target.open", "wheel.open"},  # archives, copied in blocks
}
"""What modules of the core may open by themselves."""


def opened(source: str) -> set[str]:
    """The calls in a module's source that open files past `files`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {getattr(node, "module", ""), *(alias.name for alias in node.names)}
            found |= names & {"tomllib", "tomli"}
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        owner, _, name = called.rpartition(".")
        if owner not in OWN and (name in OPENS or called in LOADS):
            found.add(called)
    return found


def modules() -> Iterator[tuple[str, str]]:
    """Name and source of every module of the core but this one; the miniature is built apart."""
    root = ROOT / "sdd_bench"
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).with_suffix("").as_posix()
        if name != "files" and not name.startswith("miniature/"):
            yield name, path.read_text(encoding="utf-8")


def test_nobody_else_opens_files() -> None:
    found = {name: calls for name, source in modules() if (calls := opened(source))}
    assert found == EXCEPTIONS


@pytest.mark.parametrize(
    "line",
    [
        "open('x')",
        "Path('x').read_text()",
        "(folder / 'x').open('wb')",
        "path.write_bytes(data)",
        "sorted(folder.glob('*'))",
        "json.load(file)",
        "pd.read_csv('x')",
        "frame.to_parquet('x')",
        "with safe_open(path, 'pt') as file:\n    pass",
        "def f():\n    torch.load(path)",
        "import tomllib",
        "if old:\n    import tomli as tomllib",
        "from tomllib import loads",
    ],
)
def test_a_file_opened_elsewhere_would_be_found(line: str) -> None:
    assert len(opened(line)) == 1


@pytest.mark.parametrize(
    "line", ["files.read_text(path)", "Run.open(folder)", "json.loads(text)", "weights.load(x)"]
)
def test_what_goes_through_files_is_not_reported(line: str) -> None:
    assert opened(line) == set()
