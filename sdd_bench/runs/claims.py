"""Claims: which process is at work on what, so that several may share a results folder.

A claim on a path is the folder `.<name>.claim` beside it. Whoever makes that folder has the claim,
for making a folder succeeds once on every file system, however late others see it, and it has the
maker's view of the folder around it renewed: what was made there before is seen from then on.

In it lies one file, named after its holder, which the holder writes anew every BEAT seconds. A
holder on this machine whose process has ended is dead at once; one on another machine when its file
has stayed the same for LEASE seconds, by the clock of who looks: no two clocks are compared. What
a dead one held is taken over by renaming its file, which succeeds for one. A crash leaves a small
folder behind that nobody has to remove.

A claim keeps work from being done twice. Nothing becomes wrong by one that is lost, as it is when a
machine sleeps: files are replaced whole, and whoever changes a record asks first (`Claim.renew`).
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdd_bench import files, progress
from sdd_bench.files import states
from sdd_bench.provenance import utc_now

from . import processes

log = logging.getLogger(__name__)

BEAT = 10.0
"""Seconds between two signs of life."""

LEASE = 90.0
"""Seconds without one after which a holder is dead; NFS shows changes up to 60 s late."""

EMPTY = 2.0
"""Seconds that a claim without a holder is left to the one who may just be entering it."""

PATIENCE = 2.0
"""Seconds of waiting that nothing is said about."""

POLL = 1.0
"""Seconds between two looks at what another process holds."""

_SUFFIX = ".claim"

clock = time.monotonic
"""Seconds since some moment."""


@dataclass(slots=True, eq=False)
class Claim:
    """The right to work on something, until it is released."""

    folder: Path
    token: str
    """The name of the holder's file; empty where nothing can be written: nobody else can either."""
    since: str
    beats: int = 0

    def renew(self) -> bool:
        """Give a sign of life. Returns whether the claim is still this one's."""
        if not self.token:
            return True
        try:
            self._write("r+b")
        except OSError as error:
            return error.errno not in {errno.ENOENT, errno.ESTALE}
        return True

    def release(self) -> None:
        """Let others have it."""
        _HEART.drop(self)
        if self.token:
            with contextlib.suppress(OSError):
                (self.folder / self.token).unlink()
                self.folder.rmdir()

    def enter(self) -> bool:
        """Write the holder's file into the folder just made; False if it isn't ours alone."""
        try:
            self._write("xb")
        except FileNotFoundError:
            return False  # it was found empty, and removed, between the two steps
        return [path.name for path in self.folder.iterdir()] == [self.token]

    def _write(self, mode: str) -> None:
        self.beats += 1
        about = {"pid": os.getpid(), "host": socket.gethostname(), "since": self.since}
        with (self.folder / self.token).open(mode) as file:
            file.write(json.dumps(about | {"beat": self.beats}).encode())
            file.truncate()


class _Heart:
    """The thread that gives the signs of life of all claims of this process."""

    def __init__(self) -> None:
        self.held: dict[str, Claim] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, claim: Claim) -> None:
        with self._lock:
            self.held[claim.token] = claim
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="claims", daemon=True)
                self._thread.start()

    def drop(self, claim: Claim) -> None:
        with self._lock:
            self.held.pop(claim.token, None)

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT)
            with self._lock:
                if not self.held:
                    self._thread = None
                    return
                held = list(self.held.values())
            for claim in held:
                claim.renew()


_HEART = _Heart()


def _forget() -> None:
    """In a child made by fork: what is held is its parent's."""
    global _HEART  # noqa: PLW0603 - a lock that is held while forking stays locked
    _HEART = _Heart()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


# --- having one -------------------------------------------------------------------------------


def take(path: Path) -> Claim | None:
    """The claim on a path; None if another has it.

    Where no folder can be made nothing is kept out: whoever writes there will say why it can't.
    """
    folder = _folder(path)
    claim = Claim(folder, processes.new_name(), utc_now())
    _HEART.add(claim)
    taken = False
    try:
        taken = _make(claim) or _take_over(claim)
    except OSError:
        return Claim(folder, "", claim.since)
    finally:
        if not taken:
            claim.release()  # an interrupt leaves nothing behind either
    if not taken:
        return None
    _SEEN.pop(folder, None)
    return claim


