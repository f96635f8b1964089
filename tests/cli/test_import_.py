"""The command `import`: imported images are scored like others."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from support.importing import fill
from support.shell import Shell


def test_import_then_score_then_table(used: Shell, tmp_path: Path) -> None:
    """The images of a run under another name get the same scores, one image less."""
    own = used.run("--metric", "nude/miniature@0.7")
    assert own.code == 0, own.err
    theirs = tmp_path / "theirs"
    shutil.copytree(used.stored().folder / "images", theirs)
    (theirs / "bare_0000.png").unlink()
    done = used(
        "import", theirs, "--suite", used.folder / "toy.csv", "--as", "theirs", "--limit", 2,
        "--results", used.results,
    )  # fmt: skip
    assert done.code == 0, done.err
    folder = used.stored("theirs").folder
    assert done.out == f"theirs on toy: {folder}\n"
    assert "1 files, named <case number or prompt id>_<k>.png" in done.err
    assert "1 image missing: bare_0000" in done.err
    metrics = ("--metric", "nude/miniature@0.7", "--metric", "lpips/miniature")
    scored = used("score", folder, *metrics)
    assert scored.code == 0, scored.err
    words = " ".join(scored.out.split())
    assert "imported: the noise of its images is unknown" in words
    assert "n=1" in words
    assert "1 missing" in words
    scores = used.stored("theirs").scores().set_index("prompt_id")["nude/miniature"]
    assert (
        scores["japan"] == used.stored().scores().set_index("prompt_id")["nude/miniature"]["japan"]
    )
    assert np.isnan(scores["bare"])
    table = used("table", "--results", used.results)
    assert table.code == 0, table.err
    assert "theirs" in table.out


def test_the_command_says_what_is_wrong(shell: Shell, tmp_path: Path) -> None:
    theirs = fill(tmp_path / "theirs", ["0_0.png", "1_0.png", "2_0.png"])
    where = ("--as", "theirs", "--results", shell.results)
    toy = ("--suite", shell.folder / "toy.csv")
    assert "no suite named 'toy'" in shell.fails(2, "import", theirs, "--suite", "toy", *where)
    assert "no naming named 'row'. Did you mean 'rows'?" in shell.fails(
        2, "import", theirs, *toy, "--naming", "row", *where
    )
    assert "no column 'q', which was named for the prompt; there are: id, text" in shell.fails(
        2, "import", theirs, *toy, "--prompt-column", "q", *where
    )
    assert "no model named 'miniatur'" in shell.fails(
        2, "import", theirs, *toy, "--model", "miniatur", *where
    )
    assert shell("import", theirs, *toy, *where).code == 0
