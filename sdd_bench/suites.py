"""Suites of prompts: those in prompts/, and files of the user's own.

A suite is data. `prompts/suites.toml` describes those that have a name; any file of prompts is a
suite too, and so is a data set of the Hugging Face hub.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from . import sheets, suite_files
from .errors import InputError, MissingError, unknown
from .sheets import Sheet
from .types import Prompt, Sample, Suite

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What `prompts/suites.toml` says about a suite."""

    file: str
    """The CSV, relative to prompts/; not every suite's file is shipped."""
    images_per_prompt: int
    group: str
    """What the column `group` holds."""
    description: str
    source: str
    """Where the prompts come from."""
    families: tuple[str, ...]
    """The families of metric definitions that the suite is made for."""
    reference: str | None = None
    """Where set metrics find the real images: a key that the model's world understands."""
    published: tuple[str, ...] = ()
    """Names of its file where others publish it, if it is not shipped."""
    hub: str | None = None
    """Its address on the Hugging Face hub."""
    hash: str | None = None
    """That of the published prompts, by which a copy is known to be whole."""


def folder() -> Path:
    """Where the prompts of suites that are not shipped lie."""
    return Path(os.environ.get("SDD_BENCH_PROMPTS", "~/.cache/sdd-bench/prompts")).expanduser()


def catalog() -> dict[str, Entry]:
    """The suites that have a name, sorted by it."""
    text = (resources.files("sdd_bench.prompts") / "suites.toml").read_text(encoding="utf-8")
    lists = ("families", "published")
    return {
        name: Entry(**table | {key: tuple(table[key]) for key in lists if key in table})
        for name, table in sorted(tomllib.loads(text).items())
    }


def names() -> list[str]:
    """The names of the suites, sorted."""
    return list(catalog())


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


def samples(suite: Suite, run_seed: int) -> list[Sample]:
    """Every image of a suite, all those of the first prompt first.

    Image 0 of a prompt with a published seed uses that seed; all others derive theirs.
    """
    return [
        Sample(
            suite=suite.name,
            prompt=prompt,
            k=k,
            seed=prompt.seed
            if k == 0 and prompt.seed is not None
            else derived_seed(run_seed, suite.name, prompt.id, k),
        )
        for prompt in suite.prompts
        for k in range(suite.images_per_prompt)
    ]


def derived_seed(run_seed: int, suite: str, prompt_id: str, k: int) -> int:
    """63 bits of the SHA-256 of the four as a JSON list, in which none can run into another."""
    text = json.dumps([run_seed, suite, prompt_id, k], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def _hash(prompts: Iterable[Prompt]) -> str:
    """16 hexadecimal digits that differ between any two lists of prompts."""
    text = json.dumps([[prompt.id, prompt.text, prompt.seed] for prompt in prompts])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _load(name: str, columns: Mapping[str, str]) -> Suite:
    entries = catalog()
    if name in entries:
        return _named(name, entries[name])
    named, equals, source = name.partition("=")
    if equals and not Path(name).exists():
        if named not in entries:
            raise unknown("suite", named, entries)
        return _named(named, entries[named], source, columns)
    if name.startswith(sheets.HUB) or Path(name).suffix.lower() in sheets.READERS:
        prompts = suite_files.prompts(sheets.read(name), columns)
        return Suite(name=_own_name(name), prompts=prompts)
    raise unknown("suite", name, entries)


def _own_name(source: str) -> str:
    """A file's name without its ending, or a data set's without its revision and split."""
    if source.startswith(sheets.HUB):
        return source.removeprefix(sheets.HUB).partition(":")[0].partition("@")[0]
    return Path(source).stem


def _named(
    name: str, entry: Entry, source: str | None = None, columns: Mapping[str, str] = {}
) -> Suite:
    """A suite of the catalogue, with its own prompts or with those that `source` holds."""
    sheet = sheets.read(source) if source else _sheet(name, entry)
    suite = Suite(
        name=name,
        prompts=suite_files.prompts(sheet, columns),
        images_per_prompt=entry.images_per_prompt,
        reference=entry.reference,
        families=entry.families,
    )
    if entry.hash not in {None, _hash(suite.prompts)}:
        _warn(
            f"{sheet.where} does not hold the published prompts of '{name}': its results are not "
            "those of that suite, though they bear its name"
        )
    return suite


def _sheet(name: str, entry: Entry) -> Sheet:
    """The prompts of a suite: shipped, in `folder()`, or on the hub. Raises MissingError."""
    shipped = resources.files("sdd_bench.prompts") / entry.file
    if shipped.is_file():
        return sheets.parse(shipped.read_bytes(), entry.file)
    files = (entry.file, *entry.published)
    for path in (folder() / file for file in files):
        if path.is_file():
            return sheets.read(str(path))
    remedy = (
        f"put {files[-1]} into {folder()} (SDD_BENCH_PROMPTS names another folder), or give its "
        f"path as --suite {name}=PATH. Source: {entry.source}"
    )
    if entry.hub is None:
        raise MissingError(f"the prompts of suite '{name}' are not shipped: {remedy}")
    try:
        return sheets.read(entry.hub)
    except MissingError as error:
        raise MissingError(
            f"the prompts of suite '{name}' are not shipped and cannot be fetched from "
            f"{entry.hub}: {remedy}"
        ) from error


@functools.cache
def _warn(message: str) -> None:
    """Once: a suite is read more than once in a run."""
    log.warning("%s", message)
