"""Rules of shards: rows come from the current positives, each in its split."""

from pipelines.inspect.audit.rule import Rule


def _positions(dataset: str) -> Rule:
    return Rule(
        sentence=f"positions of {dataset} are 0, 1, 2, ... without gaps in each split",
        needs=(f"{dataset}/train",),
        query=f"""
            select split as id, count(*) || ' rows, positions ' || min(position) || ' to ' || max(position) as detail
            from {dataset} group by split
            having min(position) <> 0 or max(position) <> count(*) - 1 or count(distinct position) <> count(*)
        """,
    )


def _in_split(dataset: str) -> Rule:
    return Rule(
        sentence=f"a row of {dataset} and its candidates are in the split of its folder",
        needs=(f"{dataset}/train", "components"),
        query=f"""
            with row_notes as (
                select position, split, query.note_id as note_id from {dataset}
                union all
                select position, split, unnest(candidates).item.note_id from {dataset}
            )
            select s.split || ' ' || s.position as id, 'note ' || s.note_id || ' ' || coalesce(c.split, 'nowhere') as detail
            from row_notes s left join components c on c.note_id = s.note_id where c.split is distinct from s.split
        """,
    )


RULES = (
    _positions("sft"),
    _positions("rl"),
    _in_split("sft"),
    _in_split("rl"),
    Rule(
        sentence="a row of sft is a positive, with its query and target",
        needs=("sft/train", "positives"),
        query="""
            select s.pair_id as id, s.split || ' ' || s.position as detail from sft s
            anti join positives p on p.pair_id = s.pair_id and p.query.item_id = s.query.item_id
                and p.target.item_id = s.positive.item.item_id
        """,
    ),
    Rule(
        sentence="no negative of a row of sft is in its query's or positive's content group, except generated ones",
        needs=("sft/train", "components"),
        query="""
            with negatives as (
                select pair_id, query.note_id as query_note, positive.item.note_id as positive_note, unnest(candidates) as c
                from sft
            )
            select pair_id as id, 'candidate ' || c.item.item_id || ' of ' || k.content_group as detail
            from negatives join components k on k.note_id = c.item.note_id
            join components q on q.note_id = query_note join components p on p.note_id = positive_note
            where c.source <> 'rule' and (k.content_group = q.content_group or k.content_group = p.content_group)
        """,
    ),
    Rule(
        sentence="the positive of a labelled row of sft has the row's largest soft label",
        needs=("sft/train",),
        query="""
            select pair_id as id, 'positive ' || positive.soft_label || ' by ' || label_from as detail from sft
            where label_from is not null and list_max([c.soft_label for c in candidates]) >= positive.soft_label
        """,
    ),
    Rule(
        sentence="a ranking list has at least one relevant candidate, and no more than its candidates",
        needs=("rl/train",),
        query="""
            select list_id as id, relevant || ' of ' || len(candidates) as detail from rl
            where relevant < 1 or relevant > len(candidates)
        """,
    ),
)
