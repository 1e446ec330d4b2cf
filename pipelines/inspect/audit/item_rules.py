"""Rules of items and pairs: ids are hashes of content, and the content exists."""

from pipelines.inspect.audit.rule import Rule
from schemas.item import MILLION, REGION

ALL_ITEMS = """
    (select 'positives' as dataset, query as item from positives union all select 'positives', target from positives
    union all select 'items', item from items union all select 'counterfactuals', item from counterfactuals)
"""


def _with_length(sql: str) -> str:
    return f"length({sql}) || ':' || {sql}"


def _serialized_item() -> str:
    """Return the SQL of the string that an item's id hashes, as in `schemas.item.item_id`."""
    digits = " || ',' || ".join(f"cast(floor(item.region.{n} * {MILLION} + 0.5) as bigint)" for n in REGION.names)
    box = f"case when item.kind = 'crop' and item.region is not null then {digits} else '' end"
    pictures = f"array_to_string(list_transform(item.image_ids, lambda i: {_with_length('i')}), '')"
    count = "cast(len(item.image_ids) as varchar)"
    parts = [
        _with_length("item.kind"),
        _with_length("item.note_id"),
        _with_length(count),
        pictures,
        _with_length(f"({box})"),
        _with_length("coalesce(item.text, '')"),
    ]
    return " || ".join(parts)


RULES = (
    Rule(
        sentence="an item's id is the hash of its content",
        needs=("positives",),
        query=f"""
            select item.item_id as id, dataset || ', expected ' || expected as detail
            from (select dataset, item, substr(sha256({_serialized_item()}), 1, 32) as expected from {ALL_ITEMS})
            where item.item_id is distinct from expected
        """,
    ),
    Rule(
        sentence="a pair's id is the hash of its granularity, its task and both items",
        needs=("positives",),
        query="""
            select pair_id as id, 'expected ' || expected as detail
            from (
                select pair_id,
                    substr(sha256(concat_ws(' ', granularity, task, query.item_id, target.item_id)), 1, 32) as expected
                from positives
            )
            where pair_id <> expected
        """,
    ),
    Rule(
        sentence="items contains exactly the items of the positives",
        needs=("positives", "items"),
        query="""
            with in_pairs as (select query.item_id as item_id from positives union select target.item_id from positives),
            listed as (select item.item_id as item_id from items)
            select item_id as id, 'not in items' as detail from (from in_pairs except from listed)
            union all
            select item_id, 'in no positive' from (from listed except from in_pairs)
        """,
    ),
    Rule(
        sentence="an item belongs to a kept note, and its pictures to that note",
        needs=("positives", "notes", "images"),
        query=f"""
            with distinct_items as (
                select distinct item.item_id as item_id, item.note_id as note_id, item.image_ids as image_ids from {ALL_ITEMS}
            ),
            named as (select item_id, note_id, unnest(image_ids) as image_id from distinct_items)
            select item_id as id, 'note ' || note_id || ' is not kept' as detail
            from distinct_items where note_id not in (select note_id from notes)
            union all
            select n.item_id, 'note ' || n.note_id || ' has no readable picture ' || n.image_id
            from named n anti join images i on i.note_id = n.note_id and i.image_id = n.image_id
        """,
    ),
    Rule(
        # isfinite, not isnan: DuckDB 2.0 assumes isnan is false from a file's statistics, which omit NaN.
        sentence="a pair's score is a number from 0 to 1",
        needs=("positives",),
        query="select pair_id as id, cast(score as varchar) as detail from positives "
        "where score is null or not isfinite(score) or score not between 0 and 1",
    ),
    Rule(
        sentence="a shared passage is in both notes at the positions in its evidence",
        needs=("positives", "notes"),
        query="""
            with full_texts as (select note_id, coalesce(title, '') || chr(10) || coalesce(body, '') as words from notes),
            sides as (
                select pair_id, query as item, evidence.query_start as first, evidence.query_end as last
                from positives where granularity = 'partial_text'
                union all
                select pair_id, target, evidence.target_start, evidence.target_end
                from positives where granularity = 'partial_text'
            )
            select s.pair_id as id, 'note ' || s.item.note_id || ', characters ' || s.first || ' to ' || s.last as detail
            from sides s join full_texts f on f.note_id = s.item.note_id
            where substr(f.words, s.first + 1, s.last - s.first) is distinct from s.item.text
        """,
    ),
)
