"""Who may import whom, read from the source. Every check has a twin that proves it can fail."""

from __future__ import annotations

import ast
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.paths import ROOT

FOLDERS = ("methods", "metrics")
"""Folders of plugins beside the package, which are installed inside it."""

PLUGINS = ("attacks", *FOLDERS)

FOR_PLUGINS = ("sdd_bench.errors", "sdd_bench.types", "sdd_bench.weights")
"""All of the core that a built-in plugin may lean on; so a third party's can do the same."""

LOADS_TORCH = ("accelerate", "cleanfid", "diffusers", "lpips", "open_clip", "timm", "torch",
               "torchvision", "transformers")  # fmt: skip
MAY_LOAD_TORCH = ("sdd_bench.diffusion", "sdd_bench.training", "sdd_bench.miniature")
"""Folders that nobody imports before there is work for torch to do."""


@dataclass(frozen=True)
class Import:
    """One name that a module imports, with all that the rules ask about."""

    name: str
    """In full: `from ..a import b` in x.y.z is x.a.b."""
    level: int
    """Dots before the name; 0 for an absolute import."""
    line: int
    at_import: bool
    """Whether it happens when the module itself is imported."""

    def within(self, *packages: str) -> bool:
        """Whether it is one of `packages` or lies inside one."""
        return any(self.name == p or self.name.startswith(f"{p}.") for p in packages)


class _Finder(ast.NodeVisitor):
    def __init__(self, package: str) -> None:
        self.package = package
        self.found: list[Import] = []
        self.at_import = True

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.found.append(Import(alias.name, 0, node.lineno, self.at_import))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        parents = self.package.split(".")[: None if node.level <= 1 else 1 - node.level]
        base = ".".join((parents if node.level else []) + ([node.module] if node.module else []))
        for alias in node.names:
            name = f"{base}.{alias.name}"
            self.found.append(Import(name, node.level, node.lineno, self.at_import))

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            self._later(node.body)
        else:
            self._now(node.body)
        self._now(node.orelse)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._later(node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._later(node.body)

    def _later(self, body: Sequence[ast.stmt]) -> None:
        before, self.at_import = self.at_import, False
        self._now(body)
        self.at_import = before

    def _now(self, body: Sequence[ast.stmt]) -> None:
        for node in body:
            self.visit(node)


def imports(source: str, package: str) -> list[Import]:
    """All imports in the source of a module of `package`, at whatever depth."""
    finder = _Finder(package)
    finder.visit(ast.parse(source))
    return finder.found


def core_faults(source: str, package: str) -> list[Import]:
    """Imports of plugins by the core, which knows them by name through the registry only."""
    banned = (*PLUGINS, *(f"sdd_bench.{kind}" for kind in PLUGINS))
    return [i for i in imports(source, package) if i.within(*banned)]


def plugin_faults(source: str, package: str) -> list[Import]:
    """Imports by a built-in plugin of anything of ours but the contract and its own helpers."""

    def allowed(imported: Import) -> bool:
        if imported.level:
            return imported.name.startswith(f"{package}._")
        return imported.within(*FOR_PLUGINS) or not imported.within("sdd_bench", *PLUGINS)

    return [i for i in imports(source, package) if not allowed(i)]


def torch_faults(source: str, module: str, package: str) -> list[Import]:
    """Imports that make a light module of the core load torch."""
    if Import(module, 0, 0, at_import=True).within(*MAY_LOAD_TORCH):
        return []
    return [i for i in imports(source, package) if i.at_import and i.within(*LOADS_TORCH)]


def core() -> Iterator[tuple[Path, str, str]]:
    """Every file of the core with the names of its module and of the package it is in."""
    for path in sorted((ROOT / "sdd_bench").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        package = ".".join(parts[:-1])
        yield path, package if parts[-1] == "__init__" else ".".join(parts), package


def report(path: Path, faults: list[Import]) -> list[str]:
    return [f"{path.relative_to(ROOT)}:{f.line} imports {f.name}" for f in faults]


# --- the core knows no plugin -----------------------------------------------------------------


def test_core_imports_no_plugin() -> None:
    found = [r for p, _, package in core() for r in report(p, core_faults(p.read_text(), package))]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "import sdd_bench.methods",
        "from sdd_bench import metrics",
        "from sdd_bench.methods.sdd import SDD",
        "from . import methods",
        "from .metrics import fid",
        "from methods import sdd",
        "import metrics.fid",
        "def f():\n    from .methods.sdd import SDD",
        "if TYPE_CHECKING:\n    from .methods.sdd import SDD",
        "try:\n    pass\nexcept OSError:\n    import sdd_bench.metrics.fid",
    ],
)
def test_a_plugin_in_the_core_would_be_found(line: str) -> None:
    assert len(core_faults(line, "sdd_bench")) == 1


