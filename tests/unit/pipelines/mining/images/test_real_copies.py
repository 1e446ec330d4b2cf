"""Public pictures that other projects test copies on: what is one picture is found to be one, and nothing else is.

They are not ours and not in the repository: read from $UNINOTE_SHARED, else from ../shared beside the checkout.
"""

import itertools
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipelines.media.decode import BadPicture
from pipelines.mining.images.fingerprint.fingerprint import Fingerprint, fingerprint
from testkit.verified_pictures import StoredPicture, stored_picture, verdict

SHARED = Path(os.environ.get("UNINOTE_SHARED") or Path(__file__).resolve().parents[6] / "shared")
DATA = SHARED / "data" / "neardup"
SAME = ("copy", "framed_a", "framed_b")
CORRUPT = "ukbench09268_corrupt"
UNNUMBERED = {"alpha_channel_image": "ukbench00120"}
"""The same zebra with an alpha channel."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"no {DATA}; UNINOTE_SHARED names the folder that has data/neardup"),
]


@pytest.fixture(scope="module")
def pictures() -> Mapping[Path, StoredPicture]:
    """Every readable picture of the folder that is one photo (the collage is ten)."""
    files = [
        file
        for file in sorted(DATA.rglob("*.*"))
        if file.suffix not in (".md", ".txt") and file.stem not in (CORRUPT, "collage_ukbench")
    ]
    return {file.relative_to(DATA): stored_picture(file.read_bytes()) for file in files}


@pytest.fixture(scope="module")
def groups(pictures) -> set[frozenset[Path]]:
    """Components of all pairs whose verdict is a copy."""
    group = {file: frozenset((file,)) for file in pictures}
    for a, b in itertools.combinations(pictures, 2):
        if group[a] is group[b]:
            continue  # one component already
        if verdict(pictures[a], pictures[b]).relation in SAME:
            joined = group[a] | group[b]
            group |= dict.fromkeys(joined, joined)
    return set(group.values())


def under(groups: set[frozenset[Path]], *folders: str) -> list[set[str]]:
    """The groups that have a picture in one of the folders, largest first."""
    result = [group for group in groups if any(folder in file.parts for file in group for folder in folders)]
    return sorted(({str(file) for file in group} for group in result), key=lambda group: (-len(group), min(group)))


def test_edits_rotations_flips_and_colour_modes_of_one_photo_are_one_component(pictures, groups):
    folders = ("bridge-mods", "rotations", "modes")
    expected = {str(file) for file in pictures if any(folder in file.parts for folder in folders)}
    assert len(expected) == 34
    assert under(groups, *folders) == [expected]


def test_seven_distinct_photos_are_seven(groups):
    result = under(groups, "labelme-subset")
    assert [len(group) for group in result] == [1] * 7


def test_copies_of_a_photo_group_by_the_number_in_their_names(pictures, groups):
    expected = {}
    for file in pictures:
        if "ukbench" in file.parts:
            expected.setdefault(UNNUMBERED.get(file.stem, file.stem.split("_")[0]), set()).add(str(file))
    assert under(groups, "ukbench") == sorted(expected.values(), key=lambda group: (-len(group), min(group)))
    assert len(expected["ukbench00120"]) == 11
    assert len(expected) == 14


@pytest.mark.parametrize("folder", ["mixed_images", "mixed_nested_images"])
def test_a_corrupt_jpeg_is_refused_and_says_why(folder):
    file = DATA / "ukbench" / "tests" / "data" / folder / f"{CORRUPT}.jpg"
    with pytest.raises(BadPicture, match="not a picture"):
        fingerprint(file.read_bytes(), Fingerprint())
