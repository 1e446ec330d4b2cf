"""Rules of privacy: user ids stay inside the co-click step."""

from pipelines.inspect.audit.rule import Rule

RULES = (
    Rule(
        sentence="no file has a column for a user or a session",
        query="""
            select dataset || '/' || path as id, 'column ' || name as detail
            from (select dataset, path, unnest(columns) as name from files)
            where regexp_matches(name, '(^|_)(user|session|visitor|device)(_|$)', 'i')
        """,
    ),
    Rule(
        sentence="a rejected click is identified by a hash and its note",
        needs=("quarantine",),
        query=r"""
            select id, reason as detail from quarantine
            where source = 'clicks' and not (regexp_full_match(id, 'row [0-9a-f]{16}') and starts_with(detail, 'note_id '))
        """,
    ),
)