def test_relative_imports_are_resolved_from_sub_packages() -> None:
    assert [i.name for i in imports("from ..methods import sd", "sdd_bench.miniature")] == [
        "sdd_bench.methods.sd"
    ]
    assert core_faults("from .methods import sd", "sdd_bench.miniature") == []


# --- plugins know the contract alone ----------------------------------------------------------


@pytest.mark.parametrize("kind", PLUGINS)
def test_plugins_import_only_the_contract(kind: str) -> None:
    folder = ROOT / kind if kind in FOLDERS else ROOT / "sdd_bench" / kind
    files = sorted(folder.rglob("*.py"))
    assert files
    package = f"sdd_bench.{kind}"
    assert [r for p in files for r in report(p, plugin_faults(p.read_text(), package))] == []


@pytest.mark.parametrize(
    "line",
    [
        "from sdd_bench.models import load",
        "import sdd_bench.registry",
        "from sdd_bench import generate",
        "from sdd_bench.methods._diffusers import x",
        "from methods._diffusers import x",
        "from sdd_bench.metrics import _clip",
        "from ..models import load",
        "from ..metrics._clip import x",
        "from .sd import SD",
        "def f():\n    import sdd_bench.results",
    ],
)
def test_a_plugin_reaching_too_far_would_be_found(line: str) -> None:
    assert len(plugin_faults(line, "sdd_bench.methods")) == 1


def test_what_plugins_may_import_is_not_reported() -> None:
    allowed = (
        "import torch\nfrom sdd_bench import errors\nfrom sdd_bench.types import Method\n"
        "from sdd_bench.weights import fetch\nfrom . import _a\nfrom ._b import c\n"
    )
    assert plugin_faults(allowed, "sdd_bench.methods") == []


# --- torch is loaded when there is work for it ------------------------------------------------


def test_light_modules_do_not_import_torch() -> None:
    found = [r for p, m, pkg in core() for r in report(p, torch_faults(p.read_text(), m, pkg))]
    assert found == []


@pytest.mark.parametrize(
    ("module", "source", "faults"),
    [
        ("sdd_bench.analysis.table", "import torch", 1),
        ("sdd_bench.analysis.table", "import torch.nn as nn", 1),
        ("sdd_bench.analysis.table", "class A:\n    from diffusers import PNDMScheduler", 1),
        ("sdd_bench.analysis.table", "if sys.platform:\n    import transformers", 1),
        ("sdd_bench.analysis.table", "if TYPE_CHECKING:\n    pass\nelse:\n    import lpips", 1),
        ("sdd_bench.analysis.table", "if TYPE_CHECKING:\n    import torch", 0),
        ("sdd_bench.analysis.table", "def f():\n    import torch", 0),
        ("sdd_bench.analysis.table", "import torchlight", 0),
        ("sdd_bench.diffusion.bundle", "import torch", 0),
        ("sdd_bench.diffusion_too", "import torch", 1),
    ],
)
def test_torch_in_a_light_module_would_be_found(module: str, source: str, faults: int) -> None:
    assert len(torch_faults(source, module, "sdd_bench")) == faults


