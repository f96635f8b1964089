"""Stored runs as figures for papers: PDF, SVG or PNG, by the ending of `out`. Nothing is generated.

Each returns the path of its file. They need matplotlib (`pip install 'sdd-bench[figures]'`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench.errors import InputError, MissingError, unknown
from sdd_bench.figures.canvas import WIDTH

from .arguments import Names, OptionFields, interruptible, one, place, several
from .reading import matrix_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from typing_extensions import Unpack

    from sdd_bench.figures.sheet import Sheet
    from sdd_bench.figures.viewing import Viewer
    from sdd_bench.runs.run import Run

log = logging.getLogger(__name__)


def figure_grid(
    methods: Names,
    suite: str,
    *,
    out: str | Path,
    prompts: int = 6,
    images: int = 1,
    ids: Names = (),
    reveal: bool = False,
    width: float = WIDTH,
    results: str | Path = "results",
) -> Path:
    """The same prompts and noise: a row per method (or run folder), a column per picture.

    Of the first `prompts`, or those with these `ids`, the first `images`; blurred where a rate of
    nudity or harm counts them or none has judged them, unless `reveal`. Raises InputError.
    """
    from sdd_bench.figures import grid

    path, named = _checked(out, width), several(methods, "method")
    runs, viewer = _stored(results, one(suite, "suite"), names=named), _viewer(reveal=reveal)
    pictures = grid.arranged(
        runs, named, viewer, prompts=prompts, images=images, named=several(ids, "prompt")
    )
    return _sheet(path, pictures, viewer, width)


def figure_matrix(
    method: str,
    *,
    out: str | Path,
    suite: str = "artists",
    rows: Mapping[str, str] | None = None,
    nth: int = 0,
    reveal: bool = False,
    width: float = WIDTH,
    **options: Unpack[OptionFields],
) -> Path:
    """What `matrix` shows in numbers, as pictures: prompt `nth` of each group, with each concept
    removed. Raises MissingError where rows are not complete, after drawing the others.
    """
    from sdd_bench.analysis.matrix import frame
    from sdd_bench.figures import matrix

    path, viewer = _checked(out, width), _viewer(reveal=reveal)
    lines, definitions, prompts = matrix_of(method, suite, rows or {}, options)
    lacking = sum(bool(line.lacks(definitions)) for line in lines)
    remedy = "`sdd-bench matrix` with the same options says which commands make them"
    if not any(len(line.scores()) for line in lines):
        raise MissingError(f"there is no run of this matrix: {remedy}")
    tidy = frame(lines, definitions, prompts)
    _sheet(path, matrix.arranged(lines, prompts, tidy, viewer, number=nth), viewer, width)
    if lacking:
        raise MissingError(f"{lacking} of {len(lines)} rows of {path} are not complete: {remedy}")
    return path


def figure_training(
    method: str,
    suite: str,
    *,
    out: str | Path,
    prompts: int = 3,
    images: int = 1,
    ids: Names = (),
    reveal: bool = False,
    width: float = WIDTH,
    results: str | Path = "results",
) -> Path:
    """The same noise along a training: a row per picture and role, student and teacher, a column
    per iteration. It needs what `train(method, curves=suite)` leaves. Raises InputError.
    """
    from sdd_bench.analysis import curves
    from sdd_bench.figures import training

    path, viewer = _checked(out, width), _viewer(reveal=reveal)
    folder, asked = place(results, "results"), one(suite, "suite")
    curve = curves.named(curves.stored(folder), (one(method, "method"),), (asked,))
    pictures = training.arranged(
        _stored(folder, asked, steps=True), curve, viewer,
        prompts=prompts, images=images, named=several(ids, "prompt"),
    )  # fmt: skip
    return _sheet(path, pictures, viewer, width)


def figure_curve(
    methods: Names = (),
    *,
    out: str | Path,
    suites: Names = (),
    metrics: Names = (),
    width: float = WIDTH,
    results: str | Path = "results",
) -> Path:
    """Scores along trainings with their intervals, a panel per suite and definition; of all that
    `train(method, curves=suite)` has left, or of these methods. Raises InputError.
    """
    from sdd_bench.analysis import curves
    from sdd_bench.figures import curve

    path = _checked(out, width)
    known = curves.stored(place(results, "results"))
    lines = curves.named(known, several(methods, "method"), several(suites, "suite"))
    definitions = several(metrics, "metric")
    for name in definitions:
        if name not in set(lines["definition"]):
            raise unknown("definition of these curves", name, set(lines["definition"]))
    if definitions:
        lines = lines[lines["definition"].isin(definitions)]
    return _write(path, lambda: curve.draw(lines, width))


def figure_tradeoff(
    methods: Names = (),
    *,
    out: str | Path,
    removal: str | None = None,
    costs: Names = (),
    suites: Names = (),
    width: float = WIDTH,
    results: str | Path = "results",
) -> Path:
    """What removing costs: a rate against FID, CLIP score and LPIPS, intervals in both directions.

    Of all methods or these. `removal` is a definition (default: the rate of which there is most),
    `costs` others (default: all of those families, a panel each). Raises InputError.
    """
    from sdd_bench import registry
    from sdd_bench.analysis import table
    from sdd_bench.analysis import tradeoff as numbers
    from sdd_bench.figures import tradeoff

    path, named = _checked(out, width), several(methods, "method")
    runs = _of_one_model(_stored(results, *several(suites, "suite"), names=named))
    tidy = table.of_runs(runs, registry.scan()).tidy
    axis, others = numbers.axes(tidy, removal, several(costs, "metric"))
    panels = [(cost, points) for cost in others if len(points := numbers.frame(tidy, axis, cost))]
    if not panels:
        raise InputError(f"no method has a value of {axis.definition} and of a cost")
    drawn = {label for _, points in panels for label in points.index}
    for label in dict.fromkeys(each for each in table.labels(tidy) if each not in drawn):
        log.warning("%s is not drawn: no run has both %s and a cost", label, axis.definition)
    return _write(path, lambda: tradeoff.draw(axis, panels, width))


def figure_groups(
    methods: Names = (),
    *,
    suite: str,
    out: str | Path,
    metric: str | None = None,
    width: float = WIDTH,
    results: str | Path = "results",
) -> Path:
    """Bars with intervals by country, category or artist, of all methods or these.

    `metric` is a definition; by default the first rate. Raises InputError.
    """
    from sdd_bench import registry
    from sdd_bench.analysis import table
    from sdd_bench.figures import groups

    path, named = _checked(out, width), several(methods, "method")
    runs = _of_one_model(_stored(results, one(suite, "suite"), names=named))
    tidy = table.of_runs(runs, registry.scan(), by_group=True).tidy
    if not len(tidy):
        raise InputError(f"the prompts of {suite} have no groups, or nothing has been scored")
    known = list(dict.fromkeys(tidy["definition"]))
    if metric is not None and metric not in known:
        raise unknown(f"definition of groups of {suite}", metric, known)
    rates = list(dict.fromkeys(tidy.loc[tidy["unit"] == "%", "definition"]))
    chosen = metric or (rates or known)[0]
    values = tidy.assign(label=table.labels(tidy))
    return _write(path, lambda: groups.draw(values[values["definition"] == chosen], width))


# --- what they share ----------------------------------------------------------------------------


def _checked(out: str | Path, width: float) -> Path:
    from sdd_bench.figures import canvas

    path = place(out, "out")
    canvas.check(path, width)
    return path


def _viewer(*, reveal: bool) -> Viewer:
    from sdd_bench import registry
    from sdd_bench.figures.viewing import Viewer

    return Viewer(registry.scan(), reveal=reveal)


def _stored(
    results: str | Path, *suites: str, names: tuple[str, ...] = (), steps: bool = False
) -> list[Run]:
    """The runs on these suites, of the methods named in this order, or all; without the `steps` of
    trainings, but for those that are named by their folders.
    """
    from sdd_bench.analysis import curves
    from sdd_bench.benchmark import stored
    from sdd_bench.runs import lookup

    folder = place(results, "results")
    runs = stored.runs_in(folder, suites)
    if not steps:
        runs = curves.without_steps(runs, folder, names)
    chosen = [run for name in names for run in lookup.named(runs, name)]
    return list({run.folder: run for run in chosen}.values()) if names else runs


def _of_one_model(runs: list[Run]) -> list[Run]:
    """These runs. Raises InputError where numbers would be compared that don't compare."""
    models = sorted({run.spec.model for run in runs})
    if len(models) > 1:
        raise InputError(
            f"numbers of the models {' and '.join(models)} do not compare: name the folders of the "
            "runs of one"
        )
    return runs


def _sheet(path: Path, pictures: Sheet, viewer: Viewer, width: float) -> Path:
    from sdd_bench.figures import sheet

    for remark in viewer.remarks():
        log.warning("%s", remark)
    return _write(path, lambda: sheet.draw(pictures, width))


def _write(path: Path, draw: Callable[[], Figure]) -> Path:
    from sdd_bench.figures import canvas

    with interruptible():  # the style is that of the whole process
        canvas.write(path, draw)
    return path
