"""Options that several commands share, and the request they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdd_bench.errors import InputError

from . import output

if TYPE_CHECKING:
    from sdd_bench.benchmark.request import Request
    from sdd_bench.papers.needs import Need, NeedStatus
    from sdd_bench.papers.published import Table


def results(command: Callable[..., None]) -> Callable[..., None]:
    """`--results`."""
    return click.option(
        "--results",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("results"),
        show_default=True,
        help="Folder of all runs.",
    )(command)


def options(*decorators: Callable[..., Any]) -> Callable[..., Any]:
    """Several options at once, shown in the order given."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


format_ = click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "latex", "csv", "json", "html"]),
    default="text",
    show_default=True,
)
model = click.option(
    "--model",
    default="miniature",
    show_default=True,
    help="A name of `list models`, a diffusers folder, or a hub id.",
)
what = options(
    model,
    click.option(
        "--concept",
        "concepts",
        multiple=True,
        help="What is to be removed, instead of the method's own default. Repeatable.",
    ),
    click.option(
        "--concepts", "concept_set", help="A set of `list concepts` instead of --concept."
    ),
    click.option(
        "--recipe",
        help="How methods that train do it: see docs/training.md.  [default: paper, and for the "
        "miniature its own]",
    ),
    click.option(
        "--trainable",
        help="Tensors that learn: xattn, xattn-kv, selfattn, noxattn or full.  "
        "[default: the recipe's]",
    ),
)
how = options(
    click.option(
        "--seed",
        type=click.IntRange(0, 2**63 - 1),
        default=42,
        show_default=True,
        help="What is random derives from it, but for images with a published seed.",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(min=1),
        help="Images at a time.  [default: 32 on the CPU, 16 on a GPU]",
    ),
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."),
    click.option(
        "--dtype", default="auto", show_default=True, help="auto, float32, float16 or bfloat16."
    ),
)
columns = options(
    click.option(
        "--prompt-column",
        metavar="NAME",
        help="Where a file of prompts keeps them, if not under a name that is known.",
    ),
    *(
        click.option(f"--{name}-column", metavar="NAME", help=f"Likewise its {what}.")
        for name, what in (("seed", "seeds"), ("group", "groups"), ("id", "ids"))
    ),
)
images = options(
    click.option(
        "--metric",
        "metrics",
        multiple=True,
        help="A name of `list metrics`, or of a metric file. Repeatable.  "
        "[default: those of the model and suite]",
    ),
    click.option(
        "--images-per-prompt", type=click.IntRange(min=1), help="Instead of the suite's own number."
    ),
    click.option("--limit", type=click.IntRange(min=1), help="Only the first N prompts."),
    columns,
    click.option(
        "--steps", type=click.IntRange(2, 999), default=25, show_default=True, help="PNDM steps."
    ),
    click.option("--guidance-scale", type=float, default=7.5, show_default=True),
)


def named_columns(options: dict[str, Any]) -> dict[str, str]:
    """What `columns` says, which is taken out of `options`: our name of a column, and theirs."""
    given = {
        ours: options.pop(f"{word}_column", None)
        for ours, word in (("text", "prompt"), ("seed", "seed"), ("group", "group"), ("id", "id"))
    }
    return {ours: name for ours, name in given.items() if name is not None}


def request(results: Path, options: dict[str, Any]) -> Request:
    """What `what`, `how` and the other options given ask for."""
    from sdd_bench.benchmark.request import Request
    from sdd_bench.suites import concepts

    options["columns"] = named_columns(options)
    concept_set = options.pop("concept_set")
    for name in ("methods", "suites", "metrics", "concepts"):
        options[name] = tuple(dict.fromkeys(options[name]))  # asked for twice is asked for once
    if concept_set and options["concepts"]:
        raise InputError("give --concept or --concepts, not both")
    if concept_set:
        options["concepts"] = concepts.find(concept_set)
    return Request(results=results, **options)


PAPER_WIDTH = 160
"""Characters that a paper's table has at least: its cells hold two values and a verdict."""


wanted = options(
    model,
    click.option(
        "--suite",
        "brought",
        multiple=True,
        metavar="NAME=FILE",
        help="Where the prompts of a suite are that is not shipped. Repeatable.",
    ),
    click.option(
        "--recipe",
        help="How methods that train do it: see docs/training.md.  [default: the table's, or the "
        "model's]",
    ),
    click.option(
        "--images-per-prompt", type=click.IntRange(min=1), help="Instead of the table's own number."
    ),
    click.option("--limit", type=click.IntRange(min=1), help="Only the first N prompts."),
    click.option("--preview", is_flag=True, help="A tenth of the images, for a tenth of the cost."),
    click.option(
        "--steps", type=click.IntRange(2, 999), help="PNDM steps.  [default: the table's]"
    ),
    click.option("--guidance-scale", type=float, help="[default: the table's]"),
    how,
    results,
)
which = click.argument("which", metavar="TABLE")


def paper_and_needs(which: str, given: dict[str, Any]) -> tuple[Table, list[Need]]:
    """The table, and what it needs with the options given."""
    from sdd_bench.papers import needs, published

    paper = published.load(which)
    brought = dict(_pair(each, paper.suites) for each in given["brought"])
    base = _paper_request(given, paper)
    return paper, needs.needs(paper, base, brought=brought, preview=given["preview"])


def _paper_request(given: dict[str, Any], paper: Table) -> Request:
    from sdd_bench.benchmark.request import Request

    own = {key: value for key, value in given.items() if key not in {"brought", "preview"}}
    if own["steps"] is None:
        own["steps"] = paper.steps
    if own["guidance_scale"] is None:
        own["guidance_scale"] = paper.guidance_scale
    return Request(methods=(), suites=(), **own)


def _pair(text: str, suites: tuple[str, ...]) -> tuple[str, str]:
    name, equals, file = text.partition("=")
    if not equals or name not in suites:
        raise InputError(
            f"--suite {text}: give NAME=FILE, where NAME is one of {', '.join(suites)}"
        )
    return name, file


def show_paper(paper: Table, found: list[NeedStatus], format_: str) -> None:
    """Print a paper's table with ours in it."""
    from sdd_bench.papers import table

    output.show([table.page(paper, found)], format_, width=PAPER_WIDTH)
