"""Which small changes of the code behind published numbers the tests notice, by mutmut.

    python -m benchmarks.mutants [GROUP ...] [--minutes 9]

A group is some modules and the tests of them: benchmarks/mutants.toml has both, and every mutant
that behaves as the original, with the reason. Verdicts are kept in .cache/mutants: a call goes on
where the one before it ended, tries again what its function has changed under, and what survived
tests that have changed since. It ends with 1 if a mutant lives that is not explained, and with 2
if some are still to be tried.

Two kinds of code mutmut leaves alone: what stands outside of functions, and functions that are
decorated, properties among them.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

from sdd_bench.files import content

ROOT = Path(__file__).resolve().parents[1]
STAGES = ROOT / ".cache" / "mutants"

SETTINGS = """
[tool.mutmut]
source_paths = ["sdd_bench"]
process_isolation = "forkserver"
use_git_change_detection = false
on_dependency_change = "ignore"
pytest_add_cli_args = {arguments}
only_mutate = {modules}
pytest_add_cli_args_test_selection = {tests}
"""

ARGUMENTS = [
    *("-p", "no:cacheprovider", "-p", "no:threadexception"),
    "--hypothesis-profile=ci",  # the same examples for every mutant, and no deadline
    *("-p", "no:unraisableexception"),  # its ten garbage collections take five times a test's time
]

ALONE = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""One thread, since the processes of mutants are forked."""

TRIED_AGAIN = ("survived", "no tests", "timeout", "suspicious", "segfault")


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalent:
    """A mutant that no test can tell from the original, or that none needs to."""

    where: str
    """Module, colon, function."""
    was: str
    """The lines that it changes, each without the spaces around it."""
    now: str
    """What they become."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Modules and the tests that belong to them."""

    modules: tuple[str, ...]
    """Patterns of installed paths: `methods/` is `sdd_bench/methods/`."""
    tests: tuple[str, ...]
    """Files, folders or names of tests, as pytest takes them."""
    equivalent: tuple[Equivalent, ...] = ()


# --- the stage ----------------------------------------------------------------------------------


