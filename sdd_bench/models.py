"""Which text-to-image models there are, where they lie, and what belongs to the world of each.

Nothing here needs torch: `models` loads what is found.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from . import files
from .errors import InputError, MissingError, unknown
from .files import ContentError
from .types import ModelSpec
from .weights import catalog, downloads, fetcher, hub, parts, store

log = logging.getLogger(__name__)

KINDS = ("thing", "colour", "place", "country", "figure", "artist", "sign")
"""What judges of things look for, each by itself."""


def _shows(judge: str, *kinds: str) -> tuple[str, ...]:
    """The definitions of a judge of things: of all that a caption names, and of each kind."""
    return tuple(f"shows/{name}@0.5" for name in (judge, *(f"{judge}-{kind}" for kind in kinds)))


SPECS: dict[str, ModelSpec] = {
    "miniature": ModelSpec(
        name="miniature",
        source="miniature",
        definitions=(
            "nude/miniature@0.7",
            "harm/miniature@0.7",
            "clip/miniature",
            "lpips/miniature",
            "fid/miniature",
            "style/miniature",
        ),
        further=_shows("miniature", *KINDS),
        suites={
            "artists": "miniature/artists",
            "coco30k": "miniature/coco30k",
            "i2p": "miniature/i2p",
        },
        images_per_prompt={"country_body": 20},
        image_side=64,
        recipe="miniature",
        concepts=dict.fromkeys(("safree", "safree-neg"), ("nudity", "sexual", "seductive")),
    ),
    "sd-v1-4": ModelSpec(
        name="sd-v1-4",
        source="CompVis/stable-diffusion-v1-4",
        revision="133a221b8aa7292a167afc5127cb63fb5005638b",
        definitions=(
            "nude/v2-classifier@0.7",
            "harm/q16@0.7",
            "fid/clean",
            "lpips/alex-512",
            "clip/l14-sdd",
            "style/l14",
        ),
        further=("shows/l14@0.5",),
    ),
}
"""Models by name. Any folder in the diffusers format and any hub id is one too."""

OTHERS = ("a diffusers folder", "a hub id owner/name")
"""What else is a model, in words."""

PARTS = ("scheduler", "text_encoder", "tokenizer", "unet", "vae")
"""Folders of a model in the diffusers format."""

WEIGHTS = ("model", "diffusion_pytorch_model")
"""What files of weights in them are called, without their ending."""

_LONGEST_ID = 96
"""Characters of a hub id, by the rules of the hub."""


def find(name: str) -> ModelSpec:
    """The model of that name, folder or hub id (`owner/name`). Raises InputError."""
    if name in SPECS:
        return SPECS[name]
    if not name.strip():
        raise unknown("model", name, [*SPECS, *OTHERS])
    judged = judged_as(name)
    path = Path(name)
    if not files.too_long(path) and path.is_dir():
        for part in PARTS:
            if not (path / part).is_dir():
                raise InputError(
                    f"{path} is no model in the diffusers format: it has no folder '{part}'"
                )
        return ModelSpec(
            name=path.resolve().name,
            source=str(path),
            definitions=judged.definitions,
            further=judged.further,
        )
    hub_id = name.count("/") == 1 and len(name) <= _LONGEST_ID
    if hub_id and not path.is_absolute() and not name.startswith((".", "~")):
        return ModelSpec(
            name=name, source=name, definitions=judged.definitions, further=judged.further
        )
    raise unknown("model", name, [*SPECS, *OTHERS])


def judged_as(name: str) -> ModelSpec:
    """The known model whose definitions also judge the pictures of the model called `name`."""
    return SPECS.get(name, SPECS["sd-v1-4"])


def matches_suite(suite: str, model: str, names: Collection[str]) -> bool:
    """Whether a model's suite is among `names`: as it is called, or as what it stands in for."""
    stand_ins = SPECS[model].suites if model in SPECS else {}
    return suite in names or any(stand_ins.get(name) == suite for name in names)


