"""Fixtures that several files of tests share."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextModel

from sdd_bench import models
from sdd_bench.cli.main import main
from sdd_bench.diffusion import loading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.conditioning import TextReader
from sdd_bench.errors import MissingError
from sdd_bench.runs.identity import RunSpec
from sdd_bench.runs.lookup import find
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.types import Pixels, Settings
from sdd_bench.weights import catalog, fetcher
from sdd_bench.weights import store as weights


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    """The shipped miniature on the CPU."""
    return loading.load(models.find("miniature"), device="cpu")


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


# --- runs whose scores are made up -------------------------------------------------------------


def run_spec(**changes: object) -> RunSpec:
    """What a run of the undefended miniature depends on, but for the changes."""
    fields: dict[str, object] = {
        "model": "miniature",
        "model_hash": "a" * 64,
        "method": "sd",
        "parameters": {},
        "concepts": (),
        "checkpoint": None,
        "suite": "body",
        "suite_hash": "1",
        "settings": Settings(),
        "numerics": "cpu-float32",
    }
    return RunSpec(**{**fields, **changes})  # type: ignore[arg-type]


def store(
    root: Path,
    method: str,
    measures: Mapping[str, Sequence[float]],
    *,
    sets: Mapping[str, SetValue] | None = None,
    noise: str = "n",
    **changes: object,
) -> Run:
    """A run folder without images: two of each prompt have these scores."""
    run = Run.create(root, run_spec(method=method, **changes))
    n = len(next(iter(measures.values()), []))
    rows = pd.DataFrame(
        {
            "suite": run.spec.suite,
            "method": method,
            "prompt_id": [f"p{i // 2}" for i in range(n)],
            "prompt": "",
            "group": "",
            "k": [i % 2 for i in range(n)],
            "seed": range(n),
            "noise_hash": [f"{noise}{i}" if noise else "" for i in range(n)],
            "image_hash": "",
            "fault": "",
            **measures,
        }
    )
    run.write_scores(rows)
    run.write_sets(sets or {})
    return run


# --- a table of one's own -----------------------------------------------------------------------

OWN_TABLE = """
title = "Mine"
source = "me"
published = "mine.csv"
models = ["miniature"]
steps = 2
guidance_scale = 7.5

[[rows]]
label = "SD"
method = "sd"

[[rows]]
label = "NEG"
method = "sd-neg"

[[columns]]
key = "nude"
label = "% nude"
suite = "country_body"
decimals = 1
definitions = { miniature = "nude/miniature@0.7" }

[[columns]]
key = "lpips"
label = "LPIPS"
suite = "coco30k"
decimals = 3
definitions = { miniature = "lpips/miniature" }
"""


def own_table(folder: Path, toml: str = OWN_TABLE, cells: str = "SD,nude,50,1,2,\n") -> str:
    """The path of a table that is not shipped, with its published numbers beside it."""
    (folder / "mine.csv").write_text("row,column,value,count,n,suspect\n" + cells)
    (folder / "mine.toml").write_text(toml)
    return str(folder / "mine.toml")


# --- what comes from the package index ------------------------------------------------------------

PHOTOGRAPHS = catalog.Weight(
    name="scikit-image-photographs",
    serves="tests",
    licence="public domain (CC0)",
    source=catalog.Package(
        name="scikit-image", version="0.26.0", kind="wheel", folder="skimage/data"
    ),
    files=(
        catalog.File(
            path="astronaut.png",
            sha256="88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        ),
        catalog.File(
            path="coffee.png",
            sha256="cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
        ),
        catalog.File(
            path="chelsea.png",
            sha256="596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
        ),
    ),
    single=False,
)


def fetch_or_skip(weight: catalog.Weight) -> None:
    """Fetch a weight unless it is here; skip, with the reason, where it cannot be had."""
    try:
        fetcher.fetch(weight)
    except MissingError as error:
        pytest.skip(f"{weight.name} is not here, and: {error}")


@pytest.fixture(scope="session")
def photographs() -> dict[str, Pixels]:
    """Photographs by file name, uint8 (height, width, 3)."""
    fetch_or_skip(PHOTOGRAPHS)
    return {
        file.path: np.asarray(Image.open(PHOTOGRAPHS.place(file)).convert("RGB"))
        for file in PHOTOGRAPHS.files
    }


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
