"""Nobody but `files` opens any."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from support.paths import ROOT

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
    "cli/streams": {"os.open"},  # the null device, for whoever closed our output
    "diffusion/reading": {"method.read_text"},  # a method reads a prompt there, and no file
    "exports/diffusers_folder": {"load_file"},  # a model's own weights
    "papers/published": {"_shipped().iterdir"},  # what is installed, wherever that is
    "runs/claims": {  # folders of others, which change while they are looked at
        "(self.folder / self.token).open",
        "folder.iterdir",
        "self.folder.iterdir",
    },
    "runs/faults": {"Image.open"},  # Pillow takes a path, and reads no more than it has to
    "runs/images": {"Image.open"},
    "runs/pictures": {"Image.open"},  # of bytes that have been read
    "scoring/references": {"load_file", "safe_open"},  # of arrays, without torch
    "training/packed": {"safe_open"},  # the names of tensors, not the tensors
    "training/state_dicts": {"load_file", "path.open", "safe_open", "torch.load"},  # all others
    "training/states": {"torch.save"},  # into memory
    "weights/content": {"path.open", "safe_open"},  # the first bytes, and the table of contents
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
    """Name and source of the core's modules but those of `files`; the miniature is built apart."""
    root = ROOT / "sdd_bench"
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).with_suffix("").as_posix()
        if not name.startswith(("files/", "miniature/")):
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
