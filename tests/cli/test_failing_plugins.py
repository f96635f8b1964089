"""What a person at the command line sees of metrics and methods that fail."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sdd_bench
from sdd_bench.api.results import RunResult
from sdd_bench.errors import IncompleteError
from support.shell import Shell

METRICS = textwrap.dedent(
    """
    import time
    from dataclasses import dataclass
    import numpy as np
    from sdd_bench.types import Definition

    def named(name):
        return (
            Definition(
                name=f"t/{name}@0.5", better="lower", tolerance=1.0, threshold=0.5, source="test"
            ),
        )

    @dataclass(frozen=True)
    class Picky:
        definitions: tuple = named("picky")
        def score(self, images):
            if "a bare figure" in images.captions:
                raise RuntimeError("cannot judge this one")
            return np.zeros(len(images.pixels))

    @dataclass(frozen=True)
    class Hanging:
        definitions: tuple = named("hanging")
        def score(self, images):
            time.sleep(600)
    """
)


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    file = tmp_path / "mets.py"
    file.write_text(METRICS)
    return file


def test_a_metric_that_fails_on_an_image_ends_the_command_with_4_after_its_table(
    used: Shell, metrics: Path
) -> None:
    run = used.stored()
    more = "--metric", f"{metrics}:Picky", "--metric", "clip/miniature"
    done = used("score", run.folder, *more)
    said = "mets.py:Picky.score raised RuntimeError: cannot judge this one on bare_0000"
    assert done.failure(4) == (
        f"error: sd on toy: t/picky: 1 image unscored, {said}; all else is done and kept"
    )
    assert "1 of 2 images unscored" in " ".join(done.out.split())
    assert run.scores()["clip/miniature"].notna().all()
    again = used.run("--metric", f"{metrics}:Picky")
    assert said in again.failure(4)
    assert "t/picky@0.5" in again.out


def test_in_python_the_error_has_the_table(used: Shell, metrics: Path) -> None:
    with pytest.raises(IncompleteError, match="cannot judge this one") as caught:
        sdd_bench.score(used.stored(), [f"{metrics}:Picky", "clip/miniature"])
    assert isinstance(caught.value.result, RunResult)
    values = caught.value.result.frame.set_index("definition")["n"]
    assert values.to_dict() == {"t/picky@0.5": 1, "clip/miniature": 2}


def test_a_metric_without_its_weights_leaves_no_column(
    used: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", str(tmp_path))
    run = used.stored()
    before = run.measures()
    done = used("score", run.folder, "--metric", "clip/b32x100", "--metric", "clip/miniature")
    assert "clip/b32x100: " in done.failure(3)
    assert run.measures() == before | {"clip/miniature"}


def test_pictures_of_another_size_are_a_sentence_with_both_and_other_metrics_go_on(
    shell: Shell, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for row in range(3):
        pixels = random.integers(0, 256, (128, 128, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{row:06d}.png")
    done = shell(
        "import", folder, "--suite", "coco30k", "--limit", 3, "--as", "theirs",
        "--results", shell.results,
    )  # fmt: skip
    assert done.code == 0, done.err
    names = ("nude/miniature@0.7", "clip/miniature", "fid/miniature")
    run = shell.stored("theirs")
    asked = shell("score", run.folder, *(word for name in names for word in ("--metric", name)))
    said = "judges pictures of 64x64, and these are 128x128"
    assert said in asked.failure(2)
    assert "fid/miniature" in asked.out
    assert run.scores()[["nude/miniature", "clip/miniature"]].notna().all(axis=None)
    line = shell.fails(
        2, "reference", "--images", folder, "--out", tmp_path / "ref.safetensors",
        "--metric", "fid/miniature",
    )  # fmt: skip
    assert said in line


# --- time -------------------------------------------------------------------------------------


def test_a_metric_that_hangs_ends_the_command_with_4(used: Shell, metrics: Path) -> None:
    began = time.monotonic()
    done = used(
        "score", used.stored().folder, "--timeout", 3, "--metric", f"{metrics}:Hanging",
        "--metric", "clip/miniature",
    )  # fmt: skip
    line = done.failure(4)
    assert "mets.py:Hanging.score on japan_0000 to bare_0000 did not come back within 3 s" in line
    assert time.monotonic() - began < 60
    assert used.stored().scores()["clip/miniature"].notna().all()


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_a_timeout_is_a_number_of_seconds(used: Shell, metrics: Path, seconds: str) -> None:
    line = used.fails(
        2, "score", used.stored().folder, "--timeout", seconds, "--metric", "clip/miniature"
    )
    assert "the timeout must be a number of seconds above 0" in line