def loaded(code: str, *path: Path) -> set[str]:
    """The top-level modules that a fresh interpreter holds after `code`."""
    tell = "\nimport sys; print('\\n', *{name.partition('.')[0] for name in sys.modules})"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    done = subprocess.run(
        [sys.executable, "-c", code + tell],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=env,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


CALL = """
import sys
from sdd_bench.cli.main import main
sys.argv = ["sdd-bench", "{}"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


@pytest.mark.parametrize(
    "code",
    ["import sdd_bench, sdd_bench.types, sdd_bench.errors", CALL.format("--help")],
    ids=["import", "help"],
)
def test_no_torch_before_there_is_work(code: str) -> None:
    assert loaded(code).isdisjoint((*LOADS_TORCH, "pydantic"))


def test_torch_before_there_is_work_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "torch.py").touch()
    assert not loaded("import sdd_bench, torch", tmp_path).isdisjoint(LOADS_TORCH)
    # The first file that is read brings what checks its fields.
    assert "pydantic" in loaded("from sdd_bench.suites.catalog import catalog; catalog()")


LIGHT = """
import importlib, pkgutil, sys, sdd_bench
heavy = {heavy}
for module in pkgutil.walk_packages(sdd_bench.__path__, "sdd_bench."):
    parts = module.name.split(".")
    if parts[1] not in (*heavy, "__main__", "methods", "metrics", "prompts", "published"):
        importlib.import_module(module.name)
        assert "torch" not in sys.modules, module.name
"""


def test_no_light_module_loads_torch_even_indirectly() -> None:
    heavy = tuple(name.partition(".")[2] for name in MAY_LOAD_TORCH)
    assert loaded(LIGHT.format(heavy=heavy)).isdisjoint(LOADS_TORCH)


def test_a_module_that_loads_torch_indirectly_would_be_found() -> None:
    with pytest.raises(AssertionError, match=r"sdd_bench\.diffusion"):
        loaded(LIGHT.format(heavy=("miniature",)))


# --- who imports whom -------------------------------------------------------------------------


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """What lint-imports says of the package in `folder`."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    lint = "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, '.'); {lint}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copied")
    ignored = shutil.ignore_patterns("__pycache__", "*.safetensors", "*.onnx")
    shutil.copytree(ROOT / "sdd_bench", folder / "sdd_bench", ignore=ignored)
    return folder


def test_both_contracts_are_kept(copied: Path) -> None:
    done = contracts(copied)
    assert done.returncode == 0, done.stdout
    assert "Contracts: 2 kept, 0 broken." in done.stdout


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("runs/run.py", "from sdd_bench.analysis import table", "The data flows one way BROKEN"),
        ("models.py", "from sdd_bench.runs import run", "The data flows one way BROKEN"),
        ("scoring/task.py", "def f():\n    import sdd_bench.miniature", "one way BROKEN"),
        ("cli/run.py", "from . import main", "No cycles, at any depth BROKEN"),
        ("stages/__init__.py", "", "The data flows one way BROKEN"),
    ],
    ids=["upwards", "beside", "in a function", "cycle", "a folder without a place"],
)
def test_a_forbidden_import_would_be_found(copied: Path, file: str, line: str, broken: str) -> None:
    path = copied / "sdd_bench" / file
    before = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        done = contracts(copied)
    finally:
        path.unlink() if before is None else path.write_text(before)
        if before is None:
            path.parent.rmdir()
    assert done.returncode != 0
    assert broken in done.stdout


# --- one name for everything ------------------------------------------------------------------


@pytest.mark.parametrize("kind", FOLDERS)
def test_plugin_folders_have_one_identity(kind: str) -> None:
    with pytest.raises(AssertionError, match=rf"{kind}/ is installed as sdd_bench\.{kind}"):
        loaded(f"import {kind}")


@pytest.mark.parametrize("kind", PLUGINS)
def test_plugin_folders_import_under_that_identity(kind: str) -> None:
    assert importlib.import_module(f"sdd_bench.{kind}").__doc__


def test_public_names_exist() -> None:
    import sdd_bench

    assert sdd_bench.__all__ == sorted(sdd_bench.__all__)
    assert [n for n in sdd_bench.__all__ if not hasattr(sdd_bench, n)] == []


def test_an_uninstalled_checkout_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "sdd_bench").symlink_to(ROOT / "sdd_bench", target_is_directory=True)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, '.'); import sdd_bench"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode != 0
    assert "pip install -e ." in done.stderr


# --- every module has its tests ---------------------------------------------------------------

NO_TESTS = ("__init__", "__main__", "errors")
"""Names of modules that hold what others use, and do nothing."""

