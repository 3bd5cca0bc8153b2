-- The views of views.sql, as Postgres says them: same names, columns and answers; a test holds them together. The
-- question that each answers stands there, and becomes its comment here too.
--
-- COLUMNS(s) stands for all columns of stories, COLUMNS(p, s) for those of past_versions, with those that only
-- the whole story has from s. Texts are compared byte by byte (COLLATE "C"), as DuckDB does.

CREATE OR REPLACE VIEW story_versions AS
SELECT COLUMNS(s), NULL::timestamptz AS valid_to FROM stories s
UNION ALL
SELECT COLUMNS(p, s), p.valid_to
FROM past_versions p JOIN stories s USING (story_id)
WHERE p.version IS NOT NULL;

CREATE OR REPLACE VIEW stories_usable AS
SELECT COLUMNS(s) FROM stories s
WHERE pub_status = 'usable'
  AND (embargoed_until IS NULL OR embargoed_until <= now())
  AND (expires IS NULL OR expires > now());

CREATE OR REPLACE VIEW coverage AS
SELECT
  coalesce(s.cluster_id, s.story_id) AS cluster_id,
  count(*) AS stories,
  count(DISTINCT s.source_id) AS outlets,
  (array_agg(s.headline ORDER BY coalesce(c.role, 'origin') <> 'origin', s.first_seen_at, s.story_id COLLATE "C")
    FILTER (WHERE s.headline IS NOT NULL))[1] AS headline,
  (array_agg(s.source_id ORDER BY coalesce(c.role, 'origin') <> 'origin', s.first_seen_at, s.story_id COLLATE "C"))[1]
    AS origin_source_id,
  coalesce((array_agg(s.origin_agency) FILTER (WHERE c.role = 'origin' AND s.origin_agency IS NOT NULL))[1],
    mode() WITHIN GROUP (ORDER BY s.origin_agency)) AS origin_agency,
  min(s.published_at) AS first_published_at,
  max(s.published_at) AS last_published_at
FROM stories_usable s LEFT JOIN clusters c USING (story_id)
GROUP BY 1;

CREATE OR REPLACE VIEW corrections AS
WITH compared AS (
  SELECT v.*, b.headline AS headline_before,
    CASE WHEN b.body_text IS NOT NULL THEN ARRAY(
      SELECT m[1] FROM regexp_matches(b.body_text, '[^.!?。！？\n]+[.!?。！？]*', 'g') WITH ORDINALITY r(m, n) ORDER BY n)
    END AS sentences_before,
    ARRAY(
      SELECT m[1] FROM regexp_matches(v.body_text, '[^.!?。！？\n]+[.!?。！？]*', 'g') WITH ORDINALITY r(m, n) ORDER BY n
    ) AS sentences
  FROM story_versions v
  LEFT JOIN story_versions b ON b.story_id = v.story_id AND b.version = v.version - 1
  WHERE v.change_kind = 'correction' OR (v.version = 1 AND v.correction_text IS NOT NULL)
)
SELECT
  source_id, story_id, version, valid_from AS corrected_at, headline, headline_before, correction_text, ed_note,
  CASE WHEN sentences_before IS NOT NULL THEN ARRAY(
    SELECT x FROM unnest(sentences_before) WITH ORDINALITY u(x, n) WHERE x <> ALL (sentences) ORDER BY n)
  END AS sentences_cut,
  CASE WHEN version > 1 AND sentences_before IS NOT NULL THEN ARRAY(
    SELECT x FROM unnest(sentences) WITH ORDINALITY u(x, n) WHERE x <> ALL (sentences_before) ORDER BY n)
  END AS sentences_added,
  diff_ratio, url
FROM compared;

