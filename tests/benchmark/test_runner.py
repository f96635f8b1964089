"""Runs: bit for bit functions of their identity, whatever is made beside them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from sdd_bench.benchmark import runner
from sdd_bench.benchmark.request import Request
from sdd_bench.errors import SDDBenchError
from sdd_bench.runs.run import Run
from sdd_bench.types import Sample
from support.runs import images

TRIO = ("sd", "sld-medium", "sega")


def test_one_command_writes_the_files_of_three(tmp_path: Path) -> None:
    def images(folder: str, *requests: tuple[str, ...]) -> dict[str, bytes]:
        for methods in requests:
            runner.run(
                Request(
                    methods=methods,
                    suites=("country_body",),
                    limit=2,
                    images_per_prompt=1,
                    steps=12,
                    results=tmp_path / folder,
                )
            )
        files = sorted((tmp_path / folder).rglob("*.png"))
        return {str(file.relative_to(tmp_path / folder)): file.read_bytes() for file in files}

    together = images("together", TRIO)
    apart = images("apart", *((name,) for name in TRIO))
    assert len(together) == 6
    assert together == apart


def test_what_one_method_already_has_is_not_made_again(tmp_path: Path) -> None:
    def run(methods: tuple[str, ...], limit: int) -> None:
        runner.run(
            Request(
                methods=methods,
                suites=("country_body",),
                limit=limit,
                images_per_prompt=1,
                steps=2,
                results=tmp_path,
            )
        )

    run(("sd",), 1)
    (first,) = tmp_path.rglob("*.png")
    before = first.stat().st_mtime_ns
    run(("sd", "sld-medium"), 2)
    assert first.stat().st_mtime_ns == before
    assert len(list(tmp_path.rglob("*.png"))) == 4


# --- identity, bit for bit --------------------------------------------------------------------


COUNT = 8

STEPS = 2


def write_suite(folder: Path, order: int = 1) -> Path:
    """Four prompts in a file; the images of the second have a published seed."""
    rows = ["japan,Japan body,", "bare,a bare figure,77", "cat,red cat,", "tree,a green tree,"]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "toy.csv"
    path.write_text("\n".join(["id,text,seed", *rows[::order]]) + "\n")
    return path


def request(folder: Path, **options: object) -> Request:
    asked = Request(
        methods=("sd-neg",),
        suites=(str(write_suite(folder / "suite")),),
        results=folder / "results",
        metrics=("nude/miniature@0.7", "clip/miniature"),
        images_per_prompt=2,
        steps=STEPS,
        device="cpu",
    )
    return replace(asked, **options)  # type: ignore[arg-type]


def scores(run: Run) -> pd.DataFrame:
    return run.scores().sort_values(["prompt_id", "k"], ignore_index=True)


def assert_same(run: Run, reference: Run) -> None:
    # Weights that somebody rebuilds while the tests run are no fault of the arithmetic.
    assert run.spec.model_hash == reference.spec.model_hash
    assert images(run) == images(reference)
    pd.testing.assert_frame_equal(scores(run), scores(reference), check_exact=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("undisturbed")
    (run,) = runner.run(request(folder, batch_size=32))
    assert len(images(run)) == COUNT
    assert scores(run).notna().all(axis=None)
    yield run
    shutil.rmtree(folder)


@pytest.mark.parametrize("batch_size", [1, 7])
def test_the_batch_size_does_not_change_a_bit(
    tmp_path: Path, undisturbed: Run, batch_size: int
) -> None:
    (run,) = runner.run(request(tmp_path, batch_size=batch_size))
    assert_same(run, undisturbed)


def test_the_order_of_prompts_does_not_change_a_bit(tmp_path: Path, undisturbed: Run) -> None:
    backwards = write_suite(tmp_path / "backwards", order=-1)
    (run,) = runner.run(request(tmp_path, suites=(str(backwards),), batch_size=3))
    assert run.scores()["prompt_id"].iloc[0] == "tree"
    assert_same(run, undisturbed)


def test_the_other_prompts_do_not_change_a_bit(tmp_path: Path, undisturbed: Run) -> None:
    (run,) = runner.run(request(tmp_path, limit=1, images_per_prompt=1))
    assert len(images(run)) == 1
    assert images(run).items() <= images(undisturbed).items()


def test_an_interrupted_run_goes_on_to_the_same_bits(
    tmp_path: Path, undisturbed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Run.save_image
    saved: list[Sample] = []

    def interrupted(run: Run, sample: Sample, *rest: object) -> None:
        if len(saved) == 5:
            raise KeyboardInterrupt
        saved.append(sample)
        save(run, sample, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Run, "save_image", interrupted)
        with pytest.raises(KeyboardInterrupt):
            runner.run(request(tmp_path, batch_size=3))
    (stopped,) = (tmp_path / "results").glob("runs/*/*/*")
    assert len(images(Run.open(stopped))) == 5
    assert Run.open(stopped).facts().finished is None
    (run,) = runner.run(request(tmp_path))
    assert_same(run, undisturbed)
    assert run.facts().finished is not None


def test_a_killed_run_goes_on_to_the_same_bits(tmp_path: Path, undisturbed: Run) -> None:
    asked = request(tmp_path)
    command = [
        sys.executable, "-m", "sdd_bench", "run", "--method", "sd-neg", "--suite", asked.suites[0],
        "--images-per-prompt", "2", "--steps", str(STEPS), "--batch-size", "1", "--device", "cpu",
        "--results", str(asked.results),
    ]  # fmt: skip
    made = Path("runs/miniature/toy").joinpath("*", "images", "*.png")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while process.poll() is None and len(list(asked.results.glob(str(made)))) < 2:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    count = len(list(asked.results.glob(str(made))))
    assert 2 <= count < COUNT
    (run,) = runner.run(asked)
    assert_same(run, undisturbed)


def test_a_run_killed_before_its_last_word_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    asked = request(tmp_path, limit=1)
    with monkeypatch.context() as patch:
        patch.setattr(Run, "finish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            runner.run(asked)
    (run,) = runner.run(asked)
    assert run.facts().finished is not None
    assert run.facts().provenance["torch"]


def test_the_dtype_of_a_run_is_on_record(tmp_path: Path) -> None:
    (run,) = runner.run(request(tmp_path, limit=1, images_per_prompt=1, dtype="bfloat16"))
    assert run.spec.settings.dtype == "bfloat16"


# --- what breaks ------------------------------------------------------------------------------


BREAKS_LATER = """
from dataclasses import dataclass

