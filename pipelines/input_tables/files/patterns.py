"""File name patterns: * ? [ab] {a,b} {000..012} and **, one part of a path at a time."""

import re
from functools import cache

from schemas.errors import DataError

WILD = re.compile(r"[*?\[{]")
RANGE = re.compile(r"(\d{1,9})\.\.(\d{1,9})\}")
MOST_NUMBERS = 100_000


def is_pattern(part: str) -> bool:
    """Whether a part of a path has a wildcard in it."""
    return WILD.search(part) is not None


def split_list(uris: str) -> list[str]:
    """Several URIs in one text, separated by commas that are not in braces.

    >>> split_list("a.csv,s3://b/{x,y}.csv, c.csv")
    ['a.csv', 's3://b/{x,y}.csv', 'c.csv']
    """
    parts, depth, start = [], 0, 0
    for place, character in enumerate(uris):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth <= 0:
            parts.append(uris[start:place])
            start = place + 1
    return [part.strip() for part in [*parts, uris[start:]] if part.strip()]


@cache
def part_pattern(part: str) -> re.Pattern[str]:
    """A part of a path as a regular expression.

    >>> bool(part_pattern("n[0-9]?.{csv,tsv}").fullmatch("n12.tsv"))
    True
    >>> [name for name in ("007.tar", "012.tar", "12.tar") if part_pattern("{000..012}.tar").fullmatch(name)]
    ['007.tar', '012.tar']
    """
    out, place, braces = [], 0, 0
    while place < len(part):
        character = part[place]
        place += 1
        if character == "[" and (end := part.find("]", place + 1)) > 0:
            inside = part[place:end].replace("\\", r"\\").replace("[", r"\[")
            out.append(f"[{'^' + inside[1:] if inside[0] in '!^' else inside}]")
            place = end + 1
        elif character == "{" and (numbers := RANGE.match(part, place)):
            out.append(f"(?:{'|'.join(_numbers(numbers[1], numbers[2]))})")
            place = numbers.end()
        elif character == "{" and "}" in part[place:]:
            braces += 1
            out.append("(?:")
        elif character == "}" and braces:
            braces -= 1
            out.append(")")
        elif character == "," and braces:
            out.append("|")
        else:
            out.append({"*": ".*", "?": "."}.get(character, re.escape(character)))
    try:
        return re.compile("".join(out), re.S)
    except re.error:
        return re.compile(re.escape(part))


def _numbers(first: str, last: str) -> list[str]:
    """The numbers of a range, with as many digits as the first has, as shells and WebDataset write shards."""
    ends = sorted((int(first), int(last)))
    numbers = range(ends[0], ends[1] + 1)
    if len(numbers) > MOST_NUMBERS:
        raise DataError(f"{{{first}..{last}}}: {len(numbers):,} numbers; expected at most {MOST_NUMBERS:,}: write * for them")
    return [str(number).zfill(len(first)) for number in numbers]
