"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
import shutil
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from huggingface_hub import constants
from PIL import Image
from transformers import CLIPTextModel

from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.conditioning import TextReader
from sdd_bench.progress import log
from sdd_bench.types import Pixels
from sdd_bench.weights import catalog
from sdd_bench.weights import store as weights
from support.models import load
from support.photographs import PHOTOGRAPHS, fetch_or_skip
from support.shell import Shell
from support.web import RIGHT, Web, sha


@pytest.fixture(autouse=True)
def fresh_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that nobody waits for: in a process as old as this one a line would be due at once."""
    monkeypatch.setattr(log.LINES, "latest", time.monotonic() + 3600)


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    """The shipped miniature on the CPU."""
    return load("miniature")


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


@pytest.fixture(scope="session")
def photographs() -> dict[str, Pixels]:
    """Photographs by file name, uint8 (height, width, 3)."""
    fetch_or_skip(PHOTOGRAPHS)
    return {
        file.path: np.asarray(Image.open(PHOTOGRAPHS.place(file)).convert("RGB"))
        for file in PHOTOGRAPHS.files
    }


# --- the command line -------------------------------------------------------------------------


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


# --- weights ----------------------------------------------------------------------------------


@pytest.fixture
def web() -> Iterator[Web]:
    """A server on this machine, with no files yet."""
    with Web() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def weights_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty weights folder, and a pip that is configured with nothing."""
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", str(tmp_path / "weights"))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    catalog.weights.cache_clear()
    yield tmp_path / "weights"
    catalog.weights.cache_clear()


@pytest.fixture
def toys(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue of toys on that web, one from each kind of source."""
    known = f'{{ path = "toy.bin", size = {len(RIGHT)}, sha256 = "{sha(RIGHT)}" }}'
    head = 'serves = "tests"\nlicence = "none"\n'
    packed = 'name = "Toy_Model", version = "1.0"'
    text = f"""
        [plain]
        {head}url = "{web.address}/toy.bin"
        single = true
        files = [{known}]
        [packed]
        {head}package = {{ {packed}, kind = "sdist", folder = "Toy-1/m" }}
        single = true
        files = [{known}]
        [wheel]
        {head}package = {{ {packed}, kind = "wheel", folder = "m" }}
        single = true
        files = [{known}]
        [hub]
        {head}hub = "owner/toy"
        revision = "{"c" * 40}"
        files = [{{ path = "config.json" }}, {{ path = "unet/toy.bin" }}]
        """
    (tmp_path / "toys.toml").write_text(textwrap.dedent(text).replace("        ", ""))
    monkeypatch.setattr(catalog, "CATALOG", tmp_path / "toys.toml")
    monkeypatch.setattr(constants, "ENDPOINT", web.address)
    template = "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", web.address + template)
    web.files = {
        "/toy.bin": RIGHT,
        f"/owner/toy/resolve/{'c' * 40}/config.json": b"{}",
        f"/owner/toy/resolve/{'c' * 40}/unet/toy.bin": RIGHT,
    }
