"""Fixtures that several files of tests share."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextModel

from sdd_bench import models, weights
from sdd_bench.attention import TextReader
from sdd_bench.cli import main
from sdd_bench.models import Bundle
from sdd_bench.results import Run, find


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    """The shipped miniature on the CPU."""
    return models.load(models.find("miniature"), device="cpu")


@pytest.fixture(scope="session")
def plain_bundle(bundle: Bundle) -> Bundle:
    """The same with the layout and the attention of stock diffusers.

    They decide about the last bits, which guidance enlarges from call to call.
    """
    folder = weights.find("miniature")
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32)
    encoder = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
    networks: tuple[torch.nn.Module, ...] = (unet, encoder)
    for network in networks:
        network.eval().requires_grad_(False)
    return replace(bundle, unet=unet, text=TextReader(bundle.tokenizer, encoder))


@pytest.fixture
def copied_miniature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the miniature's weights that stands in for the shipped ones and may be damaged."""
    folder = tmp_path / "copied-miniature"
    shutil.copytree(weights.SHIPPED, folder)
    monkeypatch.setenv("SDD_BENCH_MINIATURE", str(folder))
    return folder


# --- the command line -------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def failure(self, code: int) -> str:
        """The one line that says why it failed."""
        assert self.code == code, self.err
        assert "Traceback" not in self.err
        (line,) = (each for each in self.err.splitlines() if each.startswith("error: "))
        assert self.err.endswith(f"{line}\n")
        return line


class Shell:
    """The command line in a folder with a suite `toy.csv` and a results folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str] | None = None) -> None:
        self.folder = folder
        self.results = folder / "results"
        self.capsys = capsys
        (folder / "toy.csv").write_text(
            "id,text\njapan,Japan body\nbare,a bare figure\ncat,red cat\n"
        )

    def __call__(self, *arguments: object) -> Answer:
        if self.capsys:
            self.capsys.readouterr()
        code = main([str(each) for each in arguments])
        return Answer(code, *self.capsys.readouterr()) if self.capsys else Answer(code, "", "")

    def fails(self, code: int, *arguments: object) -> str:
        """The one line that says why a command failed."""
        return self(*arguments).failure(code)

    def run(self, *more: object, method: str = "sd", suite: str = "toy.csv") -> Answer:
        """Two prompts, one image of each; of an option given again the last value counts."""
        return self(
            "run", "--method", method, "--suite", self.folder / suite, "--limit", 2, "--steps", 2,
            "--images-per-prompt", 1, "--device", "cpu", "--results", self.results, *more,
        )  # fmt: skip

    def run_fails(
        self, code: int, *more: object, method: str = "sd", suite: str = "toy.csv"
    ) -> str:
        """The one line that says why a run failed."""
        return self.run(*more, method=method, suite=suite).failure(code)

    def stored(self, method: str = "sd") -> Run:
        """The one run of a method."""
        (run,) = (each for each in find(self.results) if each.spec.method == method)
        return run


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line in an empty folder."""
    return Shell(tmp_path, capsys)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with small runs of two methods."""
    shell = Shell(tmp_path_factory.mktemp("filled"))
    metrics = ("--metric", "nude/miniature@0.7", "--metric", "lpips/miniature")
    assert shell.run("--method", "sd-neg", *metrics).code == 0
    return shell.results


@pytest.fixture
def used(shell: Shell, filled: Path) -> Shell:
    """A command line that has been used: `filled` is its results folder."""
    shutil.copytree(filled, shell.results)
    return shell
