"""Results of a judge: counts, reliability, and pairs on which it disagrees with the encoder or the mining."""

from dataclasses import dataclass
from typing import NamedTuple

from pipelines.inspect.report.settings import SampleSizes
from pipelines.inspect.report.sql_reader import Reader, Row
from schemas.datasets import HARD_NEGATIVES, JUDGEMENTS, POSITIVES
from schemas.granularity import CONTENT_GRANULARITIES

BINS = 10
POOL_FACTOR = 50
"""Rows read per sampled row, from which those of different queries are selected."""
_JUDGES = """
    select judge, prompt_hash, count(*) as rows, count(score) as scored, count(calibrated) as calibrated,
           count(flagged) as flagged
    from judgements group by judge, prompt_hash order by scored desc, judge, prompt_hash
"""
_GRADES = """
    select task, count(*) as rows, count(score) as scored, count(*) filter (grade = 0) as none,
           count(*) filter (grade = 1) as little, count(*) filter (grade = 2) as most, count(*) filter (grade = 3) as same
    from judgements where judge = $judge and prompt_hash = $prompt group by task order by task
"""
_MINED = "select distinct query.item_id as query_id, target.item_id as candidate_id from positives"
_SCORES = """
    scores as (select query_id, candidate_id, task, coalesce(calibrated, score) as p, score, calibrated, grade, flagged
             from judgements where judge = $judge and prompt_hash = $prompt and score is not null)
"""
_RELIABILITY = f"""
    with {_SCORES}, labelled as (select query_id, candidate_id, bool_or(relevant) as relevant from truth group by all)
    select cast(least(floor(p * $bins), $bins - 1) as integer) as bin, count(*) as rows,
           count(*) filter (coalesce(relevant, false)) as relevant,
           cast(sum(cast(round(p * 1e6) as bigint)) as bigint) as millionths
    from scores {{join}} join labelled using (query_id, candidate_id) group by bin order by bin
"""
_AGAINST_ENCODER = f"""
    with {_SCORES}, near as (select query_id, candidate_id, max(similarity) as similarity from hard_negatives
                           where similarity is not null group by all),
    ranked as (select scores.*, similarity, percent_rank() over (partition by task order by similarity) as by_encoder,
                      percent_rank() over (partition by task order by p) as by_judge
               from scores join near using (query_id, candidate_id))
    select * from ranked where $sign * (by_judge - by_encoder) > 0 and (p >= 0.5) = ($sign > 0)
    order by $sign * (by_encoder - by_judge), md5(query_id || candidate_id || $seed), task limit $most
"""
_AGAINST_MINING = f"""
    with {_SCORES}, mined as ({_MINED} where granularity in {CONTENT_GRANULARITIES})
    select scores.*, null as similarity from scores join mined using (query_id, candidate_id)
    where p < 0.5 order by p, md5(query_id || candidate_id || $seed), task limit $most
"""
ENCODER_DISAGREEMENTS = {
    "judge: relevant, encoder: dissimilar": 1,
    "judge: not relevant, encoder: similar": -1,
}


class JudgeRun(NamedTuple):
    """Counts of one judge and prompt."""

    judge: str
    prompt_hash: str
    rows: int
    scored: int
    calibrated: int
    flagged: int


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of the reliability curve: pairs with similar predicted probability."""

    low: float
    high: float
    rows: int
    predicted: float
    """Mean predicted probability."""
    observed: float
    """Share of relevant pairs."""


@dataclass(frozen=True, slots=True)
class JudgeSummary:
    """Results of the judge of the last run."""

    judges: tuple[JudgeRun, ...]
    """The judge of the last run is first."""
    calibration: str
    """Description of its calibration, from the run's report; may be ''."""
    tasks: tuple[Row, ...]
    reliability: tuple[Bin, ...]
    by_people: bool
    """Whether reliability is measured on people's labels; else on mined pairs."""
    disagreements: tuple[tuple[str, Row], ...]
    """Kind and row: query_id, candidate_id, task, p, score, calibrated, grade, flagged, similarity."""


def judge_summary(reader: Reader, settings: SampleSizes, seed: int, labels: bool) -> JudgeSummary | None:
    """Summarize the judgements; None if there are none.

    Args:
        reader: has a view `labels`, if `labels` is true.
        settings: number of pairs per kind of disagreement.
        seed: breaks ties.
        labels: whether there are labels of people.

    Cost: a few passes over judgements, joined with the ids of positives and negatives.
    """
    run = reader.manifest(JUDGEMENTS.name)
    if run is None or not run.counts.rows_out:
        return None
    last = (run.report.get("judge"), run.report.get("prompt_hash"))
    judges = [JudgeRun(**row) for row in reader.rows(_JUDGES, [JUDGEMENTS.name])]
    judges.sort(key=lambda judge: (judge.judge, judge.prompt_hash) != last)
    judge = {"judge": judges[0].judge, "prompt": judges[0].prompt_hash}
    tasks = tuple(reader.rows(_GRADES, [JUDGEMENTS.name], judge))
    return JudgeSummary(
        tuple(judges),
        str(run.report.get("calibration", "")),
        tasks,
        _reliability(reader, judge, labels),
        labels,
        tuple(_disagreements(reader, judge | {"seed": f" {seed}"}, settings.judged)),
    )


def _reliability(reader: Reader, judge: dict[str, str], labels: bool) -> tuple[Bin, ...]:
    """Compute the reliability curve on labelled pairs; without labels, a pair that was not mined counts as not relevant."""
    truth = "select query_id, candidate_id, relevant from labels" if labels else f"select *, true as relevant from ({_MINED})"
    query = f"with truth as ({truth})," + _RELIABILITY.format(join="inner" if labels else "left").lstrip().removeprefix("with")
    rows = reader.rows(query, [JUDGEMENTS.name, *([] if labels else [POSITIVES.name])], judge | {"bins": BINS})
    return tuple(
        Bin(r["bin"] / BINS, (r["bin"] + 1) / BINS, r["rows"], r["millionths"] / 1e6 / r["rows"], r["relevant"] / r["rows"])
        for r in rows
    )


def _disagreements(reader: Reader, values: dict[str, str], most: int) -> list[tuple[str, Row]]:
    """Sample disagreements. Co-click pairs are left out, since a click shows interest, not shared content."""
    queries: dict[str, tuple[str, list[str], dict[str, int]]] = {}
    if reader.has(HARD_NEGATIVES.name):
        datasets = [JUDGEMENTS.name, HARD_NEGATIVES.name]
        queries |= {why: (_AGAINST_ENCODER, datasets, {"sign": sign}) for why, sign in ENCODER_DISAGREEMENTS.items()}
    queries["judge: not relevant, mining: a pair"] = (_AGAINST_MINING, [JUDGEMENTS.name, POSITIVES.name], {})
    sample: list[tuple[str, Row]] = []
    for why, (query, datasets, more) in queries.items():
        rows = reader.rows(query, datasets, values | more | {"most": most * POOL_FACTOR})
        sample += [(why, row) for row in _distinct(rows, most)]
    return sample


def _distinct(rows: list[Row], most: int) -> list[Row]:
    """Return the first rows without repeating a query or a candidate, so that one unusual note does not fill the page."""
    kept: list[Row] = []
    queries, candidates = set[str](), set[str]()
    for row in rows:
        if len(kept) < most and row["query_id"] not in queries and row["candidate_id"] not in candidates:
            kept.append(row)
            queries.add(row["query_id"])
            candidates.add(row["candidate_id"])
    return kept
