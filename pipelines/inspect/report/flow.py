"""Reads a workspace and renders the page: the order of reads."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from pipelines.inspect.report.card_sampling import SampledPair, sample_pairs
from pipelines.inspect.report.cards.card import Card, Key
from pipelines.inspect.report.cards.judgement_cards import judgement_card
from pipelines.inspect.report.cards.negative_cards import CardData, negative_card
from pipelines.inspect.report.cards.pair_cards import pair_card
from pipelines.inspect.report.note_lookup import read_components, read_items, read_notes
from pipelines.inspect.report.page import Page, rendered
from pipelines.inspect.report.sections import components, refused_rows
from pipelines.inspect.report.sections.funnel import caps, filtered_candidates, funnel
from pipelines.inspect.report.sections.hardest_negatives import NegativeSample, hardest_negatives
from pipelines.inspect.report.sections.judge_section import JudgeSummary, judge_summary
from pipelines.inspect.report.sections.overview import pair_groups
from pipelines.inspect.report.settings import ReportPairs
from pipelines.inspect.report.sql_reader import Reader, reading
from pipelines.inspect.report.thumbnails import Thumbnail, thumbnails, use_counts
from pipelines.workspace.label_files import read_labels
from pipelines.workspace.progress_line import ProgressLog
from pipelines.workspace.workspace import Workspace
from schemas import datasets
from schemas.datasets import HARD_NEGATIVES, POSITIVES
from schemas.errors import DataError
from schemas.relations import NOTE_TIES, VARIANTS
from schemas.table import Table

MEGABYTE = 1_000_000
PICTURE_SHARE = 0.9


class RenderedReport(NamedTuple):
    """The page, and counts for the job's summary."""

    html: str
    cards: int
    thumbnails: dict[Key, Thumbnail]


class ReportSamples(NamedTuple):
    """Rows sampled for the page, before rendering."""

    pairs: dict[tuple[str, str], list[SampledPair]]
    negatives: dict[str, list[NegativeSample]]
    judge: JudgeSummary | None
    components: list[components.Component]

    def item_ids(self) -> Iterable[str]:
        """Iterate over the item ids of negatives and judgements; pairs contain their items."""
        for sample in self.negatives.values():
            for one in sample:
                yield from (one.row["query_id"], one.row["positive_id"], one.row["candidate_id"])
        for _, row in self.judge.disagreements if self.judge else ():
            yield from (row["query_id"], row["candidate_id"])


def report(workspace: Workspace, settings: ReportPairs, log: ProgressLog) -> RenderedReport:
    """Build the page of a workspace.

    Raises:
        DataError: nothing has been mined, or the page would exceed its size limit.

    Cost: a few passes over the small columns of positives, negatives and judgements, one over the embeddings if they are small
    enough; memory for DuckDB (up to its limit), the sampled rows and the page.
    """
    workspace.published(POSITIVES.name)
    with reading(workspace, settings.memory_mb) as reader:
        samples = _sample(reader, settings, log)
        return _render(reader, settings, samples, log)


def _sample(reader: Reader, settings: ReportPairs, log: ProgressLog) -> ReportSamples:
    sizes, seed = settings.sampled, settings.seed
    if settings.labels is not None:
        reader.register("labels", read_labels(settings.labels))
    log("report: sampling pairs")
    pairs = sample_pairs(reader, sizes, seed)
    log("report: sampling negatives")
    negatives = hardest_negatives(reader, sizes, seed) if reader.has(HARD_NEGATIVES.name) else {}
    log("report: reading judgements and components")
    judge = judge_summary(reader, sizes, seed, settings.labels is not None)
    return ReportSamples(pairs, negatives, judge, components.largest(reader, sizes))


