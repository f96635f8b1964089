"""Suites of prompts: those in prompts/, and files of the user's own.

A suite is data. `prompts/suites.toml` describes those that have a name; any file of prompts is a
suite too, and so is a data set of the Hugging Face hub.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path

from sdd_bench import files
from sdd_bench.errors import InputError, MissingError, unknown
from sdd_bench.types import Prompt, Suite

from . import hub, readers
from .catalog import SuiteEntry, catalog, folder
from .columns import own_numbers, prompts_of
from .sheets import Sheet
from .texts import flaw

log = logging.getLogger(__name__)


def load(
    name: str,
    *,
    images_per_prompt: int | None = None,
    limit: int | None = None,
    stand_ins: Mapping[str, str] = {},
    columns: Mapping[str, str] = {},
) -> Suite:
    """The suite called `name`; or the prompts in a file, in a data set of the hub
    (`hub:OWNER/NAME`), or in one of those as the suite of a name (`NAME=FILE`).

    `stand_ins` replaces names by those of another world's suites, `limit` keeps the first
    prompts, and `columns` says where a file keeps the text, seed, group or id. Raises InputError
    for an unknown name and anything wrong in the file, MissingError for a suite whose prompts are
    not on this machine.
    """
    for option, number in (("images per prompt", images_per_prompt), ("limit", limit)):
        if number is not None and number < 1:
            raise InputError(f"{option} must be at least 1, not {number}")
    suite = _load(stand_ins.get(name, name), columns)
    return replace(
        suite,
        hash=_hash(suite.prompts),
        prompts=suite.prompts[:limit],
        images_per_prompt=images_per_prompt or suite.images_per_prompt,
    )


def _hash(prompts: Iterable[Prompt]) -> str:
    """16 hexadecimal digits that differ between any two lists of prompts."""
    text = json.dumps([[prompt.id, prompt.text, prompt.seed] for prompt in prompts])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _load(name: str, columns: Mapping[str, str]) -> Suite:
    entries = catalog()
    if name in entries:
        return _named(name, entries[name])
    named, equals, source = name.partition("=")
    if equals and not _exists(name):
        if named not in entries:
            raise unknown("suite", named, entries)
        if not source.strip():
            raise InputError(
                f"no file is named after '{name}': give {named}=PATH, or {named} alone"
            )
        return _named(named, entries[named], source, columns)
    if name.startswith(hub.HUB) or Path(name).suffix.lower() in readers.READERS:
        sheet = readers.read(name)
        suite = Suite(
            name=_own_name(name),
            prompts=prompts_of(sheet, columns),
            numbered=own_numbers(sheet, columns),
        )
        _check_published(suite, name, entries)
        return suite
    if _exists(name):
        kinds = ", ".join(readers.READERS)
        raise InputError(f"{name} is no file of prompts that is read: those are {kinds}")
    raise unknown("suite", name, entries)


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long for a file system, or no text at all
        return False


def _own_name(source: str) -> str:
    """A file's name without its ending, or a data set's without its revision and split."""
    if source.startswith(hub.HUB):
        return source.removeprefix(hub.HUB).partition(":")[0].partition("@")[0]
    name = Path(source).stem
    wrong = flaw(name)
    if wrong:
        raise InputError(f"a suite is called like its file, and the name {name!r:.110} {wrong}")
    return name


def _named(
    name: str, entry: SuiteEntry, source: str | None = None, columns: Mapping[str, str] = {}
) -> Suite:
    """A suite of the catalogue, with its own prompts or with those that `source` holds."""
    sheet = readers.read(source) if source else _sheet(name, entry)
    known = {ours: its for ours, its in entry.columns.items() if its in sheet.columns}
    columns = known | dict(columns)
    suite = Suite(
        name=name,
        prompts=prompts_of(sheet, columns),
        images_per_prompt=entry.images_per_prompt,
        reference=entry.reference,
        families=entry.families,
        numbered=own_numbers(sheet, columns),
    )
    _check_published(suite, sheet.where, {name: entry})
    return suite


def _check_published(suite: Suite, where: str, entries: Mapping[str, SuiteEntry]) -> None:
    """Say it if a suite bears a name of the catalogue and holds other prompts."""
    entry = entries.get(suite.name)
    if entry is not None and entry.hash not in {None, _hash(suite.prompts)}:
        number = len(suite.prompts)
        count = "" if entry.count in {None, number} else f" ({number}, not {entry.count})"
        _warn(
            f"{where} does not hold the published prompts of '{suite.name}'{count}: its results "
            "are not those of that suite, though they bear its name"
        )


def _sheet(name: str, entry: SuiteEntry) -> Sheet:
    """The prompts of a suite: shipped, in `folder()`, or on the hub. Raises MissingError."""
    shipped = files.read(resources.files("sdd_bench.prompts") / entry.file)
    if shipped is not None:
        return readers.parse(shipped, entry.file)
    names = (entry.file, *entry.published)
    for path in (folder() / name for name in names):
        if path.is_file():
            return readers.read(str(path))
    remedy = (
        f"put {names[-1]} into {folder()} (SDD_BENCH_PROMPTS names another folder), or give its "
        f"path as --suite {name}=PATH. Source: {entry.source}"
    )
    if entry.hub is None:
        raise MissingError(f"the prompts of suite '{name}' are not shipped: {remedy}")
    try:
        return readers.read(entry.hub)
    except MissingError as error:
        raise MissingError(
            f"the prompts of suite '{name}' are not shipped and cannot be fetched from "
            f"{entry.hub}: {remedy}"
        ) from error


@functools.cache
def _warn(message: str) -> None:
    """Once: a suite is read more than once in a run."""
    log.warning("%s", message)
