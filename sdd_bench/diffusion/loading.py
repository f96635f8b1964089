"""Text-to-image models: loading their parts.

Only the parts are loaded, never a pipeline: no safety checker that blackens pictures, and the
sampling loop is ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from sdd_bench.errors import InputError, MissingError, unknown
from sdd_bench.files import ContentError
from sdd_bench.models import PARTS, folder_of, hash_of
from sdd_bench.progress import waiting
from sdd_bench.types import ModelSpec, Numerics
from sdd_bench.weights import parts
from sdd_bench.weights.content import shown

from . import blueprint, compilation, profile
from .bundle import Bundle
from .conditioning import TextReader, project_text_once

CPU_BATCH = 32
"""Images computed at a time on the CPU; more gain nothing."""


def pick_device(name: str) -> torch.device:
    """The device called `name`, or for 'auto' the best there is. Raises Input- or MissingError."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    match = re.fullmatch(r"cpu|cuda(?::(0|[1-9][0-9]*))?", name)
    if match is None:
        raise InputError(f"no device {name!r}: give auto, cpu, cuda or cuda:N")
    # Counted before torch is asked, whose numbers of devices end at 127.
    there, wanted = torch.cuda.device_count(), match[1] or "0"
    if name != "cpu" and (len(wanted) > len(str(there)) or int(wanted) >= there):
        known = f" (it has cuda:0 to cuda:{there - 1})" if there else ""
        raise MissingError(
            f"no CUDA device on this machine for --device {name:.40}{known}: give cpu or auto"
        )
    return torch.device(name)


def load(
    spec: ModelSpec,
    *,
    device: str = "auto",
    dtype: str = "auto",
    batch_size: int | None = None,
    numerics: Numerics = "eager",
) -> Bundle:
    """A model's parts, loaded. Raises InputError, or MissingError where files are absent or nothing
    can be compiled.
    """
    where = pick_device(device)
    kind = _pick_dtype(dtype, where)
    compiled = numerics == "compiled"
    if compiled:
        compilation.check(where)
    with quiet_libraries(), exact_numerics():
        folder = folder_of(spec)
        with waiting(f"loading {spec.name}"):
            bundle = _bundle(spec, folder, where, kind, batch_size)
    if not compiled:
        return bundle
    compilation.compile_blocks(bundle.unet)
    return replace(bundle, compiled=True)


def _bundle(
    spec: ModelSpec, folder: Path, where: torch.device, kind: torch.dtype, batch: int | None
) -> Bundle:
    """The parts of the model in a folder."""
    import diffusers
    import transformers

    try:
        blueprint.check_files(folder, PARTS)
        tokenizer = _tokenizer(transformers.CLIPTokenizer, folder / "tokenizer")
        text_encoder = _network(transformers.CLIPTextModel, folder / "text_encoder", dtype=kind)
        unet = _network(diffusers.UNet2DConditionModel, folder / "unet", torch_dtype=kind)
        vae = _network(diffusers.AutoencoderKL, folder / "vae", torch_dtype=kind)
        schedule = _schedule(folder)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise MissingError(
            f"cannot load the model '{spec.name}' from {folder}: {reason}"
        ) from error
    blueprint.check_fit(folder, unet, vae, text_encoder, tokenizer)
    for part in (text_encoder, unet, vae):
        part.to(where).eval().requires_grad_(False)
    for part in (unet, vae):
        part.to(memory_format=torch.channels_last)  # an eighth faster, CPU or GPU
    threads = 1 if where.type == profile.CPU and profile.is_small(folder) else None
    rows = profile.rows(unet.config.sample_size, batch, on_cpu=where.type == profile.CPU)
    return Bundle(
        spec=spec,
        hash=hash_of(folder),
        device=where,
        dtype=kind,
        batch=batch or (CPU_BATCH if where.type == "cpu" else rows),
        rows=rows,
        tokenizer=tokenizer,
        unet=unet,
        vae=vae,
        text=TextReader(tokenizer, text_encoder, project_text_once(unet), threads),
        threads=threads,
        **schedule,
    )


# --- settings of the process: a notebook's own are left as they were ----------------------------


_PRECISION = "fp32_precision"