def _render(reader: Reader, settings: ReportPairs, samples: ReportSamples, log: ProgressLog) -> RenderedReport:
    """Render once without pictures, to compute the space left for them, and once with them."""
    data = _card_data(reader, samples)
    page = _page_without_pictures(reader, settings, samples, data)
    cards = [some for _, some in (*page.groups, *page.negatives, *page.disagreements)]
    limit = settings.shown.max_megabytes * MEGABYTE
    bare = len(rendered(page).encode())
    if bare > limit:
        raise DataError(
            f"report: {bare / MEGABYTE:.1f} MB without pictures, more than shown.max_megabytes ({limit / MEGABYTE:g}); "
            "show fewer cards: --set sampled.drawn=3"
        )
    counts = use_counts(cards, list(page.covers.values()))
    pictures = thumbnails(counts, data.pictures, reader, settings.shown, (limit - bare) * PICTURE_SHARE, log)
    return RenderedReport(rendered(replace(page, thumbnails=pictures)), sum(map(len, cards)), pictures)


def _card_data(reader: Reader, samples: ReportSamples) -> CardData:
    items = read_items(reader, samples.item_ids())
    sides = [side for some in samples.pairs.values() for one in some for side in (one.row["query"], one.row["target"])]
    members = [note for component in samples.components for note in component.note_ids]
    note_ids = {item["note_id"] for item in (*sides, *items.values())} | set(members)
    notes, pictures = read_notes(reader, note_ids)
    return CardData(items, notes, pictures, read_components(reader, note_ids))


def _page_without_pictures(reader: Reader, settings: ReportPairs, samples: ReportSamples, data: CardData) -> Page:
    """Assemble the page without its pictures."""
    workspace, style, run = reader.workspace, settings.shown, reader.manifest(HARD_NEGATIVES.name)
    guard = run.settings.get("guard", {}) if run else {}
    pairs = [(group, samples.pairs.get((group.granularity, group.task), [])) for group in pair_groups(reader)]
    return Page(
        name=workspace.folder.uri.rstrip("/").rsplit("/", 1)[-1],
        seed=settings.seed,
        store=f"uninote-pairs:{workspace.published(POSITIVES.name).fingerprint}",
        runs=_runs(workspace),
        levels=funnel(workspace),
        caps=caps(workspace),
        groups=[(group, [pair_card(one, data.notes, style) for one in some]) for group, some in pairs],
        negatives=[
            (task, _existing(negative_card(one, data, guard, style) for one in some))
            for task, some in sorted(samples.negatives.items())
        ],
        by_vectors=any(one.nearness is not None for some in samples.negatives.values() for one in some),
        guard=filtered_candidates(run) if run else (),
        sizes=components.sizes(reader),
        components=samples.components,
        covers=components.covers(reader, samples.components, data.pictures),
        judge=samples.judge,
        disagreements=_disagreements(samples, data, settings),
        quarantine=refused_rows.quarantine(reader, settings.sampled, settings.seed),
        later_failures=refused_rows.later_failures(reader),
        notes=data.notes,
        thumbnails={},
    )


def _disagreements(samples: ReportSamples, data: CardData, settings: ReportPairs) -> list[tuple[str, Sequence[Card]]]:
    """Build the cards of judged pairs, grouped by the kind of disagreement."""
    groups: dict[str, list[Card]] = {}
    for why, row in samples.judge.disagreements if samples.judge else ():
        groups.setdefault(why, []).extend(_existing([judgement_card(row, data.items, data.notes, settings.shown)]))
    return [(why, cards) for why, cards in groups.items() if cards]


def _existing(cards: Iterable[Card | None]) -> list[Card]:
    return [card for card in cards if card is not None]


def _runs(workspace: Workspace) -> list[tuple[str, int, str]]:
    tables = (*vars(datasets).values(), VARIANTS, NOTE_TIES)
    names = [table.name for table in tables if isinstance(table, Table)]
    runs = [(name, workspace.manifest(name)) for name in names]
    return [(name, run.counts.rows_out, run.published_at) for name, run in runs if run]
