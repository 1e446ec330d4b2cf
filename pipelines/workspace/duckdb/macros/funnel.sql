-- rows at each stage: how many came in, what each filter took, how many are left
create macro funnel() as table
with told as (
    select place, dataset, 1 as line, 'in' as what, coalesce(rows_in, cast(report ->> '$.candidates' as bigint)) as rows from runs
    union all
    select place, dataset, 2, 'dropped: ' || reason, rows from dropped
    union all
    select place, dataset, 3, 'left, of which each pair of a query is given its best', cast(report ->> '$.left' as bigint)
    from runs where dataset = 'hard_negatives'
    union all
    select place, dataset, 4, 'out', rows_out from runs
)
select place, dataset, what, rows from told where rows is not null order by place, line, rows desc, what;
