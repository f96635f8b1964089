"""The suites that have a name: `prompts/suites.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from sdd_bench import files
from sdd_bench.files.environment import named


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteEntry:
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
    """That of the published prompts, by which other prompts under its name are told apart."""
    count: int | None = None
    """How many prompts are published, if its file is not shipped."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """What the published file calls our columns, where that is not a name known of others."""


def folder() -> Path:
    """Where the prompts of suites that are not shipped lie."""
    return named("SDD_BENCH_PROMPTS", "~/.cache/sdd-bench/prompts")


def catalog() -> dict[str, SuiteEntry]:
    """The suites that have a name, sorted by it."""
    place = resources.files("sdd_bench.prompts") / "suites.toml"
    return dict(sorted(files.read_shipped(place, dict[str, SuiteEntry]).items()))


def is_published(name: str, prompts: str) -> bool:
    """Whether prompts with that hash are those that the name of a suite promises, if it is one."""
    entry = catalog().get(name)
    return entry is None or entry.hash in {None, prompts}


def names() -> list[str]:
    """The names of the suites, sorted."""
    return list(catalog())
