"""Words: classes are named by nouns, and texts for users avoid words that no reader would search for."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECKED = (
    "schemas",
    "jobs",
    "testkit",
    "scripts",
    "pipelines",
    "uninote_train",
    "small_encoder",
    "benchmarks",
    "tests/support",
)
LATER = ("scripts/tutorial", "tests/support/judge_server.py", "tests/support/judge_pairs.py", "tests/support/tiny_judge.py")
SOURCES = sorted(
    p
    for place in CHECKED
    for p in ((ROOT / place).rglob("*.py") if (ROOT / place).is_dir() else [ROOT / place])
    if not any(place in str(p) for place in LATER)
)
PARTICIPLES = re.compile(
    r"_?(Answered|Asked|Asking|Begun|Chosen|Counted|Done|Drawn|Dropped|Found|Gone|Given|Guarded|Held|Judged|Kept|Known|Labelled|Left"
    r"|Lost|Made|Matched|Mined|Named|Opened|Parsed|Picked|Placed|Planned|Planted|Ran|Read|Refused|Said|Sampled|Scored|Searched|Shown|Sized"
    r"|Stored|Taken|Told|Written)"
)
"""Names of classes that say what was done, and not to what."""
NAMES = {"told", "said", "says", "anew", "astray", "amiss"}
"""Names of variables, parameters, functions and fields that hold counts, messages, rows: say which."""
BLACK_LIST = re.compile(
    r"\b(mend|mends|mended|anew|amiss|astray|dear|wanted [\w{'.]|nought|whosoever|is told|are told|be told)\b"
)
"""In texts: fix, again, invalid, misplaced, expensive, expected."""


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_classes_are_nouns_and_texts_are_plain(path):
    tree = ast.parse(path.read_text(encoding="utf8"))
    faults = [f"{node.lineno}: {fault}" for node in ast.walk(tree) if (fault := fault_of(node))]
    assert faults == []


def fault_of(node):
    match node:
        case ast.ClassDef(name=name) if PARTICIPLES.fullmatch(name):
            return f"class {name}: of what?"
        case ast.FunctionDef(name=name) | ast.arg(arg=name) | ast.Name(id=name) if name in NAMES:
            return f"{name}: name its content"
        case ast.Constant(value=str(text)) if match := BLACK_LIST.search(text):
            return f"'{match[0]}' in {text[:60]!r}"
    return None
