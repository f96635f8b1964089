"""What is installed: the wheel, built from the source distribution as a release would be."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterable
from email.parser import Parser
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.paths import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLACES = {
    "sdd_bench": "sdd_bench",
    "methods": "sdd_bench/methods",
    "metrics": "sdd_bench/metrics",
    "prompts": "sdd_bench/prompts",
    "results/published": "sdd_bench/published",
}
"""Folders of the checkout, and where their files are installed."""

LIMIT = 16_000_000
"""Bytes. The miniature's weights are most of it; nobody waits for more than that."""

LEFT_BEHIND = (".venv", ".git", "__pycache__", ".*_cache", ".cache", "*.egg-info", "*.pyc", "*.tmp",
               "build", "dist")  # fmt: skip

pytestmark = pytest.mark.xdist_group("packaging")  # one worker builds, for all of them


def execute(*command: str | Path, cwd: Path, **env: str) -> str:
    """The standard output of a command that has to succeed."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(source: Path, out: Path, *kinds: str) -> Path:
    """The wheel built from `source`; without `kinds` it goes through the source distribution."""
    execute(sys.executable, "-m", "build", "--no-isolation", "-o", out, *kinds, source, cwd=out)
    (wheel,) = out.glob("*.whl")
    return wheel


def missing(source: Path, wheel: Iterable[str]) -> list[str]:
    """Files of the checkout's packages that a wheel with these members does not install."""
    held = set(wheel)
    wanted = (
        str(PurePosixPath(place, path.relative_to(source / folder).as_posix()))
        for folder, place in PLACES.items()
        for path in (source / folder).rglob("*")
        if path.is_file()
    )
    return sorted(name for name in wanted if name not in held)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, since a list of files left by an earlier build would hide what is missing now."""
    copy = tmp_path_factory.mktemp("checkout") / "sdd_bench"
    shutil.copytree(ROOT, copy, ignore=left_behind)
    return copy


def left_behind(folder: str, names: list[str]) -> set[str]:
    """What tools and runs have left in a folder of the checkout."""
    committed = {"README.md", "baselines", "published"}
    own = set(names) - committed if Path(folder) == ROOT / "results" else set()
    return own | shutil.ignore_patterns(*LEFT_BEHIND)(folder, names)


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(checkout, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def members(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


# --- what the wheel holds ---------------------------------------------------------------------


def test_every_file_is_in_the_wheel(checkout: Path, members: list[str]) -> None:
    assert missing(checkout, members) == []


def test_the_miniature_in_the_wheel_has_its_real_images(members: list[str]) -> None:
    weights = "sdd_bench/miniature/weights"
    assert f"{weights}/references/renders-miniature.safetensors" in members


def test_nothing_else_is_in_the_wheel(checkout: Path, members: list[str]) -> None:
    extra = [n for n in members if ".dist-info/" not in n and not n.startswith("sdd_bench/")]
    assert extra == []
    assert {n for n in members if n.startswith(("sdd_bench/tests/", "sdd_bench/results/"))} == set()


def test_a_missing_file_would_be_found(checkout: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(
        checkout,
        source,
        ignore=shutil.ignore_patterns("*.onnx", "*.safetensors", "*.egg-info", "tests"),
    )
    (source / "methods" / "family").mkdir()
    (source / "methods" / "family" / "__init__.py").touch()
    (source / "prompts" / "notes.doc").touch()
    with zipfile.ZipFile(build(source, tmp_path, "--wheel")) as archive:
        lost = missing(source, archive.namelist())
    assert lost == ["sdd_bench/methods/family/__init__.py", "sdd_bench/prompts/notes.doc"]


def test_the_source_distribution_has_the_manual_and_the_tests(checkout: Path, wheel: Path) -> None:
    (archive,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(archive) as held:
        names = {name.partition("/")[2] for name in held.getnames()}
    wanted = {"CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md"}
    for folder in ("docs", "tests"):
        paths = (path for path in (checkout / folder).rglob("*") if path.is_file())
        wanted |= {path.relative_to(checkout).as_posix() for path in paths}
    assert sorted(wanted - names) == []


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < LIMIT


def test_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (folder,) = {n.split("/")[0] for n in archive.namelist() if ".dist-info/" in n}
        metadata = Parser().parsestr(archive.read(f"{folder}/METADATA").decode())
        licence = archive.read(f"{folder}/licenses/LICENSE").decode()
    assert metadata["Name"] == "sdd-bench"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert "TERMS AND CONDITIONS" in licence
    # Its licence binds whoever ships it, so nobody gets it without asking.
    unasked = [r for r in metadata.get_all("Requires-Dist", []) if "extra ==" not in r]
    assert not any(r.startswith("nudenet") for r in unasked)


# --- the wheel in an environment of its own -----------------------------------------------------


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that has the wheel, and this one's dependencies."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(execute(python, "-c", where, cwd=home).strip())
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet")
    execute(*pip, "--no-deps", "--no-index", "--no-compile", wheel, cwd=home)
    # A folder named in a .pth file is searched last, and its own .pth files (such as that of an
    # editable sdd_bench) are not read.
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "borrowed.pth").write_text("\n".join(sorted(borrowed)))
    return python.parent


def test_the_wheel_is_what_runs(installed: Path, tmp_path: Path) -> None:
    code = "import sdd_bench, sdd_bench.methods as m; print(sdd_bench.__file__); print(m.__file__)"
    places = execute(installed / "python", "-c", code, cwd=tmp_path).splitlines()
    assert all(place.startswith(str(installed.parent)) for place in places), places


def names(folder: str) -> list[str]:
    return sorted(p.stem.replace("_", "-") for p in (ROOT / folder).glob("[!_]*.py"))


def test_the_installed_command_lists_every_method(installed: Path, tmp_path: Path) -> None:
    shown = execute(installed / "sdd-bench", "list", "methods", cwd=tmp_path)
    assert names("methods")
    assert [n for n in names("methods") if not re.search(rf"\b{n}\b", shown)] == []


def test_the_installed_command_lists_the_suites(installed: Path, tmp_path: Path) -> None:
    assert "country_body" in execute(installed / "sdd-bench", "list", "suites", cwd=tmp_path)


def test_module_and_command_are_the_same(installed: Path, tmp_path: Path) -> None:
    by_module = execute(installed / "python", "-m", "sdd_bench", "list", "suites", cwd=tmp_path)
    assert by_module == execute(installed / "sdd-bench", "list", "suites", cwd=tmp_path)


def test_a_folder_of_the_user_does_not_shadow_ours(installed: Path, tmp_path: Path) -> None:
    for name in ("methods", "metrics", "prompts", "results"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported the wrong one')")
    assert execute(installed / "python", "-m", "sdd_bench", "list", "methods", cwd=tmp_path)


# --- dependencies -----------------------------------------------------------------------------


def requirements(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for here: always, and with `extras`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *(project["optional-dependencies"][e] for e in extras)]
    found = [Requirement(line) for group in groups for line in group]
    return [r for r in found if r.marker is None or r.marker.evaluate()]


def declared(*extras: str) -> set[str]:
    return {canonicalize_name(r.name) for r in requirements(*extras)}


distributions = cache(packages_distributions)
"""Which distributions bring a top-level module; asking takes seconds."""


def undeclared(source: str, known: set[str]) -> set[str]:
    """Packages that a source file imports and that no requirement in `known` brings."""
    owners = distributions()
    tops: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            tops.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            tops.add(node.module.partition(".")[0])
    tops -= {*sys.stdlib_module_names, "sdd_bench", "tomli"}
    return {top for top in tops if known.isdisjoint(map(canonicalize_name, owners.get(top, [])))}


def test_every_import_is_a_declared_dependency() -> None:
    known = declared("nudenet", "train")
    files = [path for folder in PLACES for path in (ROOT / folder).rglob("*.py")]
    found = {str(p.relative_to(ROOT)): undeclared(p.read_text(), known) for p in files}
    assert {path: lost for path, lost in found.items() if lost} == {}


def test_an_undeclared_import_would_be_found() -> None:
    source = "import torch.nn\nfrom pytest import mark\nimport no_such_package\nfrom . import x"
    assert undeclared(source, declared()) == {"pytest", "no_such_package"}


def pins() -> dict[str, str]:
    """The versions in constraints.txt that apply to this interpreter."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    here = [r for r in found if r.marker is None or r.marker.evaluate()]
    return {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in here}


def test_constraints_pin_every_dependency_within_its_bounds() -> None:
    pinned = pins()
    for requirement in requirements("dev", "nudenet", "train"):
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} against {version}"


def test_constraints_name_no_place() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert re.findall(r"://|file:|^-|@ ", text, flags=re.MULTILINE) == []