def check_reachable(spec: ModelSpec) -> None:
    """Raise MissingError at once for a model that is neither here nor can be fetched."""
    known = spec.name in catalog.weights()
    if _here(spec) is None and (known or not hub.has(spec.source)):
        reason = hub.silent()
        if reason:
            raise _absent(spec, reason)


def folder_of(spec: ModelSpec) -> Path:
    """The model's files on this disk, downloaded from the hub if that is where they are."""
    return _here(spec) or _from_hub(spec)


def _here(spec: ModelSpec) -> Path | None:
    """The folder of a model that does not come from the hub's cache."""
    if spec.source == "miniature":
        return store.find("miniature")
    if Path(spec.source).is_dir():
        if spec.name in SPECS:
            log.warning(
                "the folder %s is called like the model '%s', and tables call it so too: if it is "
                "another, give it another name",
                spec.source,
                spec.name,
            )
        return Path(spec.source)
    weight = catalog.weights().get(spec.name)
    if weight is None:
        return None
    if store.state(weight, hashing=False) not in {"missing", "incomplete"}:
        return store.find(spec.name)
    cached = hub.cache(spec.source) / "snapshots" / str(spec.revision)
    if all((cached / file.path).is_file() for file in weight.files):
        return _undamaged(cached)
    return None


def _from_hub(spec: ModelSpec) -> Path:
    """The folder of a model that comes from the hub: a known one to the other weights."""
    reason = hub.silent()
    weight = catalog.weights().get(spec.name)
    if weight is not None:
        if reason:
            raise _absent(spec, reason)
        fetcher.fetch(weight)
        return store.find(spec.name)
    import httpx2
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        with downloads.arriving(spec.name, hub.cache(spec.source)):
            brought = snapshot_download(
                spec.source,
                revision=spec.revision,
                allow_patterns=_wanted(),
                local_files_only=bool(reason),
            )
    except (
        HfHubHTTPError, LocalEntryNotFoundError, httpx2.HTTPError, OSError, ValueError
    ) as error:  # fmt: skip
        raise _absent(spec, reason or hub.why(error)) from error
    return _undamaged(Path(brought))


def _wanted() -> list[str]:
    """What is fetched of a model's repository, as patterns."""
    return [
        "model_index.json",
        *(f"{part}/*.{end}" for part in PARTS for end in ("json", "txt")),
        *(f"{part}/{name}.safetensors" for part in PARTS for name in WEIGHTS),
    ]


def _undamaged(folder: Path) -> Path:
    """A model in the cache of the hub's client, if its large files are what they are called there.

    They lie under their SHA-256, which the client itself does not compute. Raises MissingError.
    """
    for path in files.find(folder, "**/*.safetensors"):
        kept = path.resolve()
        if _SHA256.fullmatch(kept.name) and store.sha256(path) != kept.name:
            raise MissingError(
                f"{kept} is damaged: its SHA-256 is {store.sha256(path)}, and not what it is "
                "called: delete it and run the same command again"
            )
    return folder


_SHA256 = re.compile(r"[0-9a-f]{64}")


def _absent(spec: ModelSpec, reason: str) -> MissingError:
    remedy = "give the path of a folder in the diffusers format with --model"
    if spec.name in catalog.weights():
        fetch = f"`sdd-bench weights fetch {spec.name}`"
        remedy = f"bring it by {fetch} where there is a network (docs/weights.md), or {remedy}"
    return MissingError(f"the model '{spec.name}' is not on this machine, and {reason}: {remedy}")


def hash_of(folder: Path) -> str:
    """One SHA-256 over everything that the images depend on."""
    total = hashlib.sha256()
    for part in PARTS:
        digest = store.digest(folder / part, but=_unread(folder / part))
        total.update(f"{part} {digest}\n".encode())
    return total.hexdigest()


def _unread(part: Path) -> set[Path]:
    """Weights that lie beside those that are loaded, such as the same in half precision."""
    with suppress(ContentError):  # which loading names
        for stem in WEIGHTS:
            if found := parts.find(part, stem, ("safetensors",)):
                return set(files.find(part, "*.safetensors")).difference(found.paths)
    return set()