@contextmanager
def exact_numerics() -> Iterator[None]:
    """Within it, a GPU computes in full single precision, by the same kernels every time.

    Whatever calls a network is in it: loading, sampling, training.
    """
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    settings: list[tuple[Any, str, object]] = [
        (matmul, "allow_tf32", False),
        (cudnn, "allow_tf32", False),
        (cudnn, "deterministic", True),
        (cudnn, "benchmark", False),
    ]
    # Since PyTorch 2.9 there is a second way to say it, which counts where somebody has used it.
    newer = [
        owner for owner in (matmul, getattr(cudnn, "conv", None)) if hasattr(owner, _PRECISION)
    ]
    settings += [(owner, _PRECISION, "ieee") for owner in newer]
    before = []
    for owner, name, _ in settings:
        with suppress(RuntimeError):  # where both ways have been used at once, one won't tell
            before.append((owner, name, getattr(owner, name)))
    try:
        for owner, name, value in settings:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


@contextmanager
def single_precision() -> Iterator[None]:
    """Within it, numbers that say nothing of their precision are float32, whatever a notebook set.

    The identity of an image names the precision of its model, and means the rest to be single.
    """
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float32)
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Within it, transformers and diffusers show no bars and say nothing but errors."""
    import diffusers
    import transformers
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars

    logs = transformers.utils.logging, diffusers.utils.logging
    before = [(log, log.get_verbosity(), log.is_progress_bar_enabled()) for log in logs]
    silent = are_progress_bars_disabled()
    try:
        for log in logs:
            log.set_verbosity_error()
            log.disable_progress_bar()
        yield
    finally:
        for log, verbosity, bars in before:
            log.set_verbosity(verbosity)
            if bars:
                log.enable_progress_bar()
        # transformers takes the bars of the hub's client along, on and off.
        if silent and not are_progress_bars_disabled():
            disable_progress_bars()


# --- parts --------------------------------------------------------------------------------------


def _tokenizer(kind: Any, folder: Path) -> Any:
    try:
        return kind.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # its parser raises no more special one
        reason = str(error).strip().partition("\n")[0]
        raise ContentError(f"{folder} holds no tokenizer that can be used ({reason})") from error


def _network(kind: Any, folder: Path, **options: Any) -> Any:
    """A network from a folder that holds all of it: what is missing would be drawn at random."""
    stem = "model" if folder.name == "text_encoder" else "diffusion_pytorch_model"
    variant = blueprint.check(kind, folder, stem)
    # Only safetensors: they are what the model's hash covers, and no code hides in them.
    network, report = kind.from_pretrained(
        folder,
        variant=variant,
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
        **options,
    )
    if report["missing_keys"]:
        raise ContentError(f"{folder} has no weights {shown(min(report['missing_keys']))}")
    # A text encoder's file may have the other half of CLIP in it; a U-Net's has no other half.
    odd = [n for n in report["unexpected_keys"] if folder.name != "text_encoder" or "lora" in n]
    if odd:
        raise ContentError(
            f"{folder} has weights of something else beside its own: {shown(odd[0])}"
        )
    for name, parameter in network.named_parameters():
        if not bool(torch.isfinite(parameter).all()):
            raise ContentError(
                f"{folder} has numbers in {shown(name)} that are not finite (NaN or infinite) in "
                f"{str(parameter.dtype).removeprefix('torch.')}"
            )
        # Where nothing was converted it is a view of the file, which may be overwritten meanwhile.
        parameter.data = parameter.data.clone()
    return network


def _pick_dtype(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        return torch.float16 if device.type == "cuda" else torch.float32
    kinds = {
        str(kind).removeprefix("torch."): kind
        for kind in (torch.float16, torch.float32, torch.bfloat16)
    }
    if name not in kinds:
        raise unknown("dtype", name, ["auto", *kinds])
    return kinds[name]


def _schedule(folder: Path) -> dict[str, Any]:
    """The noise schedule, whatever sampler the folder was saved with: PNDM reads it."""
    from diffusers import PNDMScheduler

    path = folder / "scheduler" / "scheduler_config.json"
    config = parts.described(path, dict[str, Any])
    blueprint.check_schedule(path, config)
    if config.get("prediction_type", "epsilon") != "epsilon":
        raise InputError(
            f"{path}: the model predicts '{config['prediction_type']}'; only models that predict "
            "noise ('epsilon': Stable Diffusion 1.x) can be run"
        )
    try:
        scheduler = PNDMScheduler.from_config(config)
    except Exception as error:  # a configuration can make a library raise whatever it likes
        reason = str(error).strip().partition("\n")[0]
        raise ContentError(f"{path} describes no noise schedule ({reason:.200})") from error
    alphas = scheduler.alphas_cumprod.double()
    if not bool(((alphas > 0) & (alphas <= 1)).all()):
        raise ContentError(f"{path} describes no noise schedule: its betas are not between 0 and 1")
    return {
        "alphas": tuple(alphas.tolist()),
        "final_alpha": float(scheduler.final_alpha_cumprod),
        "offset": int(scheduler.config.steps_offset),
    }