TESTED_ELSEWHERE = {
    # Plain data, which the tests of whoever makes it look at.
    "benchmark/test_runner": ("benchmark/request", "benchmark/stock"),
    "gating/test_checks": ("gating/outcome",),
    "scoring/test_scorer": ("runs/faults", "scoring/task"),  # faults are what scoring leaves out
    "diffusion/test_loading": ("diffusion/profile",),  # what a loaded model would say of itself
    # Steps of one command, which have no result of their own.
    "benchmark/test_trainer": ("analysis/curves",),
    "cli/test_errors": ("cli/kinds", "cli/options", "cli/values"),
    "benchmark/test_preflight": ("benchmark/job",),
    # What a function shows is tested with the function.
    "api/test_reading": ("analysis/grid", "api/results"),
    # A figure is what a call draws of runs, in every format.
    "api/test_drawing": (
        "analysis/tradeoff",
        *(
            f"figures/{name}"
            for name in (
                "canvas", "curve", "grid", "groups", "matrix", "sheet", "tradeoff", "training",
            )
        ),
    ),
    # The nouns, which do nothing, are the interface that a plugin of somebody else is written to.
    "test_plugin": tuple(
        f"types/{name}"
        for name in ("arrays", "attacks", "methods", "metrics", "models", "prompts", "results")
    ),
    # What a field's type says is held to by what reads its values.
    "benchmark/test_parameters": ("types/ranges",),
    "cli/test_attack": ("api/attacking",),
    "miniature/renderer/test_examples": ("miniature/renderer/kinds",),
    "cli/test_gate": ("gating/page",),
    "reporting/gate/test_report": ("reporting/gate/payload",),
    "cli/test_run": ("benchmark/selection", "scoring/definitions"),
    # Commands whose words and numbers are those of one module.
    "analysis/test_matrix": ("cli/matrix",),
    "test_doctor": ("cli/doctor",),
    # A format is a function of a dozen lines; the same pages go through all of them.
    "formats/test_formats": tuple(
        f"formats/{name}" for name in ("csv", "html", "json", "latex", "markdown")
    ),
    # The shapes of one picture: what is drawn of them is what counts.
    "miniature/renderer/test_draw": tuple(
        f"miniature/renderer/{name}"
        for name in (
            "figures", "flags", "glyphs", "objects", "palette", "places", "scene", "shapes",
            "styles",
        )
    ),
    # One rebuild goes through all of it.
    "miniature/test_train": tuple(
        f"miniature/{name}" for name in ("architecture", "card", "data")
    ),
    # What its networks have learned is looked at there.
    "miniature/test_stages": tuple(
        f"miniature/stages/{name}" for name in ("autoencoder", "batches", "clip", "judges", "unet")
    ),
    # The sets of concepts are the paper's.
    "papers/test_published": ("suites/concepts",),
    # What the readers of files give.
    "suites/test_readers": ("suites/sheets",),
    # Trainings and edits share what their folders hold.
    "training/test_edits": ("training/folders",),
    "reporting/test_payload": ("reporting/document",),
    "files/test_disk": ("files/damage",),
    # Finding plugins is all that the registry does with them.
    "test_registry": ("plugins/calls", "plugins/checks", "plugins/places"),
}  # fmt: skip
"""Modules without a test file of their own, by the one that exercises them."""


def untested(modules: Sequence[str], tests: Sequence[str]) -> list[str]:
    """What is wrong with the places of tests: both are paths without their ending."""
    exempt = {module: place for place, those in TESTED_ELSEWHERE.items() for module in those}
    faults = []
    for module in modules:
        folder, _, name = module.rpartition("/")
        mirror = f"{folder}/test_{name}".lstrip("/")
        if name in NO_TESTS:
            continue
        if module in exempt and exempt[module] not in tests:
            faults.append(f"{module} is said to be tested in {exempt[module]}, which is not there")
        elif module in exempt and mirror in tests:
            faults.append(f"{module} has {mirror}, and stands among those that have none")
        elif module not in exempt and mirror not in tests:
            faults.append(f"{module} has no {mirror}")
    faults += [f"there is no module {module}" for module in sorted(set(exempt) - set(modules))]
    return faults


def stems(folder: Path) -> list[str]:
    paths = sorted(folder.rglob("*.py"))
    return [path.relative_to(folder).with_suffix("").as_posix() for path in paths]


def test_every_module_has_its_tests_in_the_same_place() -> None:
    assert untested(stems(ROOT / "sdd_bench"), stems(ROOT / "tests")) == []


def test_a_module_without_tests_would_be_found() -> None:
    modules = [name for those in TESTED_ELSEWHERE.values() for name in those]
    tests = [*TESTED_ELSEWHERE]
    assert untested(modules, tests) == []
    assert untested([*modules, "runs/new", "api"], tests) == [
        "runs/new has no runs/test_new",
        "api has no test_api",
    ]
    assert untested([*modules, "runs/new", "runs/errors"], [*tests, "runs/test_new"]) == []
    assert untested(modules, [*tests, "cli/test_doctor"]) == [
        "cli/doctor has cli/test_doctor, and stands among those that have none"
    ]
    assert untested(modules, [each for each in tests if each != "test_doctor"]) == [
        "cli/doctor is said to be tested in test_doctor, which is not there"
    ]
    assert untested([each for each in modules if each != "cli/doctor"], tests) == [
        "there is no module cli/doctor"
    ]
