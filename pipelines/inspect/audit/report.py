"""Text report of an audit: one line per rule, and examples of violations."""

from collections.abc import Sequence

from pipelines.inspect.audit.run_rules import RuleResult

PASSED, FAILED, NOT_CHECKED = "passed", "FAILED", "not checked"


def report(results: Sequence[RuleResult]) -> str:
    """Format results: state and rule, and below a failed rule its first violations."""
    lines = [line for result in results for line in _lines(result)]
    counts = {state: sum(_state(result) == state for result in results) for state in (PASSED, FAILED, NOT_CHECKED)}
    totals = ", ".join(f"{n} {state.lower()}" for state, n in counts.items() if n)
    return "\n".join([*lines, "", f"{len(results)} rules: {totals}"]) + "\n"


def _lines(result: RuleResult) -> list[str]:
    state = _state(result)
    rows = f"{result.violations:,} row{'s' if result.violations > 1 else ''}" if result.violations else ""
    note = rows or (f"no {', '.join(result.missing)}" if result.missing else "")
    head = f"{state:<11}  {result.rule.sentence}" + (f" ({note})" if note else "")
    examples = [f"{'':<13}{name}: {detail}" for name, detail in result.examples]
    more = result.violations - len(result.examples)
    return [head, *examples, *([f"{'':<13}and {more:,} more"] if more > 0 else [])]


def _state(result: RuleResult) -> str:
    return NOT_CHECKED if result.missing else FAILED if result.violations else PASSED
