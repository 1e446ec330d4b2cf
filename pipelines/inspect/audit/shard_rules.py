"""Training rows are made from the positives beside them, each in its split."""

from pipelines.inspect.audit.rule import Rule


def _counted(dataset: str) -> Rule:
    return Rule(
        sentence=f"positions of {dataset} count from 0 without a gap in each split",
        needs=(f"{dataset}/train",),
        broken=f"""
            select split as id, count(*) || ' rows, positions ' || min(position) || ' to ' || max(position) as detail
            from {dataset} group by split
            having min(position) <> 0 or max(position) <> count(*) - 1 or count(distinct position) <> count(*)
        """,
    )


def _placed(dataset: str) -> Rule:
    return Rule(
        sentence=f"a row of {dataset} and all its candidates stand in the split that its folder says",
        needs=(f"{dataset}/train", "components"),
        broken=f"""
            with shown as (
                select position, split, query.note_id as note_id from {dataset}
                union all
                select position, split, unnest(candidates).item.note_id from {dataset}
            )
            select s.split || ' ' || s.position as id, 'note ' || s.note_id || ' ' || coalesce(c.split, 'nowhere') as detail
            from shown s left join components c on c.note_id = s.note_id where c.split is distinct from s.split
        """,
    )


RULES = (
    _counted("sft"),
    _counted("rl"),
    _placed("sft"),
    _placed("rl"),
    Rule(
        sentence="a row of sft is a positive, with its query and target",
        needs=("sft/train", "positives"),
        broken="""
            select s.pair_id as id, s.split || ' ' || s.position as detail from sft s
            anti join positives p on p.pair_id = s.pair_id and p.query.item_id = s.query.item_id
                and p.target.item_id = s.positive.item.item_id
        """,
    ),
    Rule(
        sentence="no negative of a row of sft is of its query's or its positive's component, but for those made by the rule",
        needs=("sft/train",),
        broken="""
            select pair_id as id, 'candidate ' || c.item.item_id || ' of ' || c.component_id as detail
            from (select pair_id, component_id, positive, unnest(candidates) as c from sft)
            where c.source <> 'rule' and (c.component_id = component_id or c.component_id = positive.component_id)
        """,
    ),
    Rule(
        sentence="a ranking list has a relevant candidate, and as many candidates as it says are relevant",
        needs=("rl/train",),
        broken="""
            select list_id as id, relevant || ' of ' || len(candidates) as detail from rl
            where relevant < 1 or relevant > len(candidates)
        """,
    ),
)
