"""What a judge said: counts, reliability, and the pairs on which it and the encoder differ."""

from dataclasses import dataclass
from typing import NamedTuple

from pipelines.inspect.report.settings import Sampled
from pipelines.inspect.report.sql_reader import Reader, Row
from schemas.datasets import HARD_NEGATIVES, JUDGEMENTS, POSITIVES
from schemas.granularity import CONTENT_GRANULARITIES

BINS = 10
LOOKED_AT = 50
"""Rows for each one that is shown, among which those of different queries are taken."""
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
_SAID = """
    said as (select query_id, candidate_id, task, coalesce(calibrated, score) as p, score, calibrated, grade, flagged
             from judgements where judge = $judge and prompt_hash = $prompt and score is not null)
"""
_RELIABILITY = f"""
    with {_SAID}, known as (select query_id, candidate_id, bool_or(relevant) as relevant from truth group by all)
    select cast(least(floor(p * $bins), $bins - 1) as integer) as bin, count(*) as rows,
           count(*) filter (coalesce(relevant, false)) as relevant,
           cast(sum(cast(round(p * 1e6) as bigint)) as bigint) as millionths
    from said {{join}} join known using (query_id, candidate_id) group by bin order by bin
"""
_AGAINST_ENCODER = f"""
    with {_SAID}, near as (select query_id, candidate_id, max(similarity) as similarity from hard_negatives
                           where similarity is not null group by all),
    ranked as (select said.*, similarity, percent_rank() over (partition by task order by similarity) as by_encoder,
                      percent_rank() over (partition by task order by p) as by_judge
               from said join near using (query_id, candidate_id))
    select * from ranked where $sign * (by_judge - by_encoder) > 0 and (p >= 0.5) = ($sign > 0)
    order by $sign * (by_encoder - by_judge), md5(query_id || candidate_id || $seed), task limit $most
"""
_AGAINST_MINING = f"""
    with {_SAID}, mined as ({_MINED} where granularity in {CONTENT_GRANULARITIES})
    select said.*, null as similarity from said join mined using (query_id, candidate_id)
    where p < 0.5 order by p, md5(query_id || candidate_id || $seed), task limit $most
"""
DIFFER = {
    "the judge says yes, the encoder says far": 1,
    "the judge says no, the encoder says near": -1,
}


class Judge(NamedTuple):
    """One judge and prompt."""

    judge: str
    prompt_hash: str
    rows: int
    scored: int
    calibrated: int
    flagged: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Pairs to which the judge gave about one probability."""

    low: float
    high: float
    rows: int
    said: float
    """Mean of what it gave."""
    found: float
    """Share that is relevant."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the page says of the judge of the last run."""

    judges: tuple[Judge, ...]
    """The one that is told of first."""
    calibration: str
    """What its run says of its calibration; '' where it says nothing."""
    tasks: tuple[Row, ...]
    reliability: tuple[Bin, ...]
    by_people: bool
    """Whether the reliability is against labels of people; else against what was mined."""
    differ: tuple[tuple[str, Row], ...]
    """Why a pair is shown, and it: query_id, candidate_id, task, p, score, calibrated, grade, flagged, similarity."""


def judged(reader: Reader, settings: Sampled, seed: int, labels: bool) -> Judged | None:
    """Judgements as the page tells them; None where there are none.

    Args:
        reader: with a view `labels`, where `labels` says so.
        settings: how many pairs of each kind.
        seed: which of equal ones are shown.
        labels: whether people's labels are known.

    Cost: some passes over judgements, joined with the ids of the positives and negatives.
    """
    run = reader.manifest(JUDGEMENTS.name)
    if run is None or not run.counts.rows_out:
        return None
    now = (run.report.get("judge"), run.report.get("prompt_hash"))
    judges = [Judge(**row) for row in reader.rows(_JUDGES, [JUDGEMENTS.name])]
    judges.sort(key=lambda judge: (judge.judge, judge.prompt_hash) != now)
    one = {"judge": judges[0].judge, "prompt": judges[0].prompt_hash}
    tasks = tuple(reader.rows(_GRADES, [JUDGEMENTS.name], one))
    return Judged(
        tuple(judges),
        str(run.report.get("calibration", "")),
        tasks,
        _reliability(reader, one, labels),
        labels,
        tuple(_differ(reader, one | {"seed": f" {seed}"}, settings.judged)),
    )


def _reliability(reader: Reader, one: dict[str, str], labels: bool) -> tuple[Bin, ...]:
    """Of people's labels only the labelled pairs count; without them a pair that was not mined counts as not relevant."""
    truth = "select query_id, candidate_id, relevant from labels" if labels else f"select *, true as relevant from ({_MINED})"
    query = f"with truth as ({truth})," + _RELIABILITY.format(join="inner" if labels else "left").lstrip().removeprefix("with")
    rows = reader.rows(query, [JUDGEMENTS.name, *([] if labels else [POSITIVES.name])], one | {"bins": BINS})
    return tuple(
        Bin(r["bin"] / BINS, (r["bin"] + 1) / BINS, r["rows"], r["millionths"] / 1e6 / r["rows"], r["relevant"] / r["rows"])
        for r in rows
    )


def _differ(reader: Reader, values: dict[str, str], most: int) -> list[tuple[str, Row]]:
    """Why a pair is shown, and it. A click says interest and not content: a judge that denies it does not differ."""
    asked: dict[str, tuple[str, list[str], dict[str, int]]] = {}
    if reader.has(HARD_NEGATIVES.name):
        datasets = [JUDGEMENTS.name, HARD_NEGATIVES.name]
        asked |= {why: (_AGAINST_ENCODER, datasets, {"sign": sign}) for why, sign in DIFFER.items()}
    asked["the judge says no, mining says yes"] = (_AGAINST_MINING, [JUDGEMENTS.name, POSITIVES.name], {})
    found: list[tuple[str, Row]] = []
    for why, (query, datasets, more) in asked.items():
        rows = reader.rows(query, datasets, values | more | {"most": most * LOOKED_AT})
        found += [(why, row) for row in _apart(rows, most)]
    return found


def _apart(rows: list[Row], most: int) -> list[Row]:
    """The first ones, each of another query and another candidate: one odd note does not fill the page."""
    kept: list[Row] = []
    queries, candidates = set[str](), set[str]()
    for row in rows:
        if len(kept) < most and row["query_id"] not in queries and row["candidate_id"] not in candidates:
            kept.append(row)
            queries.add(row["query_id"])
            candidates.add(row["candidate_id"])
    return kept
