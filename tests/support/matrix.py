"""A matrix of two artists, in a few small runs."""

from __future__ import annotations

from support.shell import Shell

ARTISTS = """id,text,artist
m0,"a red apple, in the style of monet",monet
m1,"a blue car, in the style of monet",monet
s0,"a red apple, in the style of seurat",seurat
s1,"a blue car, in the style of seurat",seurat
"""


SMALL = ("--steps", 2, "--images-per-prompt", 1, "--device", "cpu")


STYLE = ("--metric", "style/miniature@0.5", "--metric", "lpips/miniature")


def make(shell: Shell, *more: object) -> None:
    (shell.folder / "artists.csv").write_text(ARTISTS)
    done = shell(
        "run", "--suite", shell.folder / "artists.csv", "--results", shell.results, *SMALL, *STYLE,
        *more,
    )  # fmt: skip
    assert done.code == 0


def show(shell: Shell, *more: object, method: str = "sd-neg") -> tuple[object, ...]:
    return (
        "matrix", "--method", method, "--suite", shell.folder / "artists.csv",
        "--results", shell.results, *SMALL, *STYLE, *more,
    )  # fmt: skip


SCORES = {
    (): ([0.9, 0.9, 0.9, 0.4], []),
    ("monet",): ([0.1, 0.2, 0.9, 0.3], [0.5, 0.7, 0.1, 0.2]),
    ("seurat",): ([0.8, 0.7, 0.5, 0.6], [0.1, 0.3, 0.6, 0.8]),
}
"""By what was removed: the style of the prompts m0, m1, s0, s1, and LPIPS to the undefended."""
