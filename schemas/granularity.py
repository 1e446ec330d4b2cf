"""The granularities: the ways in which a positive pair is found, one record each (method.md, section 2).

A new one is a record here, a step that makes its pairs, and a stage in flows/mine_pairs/flow.py:
docs/how-to/add-a-granularity.md.
"""

from typing import Literal, NamedTuple


class Granularity(NamedTuple):
    """A way in which positive pairs are found, and what such a pair says about its two notes."""

    name: str
    """The value of the column `granularity`, and the folder below mined/ of its pairs."""
    evidence: Literal["pictures", "text", "clicks", "note"]
    """What a pair rests on; `note`: both items are views of one note."""
    ties_content: bool
    """Whether the two notes of a pair share content. Such pairs join components, so that a split never parts them, and no note
    that one of them reaches can be a hard negative. False: people were interested in both, which says nothing of content."""
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
"""In order of preference: where two find one pair, the first counts."""
GRANULARITY_NAMES = tuple(granularity.name for granularity in GRANULARITIES)
CONTENT_GRANULARITIES = tuple(granularity.name for granularity in GRANULARITIES if granularity.ties_content)
"""Names of those whose pairs share content."""
COMPONENT_GRANULARITIES = tuple(g.name for g in GRANULARITIES if g.ties_content and g.evidence != "note")
"""Names of those whose pairs join two notes into one component."""
PICTURE_GRANULARITIES = tuple(granularity.name for granularity in GRANULARITIES if granularity.evidence == "pictures")
"""Names of those whose pairs are two pictures."""
