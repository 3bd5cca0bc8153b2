-- Views for analysts: each with the question it answers. Made again at every change of the schema.

-- Every version of every story: what did it say, and from when to when? valid_to is NULL while it holds.
CREATE OR REPLACE VIEW story_versions AS
SELECT *, NULL::TIMESTAMPTZ AS valid_to FROM stories
UNION ALL BY NAME
SELECT p.*, s.first_seen_at, s.last_seen_at, s.cluster_id
FROM past_versions p JOIN stories s USING (story_id)
WHERE p.version IS NOT NULL;

-- Which stories may be used now: not killed or withheld, not under embargo, not expired?
CREATE OR REPLACE VIEW stories_usable AS
FROM stories
WHERE pub_status = 'usable'
  AND (embargoed_until IS NULL OR embargoed_until <= now())
  AND (expires IS NULL OR expires > now());

-- How widely was a story carried, counting the same wire copy once? One row per cluster of usable stories.
CREATE OR REPLACE VIEW coverage AS
SELECT
  coalesce(s.cluster_id, s.story_id) AS cluster_id,
  count(*) AS stories,
  count(DISTINCT s.source_id) AS outlets,
  arg_min(s.headline, struct_pack(o := coalesce(c.role, 'origin') <> 'origin', t := s.first_seen_at, i := s.story_id))
    AS headline,
  arg_min(s.source_id, struct_pack(o := coalesce(c.role, 'origin') <> 'origin', t := s.first_seen_at, i := s.story_id))
    AS origin_source_id,
  any_value(s.origin_agency) FILTER (WHERE c.role = 'origin') AS origin_agency,
  min(s.published_at) AS first_published_at,
  max(s.published_at) AS last_published_at
FROM stories_usable s LEFT JOIN clusters c USING (story_id)
GROUP BY ALL;

-- What did publishers correct, in whose words, and how much of the text did it touch?
CREATE OR REPLACE VIEW corrections AS
SELECT
  v.source_id, v.story_id, v.version, v.valid_from AS corrected_at, v.headline, b.headline AS headline_before,
  v.correction_text, v.ed_note, v.diff_ratio, v.url
FROM story_versions v
LEFT JOIN story_versions b ON b.story_id = v.story_id AND b.version = v.version - 1
WHERE v.change_kind = 'correction' OR (v.version = 1 AND v.correction_text IS NOT NULL);

-- How is each source: when did its last run go well, how fresh is it, what came of its leads in the last day?
CREATE OR REPLACE VIEW source_health AS
WITH counted AS (
  SELECT
    run_id,
    count(*) AS leads,
    count(*) FILTER (WHERE outcome IN ('new', 'updated', 'unchanged', 'duplicate')) AS read,
    count(*) FILTER (WHERE outcome = 'new') AS new_stories,
    count(*) FILTER (WHERE outcome NOT IN
      ('new', 'updated', 'unchanged', 'duplicate', 'not_due', 'not_story', 'out_of_scope', 'over_budget')) AS troubles
  FROM ledger GROUP BY run_id
), asked AS (
  SELECT run_id, count(*) FILTER (WHERE outcome IN ('ok', 'unchanged')) AS answered
  FROM fetches WHERE purpose = 'channel' GROUP BY run_id
), per_source AS (
  SELECT
    r.source_id,
    max(r.started_at) AS last_run_at,
    -- Good: it came to its end, a channel answered, and most of its leads gave no trouble.
    max(r.ended_at) FILTER (WHERE r.finish_reason = 'finished' AND coalesce(a.answered, 1) > 0
      AND coalesce(c.troubles, 0) * 2 <= coalesce(c.leads, 0)) AS last_good_run_at,
    arg_max(r.finish_reason, r.started_at) AS last_finish_reason,
    coalesce(sum(c.new_stories) FILTER (WHERE r.started_at > now() - INTERVAL 1 DAY), 0)::BIGINT AS new_last_day,
    coalesce(sum(c.leads) FILTER (WHERE r.started_at > now() - INTERVAL 1 DAY), 0)::BIGINT AS leads_last_day,
    coalesce(sum(c.troubles) FILTER (WHERE r.started_at > now() - INTERVAL 1 DAY), 0)::BIGINT AS troubles_last_day
  FROM runs r LEFT JOIN counted c USING (run_id) LEFT JOIN asked a USING (run_id)
  GROUP BY ALL
), latest AS (
  SELECT source_id, count(*) AS stories, max(first_seen_at) AS newest_story_at FROM stories GROUP BY ALL
), trouble AS (
  SELECT source_id,
    arg_max(outcome || coalesce(': ' || reason, '') || ' ' || url, started_at) AS last_trouble,
    max(started_at) AS last_trouble_at
  FROM fetches
  WHERE outcome NOT IN ('ok', 'unchanged', 'redirect')
  GROUP BY ALL
)
SELECT
  coalesce(d.source_id, p.source_id) AS source_id,
  d.title, d.enabled,
  p.last_run_at, p.last_finish_reason, p.last_good_run_at, l.newest_story_at,
  coalesce(l.stories, 0) AS stories,
  coalesce(p.new_last_day, 0) AS new_last_day, d.stories_min AS expected_min, d.stories_max AS expected_max,
  coalesce(p.leads_last_day, 0) AS leads_last_day, coalesce(p.troubles_last_day, 0) AS troubles_last_day,
  t.last_trouble, t.last_trouble_at
FROM sources d
FULL JOIN per_source p USING (source_id)
LEFT JOIN latest l ON l.source_id = coalesce(d.source_id, p.source_id)
LEFT JOIN trouble t ON t.source_id = coalesce(d.source_id, p.source_id);
