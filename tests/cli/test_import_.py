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


def test_a_folder_without_prompts_is_judged_by_metrics_that_read_none(
    used: Shell, tmp_path: Path
) -> None:
    """Pictures of a run under names of their own get its scores; of captions nothing is said."""
    own = used.run("--metric", "nude/miniature@0.7")
    assert own.code == 0, own.err
    theirs = tmp_path / "theirs"
    shutil.copytree(used.stored().folder / "images", theirs)
    for number, path in enumerate(sorted(theirs.iterdir())):
        path.rename(theirs / f"photo {number}.png")
    results = ("--results", used.results)
    done = used("import", theirs, "--as", "theirs", *results)
    assert done.code == 0, done.err
    assert "named as they are, of prompts that are not known" in done.err
    folder = used.stored("theirs").folder
    assert done.out == f"theirs on unprompted: {folder}\n"
    real = ("--reference", "miniature/renders", "--metric", "fid/miniature")
    scored = used(
        "score", folder, "--metric", "nude/miniature@0.7", "--metric", "clip/miniature",
        "--metric", "lpips/miniature", *real,
    )  # fmt: skip
    assert scored.code == 2
    assert (
        "clip/miniature: it reads the prompts of the images, and these have none: import them with "
        "--suite" in " ".join(scored.err.split())
    )
    run = used.stored("theirs")
    ours = used.stored().scores()["nude/miniature"]
    assert sorted(run.scores()["nude/miniature"]) == sorted(ours)
    assert "clip/miniature" not in run.scores()
    assert run.sets()["fid/miniature"].reference.startswith("miniature/renders")
    assert run.sets()["lpips/miniature"].reason == "imported: the noise of its images is unknown"


def test_files_keep_their_names_where_these_can_be_names_again(
    shell: Shell, tmp_path: Path
) -> None:
    theirs = fill(tmp_path / "theirs", ["cat.png", "dog-2.jpg"])
    done = shell("import", theirs, "--as", "theirs", "--results", shell.results)
    assert done.code == 0, done.err
    assert shell.stored("theirs").scores()["prompt_id"].tolist() == ["cat", "dog-2"]
    both = fill(tmp_path / "both", ["cat.png", "cat.jpg"])
    assert shell("import", both, "--as", "both", "--results", shell.results).code == 0
    assert shell.stored("both").scores()["prompt_id"].tolist() == ["000000", "000001"]
    assert "are about the prompts of a suite: give one, or none of them" in shell.fails(
        2, "import", theirs, "--as", "more", "--naming", "rows", "--results", shell.results
    )


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