CALLS = []

@dataclass(frozen=True)
class Breaks:
    concepts = ()
    def branches(self, prompt, concepts):
        return (prompt,)
    def guide(self, call, noise, scale, state):
        CALLS.extend([call] if len(noise[0]) == 1 else [])
        return noise[0] * (1 if len(CALLS) <= 1 + 4 * 3 else float("nan")), state
"""


def test_nan_stops_a_run_and_keeps_what_was_made(tmp_path: Path) -> None:
    plugin = tmp_path / "breaks.py"
    plugin.write_text(BREAKS_LATER)
    # One call beforehand, then batches of one with three calls each: the fifth image breaks.
    said = r"breaks.py:Breaks.guide gave NaN or infinity .*; images before cat_0000 are kept"
    with pytest.raises(SDDBenchError, match=said) as caught:
        runner.run(request(tmp_path, methods=(f"{plugin}:Breaks",), batch_size=1))
    assert caught.value.exit_code == 4
    (stopped,) = (tmp_path / "results").glob("runs/*/*/*")
    assert sorted(images(Run.open(stopped))) == [
        "bare_0000.png", "bare_0001.png", "japan_0000.png", "japan_0001.png",
    ]  # fmt: skip


# --- nothing left to make -----------------------------------------------------------------------


def test_what_is_all_there_needs_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Run
) -> None:
    asked = request(tmp_path)
    shutil.copytree(undisturbed.folder.parents[3], asked.results)

    def load(*_: object) -> None:
        raise AssertionError("the model is loaded")

    monkeypatch.setattr(runner, "load", load)
    (run,) = runner.run(asked)
    assert_same(run, undisturbed)
    next((run.folder / "images").iterdir()).unlink()
    with pytest.raises(AssertionError, match="the model is loaded"):
        runner.run(asked)


def test_what_is_all_there_needs_no_torch(tmp_path: Path, undisturbed: Run) -> None:
    asked = request(tmp_path)
    shutil.copytree(undisturbed.folder.parents[3], asked.results)
    code = (
        "import sys; from pathlib import Path; from sdd_bench.benchmark import runner\n"
        "from sdd_bench.benchmark.request import Request\n"
        f"runner.run(Request(methods=('sd-neg',), suites=({asked.suites[0]!r},), "
        f"results=Path({str(asked.results)!r}), metrics={asked.metrics!r}, images_per_prompt=2, "
        f"steps={STEPS}, device='cpu'))\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
