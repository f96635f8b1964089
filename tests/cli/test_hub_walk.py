"""Stable Diffusion 1.4 from the hub to the table: a hub on this machine, and random weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants, snapshot_download
from PIL import Image

from sdd_bench import models
from sdd_bench.files import sha256
from sdd_bench.models import SPECS
from sdd_bench.weights import catalog
from sdd_bench.weights import hub as asking
from support import stable_diffusion
from support.hub import Faults, Hub
from support.shell import Shell
from support.web import left

SPEC = SPECS["sd-v1-4"]
UNET = "unet/diffusion_pytorch_model.safetensors"
RUN = ("--model", "sd-v1-4", "--metric", "nude/miniature@0.7")
WANTED = {file.path for file in catalog.named("sd-v1-4").files}

WALK = "SDD_BENCH_WALK"
"""Names a folder for the model at its true size, which is made there once."""


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stable_diffusion.write(tmp_path_factory.mktemp("hub"), stable_diffusion.SMALL)


@pytest.fixture
def hub(repository: Path, weights_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has the model, asked from a machine that has nothing yet."""
    for variable in (*asking.VARIABLES, "HF_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    with Hub(SPEC.source, str(SPEC.revision), repository) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        template = server.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(weights_folder.parent / "cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(weights_folder.parent / "token"))
        yield server
        server.shutdown()
        thread.join()


def test_it_comes_from_the_pinned_revision_and_ends_in_the_table(
    shell: Shell, hub: Hub, weights_folder: Path, repository: Path
) -> None:
    assert shell.run(*RUN).code == 0
    brought = {name for name in hub.files() if hub.brought(name)}
    assert brought == WANTED
    assert all(len(hub.brought(name)) == 1 for name in brought)
    revisions = {each.path.split("/")[4] for each in hub.asked if "/resolve/" in each.path}
    assert revisions == {SPEC.revision}
    recorded = json.loads((weights_folder / "lock.json").read_text())["sha256"]
    assert recorded == {f"sd-v1-4/{name}": sha256(repository / name) for name in WANTED}
    run = shell.stored()
    assert (run.spec.model, run.spec.model_hash) == ("sd-v1-4", models.hash_of(repository))
    table = shell("table", "--results", shell.results)
    assert "Numbers of model 'sd-v1-4'" in table.out
    assert "n=2" in table.out
    # Given again it makes nothing anew, and asks nobody.
    hub.asked.clear()
    assert shell.run(*RUN).code == 0
    assert hub.asked == []


