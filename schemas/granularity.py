"""Granularities, one record each: the ways in which a positive pair is found (method.md, section 2).

To add one: a record here, a step that makes its pairs, a stage in flows/mine_pairs/flow.py (docs/how-to/add-a-granularity.md).
"""

from typing import Literal, NamedTuple


class Granularity(NamedTuple):
    """A way in which positive pairs are found, and what such a pair implies about its two notes."""

    name: str
    """The value of the column `granularity`, and the folder below mined/ of its pairs."""
    evidence: Literal["pictures", "text", "clicks", "note"]
    """The evidence of a pair; `note`: both items are views of one note."""
    ties_content: bool
    """Whether the two notes of a pair share content. Such pairs join components, which a split keeps together, and no note
    reached through one can be a hard negative. False: people were interested in both, which implies nothing about content."""
    label: str
    """Heading for readers."""
    description: str
    """One sentence for readers."""


GRANULARITIES = (
    Granularity(
        name="near_duplicate_image",
        evidence="pictures",
        ties_content=True,
        label="Near-duplicate images",
        description="Two notes show the same picture: encoded again, bordered, mirrored.",
    ),
    Granularity(
        name="crop",
        evidence="pictures",
        ties_content=True,
        label="Crops",
        description="One picture is a region of another. The box shows where.",
    ),
    Granularity(
        name="partial_text",
        evidence="text",
        ties_content=True,
        label="Partial text",
        description="Two notes share a passage. It is marked in both.",
    ),
    Granularity(
        name="co_click",
        evidence="clicks",
        ties_content=False,
        label="Co-click",
        description="The same people opened both notes. Interest, not content.",
    ),
    Granularity(
        name="within_note",
        evidence="note",
        ties_content=True,
        label="Within a note",
        description="A part of a note, and the note.",
    ),
)
"""In order of preference: if two find the same pair, the first counts."""
GRANULARITY_NAMES = tuple(granularity.name for granularity in GRANULARITIES)
CONTENT_GRANULARITIES = tuple(granularity.name for granularity in GRANULARITIES if granularity.ties_content)
"""Granularities whose pairs share content."""
COMPONENT_GRANULARITIES = tuple(g.name for g in GRANULARITIES if g.ties_content and g.evidence != "note")
"""Granularities whose pairs join two notes into one component."""
PICTURE_GRANULARITIES = tuple(granularity.name for granularity in GRANULARITIES if granularity.evidence == "pictures")
"""Granularities whose pairs are two pictures."""
