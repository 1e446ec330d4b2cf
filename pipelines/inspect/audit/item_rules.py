"""Items and pairs are named by what they show, and show what there is."""

from pipelines.inspect.audit.rule import Rule
from schemas.item import MILLION, REGION

SHOWN = """
    (select 'positives' as dataset, query as item from positives union all select 'positives', target from positives
    union all select 'items', item from items union all select 'counterfactuals', item from counterfactuals)
"""


def _measured(sql: str) -> str:
    return f"length({sql}) || ':' || {sql}"


def _spelled() -> str:
    """What an item's id is a hash of, in SQL: as `schemas.item.item_id` spells it."""
    digits = " || ',' || ".join(f"cast(floor(item.region.{n} * {MILLION} + 0.5) as bigint)" for n in REGION.names)
    box = f"case when item.kind = 'crop' and item.region is not null then {digits} else '' end"
    pictures = f"array_to_string(list_transform(item.image_ids, lambda i: {_measured('i')}), '')"
    count = "cast(len(item.image_ids) as varchar)"
    parts = [
        _measured("item.kind"),
        _measured("item.note_id"),
        _measured(count),
        pictures,
        _measured(f"({box})"),
        _measured("coalesce(item.text, '')"),
    ]
    return " || ".join(parts)


RULES = (
    Rule(
        sentence="an item's id is the hash of what it shows",
        needs=("positives",),
        broken=f"""
            select item.item_id as id, dataset || ', wanted ' || wanted as detail
            from (select dataset, item, substr(sha256({_spelled()}), 1, 32) as wanted from {SHOWN})
            where item.item_id is distinct from wanted
        """,
    ),
    Rule(
        sentence="a pair's id is the hash of its granularity, its task and both items",
        needs=("positives",),
        broken="""
            select pair_id as id, 'wanted ' || wanted as detail
            from (
                select pair_id,
                    substr(sha256(concat_ws(' ', granularity, task, query.item_id, target.item_id)), 1, 32) as wanted
                from positives
            )
            where pair_id <> wanted
        """,
    ),
    Rule(
        sentence="items lists the items of the positives, and no others",
        needs=("positives", "items"),
        broken="""
            with shown as (select query.item_id as item_id from positives union select target.item_id from positives),
            listed as (select item.item_id as item_id from items)
            select item_id as id, 'not in items' as detail from (from shown except from listed)
            union all
            select item_id, 'in no positive' from (from listed except from shown)
        """,
    ),
    Rule(
        sentence="an item is of a kept note, and its pictures are that note's",
        needs=("positives", "notes", "images"),
        broken=f"""
            with shown as (
                select distinct item.item_id as item_id, item.note_id as note_id, item.image_ids as image_ids from {SHOWN}
            ),
            named as (select item_id, note_id, unnest(image_ids) as image_id from shown)
            select item_id as id, 'note ' || note_id || ' is not kept' as detail
            from shown where note_id not in (select note_id from notes)
            union all
            select n.item_id, 'note ' || n.note_id || ' has no readable picture ' || n.image_id
            from named n anti join images i on i.note_id = n.note_id and i.image_id = n.image_id
        """,
    ),
    Rule(
        # isfinite, not isnan: DuckDB 2.0 takes isnan for false by a file's statistics, which leave NaN out.
        sentence="a pair's score is a number from 0 to 1",
        needs=("positives",),
        broken="select pair_id as id, cast(score as varchar) as detail from positives "
        "where score is null or not isfinite(score) or score not between 0 and 1",
    ),
    Rule(
        sentence="a shared passage stands in both notes where its evidence says",
        needs=("positives", "notes"),
        broken="""
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