CREATE OR REPLACE VIEW kills_standing AS
WITH killed AS (
  SELECT story_id, version, source_id, headline, valid_from, signal, url FROM stories WHERE pub_status = 'canceled'
), carriers AS (
  SELECT cluster_id, story_id, role, similarity FROM clusters
  UNION ALL
  SELECT DISTINCT theirs.cluster_id, m.story_id, 'merged', NULL::double precision
  FROM (SELECT cluster_id, story_id, unnest(also_from) AS other FROM clusters WHERE cardinality(also_from) > 0) m
  JOIN clusters theirs ON theirs.story_id = m.other AND theirs.cluster_id <> m.cluster_id
), reprints AS (
  SELECT k.story_id AS killed_story_id, s.story_id, s.source_id, s.url, s.headline, s.published_at,
    s.last_seen_at, mine.role, mine.similarity
  FROM killed k
  JOIN clusters its ON its.story_id = k.story_id
  JOIN carriers mine ON mine.cluster_id = its.cluster_id AND mine.story_id <> k.story_id
  JOIN stories_usable s ON s.story_id = mine.story_id
  -- The copy of a reprint that was taken down says nothing against its origin.
  WHERE its.role = 'origin' OR k.signal IS DISTINCT FROM 'gone'
), handed_on AS (
  SELECT story_id, form, target, max(exported_at) AS exported_at,
    (array_agg(export_id ORDER BY exported_at DESC))[1] AS export_id,
    (array_agg(version ORDER BY exported_at DESC))[1] AS version
  FROM exports GROUP BY story_id, form, target
), standing AS (
  SELECT 'reprint' AS kind, r.*, NULL::text AS form, NULL::text AS target, NULL::timestamptz AS exported_at,
    NULL::text AS export_id
  FROM reprints r
  UNION ALL
  SELECT 'export', r.*, e.form, e.target, e.exported_at, e.export_id
  FROM reprints r JOIN handed_on e USING (story_id)
  UNION ALL
  SELECT 'export', k.story_id, k.story_id, v.source_id, v.url, v.headline, v.published_at,
    v.last_seen_at, NULL, NULL, e.form, e.target, e.exported_at, e.export_id
  FROM killed k
  JOIN handed_on e ON e.story_id = k.story_id
  JOIN story_versions v ON v.story_id = e.story_id AND v.version = e.version AND v.pub_status <> 'canceled'
)
SELECT
  k.story_id AS killed_story_id, k.source_id AS killed_source_id, k.headline AS killed_headline, k.valid_from AS killed_at,
  k.signal AS killed_by, k.url AS killed_url,
  s.kind, s.story_id, s.source_id, s.url, s.headline, s.published_at, s.last_seen_at, s.role, s.similarity,
  s.form, s.target, s.exported_at, s.export_id
FROM standing s JOIN killed k ON k.story_id = s.killed_story_id;

