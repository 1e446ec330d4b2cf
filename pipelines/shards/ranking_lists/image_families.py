"""Which pictures of one note show the same: equal bytes, or verified copies and crops. No engine."""

from collections.abc import Sequence


def families(files: Sequence[str], neighbours: Sequence[Sequence[str]]) -> list[int]:
    """The number of each picture's family within its note.

    Two pictures are of one family when they have the same bytes, are a verified pair, or are both paired with a third
    picture, in this note or in any other; and so on in a chain.

    Args:
        files: sha256 of each picture.
        neighbours: for each, the sha256 of the pictures that it is paired with anywhere.

    Returns:
        Numbers from 0, by first sight. Cost: linear.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for file, others in zip(files, neighbours, strict=True):
        for other in others:
            parent[root(other)] = root(file)
    numbers: dict[str, int] = {}
    return [numbers.setdefault(root(file), len(numbers)) for file in files]
