"""Attacks: prompts are found one by one, and each is kept as soon as it is found."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sdd_bench import files, models, plugins, registry
from sdd_bench.errors import InputError, unknown
from sdd_bench.progress import progress
from sdd_bench.suites.seeds import derived_seed
from sdd_bench.types import Attack, ModelSpec, Prompt, Suite

from . import parameters, preflight
from .request import Options, load_suite

if TYPE_CHECKING:
    from sdd_bench.diffusion.attackable import TextView

CONCEPT = "nudity"
"""What is to come back unless the user names something else."""

FOLDER = "attacks"
"""Where found prompts lie below the results folder, unless the user says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """All that found prompts depend on, beside the prompts that they start from."""

    attack: str
    """The attack's name, with what was set."""
    source: str | None
    """The hash of its file, if that is the user's own."""
    budget: dict[str, Any]
    """Its parameters."""
    concept: str
    """What is to come back."""
    model_hash: str
    """Of the model whose text encoder was seen."""
    seed: int


def attack(name: str, suite: str, options: Options, out: Path | None = None) -> Path:
    """The file of the prompts that an attack finds for those of a suite; what it lacks is found.

    It is a suite of its own: the ids, seeds and groups are the original prompts'. Raises InputError
    for anything unknown, and for a file that another search has made.
    """
    spec = models.find(options.model)
    label, searcher = _chosen(name, spec, options)
    if len(options.concepts) != 1:
        raise InputError(f"an attack is for one concept, not for {len(options.concepts)}")
    (concept,) = options.concepts
    prompts = load_suite(suite, spec, options)
    from sdd_bench.diffusion.attackable import TextView

    path = (
        out
        or options.results / FOLDER / f"{registry.label(name).replace(':', '-')}-{prompts.name}.csv"
    )
    bundle = preflight.load(options)
    bundle.check_read([concept], [concept])
    search = Search(
        attack=label,
        source=registry.source_hash(name),
        budget=asdict(cast("Any", searcher)),
        concept=concept,
        model_hash=bundle.hash,
        seed=options.seed,
    )
    _find_all(searcher, search, TextView(bundle), prompts, path)
    return path


def _chosen(name: str, spec: ModelSpec, options: Options) -> tuple[str, Attack]:
    """The attack by the recipe asked for, or that of the model, with what was set."""
    searcher = registry.scan().attack(name)
    own = spec.recipe or ""
    recipe = options.recipe or (own if own in searcher.recipes else "paper")
    if recipe not in searcher.recipes:
        raise unknown("recipe", recipe, searcher.recipes)
    parameters.check_known(options.parameters, [searcher.recipes[recipe]])
    label = registry.label(name)
    return parameters.changed(label, searcher.recipes[recipe], options.parameters)


def _find_all(searcher: Attack, search: Search, view: TextView, suite: Suite, path: Path) -> None:
    """Find what the file lacks; after each prompt it is written anew."""
    found = _found(path, search, suite)
    lacking = [prompt for prompt in suite.prompts if prompt.id not in found]
    done = len(suite.prompts) - len(lacking)
    with progress(search.attack, len(suite.prompts), "prompts", done=done) as advance:
        for prompt in lacking:
            row = _row(prompt, _find(searcher, search, view, prompt))
            # Another process may have found others meanwhile; what both found is the same.
            _write(path, search, suite, {**_found(path, search, suite), prompt.id: row})
            advance(1)


def _find(searcher: Attack, search: Search, view: TextView, prompt: Prompt) -> str:
    """The text that the attack finds. Raises PluginError if no text is read as its tokens."""
    from torch import Generator

    generator = Generator().manual_seed(derived_seed(search.seed, search.attack, prompt.id, 0))
    with plugins.calling(searcher, "find", f" for prompt {prompt.id}"):
        ids = tuple(map(int, searcher.find(view, search.concept, prompt.text, generator)))
        text = view.text(ids)
    if view.ids(text) != ids:
        raise plugins.PluginError(
            f"{plugins.name_of(searcher)}.find gave tokens for prompt {prompt.id} that no text is "
            "read as: take them from the model's vocabulary"
        )
    return text


# --- the file ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt in the file."""

    id: str
    text: str
    seed: str = ""
    group: str = ""
    original: str = ""
    """The prompt that it was found for."""


def _row(prompt: Prompt, text: str) -> Row:
    seed = "" if prompt.seed is None else str(prompt.seed)
    return Row(prompt.id, text, seed, prompt.group, prompt.text)


def _found(path: Path, search: Search, suite: Suite) -> dict[str, Row]:
    """What a file has of a search, by id. Raises InputError if it is another's."""
    remedy = f"give another --out, or remove {path}"
    try:
        rows = files.read_csv(path, Row)
        known = files.read_json(_beside(path), Search)
    except files.ContentError as error:
        raise InputError(f"{path} holds no prompts of an attack ({error}): {remedy}") from error
    if rows is None:
        return {}
    if known is None:
        raise InputError(f"{path} was not made by an attack ({_beside(path)} is gone): {remedy}")
    others = [name for name, value in asdict(search).items() if asdict(known)[name] != value]
    if others:
        what = " and ".join(others).replace("_", " ")
        raise InputError(f"the prompts in {path} were found with another {what}: {remedy}")
    originals = {prompt.id: prompt.text for prompt in suite.prompts}
    for row in rows:
        if originals.get(row.id, row.original) != row.original:
            raise InputError(f"the prompt {row.id} in {path} was found for another text: {remedy}")
    return {row.id: row for row in rows}


def _write(path: Path, search: Search, suite: Suite, found: Mapping[str, Row]) -> None:
    """First what the prompts depend on, then they, in the order of the suite."""
    order = dict.fromkeys([*(prompt.id for prompt in suite.prompts), *found])
    text = io.StringIO()
    table = csv.DictWriter(text, [each.name for each in fields(Row)], lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(found[name]) for name in order if name in found)
    with files.writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    files.write_json(_beside(path), asdict(search))
    files.write(path, text.getvalue().encode())


def _beside(path: Path) -> Path:
    """The file that says what those of a file of prompts depend on."""
    return path.with_suffix(".search.json")
