"""The actions and the workflows: what may act with whose rights, and that their scripts work."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = [ROOT / "action.yml", *sorted((ROOT / ".github" / "actions").rglob("action.yml"))]

GATE = ROOT / ".github" / "workflows" / "gate.yml"

Script = Mapping[str, Any]
"""A step with the key `run`."""


def parsed(text: str) -> Any:
    """A workflow or an action. Everything is text, and `on` no truth value."""
    return yaml.load(text, yaml.BaseLoader)  # noqa: S506 - which makes texts only


def content(path: Path) -> Any:
    return parsed(path.read_text(encoding="utf-8"))


def steps(path: Path) -> list[Any]:
    """All steps of all jobs, or of an action."""
    whole = content(path)
    parts = [whole["runs"]] if "runs" in whole else whole["jobs"].values()
    return [step for part in parts for step in part["steps"]]


def script(path: Path, name: str) -> Script:
    """The step of that name."""
    (found,) = (step for step in steps(path) if step.get("name") == name)
    return found  # type: ignore[no-any-return]


def writers(path: Path) -> dict[str, set[str]]:
    """What each job of a workflow may write."""
    return {
        name: {what for what, how in job.get("permissions", {}).items() if how == "write"}
        for name, job in content(path)["jobs"].items()
    }


# --- rights -----------------------------------------------------------------------------------


def dangers(whole: Any) -> list[str]:
    """Ways in which a stranger's words or code would get rights."""
    found = [
        f"on {event}: others' code with our rights"
        for event in ("pull_request_target", "workflow_run", "issue_comment")
        if event in whole["on"]
    ]
    if "permissions" not in whole:
        found.append("no permissions: those that the repository gives everything")
    if "write" in str(whole.get("permissions")):
        found.append("every job may write")
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_workflow_gives_a_strangers_code_rights(path: Path) -> None:
    assert dangers(content(path)) == []


def test_a_workflow_that_would_is_found() -> None:
    assert dangers(parsed("on: pull_request_target\njobs: {}\n")) == [
        "on pull_request_target: others' code with our rights",
        "no permissions: those that the repository gives everything",
    ]
    assert dangers(parsed("on: {push: {}}\npermissions: {contents: write}\n")) == [
        "every job may write"
    ]


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: path.parent.name)
def test_no_text_of_others_is_part_of_a_script(path: Path) -> None:
    runs = [step["run"] for step in steps(path) if "run" in step]
    assert [run for run in runs if "${{" in run] == []


def test_only_jobs_without_the_pull_requests_code_may_write() -> None:
    assert writers(GATE) == {
        "miniature": set(),
        "comment": {"pull-requests"},
        "history": {"contents"},
    }
    jobs = content(GATE)["jobs"]
    assert jobs["history"]["if"].endswith("github.event_name == 'push'")
    assert "head.repo.full_name == github.repository" in jobs["comment"]["if"]
    checkout, comment = jobs["comment"]["steps"]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert checkout["with"]["persist-credentials"] == "false"
    assert comment["uses"] == "./.github/actions/gate-comment"
    for path in set(WORKFLOWS) - {GATE}:
        assert set().union(*writers(path).values()) == set()


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.parent.name)
def test_an_action_uses_the_inputs_that_it_has(path: Path) -> None:
    used = set(re.findall(r"inputs\.([\w-]+)", path.read_text(encoding="utf-8")))
    assert used == set(content(path)["inputs"])


def test_our_workflow_gives_inputs_that_exist() -> None:
    for step in steps(GATE):
        if step.get("uses", "").startswith("./"):
            action = content(ROOT / step["uses"] / "action.yml")
            assert set(step["with"]) <= set(action["inputs"])
    outputs = set(content(ROOT / "action.yml")["outputs"])
    assert set(re.findall(r"steps\.gate\.outputs\.([\w-]+)", GATE.read_text())) <= outputs


# --- scripts ----------------------------------------------------------------------------------