CREATE OR REPLACE VIEW source_health AS
WITH counted AS (
  SELECT
    run_id,
    count(*) AS leads,
    count(*) FILTER (WHERE outcome = 'new') AS new_stories,
    count(*) FILTER (WHERE outcome NOT IN
      ('new', 'updated', 'unchanged', 'duplicate', 'not_due', 'not_story', 'out_of_scope', 'over_budget',
       'rights_reserved')) AS troubles
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
    (array_agg(r.finish_reason ORDER BY r.started_at DESC))[1] AS last_finish_reason,
    coalesce(sum(c.new_stories) FILTER (WHERE r.started_at > now() - INTERVAL '1 day'), 0)::bigint AS new_last_day,
    coalesce(sum(c.leads) FILTER (WHERE r.started_at > now() - INTERVAL '1 day'), 0)::bigint AS leads_last_day,
    coalesce(sum(c.troubles) FILTER (WHERE r.started_at > now() - INTERVAL '1 day'), 0)::bigint AS troubles_last_day
  FROM runs r LEFT JOIN counted c USING (run_id) LEFT JOIN asked a USING (run_id)
  -- days gone by and single pages say nothing of how the source is
  WHERE r.kind NOT IN ('backfill', 'recrawl', 'reread')
  GROUP BY r.source_id
), latest AS (
  SELECT source_id, count(*) AS stories, max(first_seen_at) AS newest_story_at FROM stories GROUP BY source_id
), trouble AS (
  SELECT source_id,
    (array_agg(outcome || coalesce(': ' || reason, '') || ' ' || url ORDER BY started_at DESC))[1] AS last_trouble,
    max(started_at) AS last_trouble_at
  FROM fetches
  -- Most sites have no tdmrep.json, and many no robots.txt: that these are not there troubles nobody.
  WHERE outcome NOT IN ('ok', 'unchanged', 'redirect') AND NOT (outcome = 'gone' AND purpose IN ('robots', 'rights'))
  GROUP BY source_id
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
FULL JOIN per_source p ON p.source_id = d.source_id
LEFT JOIN latest l ON l.source_id = coalesce(d.source_id, p.source_id)
LEFT JOIN trouble t ON t.source_id = coalesce(d.source_id, p.source_id);

CREATE OR REPLACE VIEW completeness AS
WITH led AS (
  SELECT source_id, url, (array_agg(story_id ORDER BY found_at DESC))[1] AS story_id
  FROM ledger WHERE story_id IS NOT NULL GROUP BY source_id, url
), caught AS (
  SELECT DISTINCT s.source_id, timezone('UTC', t.published_at)::date AS day, s.channel, s.channel_kind AS kind, t.story_id
  FROM sightings s
  JOIN led ON led.source_id = s.source_id AND led.url = s.url
  JOIN stories t ON t.story_id = led.story_id
  JOIN runs r ON r.run_id = s.run_id AND r.kind = 'crawl'
), marked AS (
  SELECT *,
    CASE WHEN min(kind) OVER whole = max(kind) OVER whole THEN channel ELSE kind END AS rival,
    count(*) OVER (PARTITION BY source_id, story_id) = 1 AS alone
  FROM caught
  WINDOW whole AS (PARTITION BY source_id, day)
), per_channel AS (
  SELECT source_id, day, channel, kind, count(*) AS stories, count(*) FILTER (WHERE alone) AS alone
  FROM marked GROUP BY source_id, day, channel, kind
), per_day AS (
  SELECT source_id, day, count(DISTINCT story_id) AS stories FROM marked GROUP BY source_id, day
), listed AS (
  SELECT source_id, day,
    jsonb_agg(jsonb_build_object('channel', channel, 'kind', kind, 'stories', stories, 'alone', alone)
      ORDER BY stories DESC, channel COLLATE "C") AS channels
  FROM per_channel GROUP BY source_id, day
), rivals AS (
  SELECT DISTINCT source_id, day, rival, story_id FROM marked WHERE day IS NOT NULL
), sizes AS (
  SELECT source_id, day, rival, count(*) AS n FROM rivals GROUP BY source_id, day, rival
), pairs AS (
  SELECT DISTINCT ON (a.source_id, a.day)
    a.source_id, a.day, a.rival AS rival_a, b.rival AS rival_b, count(*) AS found_by_both
  FROM rivals a JOIN rivals b
    ON b.source_id = a.source_id AND b.day = a.day AND b.story_id = a.story_id AND b.rival > a.rival COLLATE "C"
  GROUP BY a.source_id, a.day, a.rival, b.rival
  ORDER BY a.source_id, a.day, count(*) DESC, a.rival COLLATE "C", b.rival COLLATE "C"
), counted AS (
  SELECT p.*, a.n AS found_by_a, b.n AS found_by_b,
    a.n + b.n - found_by_both AS found,
    (a.n - found_by_both) * (b.n - found_by_both) / (found_by_both + 1)::double precision AS missed,
    (a.n + 1)::double precision * (b.n + 1) * (a.n - found_by_both) * (b.n - found_by_both)
      / ((found_by_both + 1)::double precision ^ 2 * (found_by_both + 2)) AS variance
  FROM pairs p
  JOIN sizes a ON a.source_id = p.source_id AND a.day = p.day AND a.rival = p.rival_a
  JOIN sizes b ON b.source_id = p.source_id AND b.day = p.day AND b.rival = p.rival_b
), ranged AS (
  SELECT *, CASE WHEN missed > 0 THEN exp(1.96 * sqrt(ln(1 + variance / missed ^ 2))) ELSE 1 END AS wide
  FROM counted
)
SELECT
  d.source_id, d.day, d.stories, l.channels,
  e.rival_a, e.rival_b, e.found_by_a, e.found_by_b, e.found_by_both,
  e.found + e.missed AS estimate,
  e.found + e.missed / e.wide AS estimate_low,
  e.found + e.missed * e.wide AS estimate_high,
  CASE WHEN e.found IS NOT NULL THEN d.stories / greatest(d.stories, e.found + e.missed) END AS found_share
FROM per_day d
JOIN listed l ON l.source_id = d.source_id AND l.day IS NOT DISTINCT FROM d.day
LEFT JOIN ranged e ON e.source_id = d.source_id AND e.day = d.day;

CREATE OR REPLACE VIEW troubles AS
WITH latest AS (
  SELECT DISTINCT ON (source_id) source_id, run_id
  FROM measures WHERE kind = 'crawl'  -- days gone by and archives say nothing of how the source is
  ORDER BY source_id, started_at DESC, run_id COLLATE "C" DESC
), sick AS (
  SELECT DISTINCT source_id FROM latest JOIN findings USING (run_id, source_id) WHERE severity <> 'note'
), judged AS (
  SELECT run_id, source_id,
    row_number() OVER (PARTITION BY source_id ORDER BY started_at DESC, run_id COLLATE "C" DESC) AS back
  FROM measures WHERE kind = 'crawl' AND source_id IN (SELECT source_id FROM sick)
), shown AS (
  SELECT j.back, j.source_id, f.cause, min(f.since) AS since
  FROM judged j JOIN findings f USING (run_id) WHERE f.severity <> 'note' GROUP BY j.back, j.source_id, f.cause
), unbroken AS (
  SELECT source_id, cause, min(since) AS since
  FROM (SELECT *, row_number() OVER (PARTITION BY source_id, cause ORDER BY back) AS nth FROM shown) n
  WHERE back = nth
  GROUP BY source_id, cause
), standing AS (
  SELECT f.source_id, f.cause, f.severity, u.since, f.found_at, f.message, f.next_step, f.check_name
  FROM judged j JOIN findings f USING (run_id)
  JOIN unbroken u ON u.source_id = j.source_id AND u.cause = f.cause
  WHERE j.back = 1 AND f.severity <> 'note'
  UNION ALL
  SELECT source_id, cause, severity, since, found_at, message, next_step, check_name
  FROM findings WHERE run_id IS NULL AND until IS NULL AND severity <> 'note'
), followed AS (
  SELECT * FROM standing  -- of a source that is switched off or gone no later run will show that it is over
  WHERE source_id IS NULL OR source_id NOT IN (SELECT source_id FROM sources WHERE NOT enabled)
)
SELECT
  source_id, cause,
  CASE WHEN bool_or(severity = 'error') THEN 'error' ELSE 'warning' END AS severity,
  min(since) AS since,
  max(found_at) AS last_found_at,
  (array_agg(message ORDER BY severity <> 'error', check_name COLLATE "C", message COLLATE "C"))[1] AS message,
  (array_agg(next_step ORDER BY severity <> 'error', check_name COLLATE "C", message COLLATE "C"))[1] AS next_step,
  array_agg(DISTINCT check_name COLLATE "C" ORDER BY check_name COLLATE "C") AS checks
FROM followed
GROUP BY source_id, cause;

CREATE OR REPLACE VIEW stories_licensed AS
SELECT * FROM stories_usable
WHERE rights_reserved IS DISTINCT FROM true AND tdm_reserved IS DISTINCT FROM true;

CREATE OR REPLACE VIEW changes AS
SELECT
  v.valid_from AS changed_at, v.source_id, v.story_id, v.version, v.change_kind, v.diff_ratio,
  b.headline AS headline_before, v.headline, b.pub_status AS pub_status_before, v.pub_status,
  v.word_count - b.word_count AS words_more, v.url
FROM story_versions v
JOIN story_versions b ON b.story_id = v.story_id AND b.version = v.version - 1;

CREATE OR REPLACE VIEW first_movers AS
WITH carried AS (
  SELECT s.cluster_id, s.source_id,
    bool_and(coalesce(s.published_precision IN ('second', 'minute'), false)) AS is_exact,
    min(s.published_at) AS published_at, min(s.first_seen_at) AS seen_at,
    (array_agg(s.story_id ORDER BY s.first_seen_at))[1] AS story_id
  FROM stories_usable s WHERE s.cluster_id IS NOT NULL GROUP BY s.cluster_id, s.source_id
), timed AS (
  SELECT *, bool_and(is_exact) OVER whole AS by_publication, count(*) OVER whole AS outlets
  FROM carried WINDOW whole AS (PARTITION BY cluster_id)
), ranked AS (
  SELECT *, CASE WHEN by_publication THEN published_at ELSE seen_at END AS had_at FROM timed WHERE outlets > 1
)
SELECT r.cluster_id, c.origin_agency AS agency, r.source_id, r.story_id,
  row_number() OVER (PARTITION BY r.cluster_id ORDER BY r.had_at, r.source_id COLLATE "C") AS place,
  r.had_at, r.had_at - min(r.had_at) OVER (PARTITION BY r.cluster_id) AS behind, r.by_publication, r.outlets
FROM ranked r JOIN coverage c USING (cluster_id);

CREATE OR REPLACE VIEW agency_lags AS
SELECT agency, source_id, count(*) AS stories, count(*) FILTER (WHERE behind = INTERVAL '0') AS first,
  make_interval(secs => percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM behind)::double precision))
    AS behind_median,
  make_interval(secs => percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM behind)::double precision))
    AS behind_p95
