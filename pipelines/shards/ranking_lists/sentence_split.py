"""A text in two parts that share no sentence. No engine."""

from pipelines.media.sentences import sentence_pieces
from pipelines.media.text_fold import cased_letters


def content(text: str) -> set[str]:
    """What a text says, as a set of folded sentences."""
    return {name for piece in sentence_pieces(text) if (name := cased_letters(piece))}


def parted(text: str) -> tuple[str, str]:
    """A text cut between two sentences, about in the middle of its letters.

    A sentence that stands in it twice goes to where it stands first; marks without letters stay with the sentence before.
    A text of a single sentence, however often it is repeated, is not cut: the first part is empty.

    >>> parted("红色的杯子。很好看！红色的杯子。我买了两个，一个送人。")
    ('红色的杯子。很好看！红色的杯子。', '我买了两个，一个送人。')
    """
    parts = sentence_pieces(text)
    sizes: dict[str, int] = {}
    for piece in parts:
        if name := cased_letters(piece):
            sizes.setdefault(name, len(name))
    if len(sizes) < 2:
        return "", text
    first = _first_half(sizes)
    sides: tuple[list[str], list[str]] = ([], [])
    side = 0
    for piece in parts:
        if name := cased_letters(piece):
            side = 0 if name in first else 1
        sides[side].append(piece)
    return "".join(sides[0]).strip(), "".join(sides[1]).strip()


def _first_half(sizes: dict[str, int]) -> set[str]:
    """The first sentences, up to where both sides are as equal in letters as they can be; neither side is empty."""
    names, total = list(sizes), sum(sizes.values())
    taken, best, cut = 0, total, 1
    for place, name in enumerate(names[:-1], 1):
        taken += sizes[name]
        if abs(total - 2 * taken) < best:
            best, cut = abs(total - 2 * taken), place
    return set(names[:cut])
