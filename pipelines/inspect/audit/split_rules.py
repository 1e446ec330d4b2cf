"""Rules of splits: they share no content."""

from pipelines.inspect.audit.rule import Rule


def empty(sentence: str, leak: str, *needs: str) -> Rule:
    """Declare that there are no leaks of one kind."""
    return Rule(sentence=sentence, needs=needs, query=f"select id, detail from leaks() where leak = '{leak}'")


RULES = (
    empty("a component is in one split", "a component in two splits", "components"),
    empty("both notes of a pair are in the pair's split", "a pair whose note is in another split", "positives"),
    empty("the bytes of a photo are in one split", "a picture in two splits", "images", "components"),
    empty("a text that two notes have, but for case and marks, is in one split", "a text in two splits", "notes", "components"),
    Rule(
        sentence="every kept note has exactly one component, and components contain only kept notes",
        needs=("notes", "components"),
        query="""
            select coalesce(n.note_id, c.note_id) as id, count(c.note_id) || ' components, '
                || count(n.note_id) || ' notes' as detail
            from notes n full join components c on c.note_id = n.note_id
            group by 1 having count(c.note_id) <> 1 or count(n.note_id) <> 1
        """,
    ),
    Rule(
        sentence="a component has the smallest of its note ids as its id, and the right size",
        needs=("components",),
        query="""
            select component_id as id, 'smallest note ' || min(note_id) || ', ' || count(*) || ' notes, size '
                || string_agg(distinct cast(size as varchar), ', ' order by cast(size as varchar)) as detail
            from components group by component_id
            having min(note_id) <> component_id or min(size) <> count(*) or max(size) <> count(*)
        """,
    ),
    Rule(
        sentence="a pair has the component of its query's note",
        needs=("positives", "components"),
        query="""
            select p.pair_id as id, p.component_id || ', expected ' || coalesce(c.component_id, 'none') as detail
            from positives p left join components c on c.note_id = p.query.note_id
            where p.component_id is distinct from c.component_id
        """,
    ),
    Rule(
        sentence="an item is in the split of its note",
        needs=("items", "components"),
        query="""
            select i.item.item_id as id, i.split || ', its note ' || coalesce(c.split, 'none') as detail
            from items i left join components c on c.note_id = i.item.note_id where i.split is distinct from c.split
        """,
    ),
)