FROM first_movers WHERE agency IS NOT NULL
GROUP BY agency, source_id;

CREATE OR REPLACE VIEW latency AS
SELECT v.source_id, timezone('UTC', v.published_at)::date AS day, count(*) AS stories,
  make_interval(secs => percentile_cont(0.5) WITHIN GROUP (
    ORDER BY extract(epoch FROM v.fetched_at - v.published_at)::double precision)) AS to_fetch_median,
  make_interval(secs => percentile_cont(0.5) WITHIN GROUP (
    ORDER BY extract(epoch FROM v.loaded_at - v.published_at)::double precision)) AS to_row_median,
  make_interval(secs => percentile_cont(0.95) WITHIN GROUP (
    ORDER BY extract(epoch FROM v.loaded_at - v.published_at)::double precision)) AS to_row_p95
FROM story_versions v JOIN runs r USING (run_id)
WHERE v.version = 1 AND r.kind = 'crawl' AND v.published_precision IN ('second', 'minute')
  AND v.published_tz_known AND v.published_at <= v.fetched_at
GROUP BY 1, 2;

CREATE OR REPLACE VIEW volumes AS
WITH of_day AS (
  SELECT timezone('UTC', published_at)::date AS day, source_id, section, origin_agency, located, language,
    keywords, subjects
  FROM stories_usable WHERE published_at IS NOT NULL
), counted AS (
  SELECT day, 'source' AS dimension, source_id AS value FROM of_day
  UNION ALL SELECT day, 'section', section FROM of_day
  UNION ALL SELECT day, 'agency', origin_agency FROM of_day
  UNION ALL SELECT day, 'place', located FROM of_day
  UNION ALL SELECT day, 'language', language FROM of_day
  UNION ALL
  SELECT day, 'topic', t.topic FROM of_day CROSS JOIN LATERAL (
    SELECT unnest(keywords) AS topic UNION SELECT subject ->> 'name' FROM jsonb_array_elements(subjects) AS subject
  ) t
)
SELECT day, dimension, value, count(*) AS stories FROM counted WHERE value IS NOT NULL GROUP BY day, dimension, value;
