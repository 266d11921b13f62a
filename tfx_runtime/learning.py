"""The nodes that learn: Transform, Tuner, Trainer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfx.components import Trainer, Transform, Tuner
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.resolver import Resolver
from tfx.proto import trainer_pb2
from tfx.types import standard_artifacts
from tfx.types.channel import BaseChannel, Channel

from tfx_components.newest_if_any import NewestIfAny
from tfx_contract.model_spec import StandardModelSpec
from tfx_contract.training_spec import TuneWhen, Tuning


@dataclass(frozen=True)
class Learner:
    """Builds the nodes of one model that learn from the same rows."""

    spec: StandardModelSpec
    folder: Path
    schema: BaseChannel

    def transform(self, examples: BaseChannel) -> Transform:
        """From raw columns to features."""
        return Transform(
            examples=examples,
            schema=self.schema,
            module_file=str(self.folder / "features.py"),
            # Nothing here feeds the cache back in, and writing it costs Beam stages.
            disable_analyzer_cache=True,
            disable_statistics=not self.spec.execution.transform_statistics,
        )

    def tuning(self, transform: Transform) -> tuple[list[BaseNode], BaseChannel | None]:
        """The nodes of the tuning, and the hyperparameters that the Trainer gets from them.

        A run that is not asked to tune takes what the last one found, also when `tuner_fn` looks
        for something else by now: forgetting it at every edit of `trainer.py` would be worse. What
        it does not name comes from `model.yaml`.
        """
        if self.spec.tuning is None:
            return [], None
        tuner = self._tuner(self.spec.tuning, transform)
        if self.spec.tuning.when is TuneWhen.ALWAYS:
            return [tuner], tuner.outputs["best_hyperparameters"]
        best = Resolver(
            strategy_class=NewestIfAny,
            hyperparameters=Channel(type=standard_artifacts.HyperParameters),
        ).with_id("BestHyperparameters")
        best.add_upstream_node(tuner)
        return [tuner, best], best.outputs["hyperparameters"]

    def trainer(self, transform: Transform, tuned: BaseChannel | None) -> Trainer:
        """From features to a model."""
        training = self.spec.training
        return Trainer(
            **self._inputs(transform, training.steps, training.eval_steps), hyperparameters=tuned
        )

    def _tuner(self, tuning: Tuning, transform: Transform) -> Tuner:
        return Tuner(**self._inputs(transform, tuning.steps, tuning.eval_steps))

    def _inputs(self, transform: Transform, steps: int, eval_steps: int) -> dict[str, Any]:
        return {
            "module_file": str(self.folder / "trainer.py"),
            "examples": transform.outputs["transformed_examples"],
            "transform_graph": transform.outputs["transform_graph"],
            "schema": self.schema,
            "train_args": trainer_pb2.TrainArgs(num_steps=steps),
            "eval_args": trainer_pb2.EvalArgs(num_steps=eval_steps),
            "custom_config": dict(self.spec.training.hyperparameters),
        }