def test_without_the_hub_it_is_run_from_what_is_there(
    shell: Shell, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    said = shell.run_fails(3, *RUN)
    assert "the model 'sd-v1-4' is not on this machine, and HF_HUB_OFFLINE forbids" in said
    assert "`sdd-bench weights fetch sd-v1-4` where there is a network" in said
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert shell("weights", "fetch", "sd-v1-4").code == 0
    hub.asked.clear()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert shell.run(*RUN).code == 0
    assert hub.asked == []


def test_what_the_hubs_own_client_has_brought_is_taken_as_it_is(
    hub: Hub, weights_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(snapshot_download(SPEC.source, revision=SPEC.revision))
    hub.asked.clear()
    for offline in ("1", "0"):
        monkeypatch.setenv("HF_HUB_OFFLINE", offline)
        assert models.folder_of(SPEC) == folder
    assert hub.asked == []
    assert left(weights_folder) == []
    # Half of a model is none: all of it comes to the other weights, and is the same.
    before = models.hash_of(folder)
    (folder / "vae" / "config.json").unlink()
    assert models.folder_of(SPEC) == weights_folder / "sd-v1-4"
    assert models.hash_of(weights_folder / "sd-v1-4") == before


def test_a_damaged_file_of_the_hubs_own_client_is_named(
    shell: Shell, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(snapshot_download(SPEC.source, revision=SPEC.revision))
    kept = (folder / UNET).resolve()
    content = bytearray(kept.read_bytes())
    content[-1] ^= 1
    kept.write_bytes(content)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    said = shell.run_fails(3, *RUN)
    assert f"{kept} is damaged: its SHA-256 is {sha256(kept)}" in said
    assert said.endswith("delete it and run the same command again")
    kept.unlink()
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert models.folder_of(SPEC).name == "sd-v1-4"


# --- interrupted ------------------------------------------------------------------------------


@pytest.mark.parametrize("resets", [False, True])
def test_a_connection_that_breaks_is_taken_up_where_it_broke(
    hub: Hub, repository: Path, resets: bool
) -> None:
    hub.faults = Faults(breaks={UNET: [3_000_000, 1_000_000]}, resets=resets)
    folder = models.folder_of(SPEC)
    assert sha256(folder / UNET) == sha256(repository / UNET)
    first, second, third = hub.brought(UNET)
    assert first is None
    if not resets:  # after which some that was sent may not have been read
        assert (second, third) == ("bytes=3000000-", "bytes=4000000-")


def test_a_hub_that_goes_away_is_one_sentence_and_the_same_command_goes_on(
    shell: Shell, hub: Hub, weights_folder: Path
) -> None:
    hub.faults = Faults(breaks={UNET: [3_000_000, 0]})
    said = shell.run_fails(3, *RUN)
    assert "what has arrived is kept (3,000,000 bytes), so run the same command again" in said
    assert not (weights_folder / "sd-v1-4" / UNET).exists()
    assert f".partial/sd-v1-4/{UNET}" in left(weights_folder)
    hub.asked.clear()
    models.folder_of(SPEC)
    assert hub.brought(UNET) == ["bytes=3000000-"]
    assert not hub.brought("unet/config.json"), "what came whole is not brought again"
    assert {name.partition("/")[2] for name in left(weights_folder)} == {"", *WANTED}


def killed_in_the_middle(process: subprocess.Popen[bytes], hub: Hub) -> None:
    """Kill a process once the hub has sent it a part of a file, and it waits for the rest."""
    while not hub.holding.wait(0.1):
        assert process.poll() is None
    time.sleep(0.5)  # until it has written what has arrived
    process.kill()
    process.wait()


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_what_the_next_one_goes_on_with(
    shell: Shell, hub: Hub, weights_folder: Path
) -> None:
    hub.faults = Faults(holds={UNET: 3_000_000})
    process = subprocess.Popen(
        [sys.executable, "-m", "sdd_bench", "weights", "fetch", "sd-v1-4"],
        env=os.environ | hub.environment(weights_folder.parent),
        stderr=subprocess.DEVNULL,
    )
    killed_in_the_middle(process, hub)
    partial = weights_folder / ".partial" / "sd-v1-4" / UNET
    there = partial.stat().st_size
    assert not (weights_folder / "sd-v1-4" / UNET).exists()
    hub.faults = Faults()
    hub.asked.clear()
    assert shell.run(*RUN).code == 0
    assert hub.brought(UNET) == [f"bytes={there}-"]
    assert shell.stored().spec.model_hash == models.hash_of(hub.folder)


@pytest.mark.slow
@pytest.mark.skipif(WALK not in os.environ, reason=f"`make walk` runs it: 9 GB, minutes ({WALK})")
def test_the_same_at_its_true_size(weights_folder: Path) -> None:
    """Killed in the middle of the U-Net, given again, and once more without the hub."""
    repository = Path(os.environ[WALK])
    if not (repository / stable_diffusion.INDEX).exists():
        stable_diffusion.write(repository, stable_diffusion.Shape())
    with (
        tempfile.TemporaryDirectory(dir=repository.parent) as place,
        Hub(SPEC.source, str(SPEC.revision), repository) as server,
    ):
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        home = Path(place)
        environment = os.environ | server.environment(home)
        command = [
            sys.executable, "-m", "sdd_bench", "run", "--model", "sd-v1-4", "--method", "sd",
            "--suite", "country_body", "--limit", "1", "--images-per-prompt", "1", "--steps", "2",
            "--device", "cpu", "--metric", "nude/320n-strict5@0.6",
            "--results", str(home / "results"),
        ]  # fmt: skip
        server.faults = Faults(holds={UNET: 2 << 30})
        process = subprocess.Popen(command, env=environment)
        killed_in_the_middle(process, server)
        partial = home / "weights" / ".partial" / "sd-v1-4" / UNET
        there = partial.stat().st_size
        server.faults = Faults()
        server.asked.clear()
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        assert server.brought(UNET) == [f"bytes={there}-"]
        assert b"n=1" in done.stdout
        (picture,) = (home / "results").rglob("*.png")
        with Image.open(picture) as image:
            assert image.size == (512, 512)
        server.asked.clear()
        offline = environment | {"HF_HUB_OFFLINE": "1"}
        again = subprocess.run(command, env=offline, stdout=subprocess.PIPE, check=True)
        assert again.stdout == done.stdout
        assert server.asked == []
        server.shutdown()


# --- refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ((401, "GatedRepo"), r"the hub answers 401, .* wants a login (`hf auth login`)"),
        ((403, "GatedRepo"), r"the hub answers 403, .* wants a login (`hf auth login`)"),
        ((404, "RepoNotFound"), r"the hub answers 404, as it does where there is none"),
        ((404, "RevisionNotFound"), r"the hub has no such revision of it"),
        ((503, ""), r"the hub answers 503, so try again later"),
    ],
)
@pytest.mark.parametrize("model", ["sd-v1-4", SPEC.source])
def test_a_refusal_is_one_sentence(
    shell: Shell, hub: Hub, weights_folder: Path, monkeypatch: pytest.MonkeyPatch,
    model: str, refusal: tuple[int, str], reason: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    hub.faults = Faults(refusal=refusal)
    said = shell.run_fails(3, *RUN, "--model", model)
    for part in reason.split(" .* "):
        assert part in said
    assert left(weights_folder) == []
    assert not list(weights_folder.parent.rglob("*.safetensors"))


def test_another_revision_is_not_taken_for_the_pinned_one(shell: Shell, hub: Hub) -> None:
    hub.revision = "f" * 40
    said = shell.run_fails(3, *RUN)
    assert f"{SPEC.source} at {str(SPEC.revision)[:12]} on the hub cannot be had" in said
    assert "the hub has no such revision of it" in said


def test_a_file_that_is_gone_is_named(shell: Shell, hub: Hub) -> None:
    hub.faults = Faults(missing={UNET})
    said = shell.run_fails(3, *RUN)
    assert f"{UNET} of {SPEC.source}" in said
    assert "the hub has no such file of it" in said


def test_another_content_than_the_hub_names_is_refused(
    shell: Shell, hub: Hub, weights_folder: Path, repository: Path
) -> None:
    content = (repository / UNET).read_bytes()
    hub.faults = Faults(replaced={UNET: content[:-1] + bytes([content[-1] ^ 1])})
    said = shell.run_fails(3, *RUN)
    assert f"sd-v1-4/{UNET} from" in said
    assert "is refused and deleted: its SHA-256 is " in said
    assert f"not {sha256(repository / UNET)}" in said
    assert not [name for name in left(weights_folder) if name.endswith(UNET)]
    hub.faults = Faults()
    models.folder_of(SPEC)


def test_a_login_stays_with_the_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    models.folder_of(SPEC)
    logins = {each.path.split("/")[1]: each.login for each in hub.asked}
    assert logins == {"": None, "CompVis": "Bearer hf_secret", "cdn": None}


# --- any other model of the hub ---------------------------------------------------------------


def test_any_hub_id_goes_through_the_hubs_own_client(shell: Shell, hub: Hub) -> None:
    assert shell.run(*RUN, "--model", SPEC.source).code == 0
    assert {name for name in hub.files() if hub.brought(name)} == WANTED
    assert shell.stored().spec.model == SPEC.source


def test_its_client_may_break_off_however_it_likes(
    shell: Shell, hub: Hub, repository: Path
) -> None:
    hub.faults = Faults(breaks={UNET: [1_000_000]}, resets=True)
    said = shell.run_fails(3, *RUN, "--model", SPEC.source)
    assert "is not on this machine, and it could not be fetched (" in said
    assert not list(Path(constants.HF_HUB_CACHE).rglob("unet/*.safetensors"))
    folder = models.folder_of(models.find(SPEC.source))
    assert sha256(folder / UNET) == sha256(repository / UNET)
