"""What stored runs say: tables, comparisons, pictures. Nothing is generated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench.errors import InputError, unknown

from .arguments import Names, OptionFields, one, options_of, place, request_of, several
from .results import MatrixResult, Result, table_of

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Unpack

    from sdd_bench.analysis.grid import Grid
    from sdd_bench.analysis.matrix_rows import MatrixRow
    from sdd_bench.papers.needs import Need
    from sdd_bench.papers.published import Table
    from sdd_bench.types import Definition, Suite


def load(results: str | Path = "results", suites: Names = ()) -> pd.DataFrame:
    """Every stored image with all of its raw scores, one row each.

    Columns: model, suite, method, concepts, digest, those of scores.parquet, and `image`, the path
    of the picture, empty if it was discarded. Raises InputError for a folder without runs.
    """
    import pandas as pd

    from sdd_bench.benchmark import stored
    from sdd_bench.types import stem

    frames = []
    for run in stored.runs_in(place(results, "results"), several(suites)):
        scores = run.scores()
        about = {
            "model": run.spec.model,
            "suite": run.spec.suite,
            "method": run.spec.method,
            "concepts": ", ".join(run.spec.concepts),
            "digest": run.spec.digest,
        }
        keys = zip(scores["prompt_id"], scores["k"], strict=True)
        gone = run.gone()
        names = [stem(key, k) for key, k in keys]
        places = [str(run.folder / "images" / f"{name}.png") for name in names]
        paths = ["" if name in gone else path for name, path in zip(names, places, strict=True)]
        rest = scores.drop(columns=[name for name in about if name in scores])
        frames.append(pd.concat([pd.DataFrame(about, index=rest.index), rest], axis=1))
        frames[-1]["image"] = paths
    return pd.concat(frames, ignore_index=True)


def table(
    table: str = "runs",
    runs: Names = (),
    *,
    by_group: bool = False,
    sources: Mapping[str, str] | None = None,
    preview: bool = False,
    **options: Unpack[OptionFields],
) -> Result:
    """The runs of the results folder that are named, all but for those along trainings without any
    name; or a paper's table (table1, table2, a .toml file) with ours beside the published numbers.

    `by_group` splits runs by country, category or artist. Raises InputError for a name of no run.
    """
    from sdd_bench import registry
    from sdd_bench.analysis import curves
    from sdd_bench.benchmark import stored
    from sdd_bench.papers.needs import states_of
    from sdd_bench.papers.table import page
    from sdd_bench.runs import lookup

    plugins = registry.scan()
    if table == "runs":
        folder, named = options_of(options).results, several(runs, "run")
        known = curves.without_steps(stored.runs_in(folder), folder, named)
        return table_of(lookup.chosen(known, named), plugins, by_group=by_group)
    if several(runs, "run"):
        raise InputError(
            f"{table} has rows of its own: name runs with `table runs`, as in "
            f"`sdd-bench table runs {one(next(iter(several(runs))))}`"
        )
    paper, needs, results = paper_of(table, sources or {}, options, preview=preview)
    states = states_of(needs, results, plugins)
    if by_group:
        found = [state.run for state in states if state.run is not None]
        return table_of(found, plugins, by_group=True)
    return Result(pages=(page(paper, states, plugins),))


def plan(
    table: str,
    *,
    sources: Mapping[str, str] | None = None,
    preview: bool = False,
    **options: Unpack[OptionFields],
) -> Result:
    """The cost of `reproduce`: images, U-Net forwards, hours, disk, and what is already there."""
    from sdd_bench import registry
    from sdd_bench.papers import cost
    from sdd_bench.papers.needs import states_of

    plugins = registry.scan()
    paper, needs, results = paper_of(table, sources or {}, options, preview=preview)
    states = states_of(needs, results, plugins)
    return Result(pages=(cost.page(paper, states, plugins),))


def compare(
    *methods: str,
    by_definition: bool = False,
    contrasts: bool = False,
    suites: Names = (),
    results: str | Path = "results",
) -> Result:
    """Two methods (or run folders), paired by image: difference, 95 % interval, tests, a verdict.

    `contrasts` instead: what became of the targets of suites from the first to each of the others,
    minus what became of their neighbours.

    `by_definition` instead: the rates of any number of methods over thresholds, and how far their
    definitions agree. Raises InputError.
    """
    from sdd_bench import registry
    from sdd_bench.analysis import agreement, comparison, curves
    from sdd_bench.analysis import contrasts as between
    from sdd_bench.benchmark import stored
    from sdd_bench.runs import lookup

    plugins, folder = registry.scan(), place(results, "results")
    runs = curves.without_steps(stored.runs_in(folder, several(suites)), folder, methods)
    if by_definition:
        return Result(pages=tuple(agreement.pages(runs, methods, plugins)))
    if len(methods) < 2 or (len(methods) > 2 and not contrasts):
        raise InputError(f"compare takes two methods, not {len(methods)}: {', '.join(methods)}")
    first, *others = methods
    pairs = [pair for other in others for pair in lookup.pairs(runs, first, other)]
    if contrasts:
        return Result(pages=(between.page(between.frame(pairs, plugins)),))
    return Result(pages=(comparison.page(comparison.frame(pairs, plugins)),))


def attack_success(
    suite: str | Path,
    attacked: str | Path,
    methods: Names = (),
    *,
    results: str | Path = "results",
) -> Result:
    """How often methods (or run folders; default: all) draw what counts for the prompts of `suite`,
    or only for those that an attack found for them, `attacked`; as a mean over images and any of N.

    Prompts are paired by their ids. Raises InputError where no method was run on both.
    """
    from sdd_bench import registry
    from sdd_bench.analysis import curves, success
    from sdd_bench.benchmark import stored
    from sdd_bench.runs import lookup

    folder, named = place(results, "results"), several(methods, "method")
    known = curves.without_steps(stored.runs_in(folder), folder, named)
    plain, found = one(suite, "suite"), one(attacked, "suite")
    rows = success.frame(lookup.chosen(known, named), plain, found, registry.scan())
    return Result(pages=(success.page(rows),))


def matrix(
    method: str,
    *,
    suite: str = "artists",
    rows: Mapping[str, str] | None = None,
    picture: str | Path | None = None,
    nth: int = 0,
    **options: Unpack[OptionFields],
) -> MatrixResult:
    """The method with each concept removed (default: every group of the suite), against the prompts
    of every group. `rows` gives the folder names of runs that don't say what they remove.

    `picture` is a PNG to write, of prompt `nth` of each group. What is missing is in `.lacking`.
    """
    from sdd_bench.analysis import matrix_image
    from sdd_bench.analysis.matrix import frame, pages
    from sdd_bench.runs import places

    if picture is not None:
        places.check(Path(picture), "--picture")
    lines, definitions, prompts = matrix_of(method, suite, rows or {}, options)
    lacking = {
        line.removed: (what, line.request) for line in lines if (what := line.lacks(definitions))
    }
    if not any(len(line.scores()) for line in lines):
        return MatrixResult(pages=(), rows=len(lines), lacking=lacking)
    tidy = frame(lines, definitions, prompts)
    if picture is not None:
        matrix_image.save(Path(picture), lines, prompts, tidy, number=nth)
    shown = tuple(pages(tidy))
    return MatrixResult(pages=shown, rows=len(lines), lacking=lacking)


def matrix_of(
    method: str, suite: str, named: Mapping[str, str], options: OptionFields
) -> tuple[list[MatrixRow], list[Definition], Suite]:
    """The rows of a matrix, what is shown of them, and the prompts. Raises InputError."""
    from sdd_bench import registry
    from sdd_bench.analysis import matrix_rows

    plugins = registry.scan()
    request = request_of(method, suite, options)
    prompts = matrix_rows.suite_of(request)
    definitions = matrix_rows.definitions(request, prompts, plugins)
    return matrix_rows.rows(request, prompts, named, plugins), definitions, prompts


def ceiling(
    metrics: Names = (),
    *,
    suites: Names = (),
    pairs: int = 1000,
    seed: int = 42,
    results: str | Path = "results",
) -> Result:
    """LPIPS between unrelated images of the undefended model, beside the values of paired runs.

    `pairs` are drawn at random by `seed`. Computed from stored images; nothing is stored.
    """
    from sdd_bench import registry
    from sdd_bench.analysis.ceiling import frame, page
    from sdd_bench.benchmark import stored

    runs = stored.runs_in(place(results, "results"), several(suites))
    tidy = frame(runs, several(metrics), registry.scan(), most=pairs, seed=seed)
    return Result(pages=(page(tidy),))


def grid(
    methods: Names,
    suite: str,
    *,
    prompts: int = 6,
    images: int = 1,
    reveal: bool = False,
    results: str | Path = "results",
) -> Grid:
    """Stored pictures: a row per prompt and noise, a column per method (or run folder).

    The first `prompts` with `images` each; in a notebook they are blurred unless `reveal`.
    Raises InputError where a method has several runs or none.
    """
    from sdd_bench.analysis.grid import arranged
    from sdd_bench.benchmark import stored

    runs = stored.runs_in(place(results, "results"), (one(suite, "suite"),))
    return arranged(runs, several(methods), prompts=prompts, images=images, reveal=reveal)


def paper_of(
    table: str, sources: Mapping[str, str], given: OptionFields, *, preview: bool
) -> tuple[Table, list[Need], Path]:
    """A paper's table, what it needs with these options, and the results folder."""
    from sdd_bench.papers import published
    from sdd_bench.papers.needs import needs_of

    paper = published.load(one(table, "table"))
    for name in sources:
        if name not in paper.suites:
            raise unknown(f"suite of {table}", name, paper.suites)
    options = options_of(given)
    if given.get("steps") is None:
        options = replace(options, steps=paper.steps)
    if given.get("guidance_scale") is None:
        options = replace(options, guidance_scale=paper.guidance_scale)
    wanted = needs_of(paper, options, brought=sources, preview=preview)
    return paper, wanted, options.results
