-- content that is in two splits, and negatives from the content group of their query or positive: must be empty
create macro leaks() as table
with
-- Letters and digits without case, width, marks, spaces and punctuation; more coarsely than mining folds, and by other means.
-- A text of hashtags, mentions and links only is left out, and so is a short one: mining ties neither.
written as (
    select note_id, coalesce(title, '') || chr(10) || coalesce(body, '') as words, 16 as enough from notes
    union all
    select note_id, body, 50 from notes
),
folded_texts as (
    select distinct note_id, letters from (
        select note_id, enough,
            regexp_replace(lower(nfc_normalize(translate(words, 'ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ０１２３４５６７８９',
                'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'))), '[^\p{L}\p{N}]', '', 'g') as letters,
            regexp_replace(regexp_replace(words, '(https?://|www\.)[!-~]+|[#＃][^#＃\s，。！？!?…、]{1,40}[#＃]?|[@＠][\p{L}\p{N}_.·-]{1,30}|<[^<>]*>', '', 'g'),
                '[^\p{L}\p{N}]', '', 'g') as untagged
        from written
    ) where length(untagged) >= enough
),
placed as (select note_id, component_id, content_group, split from components),
sides as (
    select pair_id, split, query.note_id as note_id from positives
    union all
    select pair_id, split, target.note_id from positives
),
all_items as (
    select item.item_id as item_id, item.note_id as note_id from items
    union
    select item.item_id, item.note_id from counterfactuals
),
negatives as (
    select n.query_id, n.positive_id, n.candidate_id, c.content_group, q.content_group as of_query, p.content_group as of_positive
    from hard_negatives n
    join all_items kc on kc.item_id = n.candidate_id join placed c on c.note_id = kc.note_id
    join all_items kq on kq.item_id = n.query_id join placed q on q.note_id = kq.note_id
    join all_items kp on kp.item_id = n.positive_id join placed p on p.note_id = kp.note_id
    where n.source <> 'rule'
)
select 'a component in two splits' as leak, component_id as id, string_agg(distinct split, ', ' order by split) as detail
from placed group by component_id having count(distinct split) > 1
union all
select 'a pair whose note is in another split', s.pair_id, 'pair ' || s.split || ', note ' || s.note_id || ' ' || coalesce(p.split, 'nowhere')
from sides s left join placed p on p.note_id = s.note_id where s.split is distinct from p.split
union all
select 'a picture in two splits', i.sha256, string_agg(distinct p.split || ': ' || i.note_id, ', ' order by p.split || ': ' || i.note_id)
from images i join placed p on p.note_id = i.note_id
where i.surface = 'photo' group by i.sha256 having count(distinct p.split) > 1
union all
select 'a text in two splits', md5(letters), string_agg(distinct p.split || ': ' || t.note_id, ', ' order by p.split || ': ' || t.note_id)
from folded_texts t join placed p on p.note_id = t.note_id
group by letters having count(distinct p.split) > 1
union all
select 'a negative in the content group of its query', candidate_id, 'query ' || query_id || ', content group ' || content_group
from negatives where content_group = of_query
union all
select 'a negative in the content group of its positive', candidate_id, 'positive ' || positive_id || ', content group ' || content_group
from negatives where content_group = of_positive;
