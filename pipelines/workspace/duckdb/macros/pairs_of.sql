-- the pairs of a note: its side, the other note, granularity and task
create macro pairs_of(this_note) as table
select
    pair_id,
    granularity,
    task,
    case when query.note_id = this_note then 'query' else 'target' end as side,
    query.kind || ' -> ' || target.kind as items,
    case when query.note_id = this_note then target.note_id else query.note_id end as other_note,
    round(score, 4) as score,
    split
from positives
where query.note_id = this_note or target.note_id = this_note
order by granularity, task, score desc, pair_id;
