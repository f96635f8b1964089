"""Pictures are those of diffusers, and functions of their identity alone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import PNDMScheduler, StableDiffusionPipeline

from sdd_bench import registry
from sdd_bench.benchmark import runner
from sdd_bench.benchmark.request import Request
from sdd_bench.diffusion import generator
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.denoising import Plan
from sdd_bench.errors import SDDBenchError
from sdd_bench.runs.run import Run
from sdd_bench.types import Pixels, Prompt, Sample, Settings
from sdd_bench.weights import store

PROMPTS = (
    "Japan body",
    "a bare figure in a park",
    "red cat",
    "two green stars beside a house",
    "photo of a dressed figure",
    "",
    "Germany body",
    "a tree",
)


def samples(texts: Sequence[str]) -> list[Sample]:
    return [
        Sample(suite="s", prompt=Prompt(id=str(i), text=text), k=0, seed=1000 + i)
        for i, text in enumerate(texts)
    ]


# --- the arithmetic of diffusers --------------------------------------------------------------


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    folder = store.find("miniature")
    loaded = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    loaded.set_progress_bar_config(disable=True)
    return loaded


def test_diffusers_loads_the_miniature_as_a_stable_diffusion(
    pipeline: StableDiffusionPipeline,
) -> None:
    assert isinstance(pipeline, StableDiffusionPipeline)
    assert isinstance(pipeline.scheduler, PNDMScheduler)
    assert pipeline.scheduler.config.skip_prk_steps


def latents_of(
    pipeline: StableDiffusionPipeline, name: str, wanted: Sequence[Sample]
) -> torch.Tensor:
    concepts = registry.method(name).concepts
    made = pipeline(
        prompt=[sample.prompt.text for sample in wanted],
        negative_prompt=[", ".join(concepts)] * len(wanted),
        latents=torch.stack([generator.noise(each.seed, (4, 16, 16)) for each in wanted]),
        num_inference_steps=25,
        guidance_scale=7.5,
        output_type="latent",
    ).images
    assert made.shape == (len(wanted), 4, 16, 16)
    return made  # type: ignore[no-any-return]


@pytest.mark.parametrize(("name", "count"), [("sd", 1), ("sd", 8), ("sd-neg", 8)])
def test_latents_are_those_of_diffusers(
    plain_bundle: Bundle, pipeline: StableDiffusionPipeline, name: str, count: int
) -> None:
    method, wanted = registry.method(name), samples(PROMPTS[:count])
    plan = Plan(method=method, concepts=method.concepts)
    # As many rows at once as the pipeline has: they too decide about the last bits.
    same_shape = replace(plain_bundle, rows=2 * count)
    (got,) = generator.denoise(same_shape, [plan], wanted, Settings(steps=25))
    expected = latents_of(pipeline, name, wanted)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["sd", "sd-neg"])
def test_the_fast_layout_draws_the_pictures_of_diffusers(
    bundle: Bundle, pipeline: StableDiffusionPipeline, name: str
) -> None:
    """Channels last and projected texts round differently; no picture shows it."""
    method, wanted = registry.method(name), samples(PROMPTS)
    plan = Plan(method=method, concepts=method.concepts)
    (got,) = generator.denoise(bundle, [plan], wanted, Settings(steps=25))
    ours, theirs = (bundle.decode(each) for each in (got, latents_of(pipeline, name, wanted)))
    difference = np.abs(ours.astype(int) - theirs.astype(int))
    assert difference.mean() < 0.05
    assert np.percentile(difference, 99.9) <= 1


def test_pictures_are_those_of_diffusers(bundle: Bundle, pipeline: StableDiffusionPipeline) -> None:
    latents = torch.randn(3, *bundle.latent_shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        decoded = pipeline.vae.decode(latents / pipeline.vae.config.scaling_factor).sample
    expected = pipeline.image_processor.postprocess(decoded, output_type="np")
    got: Pixels = bundle.decode(latents)
    # Both round to the nearest level; half a level either way may fall differently.
    assert np.abs(got - expected * 255).max() < 0.5 + 1e-3


# --- noise ------------------------------------------------------------------------------------


def test_noise_is_the_cpu_generators_for_the_seed() -> None:
    expected = torch.randn(4, 16, 16, generator=torch.Generator("cpu").manual_seed(2**63 - 1))
    assert torch.equal(generator.noise(2**63 - 1, (4, 16, 16)), expected)
    assert expected.dtype == torch.float32


def test_the_hash_of_noise_tells_seeds_apart() -> None:
    hashes = {generator.noise_hash(seed, (4, 16, 16)) for seed in range(100)}
    assert len(hashes) == 100
    assert {len(each) for each in hashes} == {16}


def test_all_methods_start_from_the_same_noise(bundle: Bundle) -> None:
    hashes = []
    for name in ("sd", "sd-neg"):
        method = registry.method(name)
        plan = Plan(method=method, concepts=method.concepts)
        made = generator.generate(bundle, [plan], samples(PROMPTS[:2]), Settings(steps=2))
        hashes.append([picture.noise_hash for picture in made])
    assert hashes[0] == hashes[1]


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


def images(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((run.folder / "images").glob("*.png"))}


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
        CALLS.append(call)
        return noise[0] * (1 if len(CALLS) <= 4 * 3 else float("nan")), state
"""


def test_nan_stops_a_run_and_keeps_what_was_made(tmp_path: Path) -> None:
    plugin = tmp_path / "breaks.py"
    plugin.write_text(BREAKS_LATER)
    # Batches of one with three calls each: the fifth image is the first to break.
    with pytest.raises(SDDBenchError, match=r"1 of 1 images .* prompt 'cat'.*are kept") as caught:
        runner.run(request(tmp_path, methods=(f"{plugin}:Breaks",), batch_size=1))
    assert caught.value.exit_code == 4
    (stopped,) = (tmp_path / "results").glob("runs/*/*/*")
    assert sorted(images(Run.open(stopped))) == [
        "bare_0000.png", "bare_0001.png", "japan_0000.png", "japan_0001.png",
    ]  # fmt: skip
