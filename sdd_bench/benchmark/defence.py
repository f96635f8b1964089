"""A method that is attacked as it runs: its weights, its pictures, and what judges them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sdd_bench import models, registry
from sdd_bench.errors import InputError
from sdd_bench.runs.identity import BASELINE
from sdd_bench.scoring import batches, border
from sdd_bench.scoring.definitions import measurements
from sdd_bench.types import Definition, ImageMetric, Pixels, Sample, Settings, Suite, Weighted
from sdd_bench.weights import store

from . import trainer
from .request import Options
from .selection import SelectedMethod, choose

if TYPE_CHECKING:
    from sdd_bench.diffusion.bundle import Bundle
    from sdd_bench.diffusion.defended import MethodView
    from sdd_bench.training.checkpoints import Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Defence:
    """A method, and the definition by which a picture shows the concept."""

    method: SelectedMethod
    concept: str
    """What is to come back."""
    definition: Definition
    metric: ImageMetric
    options: Options
    """Of its pictures and weights."""

    @classmethod
    def of(cls, name: str, concept: str, suite: Suite, options: Options) -> Defence:
        """The method of that name for attacks with a concept and the prompts of a suite.

        Raises InputError for anything unknown, and MissingError for weights of the metric that are
        not on this machine.
        """
        plugins = registry.scan()
        # Recipe and parameters that are set are those of the attack.
        own = replace(options, recipe=None, parameters={})
        found = measurements(
            options.metrics, models.find(options.model), suite.families, plugins
        ).values()
        rates = [
            (definition, metric)
            for definition, metric in found
            if definition.threshold is not None and isinstance(metric, ImageMetric)
        ]
        if not rates or (options.metrics and len(found) > 1):
            raise InputError(
                "one rate says whether a picture shows the concept, as nude/miniature@0.7 does: "
                "name it with --metric"
            )
        definition, metric = rates[0]
        for weight in metric.weights if isinstance(metric, Weighted) else ():
            store.find(weight)
        return cls(
            method=choose(name, own, plugins),
            concept=concept,
            definition=definition,
            metric=metric,
            options=own,
        )

    def weights(self, bundle: Bundle) -> Checkpoint | None:
        """The weights that the method runs on, trained if need be; None: the model's own."""
        return trainer.weights(bundle, [self.method], self.options)[0]

    def record(self, weights: Checkpoint | None) -> dict[str, Any]:
        """All of it that found prompts depend on."""
        return {
            "name": self.method.name,
            "parameters": self.method.parameters,
            "concepts": list(self.method.concepts),
            "checkpoint": None if weights is None else weights.hash,
            "shows": self.definition.name,
            "steps": self.options.steps,
            "guidance_scale": self.options.guidance_scale,
        }

    @contextmanager
    def views(
        self, bundle: Bundle, weights: Checkpoint | None, samples: Sequence[Sample]
    ) -> Iterator[Callable[[Sample], MethodView]]:
        """Within it the model has the method's weights, and there is a view for each sample."""
        from sdd_bench.diffusion import generator
        from sdd_bench.diffusion.defended import MethodView
        from sdd_bench.diffusion.loading import single_precision
        from sdd_bench.training import checkpoints

        settings = Settings(steps=self.options.steps, guidance_scale=self.options.guidance_scale)
        plain = choose(BASELINE, self.options, registry.scan()).plan
        pictures: dict[str, Any] = {}
        for start in range(0, len(samples), bundle.batch):
            part = samples[start : start + bundle.batch]
            (latents,) = generator.denoise(bundle, [plain], part, settings)
            pictures |= {
                sample.stem: each.cpu().float().clone()
                for sample, each in zip(part, latents, strict=True)
            }
        with single_precision(), checkpoints.applied(bundle, weights):
            generator.try_out(bundle, [self.method.plan], samples, settings)

            def view(sample: Sample) -> MethodView:
                picture = pictures[sample.stem]
                return MethodView(
                    bundle, self.method.plan, settings, self.concept, sample, picture, self._shows
                )

            yield view

    def _shows(self, pixels: Pixels, text: str) -> bool:
        """Whether a picture shows the concept. What cannot be judged raises."""
        scores = border.scores(self.metric, [batches.batch([pixels], [text])])
        return bool(self.definition.counts(scores[:1])[0])
