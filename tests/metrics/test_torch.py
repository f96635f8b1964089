"""How networks judge: exactly, without a word, and with the settings of a notebook left alone."""

from __future__ import annotations

import importlib
from logging import INFO
from pathlib import Path

import pytest
import torch
from huggingface_hub.utils.tqdm import are_progress_bars_disabled
from transformers import CLIPVisionModelWithProjection
from transformers.utils import logging

from sdd_bench.errors import MissingError
from sdd_bench.weights import store

judges = importlib.import_module("sdd_bench.metrics._torch")


def settings() -> tuple[object, ...]:
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    return matmul.allow_tf32, cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark


def test_a_gpu_judges_exactly_and_is_then_as_it_was() -> None:
    judges.where()
    with torch.backends.cudnn.flags(
        enabled=True, benchmark=True, deterministic=False, allow_tf32=True
    ):
        before = settings()
        assert before[1:] == (True, False, True)
        with judges.judging():
            assert settings() == (False, False, True, False)
            assert torch.is_inference_mode_enabled()
        assert settings() == before


def test_a_network_is_loaded_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    verbosity = logging.get_verbosity()
    logging.set_verbosity_info()
    logging.enable_progress_bar()
    try:
        folder = store.find("miniature/judges/clip")
        judges.pretrained(CLIPVisionModelWithProjection, folder)
        with pytest.raises(MissingError, match="cannot load"):
            judges.pretrained(CLIPVisionModelWithProjection, Path("nowhere"))
        assert capsys.readouterr().err == ""
        assert logging.get_verbosity() == INFO
        assert logging.is_progress_bar_enabled()
        assert not are_progress_bars_disabled()
    finally:
        logging.set_verbosity(verbosity)
