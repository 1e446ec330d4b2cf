"""What a judge said: counts, reliability, and the pairs on which it and the encoder differ."""

from dataclasses import dataclass
from typing import NamedTuple

from pipelines.report.reader import Reader, Row
from pipelines.report.settings import Sampled
from schemas.tables import HARD_NEGATIVES, JUDGEMENTS, POSITIVES

BINS = 10
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
    order by $sign * (by_encoder - by_judge), query_id, candidate_id, task limit $most
"""
_AGAINST_MINING = f"""
    with {_SAID}, mined as ({_MINED})
    select said.*, null as similarity from said join mined using (query_id, candidate_id)
    where p < 0.5 order by p, query_id, candidate_id, task limit $most
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


def judged(reader: Reader, settings: Sampled, labels: bool) -> Judged | None:
    """Judgements as the page tells them; None where there are none.

    Args:
        reader: with a view `labels`, where `labels` says so.
        settings: how many pairs of each kind.
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
    return Judged(tuple(judges), str(run.report.get("calibration", "")), tasks, _reliability(reader, one, labels), labels, tuple(_differ(reader, one, settings.judged)))


def _reliability(reader: Reader, one: dict[str, str], labels: bool) -> tuple[Bin, ...]:
    """Of people's labels only the labelled pairs count; without them a pair that was not mined counts as not relevant."""
    truth = "select query_id, candidate_id, relevant from labels" if labels else f"select *, true as relevant from ({_MINED})"
    query = f"with truth as ({truth})," + _RELIABILITY.format(join="inner" if labels else "left").lstrip().removeprefix("with")
    rows = reader.rows(query, [JUDGEMENTS.name, *([] if labels else [POSITIVES.name])], one | {"bins": BINS})
    return tuple(
        Bin(r["bin"] / BINS, (r["bin"] + 1) / BINS, r["rows"], r["millionths"] / 1e6 / r["rows"], r["relevant"] / r["rows"])
        for r in rows
    )


def _differ(reader: Reader, one: dict[str, str], most: int) -> list[tuple[str, Row]]:
    found: list[tuple[str, Row]] = []
    if reader.has(HARD_NEGATIVES.name):
        for why, sign in DIFFER.items():
            rows = reader.rows(_AGAINST_ENCODER, [JUDGEMENTS.name, HARD_NEGATIVES.name], one | {"sign": sign, "most": most})
            found += [(why, row) for row in rows]
    rows = reader.rows(_AGAINST_MINING, [JUDGEMENTS.name, POSITIVES.name], one | {"most": most})
    return found + [("the judge says no, mining says yes", row) for row in rows]
