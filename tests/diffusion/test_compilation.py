"""Compiled blocks: other arithmetic, under another name, and none where there is no compiler."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from sdd_bench import models
from sdd_bench.benchmark import runner
from sdd_bench.benchmark.request import Options, Request
from sdd_bench.diffusion import compilation, generator, loading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError, MissingError
from support.runs import images

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")


def test_an_unknown_arithmetic_gets_a_suggestion() -> None:
    with pytest.raises(InputError, match=r"no numerics named 'compile'\. Did you mean 'compiled'"):
        Options(numerics="compile")  # type: ignore[arg-type]


@pytest.mark.slow
def test_without_a_compiler_it_is_refused_in_a_sentence() -> None:
    from torch._inductor import config

    said = "nothing can be compiled here for --numerics compiled .*: install a C.. compiler"
    with config.patch({"cpp.cxx": ("no-such-compiler",)}), pytest.raises(MissingError, match=said):
        compilation.check(torch.device("cpu"))


def test_an_old_torch_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.compiler, "set_stance")
    with pytest.raises(MissingError, match=r"needs PyTorch 2\.6 or newer, and this is "):
        compilation.check(torch.device("cpu"))
    with compilation.left_out():  # nothing is compiled, so nothing has to be left out
        pass


def test_compiled_runs_and_others_never_read_one_anothers_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if a compiler rounded as nobody does: what counts is which folder is looked in.
    monkeypatch.setattr(compilation, "check", lambda _: None)
    monkeypatch.setattr(compilation, "compile_blocks", lambda _: None)
    suite = tmp_path / "toy.csv"
    suite.write_text("id,prompt\na,red cat\n")

    counted: list[int] = []
    pictures = generator.pictures

    def count(*given: object) -> object:
        counted.append(1)
        return pictures(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(generator, "pictures", count)

    def made(numerics: str) -> tuple[Path, str]:
        request = Request(
            methods=("sd",), suites=(str(suite),), images_per_prompt=1, steps=2, device="cpu",
            results=tmp_path / "results", metrics=("nude/miniature@0.7",), numerics=numerics,  # type: ignore[arg-type]
        )  # fmt: skip
        (run,) = runner.run(request)
        assert len(images(run)) == 1
        return run.folder, run.spec.numerics

    eager, compiled = made("eager"), made("compiled")
    assert eager[1] == "cpu-float32-rows16"
    assert compiled[1] == "cpu-float32-rows16-compiled"
    assert eager[0] != compiled[0]
    assert len(counted) == 2
    assert made("compiled") == compiled
    assert made("eager") == eager
    assert len(counted) == 2


@needs_compiler
@pytest.mark.slow
def test_compiled_blocks_round_a_little_differently_and_always_the_same(bundle: Bundle) -> None:
    compiled = loading.load(models.find("miniature"), device="cpu", numerics="compiled")
    assert compiled.numerics == f"{bundle.numerics}-compiled"
    latents = torch.randn(20, *bundle.latent_shape, generator=torch.Generator().manual_seed(0))
    states = bundle.text(("red cat",) * 20)
    plain, merged = (each.predict(latents, 500, states) for each in (bundle, compiled))
    # Single precision has 24 bits; some tens of layers lose a few of them.
    assert (plain - merged).abs().max() < 1e-4 * plain.abs().max()
    # Rows depend on none beside them, nor on how many threads there are.
    before = torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        few = compiled.predict(latents[17:], 500, states[17:])
        torch.set_num_threads(before)
        assert torch.equal(few, merged[17:])
    with compilation.left_out():
        assert torch.equal(compiled.predict(latents, 500, states), plain)
