"""`run`: train, generate and score whatever is missing."""

from __future__ import annotations

from typing import Any

import click

from . import options, output, values
from .completion import Listed
from .streams import say, write


@click.command()
@click.option(
    "--method",
    "methods",
    type=Listed("methods"),
    multiple=True,
    required=True,
    help="A name of `list methods`, or file.py:Name. Repeatable.",
)
@click.option(
    "--suite",
    "suites",
    type=Listed("suites"),
    multiple=True,
    required=True,
    help="A name of `list suites`; a .csv, .json, .jsonl or .txt of prompts, or hub:OWNER/NAME; or "
    "NAME=FILE for a suite that is not shipped. Repeatable.",
)
@options.method_options
@options.checkpoint
@options.checkpoint_strength
@click.option(
    "--rescale-warmup",
    is_flag=True,
    help="Scale a method's warm-up, meant for 50 steps, to the number of steps.",
)
@options.image_options
@click.option(
    "--discard-images",
    is_flag=True,
    help="Remove the pictures when they are judged; scores and hashes are kept.",
)
@options.machine_options
@options.workers
@options.shard
@options.timeout
@options.log_to
@options.results
def run(methods: tuple[str, ...], suites: tuple[str, ...], **given: Any) -> None:
    """Train, generate and score whatever is missing, then print the table of these runs."""
    from sdd_bench.api import making

    with output.shown_if_incomplete():
        result = making.run(methods, suites, ends=True, **values.with_columns(given))
    write(f"{result.render(width=output.wide())}\n")
    for each in result.runs:
        if each.gone():
            say(each.discarded_images)
        else:
            say(f"{each.spec.method} on {each.spec.suite}: {each.folder / 'images'}")
