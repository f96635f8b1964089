"""Several processes that make the images of one run share them, and lose none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from sdd_bench.benchmark import runner
from sdd_bench.benchmark.request import Request
from sdd_bench.diffusion import generator
from sdd_bench.diffusion.generator import Picture
from sdd_bench.errors import SDDBenchError
from sdd_bench.runs import lookup
from sdd_bench.runs.run import Run
from support.runs import pictures
from support.together import Together

PROMPTS = 24
IMAGES = 1
"""Three blocks of images."""

BATCH = 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [f"p{number:02},a red apple number {number}" for number in range(PROMPTS)]
    (tmp_path / "many.csv").write_text("\n".join(["id,text", *lines, ""]))
    return tmp_path


def command(results: str = "results", *more: object) -> tuple[object, ...]:
    return (
        "run", "--method", "sd", "--suite", "many.csv", "--images-per-prompt", IMAGES, "--steps", 2,
        "--batch-size", BATCH, "--device", "cpu", "--metric", "nude/miniature@0.7",
        "--results", results, *more,
    )  # fmt: skip


def run_in(results: Path) -> Run:
    (run,) = lookup.find(results)
    return run


def nothing_is_left_in(run: Run) -> bool:
    return not list(run.folder.rglob(".*"))


@pytest.mark.slow
def test_the_same_command_several_times_at_once_makes_every_image_once(folder: Path) -> None:
    alone = Together(folder)
    alone.start(*command("alone"))
    alone.end()
    (folder / "made").unlink()
    together = Together(folder, waits=0.02, crowd=3)
    for _ in range(3):
        together.start(*command())
    together.end()
    made = together.made("image")
    run = run_in(folder / "results")
    assert Counter(name for name, _ in made) == Counter(run.stored())
    assert len(run.stored()) == PROMPTS * IMAGES
    assert len({pid for _, pid in made}) > 1
    there, here = pictures(run_in(folder / "alone")), pictures(run)
    assert {name: each[0] for name, each in there.items()} == {
        name: each[0] for name, each in here.items()
    }
    assert run.scores().equals(run_in(folder / "alone").scores())
    assert run.facts().finished
    assert run.facts().images == PROMPTS * IMAGES
    assert nothing_is_left_in(run)


@pytest.mark.slow
def test_what_a_killed_process_was_at_is_made_by_the_other(folder: Path) -> None:
    together = Together(folder, waits=0.02, crowd=2)
    killed = together.start(*command())
    together.start(*command())
    together.until(lambda: len({pid for _, pid in together.made("image")}) == 2)
    killed.kill()
    killed.communicate()
    together.processes.remove(killed)
    together.end()
    run = run_in(folder / "results")
    assert len(run.stored()) == PROMPTS * IMAGES
    assert run.facts().finished
    assert len(run.scores()) == PROMPTS * IMAGES
    counts = Counter(name for name, _ in together.made("image"))
    assert sum(count - 1 for count in counts.values()) <= BATCH
    assert nothing_is_left_in(run)


@pytest.mark.slow
def test_commands_that_ask_for_other_images_lose_none(folder: Path) -> None:
    together = Together(folder, waits=0.02, crowd=3)
    together.start(*command("results", "--limit", 10))
    together.start(*command())
    together.start(*command("results", "--metric", "clip/miniature", "--limit", 12))
    together.end()
    run = run_in(folder / "results")
    assert len(run.scores()) == run.facts().images == PROMPTS * IMAGES
    assert run.scores()["nude/miniature"].notna().all()
    assert run.scores()["clip/miniature"].notna().sum() >= 12 * IMAGES
    assert set(Counter(name for name, _ in together.made("image")).values()) == {1}


# --- written while the next are computed ------------------------------------------------------


def make(folder: Path) -> Run:
    (run,) = runner.run(
        Request(
            methods=("sd",),
            suites=(str(folder / "many.csv"),),
            images_per_prompt=IMAGES,
            metrics=("nude/miniature@0.7",),
            steps=2,
            batch_size=BATCH,
            device="cpu",
            results=folder / "results",
        )
    )
    return run


def test_a_batch_is_written_while_the_next_one_is_computed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computing, batches, waited = Event(), list[int](), list[bool]()
    pictures_of, save = generator.pictures, Run.save_image

    def computed(*asked: object) -> Iterator[Picture]:
        batches.append(1)
        if len(batches) == 2:
            computing.set()
        return pictures_of(*asked)  # type: ignore[arg-type]

    def saved(run: Run, *picture: object) -> None:
        waited.append(computing.wait(60))  # in vain, if the second batch waits for this one
        save(run, *picture)  # type: ignore[arg-type]

    monkeypatch.setattr(generator, "pictures", computed)
    monkeypatch.setattr(Run, "save_image", saved)
    run = make(folder)
    assert waited == [True] * PROMPTS
    assert len(run.stored()) == len(run.scores()) == PROMPTS


def test_a_picture_that_cannot_be_written_ends_the_run_and_holds_nothing_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Run.save_image

    def full(run: Run, *picture: object) -> None:
        if len(run.stored()) == 3:
            raise SDDBenchError("no space left")
        save(run, *picture)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Run, "save_image", full)
        with pytest.raises(SDDBenchError, match="no space left"):
            make(folder)
    run = run_in(folder / "results")
    assert len(run.stored()) == 3
    assert nothing_is_left_in(run)
    assert len(make(folder).stored()) == PROMPTS
