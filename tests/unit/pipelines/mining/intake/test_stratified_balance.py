"""Water-filling: exact totals, one level for all that reach it, the same rows whatever the partitions."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.mining.intake.stratified_balance import Balance, balanced, count_strata, water_fill

SIZES = st.dictionaries(st.tuples(st.text("ab", max_size=3), st.integers(0, 9)), st.integers(0, 50), max_size=12)


@given(SIZES, st.integers(0, 700))
def test_keeps_exactly_the_total_and_never_more_than_there_is(sizes, total):
    quotas = water_fill(sizes, total)
    assert sum(quotas.values()) == min(total, sum(sizes.values()))
    assert all(0 <= quotas[s] <= sizes[s] for s in sizes)


@given(SIZES, st.integers(0, 700))
def test_a_stratum_that_gave_rows_up_is_among_the_largest_kept(sizes, total):
    quotas = water_fill(sizes, total)
    cut = [quotas[s] for s in sizes if quotas[s] < sizes[s]]
    assert not cut or max(quotas.values()) <= min(cut) + 1


def notes(spark, partitions):
    rows = [(f"n{i:04d}", "hot" if i % 10 else "rare", i % 3, "liked") for i in range(600)]
    frame = spark.createDataFrame(rows, "note_id string, topic string, image_count int, kept_because string")
    return frame.repartition(partitions)


def test_takes_the_same_rows_up_to_each_quota_whatever_the_partitions(spark):
    settings = Balance(max_image_count=2)
    quotas = water_fill(count_strata(notes(spark, 1), settings), 300)
    kept = [
        {tuple(r) for r in balanced(notes(spark, n), quotas, settings, 3).select("note_id", "topic", "image_count").collect()}
        for n in (1, 7)
    ]
    assert kept[0] == kept[1]
    by_stratum = {s: sum((t, n) == s for _, t, n in kept[0]) for s in quotas}
    assert by_stratum == quotas
    assert sum(quotas.values()) == 300


def test_another_seed_takes_other_rows(spark):
    settings = Balance()
    quotas = water_fill(count_strata(notes(spark, 2), settings), 100)
    one, two = (
        {r[0] for r in balanced(notes(spark, 2), quotas, settings, seed).select("note_id").collect()} for seed in (0, 1)
    )
    assert len(one) == len(two) == 100
    assert one != two
