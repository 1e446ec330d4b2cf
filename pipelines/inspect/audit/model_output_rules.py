"""What models said: annotations, embeddings, judgements."""

from pipelines.inspect.audit.negative_rules import KNOWN
from pipelines.inspect.audit.rule import Rule

RULES = (
    Rule(
        sentence="an annotation is of a picture, and has a text or a reason",
        needs=("annotations", "images"),
        broken="""
            select note_id || ' ' || image_id as id, 'no such picture' as detail
            from annotations a anti join images i on i.note_id = a.note_id and i.image_id = a.image_id
            union all
            select note_id || ' ' || image_id, kind || ': text and reason, or neither' from annotations
            where (text is null) = (reason is null)
        """,
    ),
    Rule(
        sentence="an embedding has unit length, or a reason",
        needs=("embeddings",),
        broken="""
            with measured as (
                select item_id, reason, sqrt(list_sum(list_transform(vector, lambda x: cast(x as double) * x))) as length
                from embeddings
            )
            select item_id as id, coalesce('length ' || length, 'neither vector nor reason') as detail
            from measured where (length is null) = (reason is null) or abs(length - 1) > 1e-3
        """,
    ),
    Rule(
        sentence="a judged pair is of items that are there",
        needs=("judgements", "items"),
        broken=f"""
            select query_id as id, 'no such query' as detail from judgements j anti join {KNOWN} k on k.item_id = j.query_id
            union all
            select candidate_id, 'no such candidate' from judgements j anti join {KNOWN} k on k.item_id = j.candidate_id
        """,
    ),
    Rule(
        sentence="a judgement has a score and a grade, or a reason",
        needs=("judgements",),
        broken="""
            select query_id || ' ' || candidate_id as id,
                concat_ws(', ', 'score ' || score, 'calibrated ' || calibrated, 'grade ' || grade, reason) as detail
            from judgements
            where (score is null) = (reason is null) or (score is null) <> (grade is null)
                or not isfinite(score) or not isfinite(calibrated)
                or score not between 0 and 1 or calibrated not between 0 and 1 or grade not between 0 and 3
        """,
    ),
)
