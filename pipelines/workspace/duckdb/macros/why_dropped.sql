-- why a note or one of its pictures was rejected or dropped; for a kept note, the rule that kept it
create macro why_dropped(this_note) as table
with
pictures as (
    select distinct picture.image_id
    from (select unnest(images) as picture from notes where note_id = this_note)
),
verdicts as (
    select 1 as line, 'refused' as verdict, source, id, reason, detail from quarantine where source = 'notes' and id = this_note
    union all
    select 2, 'dropped', 'notes', note_id, reason, like_count || ' likes, topic ' || topic || ', ' || image_count || ' pictures'
    from dropped_notes where note_id = this_note
    union all
    select 3, 'kept', 'notes', note_id, kept_because, like_count || ' likes, topic ' || topic || ', ' || image_count || ' pictures'
    from notes where note_id = this_note
    union all
    select 4, 'refused', source, id, reason, detail
    from quarantine where source = 'images' and id in (select image_id from pictures)
)
select verdict, source, id, reason, detail from verdicts
union all
select 'unknown', 'notes', this_note, 'no note with this id was read, or its rejection was not recorded',
    coalesce((select string_agg(rows || ' dropped notes ' || reason, '; ' order by reason) from dropped where dataset = 'dropped_notes'), '')
where not exists (from verdicts)
order by verdict, source, id, reason;
