"""A page as LaTeX."""

from __future__ import annotations

from .page import Page

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


def render(page: Page, width: int) -> str:
    """A table with the rules of booktabs."""
    header, *rows = [
        _apart(" & ".join(map(_latex_cell, line))) + r" \\" for line in [page.header, *page.rows]
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
    first, *rest = [line.translate(_LATEX) for line in cell.split("\n")]
    stacked = r" \\ ".join([first, *map(_apart, rest)])
    return rf"\shortstack[l]{{{stacked}}}" if rest else first


def _apart(line: str) -> str:
    r"""A line that the command before it doesn't take for its argument, as `\\[` would be."""
    return f"{{}}{line}" if line.startswith(("[", "*")) else line
