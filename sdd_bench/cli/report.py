"""`report`: stored runs as one page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import kinds, options, values
from .completion import Listed, Stored
from .streams import say


@click.command()
@click.argument("runs", type=Stored(), nargs=-1, metavar="[RUN]...")
@click.option(
    "--out",
    type=kinds.Place(path_type=Path),
    help="The page.  [default: report.html]",
)
@click.option(
    "--bundle",
    type=kinds.Place(file_okay=False, path_type=Path),
    help="Instead a new folder, with the page (index.html) and all pictures in full size.",
)
@click.option(
    "--table",
    "tables",
    type=Listed("tables"),
    multiple=True,
    help="Also this table of a paper (table1, table2, extended or a .toml file); without RUN, of "
    "its runs. "
    "Repeatable.",
)
@click.option("--no-images", is_flag=True, help="Numbers only.")
@click.option(
    "--mask",
    type=click.Choice(["boxes"]),
    help="Black boxes over what detectors saw; pictures that none has looked at are all black.",
)
@options.report_options
def report(
    runs: tuple[str, ...],
    tables: tuple[str, ...],
    suites: tuple[str, ...],
    no_images: bool,
    **given: Any,
) -> None:
    """Write one page that opens anywhere: the tables, every score, and the pictures, blurred until
    they are clicked. RUN is a method, or the name of a run's folder; without any, all are shown.
    """
    from sdd_bench.api import reporting

    brought = [text for text in suites if "=" in text]
    written = reporting.report(
        runs,
        tables=tables,
        suites=[name for name in suites if "=" not in name],
        images=not no_images,
        sources=values.sources_of(tuple(brought)),
        **given,
    )
    say(str(written))