def stage(name: str, group: Group) -> Path:
    """The folder of a group: package and tests laid out as they are once installed.

    mutmut names a mutant after its path and finds it by the name of its module, so both must agree.
    """
    folder = STAGES / name
    kinds = content.parse_toml((ROOT / "pyproject.toml").read_text("utf-8"), dict[str, object])
    tool = content.checked(kinds["tool"], dict[str, object])
    packaging = content.checked(tool["setuptools"], dict[str, object])
    places = content.checked(packaging["package-dir"], dict[str, str])
    wanted = {Path("sdd_bench"): ROOT / "sdd_bench", Path("tests"): ROOT / "tests"}
    wanted |= {Path(*package.split(".")): ROOT / place for package, place in places.items()}
    sources = {
        place / path.relative_to(top): path.read_bytes()
        for place, top in wanted.items()
        for path in top.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    settings = SETTINGS.format(
        modules=json.dumps(group.modules),
        tests=json.dumps(group.tests),
        arguments=json.dumps(ARGUMENTS),
    )
    sources[Path("pyproject.toml")] = (ROOT / "pyproject.toml").read_bytes() + settings.encode()
    changed = synchronised(folder, sources)
    if any(path.parts[0] == "tests" for path in changed):
        forget(folder, group)
    return folder


def synchronised(folder: Path, sources: dict[Path, bytes]) -> list[Path]:
    """The paths that differed: `folder` holds these files and no others, but for mutmut's own.

    What has not changed is not touched, since mutmut goes by the times of files.
    """
    present = {
        path.relative_to(folder)
        for top in ("sdd_bench", "tests", "pyproject.toml")
        for path in [folder / top, *(folder / top).rglob("*")]
        if path.is_file()
    }
    changed = [
        path
        for path in sorted(present | sources.keys())
        if path not in present or sources.get(path) != (folder / path).read_bytes()
    ]
    for path in changed:
        (folder / "mutants" / path).unlink(missing_ok=True)
        (folder / path).unlink(missing_ok=True)
        if path in sources:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(sources[path])
    return changed


def verdict_files(folder: Path, group: Group) -> Iterator[Path]:
    """mutmut's files of verdicts, one per module; those that a group had before stay about."""
    for path in sorted((folder / "mutants").rglob("*.py.meta")):
        module = path.relative_to(folder / "mutants").as_posix().removesuffix(".meta")
        if any(fnmatch.fnmatchcase(module, pattern) for pattern in group.modules):
            yield path


def forget(folder: Path, group: Group) -> None:
    """Have tried again what other tests may notice; which test reaches which function, too."""
    (folder / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    for path in verdict_files(folder, group):
        kept = json.loads(path.read_bytes())
        codes: dict[str, int | None] = kept["exit_code_by_key"]
        for mutant, code in codes.items():
            if status_by_exit_code[code] in TRIED_AGAIN:
                codes[mutant] = None
        path.write_text(json.dumps(kept), "utf-8")


def attempt(folder: Path, seconds: float) -> None:
    """Try the mutants that have no verdict, for so many seconds."""
    shutil.rmtree(folder / "mutants" / "tests", ignore_errors=True)
    code = "from mutmut.__main__ import cli; cli()"
    command = [sys.executable, "-c", code, "run", "--max-children", "1"]
    running = subprocess.Popen(command, cwd=folder, env={**os.environ, **ALONE})
    try:
        running.wait(seconds)
    except (subprocess.TimeoutExpired, KeyboardInterrupt) as interruption:
        running.send_signal(signal.SIGINT)
        running.wait()
        if isinstance(interruption, KeyboardInterrupt):
            raise
    print()


# --- the report ---------------------------------------------------------------------------------


def described(folder: Path, module: str, mutant: str) -> Equivalent:
    """A mutant by what it changes: its number is another one after the next change."""
    os.chdir(folder)  # mutmut's paths begin there
    diff: str = get_diff_for_mutant(mutant, path=module)
    lines = diff.splitlines()[2:]
    was, now = (
        "\n".join(line[1:].strip() for line in lines if line[:1] == sign) for sign in ("-", "+")
    )
    function, owner = orig_function_and_class_names_from_key(mutant)
    return Equivalent(
        where=f"{module}: {f'{owner}.' if owner else ''}{function}", was=was, now=now, why=""
    )


def report(name: str, folder: Path, group: Group) -> tuple[int, int]:
    """How many mutants live unexplained, and how many have not been tried; prints a table."""
    explained = {(each.where, each.was, each.now): each for each in group.equivalent}
    living, waiting, used = 0, 0, set()
    for path in verdict_files(folder, group):
        module = path.relative_to(folder / "mutants").as_posix().removesuffix(".meta")
        codes: dict[str, int | None] = json.loads(path.read_bytes())["exit_code_by_key"]
        counts = Counter(status_by_exit_code[code] for code in codes.values())
        found = []
        for mutant, code in codes.items():
            if status_by_exit_code[code] in {"killed", "timeout", "not checked"}:
                continue
            change = described(folder, module, mutant)
            key = (change.where, change.was, change.now)
            used.add(key)
            if key not in explained:
                found.append((mutant, status_by_exit_code[code], change))
        words = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        print(f"{name}: {module}: {len(codes)} mutants, {words}, {len(found)} unexplained")
        for mutant, status, change in found:
            print(f"\n# {mutant}: {status}\n[[{name}.equivalent]]")
            for field in ("where", "was", "now", "why"):
                print(f"{field} = {json.dumps(getattr(change, field), ensure_ascii=False)}")
        living, waiting = living + len(found), waiting + counts["not checked"]
    if not waiting:
        for where, was, _ in explained.keys() - used:
            print(f"{name}: explained, but no such mutant lives: {where}: {was}")
    return living, waiting


def main() -> None:
    """Try and report the groups."""
    groups = content.parse_toml(
        (ROOT / "benchmarks" / "mutants.toml").read_text("utf-8"), dict[str, Group]
    )
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(groups))
    parser.add_argument("--minutes", type=float, default=1e6, help="when to stop for now")
    parser.add_argument("--report", action="store_true", help="what is known, nothing is tried")
    options = parser.parse_args()
    if unknown := set(options.groups) - groups.keys():
        parser.error(f"no group {', '.join(sorted(unknown))}: there are {', '.join(groups)}")
    end = time.monotonic() + 60 * options.minutes
    living = waiting = 0
    for name in options.groups or groups:
        folder = STAGES / name
        if not options.report:
            folder = stage(name, groups[name])
            if (left := end - time.monotonic()) > 0:
                attempt(folder, left)
        found = report(name, folder, groups[name])
        living, waiting = living + found[0], waiting + found[1]
    sys.exit(1 if living else 2 if waiting else 0)


if __name__ == "__main__":
    main()
