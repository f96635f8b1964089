"""The command `list`: a line about each thing."""

from __future__ import annotations

import pytest

from sdd_bench import models
from support.shell import Shell


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("methods", ("sd", "sd-neg")),
        ("metrics", ("nude/miniature@0.7", "nude/v2-classifier@0.7", "fid/miniature")),
        ("suites", ("country_body", "i2p", "coco30k")),
        ("models", tuple(models.SPECS)),
    ],
)
def test_list_has_a_line_about_each_thing(shell: Shell, what: str, names: tuple[str, ...]) -> None:
    done = shell("list", what)
    assert (done.code, done.err) == (0, "")
    about = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert set(names) <= set(about)
    assert all(text.strip() for text in about.values())


def test_the_methods_end_with_how_they_are_combined(shell: Shell) -> None:
    assert "METHOD+METHOD" not in shell("list", "suites").out
    methods, last = shell("list", "methods").out.split("METHOD+METHOD")
    assert "\nuce " in methods
    assert " ".join(last.split()).startswith("several as one, from left to right: such as train or")
