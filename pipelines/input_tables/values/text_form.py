"""The form of a value, for messages in which the value itself must not stand: it may be a user's id."""

import re

LONGEST = 40
DIGIT, LETTER = re.compile(r"\d"), re.compile(r"[^\W\d_]")


def text_form(text: str) -> str:
    """Digits as 9, letters as a; what stands between them shows blanks, dashes and endings.

    >>> text_form("u7-X3 "), text_form("2026-11-25")
    ('a9-a9 ', '9999-99-99')
    """
    return LETTER.sub("a", DIGIT.sub("9", text[:LONGEST]))
