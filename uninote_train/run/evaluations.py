"""When a run is evaluated, which weights it keeps, and when it stops early."""

from pathlib import Path

import torch

from uninote_train.evaluation.few_queries import few_queries
from uninote_train.models.protocol import Model
from uninote_train.process.processes import Processes
from uninote_train.run import checkpoint
from uninote_train.run.best_model import (
    Evaluation,
    delete_other_weights,
    read_history,
    read_weights,
    write_history,
    write_weights,
)
from uninote_train.run.log import RunLog
from uninote_train.run.resume import CHECKPOINTS, set_state_tensors, state_tensors
from uninote_train.run.validation import ValidationSettings, Validator, score

METRIC = "mean recall@1 of the meta tasks"


class Evaluations:
    """The evaluations of one run. Without a validator none is due, and the last weights are the model."""

    def __init__(
        self, out: Path, model: Model, validator: Validator | None, settings: ValidationSettings, steps: int, done: int
    ) -> None:
        """Read the history of a run that resumes.

        Args:
            out: the run's folder.
            model: that is trained.
            validator: of the validation split; None: there is none.
            settings: of validation.
            steps: of the run.
            done: finished steps.
        """
        self.out, self.model, self.validator, self.steps = out, model, validator, steps
        self.patience, self.every = settings.patience, settings.interval(steps) if validator else 0
        self.history = read_history(out, done)

    def due(self, step: int) -> bool:
        """Whether the run is evaluated after `step` steps, and has not been."""
        on_time = bool(self.every) and (step % self.every == 0 or step == self.steps)
        return on_time and not self.history.has(step)

    def stopped(self) -> bool:
        """Whether `patience` evaluations in a row had no gain."""
        return bool(self.every and self.patience and self.history.evaluations) and self.history.without_gain >= self.patience

    def run(self, step: int, processes: Processes, log: RunLog) -> None:
        """Evaluate the model after `step` steps, of which there must be a checkpoint, and keep it if it is the best."""
        if self.validator is None:
            return
        results = self.validator.measure(self.model)
        recalls = {task: numbers["recall@1"][0] for task, numbers in results["tasks"].items()}
        own = torch.tensor(score(results) if processes.rank == 0 else 0.0, dtype=torch.float64)
        agreed = float(processes.total(own.to(next(self.model.parameters()).device)))  # all must stop after the same step
        self.history.evaluations.append(Evaluation(step, agreed, recalls))
        if processes.rank == 0:
            if self.history.best.step == step:
                write_weights(self.out, step, state_tensors(self.model))
            write_history(self.out, self.history)
            delete_other_weights(self.out, self.history, checkpoint.steps(self.out / CHECKPOINTS))
        log.curve("validation/recall@1", agreed, step)
        if (warning := few_queries(results["tasks"])) and len(self.history.evaluations) == 1:
            log.message(f"validation: {warning}")
        log.message(f"validation after step {step}: {self._numbers()}")

    def load_best(self) -> int:
        """Load the weights of the best evaluation; returns their step, the last one without an evaluation."""
        if not self.history.evaluations:
            return self.steps
        best = self.history.best.step
        set_state_tensors(self.model, read_weights(self.out, best))
        return best

    def summary(self) -> list[str]:
        """Lines on what validation found; none without an evaluation."""
        if not self.history.evaluations:
            return []
        first, last, best = self.history.evaluations[0], self.history.evaluations[-1], self.history.best
        ended = [f"stopped after step {last.step} of {self.steps}: {self.patience} evaluations in a row without a gain"]
        lines = ended if self.stopped() and last.step < self.steps else []
        if best.step > first.step:
            return [*lines, f"validation: {self._numbers()}; the model is that of step {best.step}"]
        trained = max(self.history.evaluations[1:], key=lambda e: e.score, default=first)
        place = "below its start" if trained.score < first.score else "level with its start"
        return [
            *lines,
            f"validation: {place}: {METRIC} {percent(trained.score)} at best, after step {trained.step}; "
            f"{percent(first.score)} at the start, which is saved as the model, unchanged; the last weights are in "
            f"{self.out / CHECKPOINTS}",
        ]

    def _numbers(self) -> str:
        first, last, best = self.history.evaluations[0], self.history.evaluations[-1], self.history.best
        now = f"{METRIC} {percent(last.score)}"
        if last is first:
            return now
        return f"{now}; {percent(first.score)} at the start, {percent(best.score)} at best, after step {best.step}"


def percent(share: float) -> str:
    """0.381 -> 38.1."""
    return f"{100 * share:.1f}"
