"""The outcome of a gate for a comment: what failed or moved, and no more than a comment takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.errors import InputError
from sdd_bench.gating import summary
from sdd_bench.gating.outcome import CheckResult
from sdd_bench.gating.page import page


def same(check: str, run: str = "r") -> CheckResult:
    return CheckResult(run=run, check=check, unit="%", baseline=50, value=50, flips="+0 -0")


def worse(
    number: int, reason: str = "worse by 9 points, allowed are 2", run: str = "r"
) -> CheckResult:
    return CheckResult(
        run=run, check=f"rate{number}", unit="%", baseline=50, value=59, allowed=2, flips="+9 -0",
        verdict="worse", reason=reason,
    )  # fmt: skip


def rendered(checks: list[CheckResult]) -> str:
    return summary.render(page(checks, [], []), checks)


def test_what_failed_comes_first_and_what_stayed_is_counted() -> None:
    moved = CheckResult(run="r", check="clip", baseline=0.3, value=0.3001, allowed=0.01)
    cancel = CheckResult(run="r", check="b", baseline=50, value=50, flips="+1 -1")
    identity = CheckResult(run="r", check="identity")
    text = rendered([identity, same("a"), moved, cancel, worse(1)])
    lines = text.splitlines()
    assert lines[0] == "Gate failed: 1 of 5 checks (1 worse)"
    assert [line.split(" | ")[1] for line in lines[4:7]] == ["rate1", "clip", "b"]
    assert "FAIL r, rate1: worse: worse by 9 points, allowed are 2" in lines
    assert lines[-1] == "2 of 5 checks pass without any change."


def test_where_nothing_moved_it_says_so() -> None:
    lines = rendered([same("a"), same("b")]).splitlines()
    assert not any("more failed" in line for line in lines)
    assert (lines[0], lines[-1]) == (
        "Gate passed: 2 checks",
        "2 of 2 checks pass without any change.",
    )


def test_of_many_the_first_are_shown() -> None:
    text = rendered([worse(number) for number in range(50)])
    assert text.count("| worse |") == text.count("FAIL ") == summary.SHOWN
    assert "30 more failed or moved." in text.splitlines()


def test_it_fits_into_a_comment_whatever_things_are_called() -> None:
    name = "<|*" * 2000
    text = rendered([worse(number, reason="&" * 9000, run=name) for number in range(50)])
    assert len(text) <= summary.LARGEST
    assert "Gate failed: 50 of 50 checks" in text
    # "&lt;", "\\|" and "\\*" make 16,000 signs of a name: there is room for three.
    assert "47 more failed or moved." in text
    name = "<" * 20_000
    text = rendered([worse(number, run=name) for number in range(50)])
    assert len(text) <= summary.LARGEST
    assert "50 more failed or moved." in text  # for not one


def test_it_may_be_as_long_as_a_comment_and_not_a_sign_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checks = [worse(number) for number in range(5)]
    text = rendered(checks)
    monkeypatch.setattr(summary, "LARGEST", len(text))
    assert rendered(checks) == text
    monkeypatch.setattr(summary, "LARGEST", len(text) - 1)
    assert "1 more failed or moved." in rendered(checks).splitlines()


def test_a_long_reason_is_cut() -> None:
    def note(reason: str) -> str:
        lines = rendered([worse(1, reason=reason)]).splitlines()
        return next(line for line in lines if "FAIL" in line)

    whole = f"FAIL r, rate1: worse: {'x' * 278}"
    assert len(whole) == 300
    assert note("x" * 278) == whole
    assert note("x" * 279) == note("x" * 400) == f"{whole}..."


def test_nobody_is_called_and_nothing_is_pointed_to() -> None:
    text = rendered([worse(1, reason="@octocat (@org/team) fixes #12, [a](b) nude/toy@0.7")])
    for calling in ("@octocat", "(@org", "#12"):
        assert calling not in text
    assert "@<!-- -->octocat" in text
    assert "nude/toy@0.7" in text
    assert "&#40;b)" in text  # a link's second half, as Markdown's own renderer has it


def test_it_is_written_to_its_place_or_the_option_is_named(tmp_path: Path) -> None:
    checks = [same("a")]
    shown = page(checks, [], [])
    path = tmp_path / "very" / "deep" / "gate.md"
    for _ in range(2):
        summary.write(path, shown, checks)
        assert path.read_text() == summary.render(shown, checks)
    with pytest.raises(InputError) as caught:
        summary.write(path / "file.md", shown, checks)
    said = str(caught.value)
    assert said.startswith(f"cannot write {path / 'file.md'}: ")
    assert said.endswith("; give another folder with --summary")
