"""What the audit says: a line a rule, and what breaks it."""

from collections.abc import Sequence

from pipelines.inspect.audit.run_rules import Verdict

HOLDS, BROKEN, NOT_CHECKED = "holds", "BROKEN", "nothing to check"


def report(verdicts: Sequence[Verdict]) -> str:
    """A table: the verdict, and the rule; below a broken one the first rows that break it."""
    lines = [line for verdict in verdicts for line in _lines(verdict)]
    counts = {state: sum(_state(v) == state for v in verdicts) for state in (HOLDS, BROKEN, NOT_CHECKED)}
    told = ", ".join(f"{n} {state.lower()}" for state, n in counts.items() if n)
    return "\n".join([*lines, "", f"{len(verdicts)} rules: {told}"]) + "\n"


def _lines(verdict: Verdict) -> list[str]:
    state = _state(verdict)
    what = f"{verdict.breaks:,} x" if verdict.breaks else f"no {', '.join(verdict.missing)}" if verdict.missing else ""
    head = f"{state:<16}  {verdict.rule.sentence}" + (f" ({what})" if what else "")
    shown = [f"{'':<18}{name}: {detail}" for name, detail in verdict.examples]
    more = verdict.breaks - len(verdict.examples)
    return [head, *shown, *([f"{'':<18}and {more:,} more"] if more > 0 else [])]


def _state(verdict: Verdict) -> str:
    return NOT_CHECKED if verdict.missing else BROKEN if verdict.breaks else HOLDS
