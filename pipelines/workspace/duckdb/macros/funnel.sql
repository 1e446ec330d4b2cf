-- rows at each stage: input, rows dropped by each filter, output
create macro funnel() as table
with counts as (
    select place, dataset, 1 as line, 'in' as what, coalesce(rows_in, cast(report ->> '$.candidates' as bigint)) as rows from runs
    union all
    select place, dataset, 2, 'dropped: ' || reason, rows from dropped
    union all
    select place, dataset, 3, 'remaining after the filter; the best are selected for each pair', cast(report ->> '$.left' as bigint)
    from runs where dataset = 'hard_negatives'
    union all
    select place, dataset, 4, 'out', rows_out from runs
)
select place, dataset, what, rows from counts where rows is not null order by place, line, rows desc, what;
