"""Options that several commands share, and the request they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdd_bench.errors import InputError

if TYPE_CHECKING:
    from sdd_bench.request import Request


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
    from sdd_bench import concepts
    from sdd_bench.request import Request

    options["columns"] = named_columns(options)
    concept_set = options.pop("concept_set")
    for name in ("methods", "suites", "metrics", "concepts"):
        options[name] = tuple(dict.fromkeys(options[name]))  # asked for twice is asked for once
    if concept_set and options["concepts"]:
        raise InputError("give --concept or --concepts, not both")
    if concept_set:
        options["concepts"] = concepts.find(concept_set)
    return Request(results=results, **options)
