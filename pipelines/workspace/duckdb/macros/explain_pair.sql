-- everything about a pair, one fact per row: items, evidence, component, negatives and judgements of its query, runs and settings
create macro explain_pair(this_pair) as table
with
pair as (select * from positives where pair_id = this_pair),
ends as (
    select 'query' as part, 2 as line, query as item from pair
    union all
    select 'target', 3, target from pair
),
evidence as (
    unpivot (select cast(columns(*) as varchar) from (select unnest(evidence) from pair)) on columns(*) into name name value value
),
all_items as (
    select item, true as is_item from items
    union all
    select item, false from counterfactuals
),
negatives as (
    select n.*, k.item,
        row_number() over (order by n.rank, k.is_item desc nulls last) as nth,
        row_number() over (partition by n.rank order by k.is_item desc nulls last) as copy
    from hard_negatives n
    join pair p on n.query_id = p.query.item_id and n.positive_id = p.target.item_id and n.task = p.task
    left join all_items k on k.item.item_id = n.candidate_id
),
judged as (
    select j.*, j.candidate_id = p.target.item_id as is_target from judgements j join pair p on j.query_id = p.query.item_id
),
pair_runs as (
    select r.* from runs r cross join pair p
    where r.dataset in ('positives', 'components', 'hard_negatives', 'mined/' || p.granularity)
        or (r.dataset = 'mined/annotated' and p.granularity = 'within_note')
),
facts as (
    select 1 as line, 0 as row, 'pair' as part,
        unnest(['pair_id', 'granularity', 'task', 'score', 'split']) as name,
        unnest([pair_id, granularity, task, cast(score as varchar), split]) as value
    from pair
    union all
    select line, 0, part,
        unnest(['item_id', 'kind', 'note_id', 'image_ids', 'region', 'text']),
        unnest([item.item_id, item.kind, item.note_id, array_to_string(item.image_ids, ', '), cast(item.region as varchar), item.text])
    from ends
    union all
    select 4, 0, 'evidence', name, value from evidence
    union all
    select 5, 0, 'component',
        unnest(['component_id', 'notes in it', 'split']),
        unnest([c.component_id, cast(c.size as varchar), c.split])
    from pair join components c on c.note_id = pair.query.note_id
    union all
    select 6, nth, 'negative ' || rank, source || ', similarity ' || coalesce(cast(round(similarity, 4) as varchar), 'unknown'),
        concat_ws(' ', item.kind, 'of note', item.note_id || ':', array_to_string(item.image_ids, ', '), item.text)
    from negatives where copy = 1
    union all
    select 6, 0, 'negatives', 'short of ' || (s.wanted - s.written) || ' of ' || s.wanted, s.reason
    from shortfalls s join pair p on s.query_id = p.query.item_id and s.positive_id = p.target.item_id and s.task = p.task
    union all
    select 7, row_number() over (order by is_target desc, score desc nulls last, candidate_id, judge, prompt_hash),
        'judgement', case when is_target then 'the target' else candidate_id end,
        concat_ws(', ', 'score ' || score, 'calibrated ' || calibrated, 'grade ' || grade, flagged, reason, 'by ' || judge)
    from judged
    union all
    select 8, place, 'run of ' || dataset, unnest(['run_id', 'published_at', 'settings']),
        unnest([run_id, cast(published_at as varchar), cast(settings as varchar)])
    from pair_runs
)
select part, name, value from facts where value <> '' order by line, row, part, name;
