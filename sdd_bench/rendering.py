"""A page, that is a table of text with its title and notes, in the formats that people want.

`csv` and `json` hold the tidy numbers behind the page instead of its text.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from .errors import unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is shown. A cell may have several lines."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    tidy: pd.DataFrame
    """The numbers behind it."""
    notes: Sequence[str] = ()
    """Sentences below the table."""


FORMATS = ("text", "markdown", "latex", "csv", "json", "html")

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "↓": r"$\downarrow$",
        "↑": r"$\uparrow$",
        "−": "$-$",
        "±": r"$\pm$",
        "·": r"$\cdot$",
        "–": "--",
    }
)

_HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ page.title }}</title>
<style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; }
table { border-collapse: collapse; border-bottom: 2px solid; border-top: 2px solid; }
caption { font-weight: bold; padding: .5rem 0; text-align: left; }
th, td { padding: .3rem .8rem; text-align: left; vertical-align: top; white-space: pre-line; }
thead { border-bottom: 1px solid; }
tbody tr:nth-child(even) { background: #8881; }
td { font-variant-numeric: tabular-nums; }
</style>
</head>
<body>
<table>
<caption>{{ page.title }}</caption>
<thead><tr>{% for cell in page.header %}<th scope="col">{{ cell }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in page.rows %}<tr>
{%- for cell in row %}{% if loop.first %}<th scope="row">{{ cell }}</th>
{%- else %}<td>{{ cell }}</td>{% endif %}{% endfor -%}
</tr>
{% endfor %}</tbody>
</table>
{% for note in page.notes %}<p>{{ note }}</p>
{% endfor %}</body>
</html>
"""


def render(page: Page, format: str, *, width: int = 120) -> str:  # noqa: A002
    """The page as 'text' (of `width` columns), 'markdown', 'latex' or 'html'; its numbers as 'csv'
    or 'json'. Raises InputError for another format.
    """
    formats: dict[str, Callable[[], str]] = {
        "text": lambda: _text(page, width),
        "markdown": lambda: _markdown(page),
        "latex": lambda: _latex(page),
        "csv": lambda: _csv(page.tidy),
        "json": lambda: _json(page.tidy),
        "html": lambda: _html(page),
    }
    if format not in formats:
        raise unknown("format", format, formats)
    return formats[format]()


def _text(page: Page, width: int) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Text, not str: rich would read the brackets of an interval as markup.
    table = Table(show_lines=any("\n" in cell for row in page.rows for cell in row))
    for name in page.header:
        table.add_column(Text(name), overflow="fold")
    for row in page.rows:
        table.add_row(*map(Text, row))
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(Text(page.title))
        console.print(table)
        for note in page.notes:
            console.print(Text(note))
    return capture.get()


def _markdown(page: Page) -> str:
    lines = [page.header, ["---"] * len(page.header), *page.rows]
    body = ["| " + " | ".join(map(_markdown_cell, line)) + " |" for line in lines]
    return "\n".join([page.title, "", *body, "", *(f"{note}\n" for note in page.notes)])


def _markdown_cell(cell: str) -> str:
    safe = cell.replace("&", "&amp;").replace("<", "&lt;").replace("|", r"\|").replace("*", r"\*")
    return safe.replace("\n", "<br>")


def _latex(page: Page) -> str:
    """A table with the rules of booktabs."""
    header, *rows = [
        " & ".join(map(_latex_cell, line)) + r" \\" for line in [page.header, *page.rows]
    ]
    notes = [rf"\par\footnotesize {note.translate(_LATEX)}" for note in page.notes]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{page.title.translate(_LATEX)}}}",
            rf"\begin{{tabular}}{{{'l' * len(page.header)}}}",
            r"\toprule",
            header,
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            *notes,
            r"\end{table}",
            "",
        ]
    )


def _latex_cell(cell: str) -> str:
    lines = [line.translate(_LATEX) for line in cell.split("\n")]
    stacked = r" \\ ".join(lines)
    return stacked if len(lines) == 1 else rf"\shortstack[l]{{{stacked}}}"


def _html(page: Page) -> str:
    """One file that needs no other; everything in it is escaped."""
    from jinja2 import Environment

    return Environment(autoescape=True).from_string(_HTML).render(page=page)


def _csv(tidy: pd.DataFrame) -> str:
    """The numbers. Spreadsheets run a text that starts like a formula, so such get a quote."""
    safe = tidy.copy()
    for column in tidy.columns[~tidy.dtypes.map(pd.api.types.is_numeric_dtype)]:
        text = tidy[column].astype("str")
        safe[column] = text.where(~text.str.match(r"[=+\-@\t\r]"), "'" + text)
    return safe.to_csv(index=False, lineterminator="\n")


def _json(tidy: pd.DataFrame) -> str:
    """The numbers, one object per row, NaN as null."""
    rows = [
        {key: None if isinstance(cell, float) and math.isnan(cell) else cell for key, cell in row}
        for row in (record.items() for record in tidy.to_dict("records"))
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
