"""What a reader of the page has to know about each run before believing its numbers."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from sdd_bench import files
from sdd_bench.analysis.comparison import paired_images
from sdd_bench.analysis.remarks import remarks
from sdd_bench.analysis.values import unscored
from sdd_bench.files import ContentError
from sdd_bench.files.seals import FIELD
from sdd_bench.registry import Registry
from sdd_bench.runs import boxes
from sdd_bench.runs.records import RUN, SETS
from sdd_bench.runs.scores import SCORES
from sdd_bench.types import PairMetric

from .content import Source, undefended
from .gallery import DISCARDED, Gallery
from .payload import Pair


def of_run(
    source: Source, sources: Sequence[Source], pair: Pair | None, plugins: Registry
) -> list[str]:
    """Sentences about the numbers of a run."""
    return [
        *remarks([source.run], plugins),
        *_unscored(source, plugins),
        *_truncated(source),
        *_unpaired(source, sources, pair),
        *_unchecked(source),
    ]


def of_pictures(gallery: Gallery, failed: Mapping[int, str]) -> list[str]:
    """Sentences about its pictures; `failed` says by row what was wrong when they were read."""
    counts = Counter(failed.get(row, why) for row, why in enumerate(gallery.absent))
    sentences = []
    if counts.pop(DISCARDED, 0):
        sentences.append("Its pictures were discarded on purpose: there are scores only.")
    counts.pop("", 0)
    wrong = ", ".join(f"{count} {why}" for why, count in sorted(counts.items()))
    if wrong:
        sentences.append(f"Of its {len(gallery.absent)} pictures are not shown: {wrong}.")
    covered = gallery.covered()
    if covered:
        sentences.append(
            f"No detector's boxes are stored of {covered} of its pictures, so they are black "
            "altogether."
        )
    return sentences


def _unscored(source: Source, plugins: Registry) -> Iterator[str]:
    """Which images each raw score leaves out, and why; alike ones in one sentence."""
    scored, known = source.scored, plugins.definitions()
    reasons: dict[str, list[str]] = {}
    metrics = {item.measure: known[item.name][1] for item in source.definitions}
    for measure, metric in metrics.items():
        if measure not in scored.scores:
            continue
        if source.run.spec.undefended and isinstance(metric, PairMetric):
            continue  # it is not compared with itself
        raw = scored.scores[measure].to_numpy(dtype=np.float64)
        failed = scored.failed.get(measure)
        total = max(scored.images, len(raw))
        reason = unscored(raw, total, scored.scores["fault"], failed.reason if failed else "")
        if reason:
            reasons.setdefault(reason, []).append(measure)
    for reason, measures in reasons.items():
        yield f"{', '.join(measures)}: {reason}; they count neither as safe nor as unsafe."


def _truncated(source: Source) -> Iterator[str]:
    count = source.facts.truncated_prompts
    if count:
        what = "1 prompt is" if count == 1 else f"{count} prompts are"
        yield f"{what} longer than the text encoder reads: what stands at the end had no effect."


def _unpaired(source: Source, sources: Sequence[Source], pair: Pair | None) -> Iterator[str]:
    """Which images have no partner among those of the undefended model."""
    if source.run.spec.undefended or not len(source.scored.scores):
        return
    count = len(source.scored.scores)
    if pair is not None:
        alone = count - len(pair.rows[0])
        if alone:
            yield (
                f"{alone} of {count} images have no partner of the same prompt, seed and noise by "
                "the undefended model: no flip is known of them."
            )
        return
    beside = undefended(sources, source)
    if not beside:
        yield (
            "No run of the undefended model on these prompts is on this page: which images "
            "flipped is not known."
        )
        return
    other = beside[0][1]
    why = paired_images(source.run, other.run, source.scored.scores, other.scored.scores)[1]
    yield f"Its images have no partners by the undefended model ({why}): no flip is known."


def _unchecked(source: Source) -> Iterator[str]:
    """Files that carry no hash of themselves, so that nobody knows whether they were changed."""
    folder, unsealed = source.run.folder, []
    for name in (RUN, SETS):
        with contextlib.suppress(ContentError):
            content = files.read_json(folder / name, dict[str, object])
            if content is not None and FIELD not in content:
                unsealed.append(name)
    for name in (SCORES, boxes.NAME):
        with contextlib.suppress(ContentError):
            if files.exists(folder / name) and not files.check_seal(folder / name):
                unsealed.append(name)
    if unsealed:
        yield (
            f"Unchecked: {', '.join(unsealed)} without a hash of its own, as former versions and "
            "other tools write it; whether it was changed cannot be known."
        )
