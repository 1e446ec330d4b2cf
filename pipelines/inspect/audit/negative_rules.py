"""Rules of hard negatives: none is an answer to its query."""

from pipelines.inspect.audit.rule import Rule
from pipelines.inspect.audit.split_rules import empty

ALL_ITEM_IDS = """
    (select item.item_id as item_id, item.note_id as note_id from items
    union select item.item_id, item.note_id from counterfactuals)
"""
PAIR_ID = "query_id || ' ' || positive_id"

RULES = (
    empty(
        "no negative is in its query's content group, except those generated from the query's note",
        "a negative in the content group of its query",
        "hard_negatives",
    ),
    empty(
        "no negative is in its positive's content group, except those generated from the positive's note",
        "a negative in the content group of its positive",
        "hard_negatives",
    ),
    Rule(
        sentence="no negative is a mined positive of its query, in either direction",
        needs=("hard_negatives", "positives"),
        query=f"""
            with mined as (
                select query.item_id as one, target.item_id as other from positives
                union select target.item_id, query.item_id from positives
            )
            select {PAIR_ID} as id, 'candidate ' || candidate_id as detail
            from hard_negatives n semi join mined m on m.one = n.query_id and m.other = n.candidate_id
        """,
    ),
    Rule(
        sentence="the query and the positive of a negative are a mined pair",
        needs=("hard_negatives", "positives"),
        query=f"""
            select distinct {PAIR_ID} as id, task as detail from hard_negatives n
            anti join positives p on p.query.item_id = n.query_id and p.target.item_id = n.positive_id and p.task = n.task
        """,
    ),
    Rule(
        sentence="a negative is an item or a counterfactual",
        needs=("hard_negatives", "items"),
        query=f"""
            select candidate_id as id, source || ' of ' || {PAIR_ID} as detail
            from hard_negatives n anti join {ALL_ITEM_IDS} k on k.item_id = n.candidate_id
        """,
    ),
    Rule(
        sentence="a negative is in the split of its query",
        needs=("hard_negatives", "items", "components"),
        query=f"""
            with splits as (select k.item_id, c.split from {ALL_ITEM_IDS} k join components c on c.note_id = k.note_id)
            select candidate_id as id, c.split || ', query ' || query_id || ' ' || q.split as detail
            from hard_negatives n join splits c on c.item_id = n.candidate_id join splits q on q.item_id = n.query_id
            where c.split <> q.split
        """,
    ),
    Rule(
        sentence="ranks are 1, 2, 3, ... without gaps",
        needs=("hard_negatives",),
        query=f"""
            select {PAIR_ID} as id, 'ranks ' || array_to_string(list_sort(list(rank)), ', ') as detail
            from hard_negatives group by query_id, positive_id, task
            having min(rank) <> 1 or max(rank) <> count(*) or count(distinct rank) <> count(*)
        """,
    ),
    Rule(
        sentence="a pair with too few negatives has its count and a reason in shortfalls",
        needs=("hard_negatives", "shortfalls"),
        query=f"""
            with written as (select query_id, positive_id, task, count(*) as rows from hard_negatives group by all)
            select {PAIR_ID} as id, s.written || ' in shortfalls, ' || coalesce(w.rows, 0) || ' rows of ' || s.wanted as detail
            from shortfalls s left join written w using (query_id, positive_id, task)
            where s.written <> coalesce(w.rows, 0) or s.written >= s.wanted or s.reason = ''
        """,
    ),
)
