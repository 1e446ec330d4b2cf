"""Rules of row counts, in = out + dropped + quarantined, and of inputs: every dataset is made from current ones."""

from pipelines.inspect.audit.rule import Rule

RULES = (
    Rule(
        sentence="rows in = rows out + rows dropped, for every run that filters rows",
        query="""
            select r.dataset as id,
                rows_in || ' in, ' || rows_out || ' out, ' || coalesce(sum(d.rows), 0) || ' dropped' as detail
            from runs r left join dropped d on d.dataset = r.dataset
            where r.rows_in is not null
            group by r.dataset, r.rows_in, r.rows_out having rows_in <> rows_out + coalesce(sum(d.rows), 0)
        """,
    ),
    Rule(
        sentence="the files of a run contain as many rows as its counts say",
        query="""
            select r.dataset as id, r.rows_out || ' rows in counts, ' || coalesce(sum(f.rows), 0) || ' in files' as detail
            from runs r left join files f on f.dataset = r.dataset and f.path like '%.parquet'
            group by r.dataset, r.rows_out having r.rows_out <> coalesce(sum(f.rows), 0)
        """,
    ),
    Rule(
        sentence="every rejected note and picture is counted as dropped",
        query="""
            select r.dataset as id, r.rows_out || ' rejected, ' || coalesce(sum(d.rows), 0) || ' counted' as detail
            from runs r left join dropped d on 'refused/' || d.dataset = r.dataset and d.reason like 'refused: %'
            where r.dataset in ('refused/notes', 'refused/images')
            group by r.dataset, r.rows_out having r.rows_out <> coalesce(sum(d.rows), 0)
        """,
    ),
    Rule(
        sentence="the quarantine contains every rejected row",
        needs=("quarantine",),
        query="""
            select r.dataset as id, r.rows_out || ' rejected, ' || count(q.source) || ' in quarantine' as detail
            from runs r left join quarantine q on 'refused/' || q.source = r.dataset
            where r.dataset like 'refused/%'
            group by r.dataset, r.rows_out having r.rows_out <> count(q.source)
        """,
    ),
    Rule(
        sentence="every note dropped by the filter or the balance is in dropped_notes, or counted there as not written",
        needs=("dropped_notes",),
        query="""
            select 'dropped_notes' as id, r.rows_in || ' in dropped_notes, ' || sum(d.rows) || ' dropped by notes' as detail
            from runs r join dropped d on d.dataset = 'notes' and d.reason not like 'refused: %'
            where r.dataset = 'dropped_notes' group by r.rows_in having r.rows_in <> sum(d.rows)
        """,
    ),
    Rule(
        sentence="every click read is rejected, dropped with a reason, or counted in a visit",
        needs=("mined/co_click",),
        query="""
            with counts as (
                select cast(report ->> '$.clicks_read' as bigint) as read,
                    cast(report ->> '$.clicks_refused' as bigint) as refused,
                    cast(report ->> '$.clicks_counted' as bigint) as counted
                from runs where dataset = 'mined/co_click'
            ),
            removed as (
                select coalesce(sum(rows), 0) as rows from dropped where dataset = 'mined/co_click' and reason like 'clicks %'
            )
            select 'clicks' as id,
                read || ' read, ' || refused || ' rejected, ' || counted || ' counted, ' || rows || ' dropped' as detail
            from counts, removed where read <> refused + counted + rows
        """,
    ),
    Rule(
        sentence="every mined pair is a positive or is counted as dropped",
        needs=("positives",),
        query="""
            with mined as (
                select sum(m.rows_out) as pairs from runs m join runs p on p.dataset = 'positives'
                where m.dataset like 'mined/%' and map_contains(p.inputs, m.dataset)
            ),
            left_out as (select coalesce(sum(rows), 0) as pairs from dropped where dataset = 'positives')
            select 'positives' as id, m.pairs || ' mined, ' || p.rows_out || ' out, ' || l.pairs || ' dropped' as detail
            from mined m, left_out l, runs p where p.dataset = 'positives' and m.pairs <> p.rows_out + l.pairs
        """,
    ),
    Rule(
        sentence="every candidate negative passed the filter or is counted with the reason for its removal",
        needs=("hard_negatives",),
        query="""
            with counts as (
                select cast(report ->> '$.candidates' as bigint) as retrieved, cast(report ->> '$.left' as bigint) as kept
                from runs where dataset = 'hard_negatives'
            ),
            removed as (select coalesce(sum(rows), 0) as rows from dropped where dataset = 'hard_negatives')
            select 'hard_negatives' as id, retrieved || ' retrieved, ' || kept || ' kept, ' || rows || ' removed' as detail
            from counts, removed where retrieved <> kept + rows
        """,
    ),
    Rule(
        # A judge scores negatives, and negatives are selected again with its scores: neither is stale because of the other.
        sentence="every dataset was made from the current version of its inputs",
        query="""
            with sources as (
                select dataset, unnest(map_keys(inputs)) as input, unnest(map_values(inputs)) as was from runs
            )
            select m.dataset as id, 'made from another run of ' || m.input || ': run its job again' as detail
            from sources m join runs r on r.dataset = m.input
            where m.was <> r.fingerprint and m.was <> 'none' and not (m.dataset = 'mined/pictures' or m.input = m.dataset)
                and not (m.dataset in ('images', 'refused/images') and m.input = 'images')
                and m.input not in ('judgements', 'clicks')
                and not (m.dataset in ('notes', 'refused/notes', 'dropped_notes'))
        """,
    ),
)
