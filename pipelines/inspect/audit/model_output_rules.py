"""Rules of model outputs: annotations, embeddings, judgements."""

from pipelines.inspect.audit.negative_rules import ALL_ITEM_IDS
from pipelines.inspect.audit.rule import Rule

RULES = (
    Rule(
        sentence="an annotation belongs to a picture, and has either a text or a reason",
        needs=("annotations", "images"),
        query="""
            select note_id || ' ' || image_id as id, 'no such picture' as detail
            from annotations a anti join images i on i.note_id = a.note_id and i.image_id = a.image_id
            union all
            select note_id || ' ' || image_id, kind || ': text and reason, or neither' from annotations
            where (text is null) = (reason is null)
        """,
    ),
    Rule(
        sentence="an embedding has either a vector of unit length or a reason",
        needs=("embeddings",),
        query="""
            with lengths as (
                select item_id, reason, sqrt(list_sum(list_transform(vector, lambda x: cast(x as double) * x))) as length
                from embeddings
            )
            select item_id as id, coalesce('length ' || length, 'neither vector nor reason') as detail
            from lengths where (length is null) = (reason is null) or abs(length - 1) > 1e-3
        """,
    ),
    Rule(
        sentence="the query and the candidate of a judgement exist",
        needs=("judgements", "items"),
        query=f"""
            select query_id as id, 'no such query' as detail
            from judgements j anti join {ALL_ITEM_IDS} k on k.item_id = j.query_id
            union all
            select candidate_id, 'no such candidate' from judgements j anti join {ALL_ITEM_IDS} k on k.item_id = j.candidate_id
        """,
    ),
    Rule(
        sentence="a judgement has either a score and a grade or a reason",
        needs=("judgements",),
        query="""
            select query_id || ' ' || candidate_id as id,
                concat_ws(', ', 'score ' || score, 'calibrated ' || calibrated, 'grade ' || grade, reason) as detail
            from judgements
            where (score is null) = (reason is null) or (score is null) <> (grade is null)
                or not isfinite(score) or not isfinite(calibrated)
                or score not between 0 and 1 or calibrated not between 0 and 1 or grade not between 0 and 3
        """,
    ),
)