class Runner:
    """Runs scripts as GitHub does, with programs of our own in the path."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin, self.temp = folder, folder / "bin", folder / "temp"
        for each in (self.bin, self.temp):
            each.mkdir()

    def program(self, name: str, text: str) -> None:
        """A program of that name."""
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{text}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def __call__(self, step: Script, **variables: str) -> subprocess.CompletedProcess[str]:
        (self.temp / "script.sh").write_text(step["run"])
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(self.temp / "script.sh")],
            cwd=self.folder,
            env={
                "PATH": f"{self.bin}:{os.environ['PATH']}",
                "HOME": str(self.temp),
                "RUNNER_TEMP": str(self.temp),
                "GITHUB_OUTPUT": str(self.temp / "output"),
                "GITHUB_REPOSITORY": "o/r",
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    if shutil.which("bash") is None or shutil.which("jq") is None:
        pytest.skip("no bash or no jq, which runners have")
    return Runner(tmp_path)


GATED = {"BASELINE": "base/toy.v2.json", "RESULTS": "results", "COMMIT": "c0ffee", "BEFORE": ""}


@pytest.mark.parametrize("status", [0, 1, 2])
def test_the_gate_keeps_its_verdict_and_its_history(runner: Runner, status: int) -> None:
    for folder in ("base", "results", "last/runs"):
        (runner.folder / folder).mkdir(parents=True)
    (runner.folder / "results" / "gate.md").write_text("of the last time")
    runner.program(
        "sdd-bench",
        f'printf "%s\\n" "$@" > said; echo line > base/toy.v2.history.jsonl; exit {status}\n',
    )
    step = script(ROOT / "action.yml", "Gate")
    done = runner(step, **GATED, PICTURES="false", GATE_ARGS="--strict --allow weights")
    assert done.returncode == status, done.stderr
    said = (runner.folder / "said").read_text().split("\n")
    assert said[-5:-1] == ["--strict", "--allow", "weights", "--no-images"]
    assert "--before" not in said
    assert (runner.folder / "results" / "gate.history.jsonl").read_text() == "line\n"
    assert not (runner.folder / "results" / "gate.md").exists()
    assert "page=results/gate.html" in (runner.temp / "output").read_text()
    runner(step, **GATED | {"BEFORE": "last"}, PICTURES="true", GATE_ARGS="")
    said = (runner.folder / "said").read_text().split("\n")
    assert said[-3:-1] == ["--before", "last"]
    assert "--no-images" not in said


COMMENTS = [
    {"id": 1, "user": {"type": "User"}, "body": "<!-- sdd-bench gate: a --> somebody's"},
    {"id": 2, "user": {"type": "Bot"}, "body": "something <!-- sdd-bench gate: a -->"},
    {"id": 3, "user": {"type": "Bot"}, "body": "<!-- sdd-bench gate: b -->\n\nanother's"},
]
OURS = {"id": 4, "user": {"type": "Bot"}, "body": "<!-- sdd-bench gate: a -->\n\nours"}


@pytest.mark.parametrize("there", [False, True])
def test_there_is_one_comment_which_is_replaced(runner: Runner, there: bool) -> None:
    # Two pages of them, as `gh api --paginate` prints them.
    pages = json.dumps(COMMENTS) + json.dumps([OURS] if there else [])
    (runner.temp / "pages").write_text(pages)
    runner.program(
        "gh", 'if [[ "$2" == --paginate ]]; then cat temp/pages; else echo "$@" >> called; fi\n'
    )
    summary = runner.temp / "sdd-bench-gate" / "gate.md"
    summary.parent.mkdir()
    summary.write_text("Gate failed: $(touch taken) `touch taken`\n" + "é" * 40_000)
    step = script(ACTIONS[1], "Comment")
    done = runner(step, ARTIFACT="a", NUMBER="7", PAGE="https://page", RUN="https://run")
    assert done.returncode == 0, done.stderr
    (called,) = (runner.folder / "called").read_text().splitlines()
    where = "PATCH repos/o/r/issues/comments/4" if there else "POST repos/o/r/issues/7/comments"
    assert called.startswith(f"api --silent --method {where} --field body=@")
    body = Path(called.partition("@")[2]).read_text()
    assert body.startswith("<!-- sdd-bench gate: a -->\n\nGate failed: $(touch taken) `touch")
    assert "](https://page): `gate.html`" in body
    assert len(body) < 65_536
    assert not (runner.folder / "taken").exists()


def test_a_gate_that_was_not_held_is_said(runner: Runner) -> None:
    runner.program("gh", 'if [[ "$2" == --paginate ]]; then echo "[]"; fi\n')
    step = script(ACTIONS[1], "Comment")
    assert runner(step, ARTIFACT="a", NUMBER="7", PAGE="", RUN="https://run").returncode == 0
    body = (runner.temp / "sdd-bench-gate-comment.md").read_text()
    assert "could not be held: [the log](https://run)" in body


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e@x", *arguments],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("protected", [False, True])
def test_the_history_of_main_gets_the_line_once(runner: Runner, protected: bool) -> None:
    remote, work = runner.temp / "remote.git", runner.folder
    git(runner.temp, "init", "--quiet", "--bare", "-b", "main", str(remote))
    git(work, "init", "--quiet", "-b", "main")
    (work / "past.jsonl").write_text("".join(f"{at}\n" for at in range(200)))
    git(work, "add", "past.jsonl")
    git(work, "commit", "--quiet", "-m", "first")
    git(work, "remote", "add", "origin", str(remote))
    git(work, "push", "--quiet", "origin", "main")
    if protected:
        hook = remote / "hooks" / "pre-receive"
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
    runner.program("sleep", "")
    (runner.temp / "gate").mkdir()
    (runner.temp / "gate" / "gate.history.jsonl").write_text('old\n{"commit": "c"}\n')
    step = script(GATE, "Add the gate to the history of main")
    for _ in range(2):
        done = runner(step, HISTORY="past.jsonl", BRANCH="main", GITHUB_SHA="c0ffee")
        assert done.returncode == 0, done.stderr
    lines = git(remote, "show", "main:past.jsonl").splitlines()
    if protected:
        assert "::warning::" in done.stdout
        assert lines[-1] == "199"
    else:
        assert lines == [*(str(at) for at in range(1, 200)), '{"commit": "c"}']
        assert len(git(remote, "log", "--oneline", "main").splitlines()) == 2
