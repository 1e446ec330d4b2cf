"""Hard negatives are none of their query's answers."""

from pipelines.inspect.audit.rule import Rule
from pipelines.inspect.audit.split_rules import empty

KNOWN = """
    (select item.item_id as item_id, item.note_id as note_id from items
    union select item.item_id, item.note_id from counterfactuals)
"""
NAMED = "query_id || ' ' || positive_id"

RULES = (
    empty(
        "no negative is of its query's component, but for those that are made from its note",
        "a negative in the component of its query",
        "hard_negatives",
    ),
    empty(
        "no negative is of its positive's component, but for those that are made from its note",
        "a negative in the component of its positive",
        "hard_negatives",
    ),
    Rule(
        sentence="no negative is a mined positive of its query, either way",
        needs=("hard_negatives", "positives"),
        broken=f"""
            with mined as (
                select query.item_id as one, target.item_id as other from positives
                union select target.item_id, query.item_id from positives
            )
            select {NAMED} as id, 'candidate ' || candidate_id as detail
            from hard_negatives n semi join mined m on m.one = n.query_id and m.other = n.candidate_id
        """,
    ),
    Rule(
        sentence="a query and the positive that its negatives stand beside are a mined pair",
        needs=("hard_negatives", "positives"),
        broken=f"""
            select distinct {NAMED} as id, task as detail from hard_negatives n
            anti join positives p on p.query.item_id = n.query_id and p.target.item_id = n.positive_id and p.task = n.task
        """,
    ),
    Rule(
        sentence="a negative is an item, or one made by a rule",
        needs=("hard_negatives", "items"),
        broken=f"""
            select candidate_id as id, source || ' of ' || {NAMED} as detail
            from hard_negatives n anti join {KNOWN} k on k.item_id = n.candidate_id
        """,
    ),
    Rule(
        sentence="a negative stands in the split of its query",
        needs=("hard_negatives", "items", "components"),
        broken=f"""
            with placed as (select k.item_id, c.split from {KNOWN} k join components c on c.note_id = k.note_id)
            select candidate_id as id, c.split || ', query ' || query_id || ' ' || q.split as detail
            from hard_negatives n join placed c on c.item_id = n.candidate_id join placed q on q.item_id = n.query_id
            where c.split <> q.split
        """,
    ),
    Rule(
        sentence="ranks count from 1 without a gap",
        needs=("hard_negatives",),
        broken=f"""
            select {NAMED} as id, 'ranks ' || array_to_string(list_sort(list(rank)), ', ') as detail
            from hard_negatives group by query_id, positive_id, task
            having min(rank) <> 1 or max(rank) <> count(*) or count(distinct rank) <> count(*)
        """,
    ),
    Rule(
        sentence="a pair with fewer negatives than wanted says how many it has, and why",
        needs=("hard_negatives", "shortfalls"),
        broken=f"""
            with written as (select query_id, positive_id, task, count(*) as rows from hard_negatives group by all)
            select {NAMED} as id, s.written || ' said, ' || coalesce(w.rows, 0) || ' written of ' || s.wanted as detail
            from shortfalls s left join written w using (query_id, positive_id, task)
            where s.written <> coalesce(w.rows, 0) or s.written >= s.wanted or s.reason = ''
        """,
    ),
)
