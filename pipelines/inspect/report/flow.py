"""A workspace -> the page: what is read, in which order."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from pipelines.inspect.report.card_sampling import Chosen, chosen_pairs
from pipelines.inspect.report.cards.card import Card, Key
from pipelines.inspect.report.cards.judgement_cards import judged_card
from pipelines.inspect.report.cards.negative_cards import Known, negative_card
from pipelines.inspect.report.cards.pair_cards import pair_card
from pipelines.inspect.report.note_lookup import read_items, read_notes, read_ties
from pipelines.inspect.report.page import Page, rendered
from pipelines.inspect.report.sections import components, refused_rows
from pipelines.inspect.report.sections import hardest_negatives as negatives
from pipelines.inspect.report.sections import judge_section as judged
from pipelines.inspect.report.sections.funnel import caps, funnel, taken_by_guard
from pipelines.inspect.report.sections.overview import groups
from pipelines.inspect.report.settings import ReportPairs
from pipelines.inspect.report.sql_reader import Reader, reading
from pipelines.inspect.report.thumbnails import Thumbnail, thumbnails, uses
from pipelines.workspace.label_files import read_labels
from pipelines.workspace.progress_line import Say
from pipelines.workspace.workspace import Workspace
from schemas import datasets
from schemas.datasets import HARD_NEGATIVES, POSITIVES
from schemas.errors import DataError
from schemas.table import Table

MEGABYTE = 1_000_000
FOR_PICTURES = 0.9


class Made(NamedTuple):
    """The page, and what the job says of it."""

    html: str
    cards: int
    thumbnails: dict[Key, Thumbnail]


class Picked(NamedTuple):
    """What is shown, by ids; nothing of it is rendered yet."""

    pairs: dict[tuple[str, str], list[Chosen]]
    negatives: dict[str, list[negatives.Negative]]
    judged: judged.Judged | None
    components: list[components.Component]

    def item_ids(self) -> Iterable[str]:
        """The items of negatives and judgements; those of the pairs come with them."""
        for some in self.negatives.values():
            for one in some:
                yield from (one.row["query_id"], one.row["positive_id"], one.row["candidate_id"])
        for _, row in self.judged.differ if self.judged else ():
            yield from (row["query_id"], row["candidate_id"])


def report(workspace: Workspace, settings: ReportPairs, say: Say) -> Made:
    """The page of a workspace.

    Raises:
        DataError: nothing has been mined, or the page would be larger than it may.

    Cost: some passes over the small columns of positives, negatives and judgements, one over the embeddings up to a size;
    memory of DuckDB's limit, the rows that are shown and the page.
    """
    workspace.published(POSITIVES.name)
    with reading(workspace, settings.memory_mb) as reader:
        picked = _picked(reader, settings, say)
        return _page(reader, settings, picked, say)


def _picked(reader: Reader, settings: ReportPairs, say: Say) -> Picked:
    sampled, seed = settings.sampled, settings.seed
    if settings.labels is not None:
        reader.register("labels", read_labels(settings.labels))
    say("report: choosing pairs")
    pairs = chosen_pairs(reader, sampled, seed)
    say("report: choosing negatives")
    found = negatives.chosen_negatives(reader, sampled, seed) if reader.has(HARD_NEGATIVES.name) else {}
    say("report: reading judgements and components")
    opinions = judged.judged(reader, sampled, seed, settings.labels is not None)
    return Picked(pairs, found, opinions, components.largest(reader, sampled))


def _page(reader: Reader, settings: ReportPairs, picked: Picked, say: Say) -> Made:
    """Rendered once without pictures, to know what is left for them, and once with them."""
    known = _known(reader, picked)
    page = _told(reader, settings, picked, known)
    cards = [some for _, some in (*page.groups, *page.negatives, *page.opinions)]
    most = settings.shown.max_megabytes * MEGABYTE
    bare = len(rendered(page).encode())
    if bare > most:
        raise DataError(
            f"report: {bare / MEGABYTE:.1f} MB without a picture, more than shown.max_megabytes ({most / MEGABYTE:g}); "
            "show fewer cards: --set sampled.drawn=3"
        )
    wanted = uses(cards, list(page.covers.values()))
    found = thumbnails(wanted, known.pictures, reader, settings.shown, (most - bare) * FOR_PICTURES, say)
    return Made(rendered(replace(page, thumbnails=found)), sum(map(len, cards)), found)


def _known(reader: Reader, picked: Picked) -> Known:
    items = read_items(reader, picked.item_ids())
    sides = [side for some in picked.pairs.values() for one in some for side in (one.row["query"], one.row["target"])]
    members = [note for component in picked.components for note in component.shown]
    note_ids = {item["note_id"] for item in (*sides, *items.values())} | set(members)
    notes, pictures = read_notes(reader, note_ids)
    return Known(items, notes, pictures, read_ties(reader, note_ids))


def _told(reader: Reader, settings: ReportPairs, picked: Picked, known: Known) -> Page:
    """All of the page but its pictures."""
    workspace, shown, made = reader.workspace, settings.shown, reader.manifest(HARD_NEGATIVES.name)
    guard = made.settings.get("guard", {}) if made else {}
    pairs = [(group, picked.pairs.get((group.granularity, group.task), [])) for group in groups(reader)]
    return Page(
        name=workspace.folder.uri.rstrip("/").rsplit("/", 1)[-1],
        seed=settings.seed,
        store=f"uninote-pairs:{workspace.published(POSITIVES.name).fingerprint}",
        runs=_runs(workspace),
        levels=funnel(workspace),
        caps=caps(workspace),
        groups=[(group, [pair_card(one, known.notes, shown) for one in some]) for group, some in pairs],
        negatives=[
            (task, _there(negative_card(one, known, guard, shown) for one in some))
            for task, some in sorted(picked.negatives.items())
        ],
        by_vectors=any(one.nearness is not None for some in picked.negatives.values() for one in some),
        guard=taken_by_guard(made) if made else (),
        sizes=components.sizes(reader),
        components=picked.components,
        covers=components.covers(reader, picked.components, known.pictures),
        judged=picked.judged,
        opinions=_opinions(picked, known, settings),
        quarantine=refused_rows.quarantine(reader, settings.sampled, settings.seed),
        later=refused_rows.later(reader),
        notes=known.notes,
        thumbnails={},
    )


def _opinions(picked: Picked, known: Known, settings: ReportPairs) -> list[tuple[str, Sequence[Card]]]:
    """The judged pairs by why they are shown, in the order in which they were asked for."""
    found: dict[str, list[Card]] = {}
    for why, row in picked.judged.differ if picked.judged else ():
        found.setdefault(why, []).extend(_there([judged_card(row, known.items, known.notes, settings.shown)]))
    return [(why, cards) for why, cards in found.items() if cards]


def _there(cards: Iterable[Card | None]) -> list[Card]:
    return [card for card in cards if card is not None]


def _runs(workspace: Workspace) -> list[tuple[str, int, str]]:
    named = [table.name for table in vars(datasets).values() if isinstance(table, Table)]
    runs = [(name, workspace.manifest(name)) for name in named]
    return [(name, run.counts.rows_out, run.published_at) for name, run in runs if run]