@contextlib.contextmanager
def held(path: Path, what: str) -> Iterator[Claim]:
    """Within it, the claim on a path is this process's; it waits for others, and says so.

    `what` is that is worked on, for people.
    """
    claim = take(path) or _wait(path, what)
    try:
        yield claim
    finally:
        claim.release()


def until_free(paths: Sequence[Path], what: str, *, said: bool = False) -> None:
    """Wait until one of the claims on these paths can be had; unless that was `said` before."""
    with _waiting(paths[0], what, said=said):
        while True:
            time.sleep(POLL)
            for path in paths:
                claim = take(path)
                if claim is not None:
                    claim.release()
                    return


def others_in(folder: Path) -> list[Path]:
    """What others have claims on in a folder; claims that crashes left behind are removed."""
    found = []
    names = sorted(states.names(folder, _SUFFIX))
    for path in [folder / name[1:] for name in names if name.startswith(".")]:
        claim = take(path)
        if claim is None:
            found.append(path)
        else:
            claim.release()
    return found


@contextlib.contextmanager
def _waiting(path: Path, what: str, *, said: bool = False) -> Iterator[None]:
    """Within it, it is shown whom this process waits for."""
    who = _who(path)
    if not said:
        log.info("%s: another process is at work (%s), waiting for it", what, who)
    with progress.waiting(f"waiting for {who}"):
        yield


def _wait(path: Path, what: str) -> Claim:
    began, pause, said = clock(), 0.01, False
    with contextlib.ExitStack() as shown:
        while (claim := take(path)) is None:
            if not said and clock() - began > PATIENCE:
                said = True
                shown.enter_context(_waiting(path, what))
            time.sleep(pause)
            pause = min(2 * pause, POLL)
    return claim


def _make(claim: Claim) -> bool:
    try:
        claim.folder.mkdir()
    except FileNotFoundError:
        claim.folder.parent.mkdir(parents=True, exist_ok=True)
        return _make(claim)
    except FileExistsError:
        return False
    return claim.enter()


def _take_over(claim: Claim) -> bool:
    """Have what a dead holder had, if it is dead."""
    dead = _dead(claim.folder)
    if dead is None:
        return False
    try:
        if not dead:
            claim.folder.rmdir()  # which fails if somebody has entered since
            return _make(claim)
        (claim.folder / dead).rename(claim.folder / claim.token)
    except OSError:
        return False
    log.info("%s was left behind by a process that ended: taken over", claim.folder)
    return claim.renew()


def _folder(path: Path) -> Path:
    return path.with_name(f".{path.name}{_SUFFIX}")


_SEEN: dict[Path, tuple[object, float]] = {}
"""What claims of others looked like, and since when this process has seen them so."""


def _dead(folder: Path) -> str | None:
    """The name of a dead holder's file, empty if there is none in the claim; None if one lives."""
    content = _content(folder)
    if content is None:
        _SEEN.pop(folder, None)
        return None
    holder = min(content, default="")
    lives = holder in _HEART.held if processes.is_this(holder) else processes.lives(holder)
    if lives is not None:
        return None if lives else holder
    seen, since = _SEEN.get(folder, (None, 0.0))
    if seen != content:
        _SEEN[folder] = content, clock()
        return None
    return holder if clock() - since >= (LEASE if holder else EMPTY) else None


def _content(folder: Path) -> dict[str, bytes] | None:
    """The files in a claim; None if there is no claim."""
    try:
        return {path.name: files.read(path) or b"" for path in folder.iterdir()}
    except FileNotFoundError:
        return None


def _who(path: Path) -> str:
    for content in (_content(_folder(path)) or {}).values():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            about = json.loads(content)
            return f"process {about['pid']} on {about['host']}, since {about['since']}"
    return "which is about to end"
