"""Which runs of two methods belong together, and which of their images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import InputError
from .results import Run


def pairs(runs: Sequence[Run], first: str, second: str) -> list[tuple[Run, Run]]:
    """The runs of two methods that belong together, suite by suite: of the same model, and with
    the same settings where there are such. Raises InputError if there are none or too many.
    """
    ours, theirs = (named(runs, name) for name in (first, second))
    found = []
    for one in ours:
        others = [each for each in theirs if _place(each) == _place(one) and each is not one]
        same = [each for each in others if each.spec.settings == one.spec.settings]
        found += [(one, each) for each in same or others]
    if not found:
        raise InputError(
            f"no suite with runs of both {first} and {second} by one model: there are "
            f"{', '.join(sorted({f'{label(each)} on {each.spec.suite}' for each in runs}))}"
        )
    places = [_place(one) for one, _ in found]
    for place in places:
        if places.count(place) > 1 and not _settled(found, place):
            labels = sorted(
                {label(each) for pair in found for each in pair if _place(each) == place}
            )
            raise InputError(
                f"several runs of {first} or {second} on {place[1]}: name two of "
                f"{', '.join(labels)}"
            )
    return found


def _settled(found: Sequence[tuple[Run, Run]], place: tuple[str, ...]) -> bool:
    """Whether the pairs of a place are of runs that each occur once."""
    several = [label(each) for pair in found if _place(pair[0]) == place for each in pair]
    return len(several) == len(set(several))


def _place(run: Run) -> tuple[str, ...]:
    return run.spec.model, run.spec.suite


def named(runs: Sequence[Run], name: str) -> list[Run]:
    """The runs of a method, or the run whose folder is called so. Raises InputError for none."""
    found = [each for each in runs if name in {each.spec.method, label(each), each.spec.digest}]
    if not found:
        known = sorted({each.spec.method for each in runs})
        raise InputError(f"no run of {name}: there are {', '.join(known)}")
    return found


def label(run: Run) -> str:
    """The name of the run's folder."""
    return run.spec.folder.name


def images(
    one: Run, other: Run, first: pd.DataFrame, second: pd.DataFrame
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], str]:
    """The rows of the images with the same prompt, k, seed and noise; or why there are none."""
    keys = ["prompt_id", "k", "seed", "noise_hash"]
    ours, theirs = (
        each.loc[each["noise_hash"] != "", keys].reset_index(names="row")
        for each in (first.reset_index(drop=True), second.reset_index(drop=True))
    )
    both = ours.merge(theirs, on=keys, suffixes=("_first", "_second"), validate="one_to_one")
    rows = tuple(both[f"row_{side}"].to_numpy(dtype=np.int64) for side in ("first", "second"))
    if len(both):
        return (rows[0], rows[1]), ""
    if one.spec.imported or other.spec.imported:
        why = "unpaired: the noise of imported images is unknown"
    elif one.spec.settings.seed != other.spec.settings.seed:
        why = f"unpaired: run seeds {one.spec.settings.seed} and {other.spec.settings.seed}"
    else:
        why = "unpaired: no two images start from the same noise"
    return (rows[0], rows[1]), why
