"""`report`: stored runs as one page to look at."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .streams import say


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option(
    "--out",
    type=options.Place(dir_okay=False, path_type=Path),
    default=Path("report.html"),
    show_default=True,
    help="The page.",
)
@click.option("--table", "tables", multiple=True, metavar="TABLE", help="Also a paper's table.")
@click.option("--suite", "suites", multiple=True, help="Only runs on this suite. Repeatable.")
@click.option("--mask", type=click.Choice(["boxes"]), help="Black boxes over detected parts.")
@click.option("--no-images", is_flag=True, help="Numbers only.")
@options.results
def report(
    runs: tuple[str, ...],
    out: Path,
    tables: tuple[str, ...],
    suites: tuple[str, ...],
    mask: str | None,
    no_images: bool,
    results: Path,
) -> None:
    """Write the results as one page that opens anywhere: tables, scores, and pictures that are
    blurred until they are clicked. RUN is a method or the name of a run's folder; without any, all.
    """
    from sdd_bench.api import reporting

    written = reporting.report(
        runs,
        out=out,
        tables=tables,
        suites=suites,
        images=not no_images,
        mask="boxes" if mask else "",
        results=results,
    )
    say(str(written))
