"""Attacks: prompts are found one by one, and each is kept as soon as it is found."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from sdd_bench import files, models, plugins, registry
from sdd_bench.errors import InputError, unknown
from sdd_bench.progress import progress
from sdd_bench.runs.identity import folder_name
from sdd_bench.suites.seeds import derived_seed, samples
from sdd_bench.types import AnyAttack, AttackOnMethod, ModelSpec, Prompt, Sample, Suite

from . import parameters, preflight
from .defence import Defence
from .request import Options, load_suite

if TYPE_CHECKING:
    from torch import Generator

    from sdd_bench.diffusion.attackable import TextView
    from sdd_bench.diffusion.bundle import Bundle
    from sdd_bench.diffusion.defended import MethodView
    from sdd_bench.training.checkpoints import Checkpoint

    View: TypeAlias = TextView | MethodView

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
    method: dict[str, Any] | None = None
    """That was seen as it runs, and what judged its pictures; None: the text encoder alone was."""


def attack(
    name: str, suite: str, options: Options, out: Path | None = None, method: str | None = None
) -> Path:
    """The file of the prompts that an attack finds for those of a suite; what it lacks is found.

    It is a suite of its own: the ids, seeds and groups are the original prompts'. An attack on a
    `method` is given one. Raises InputError for anything unknown, and for a file that another
    search has made.
    """
    spec = models.find(options.model)
    label, searcher = _chosen(name, spec, options)
    if len(options.concepts) > 1:
        raise InputError(f"an attack is for one concept, not for {len(options.concepts)}")
    concept = options.concepts[0] if options.concepts else CONCEPT
    _check_method(searcher, label, method)
    prompts = load_suite(suite, spec, options)
    defence = Defence.of(method, concept, prompts, options) if method else None
    path = out or options.results / FOLDER / f"{_stem(name, method)}-{prompts.name}.csv"
    bundle = preflight.load(options)
    bundle.check_read([concept], [concept])
    weights = defence.weights(bundle) if defence else None
    search = Search(
        attack=label,
        source=registry.source_hash(name),
        budget=asdict(cast("Any", searcher)),
        concept=concept,
        model_hash=bundle.hash,
        seed=options.seed,
        method=defence.record(weights) if defence else None,
    )
    firsts = {each.prompt.id: each for each in samples(prompts, options.seed) if each.k == 0}
    found = _found(path, search, prompts)
    lacking = [sample for name, sample in firsts.items() if name not in found]
    with _views(bundle, defence, weights, lacking) as view:
        _find_all(searcher, search, view, prompts, lacking, path)
    return path


def _check_method(searcher: AnyAttack, label: str, method: str | None) -> None:
    """Raise InputError unless an attack on a method, and no other, is given one."""
    wanted = isinstance(searcher, AttackOnMethod)
    if wanted and method is None:
        raise InputError(f"'{label}' attacks a method as it runs: name one with --method")
    if method is not None and not wanted:
        raise InputError(
            f"'{label}' sees the text encoder alone, and what it finds is for every method: leave "
            "--method out"
        )


def _stem(name: str, method: str | None) -> str:
    """The begin of the name of a file of found prompts."""
    return "-".join(folder_name(registry.label(each)) for each in (name, method) if each)


@contextmanager
def _views(
    bundle: Bundle, defence: Defence | None, weights: Checkpoint | None, lacking: Sequence[Sample]
) -> Iterator[Callable[[Sample], View]]:
    """What an attack sees for a sample."""
    from sdd_bench.diffusion.attackable import TextView

    if defence is None:
        text = TextView(bundle)
        yield lambda _: text
        return
    with defence.views(bundle, weights, lacking) as view:
        yield view


def _chosen(name: str, spec: ModelSpec, options: Options) -> tuple[str, AnyAttack]:
    """The attack by the recipe asked for, or that of the model, with what was set."""
    searcher = registry.scan().attack(name)
    own = spec.recipe or ""
    recipe = options.recipe or (own if own in searcher.recipes else "paper")
    if recipe not in searcher.recipes:
        raise unknown("recipe", recipe, searcher.recipes)
    parameters.check_known(options.parameters, [searcher.recipes[recipe]])
    label = registry.label(name)
    return parameters.changed(label, searcher.recipes[recipe], options.parameters)


def _find_all(
    searcher: AnyAttack,
    search: Search,
    view: Callable[[Sample], View],
    suite: Suite,
    lacking: Sequence[Sample],
    path: Path,
) -> None:
    """Find what the file lacks; after each prompt it is written anew."""
    done = len(suite.prompts) - len(lacking)
    with progress(search.attack, len(suite.prompts), "prompts", done=done) as advance:
        for sample in lacking:
            text = _find(searcher, search, view(sample), sample.prompt)
            # What succeeded did so from this noise; the text encoder knows none.
            seed = sample.prompt.seed if search.method is None else sample.seed
            row = _row(sample.prompt, text, seed)
            # Another process may have found others meanwhile; what both found is the same.
            _write(path, search, suite, {**_found(path, search, suite), row.id: row})
            advance(1)


def _find(searcher: AnyAttack, search: Search, view: View, prompt: Prompt) -> str:
    """The text that the attack finds. Raises PluginError if no text is read as its tokens."""
    from torch import Generator

    generator = Generator().manual_seed(derived_seed(search.seed, search.attack, prompt.id, 0))
    part = "find_against" if isinstance(searcher, AttackOnMethod) else "find"
    with plugins.calling(searcher, part, f" for prompt {prompt.id}"):
        ids = tuple(map(int, _asked(searcher, search, view, prompt.text, generator)))
        text = view.text(ids)
    # A prompt that is given back as it was is read as it always is.
    if ids == view.ids(prompt.text):
        return prompt.text
    if view.ids(text) != ids:
        raise plugins.PluginError(
            f"{plugins.name_of(searcher)}.{part} gave tokens for prompt {prompt.id} that no text "
            "is read as: take them from the model's vocabulary"
        )
    return text


def _asked(
    searcher: AnyAttack, search: Search, view: View, prompt: str, generator: Generator
) -> Sequence[int]:
    """The tokens that the attack finds."""
    if not isinstance(searcher, AttackOnMethod):
        return searcher.find(view, search.concept, prompt, generator)
    return searcher.find_against(cast("MethodView", view), prompt, generator)


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


def _row(prompt: Prompt, text: str, seed: int | None) -> Row:
    return Row(prompt.id, text, "" if seed is None else str(seed), prompt.group, prompt.text)


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
