-- Views for analysts: each with the question it answers. Made again at every change of the schema.
--
-- Below the question: the columns that are not those of `stories`, as name | definition | unit or form | source | example,
-- or as name = the column of a table.

-- Every version of every story: what did it say, and from when to when? valid_to is NULL while it holds.
--   valid_to = past_versions.valid_to
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
--   stories | Usable stories of the cluster | count | load | 4
--   outlets | Sources that carry it | count | load | 3
--   origin_source_id | The source whose story is the origin; else the one seen first | name | cluster | demo_wire
--   headline | The origin's headline | text | page | Rain stops play
--   first_published_at | Least published_at of its stories | UTC time | page or channel | 2026-03-05T12:00:00Z
--   last_published_at | Greatest published_at of its stories | UTC time | page or channel | 2026-03-05T13:10:00Z
CREATE OR REPLACE VIEW coverage AS
SELECT
  coalesce(s.cluster_id, s.story_id) AS cluster_id,
  count(*) AS stories,
  count(DISTINCT s.source_id) AS outlets,
  arg_min(s.headline, struct_pack(o := coalesce(c.role, 'origin') <> 'origin', t := s.first_seen_at, i := s.story_id))
    AS headline,
  arg_min(s.source_id, struct_pack(o := coalesce(c.role, 'origin') <> 'origin', t := s.first_seen_at, i := s.story_id))
    AS origin_source_id,
  -- As the origin says; else as most of those do that carry it: the agency's own page may not be here.
  coalesce(any_value(s.origin_agency) FILTER (WHERE c.role = 'origin'), mode(s.origin_agency)) AS origin_agency,
  min(s.published_at) AS first_published_at,
  max(s.published_at) AS last_published_at
FROM stories_usable s LEFT JOIN clusters c USING (story_id)
GROUP BY ALL;

-- What did publishers correct, in whose words, which sentences went and came, and how much of the text did it touch?
--   corrected_at | When the corrected version was first fetched: valid_from | UTC time | crawl | 2026-03-05T12:42:10Z
--   headline_before | The headline of the version before; NULL of a first version | text | page | Rain stops play at tea
--   sentences_cut | Sentences that the version before had and this one has not; NULL of a first version | list of texts | load | [Ten overs were bowled.]
--   sentences_added | Sentences that this version has and the one before had not; NULL of a first version | list of texts | load | [Nine overs were bowled.]
CREATE OR REPLACE VIEW corrections AS
WITH compared AS (
  SELECT v.*, b.headline AS headline_before,
    regexp_extract_all(b.body_text, '[^.!?。！？\n]+[.!?。！？]*') AS sentences_before,
    regexp_extract_all(v.body_text, '[^.!?。！？\n]+[.!?。！？]*') AS sentences
  FROM story_versions v
  LEFT JOIN story_versions b ON b.story_id = v.story_id AND b.version = v.version - 1
  WHERE v.change_kind = 'correction' OR (v.version = 1 AND v.correction_text IS NOT NULL)
)
SELECT
  source_id, story_id, version, valid_from AS corrected_at, headline, headline_before, correction_text, ed_note,
  list_filter(sentences_before, lambda x: NOT list_contains(sentences, x)) AS sentences_cut,
  CASE WHEN version > 1 THEN list_filter(sentences, lambda x: NOT list_contains(sentences_before, x)) END AS sentences_added,
  diff_ratio, url
FROM compared;

-- Which copies of a story that was killed, withdrawn or taken away still stand, and may be used by mistake? kind is
-- `reprint` for a story of the warehouse that may be used, and `export` for one that was handed on to `target` (the
-- killed story itself, or such a reprint) and was not followed there by its kill. A story that was made of this copy and
-- of another wire is there too, its role is merged; what share of it is the killed one's is not kept, and is NULL.
--   killed_story_id | The story that was killed, stories.story_id | 20 hex digits | extract | 11a5fccf61fd0d14df3c
--   killed_source_id | Its source | name | crawl | demo_wire
--   killed_headline | Its headline | text | page | Rain stops play
--   killed_at | When the kill was first fetched: valid_from | UTC time | crawl | 2026-03-05T12:42:10Z
--   killed_by | Its signal: kill, withdrawal, or gone where the page was taken away | word | page or server | kill
--   killed_url | Where the kill is | URL | server | https://wire.example/rain
--   kind | reprint (a story of the warehouse that may be used) or export (one that was handed on) | word | load | reprint
--   role = clusters.role
--   similarity = clusters.similarity
--   form = exports.form
--   target = exports.target
--   exported_at = exports.exported_at
--   export_id = exports.export_id
CREATE OR REPLACE VIEW kills_standing AS
WITH killed AS (
  SELECT story_id, version, source_id, headline, valid_from, signal, url FROM stories WHERE pub_status = 'canceled'
), carriers AS (
  SELECT cluster_id, story_id, role, similarity FROM clusters
  UNION ALL
  SELECT DISTINCT theirs.cluster_id, m.story_id, 'merged', NULL
  FROM (SELECT cluster_id, story_id, unnest(also_from) AS other FROM clusters WHERE len(also_from) > 0) m
  JOIN clusters theirs ON theirs.story_id = m.other AND theirs.cluster_id <> m.cluster_id
), reprints AS (
  SELECT k.story_id AS killed_story_id, s.story_id, s.version, s.source_id, s.url, s.headline, s.published_at,
    s.last_seen_at, mine.role, mine.similarity
  FROM killed k
  JOIN clusters its ON its.story_id = k.story_id
  JOIN carriers mine ON mine.cluster_id = its.cluster_id AND mine.story_id <> k.story_id
  JOIN stories_usable s ON s.story_id = mine.story_id
  -- The copy of a reprint that was taken down says nothing against its origin.
  WHERE its.role = 'origin' OR k.signal IS DISTINCT FROM 'gone'
), handed_on AS (
  SELECT story_id, form, target, max(exported_at) AS exported_at,
    arg_max(export_id, exported_at) AS export_id, arg_max(version, exported_at) AS version
  FROM exports GROUP BY ALL
), standing AS (
  SELECT 'reprint' AS kind, * FROM reprints
  UNION ALL BY NAME
  SELECT 'export' AS kind, r.*, e.form, e.target, e.exported_at, e.export_id
  FROM reprints r JOIN handed_on e USING (story_id)
  UNION ALL BY NAME
  SELECT 'export' AS kind, k.story_id AS killed_story_id, k.story_id, v.source_id, v.url, v.headline, v.published_at,
    v.last_seen_at, e.form, e.target, e.exported_at, e.export_id
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

-- How is each source: when did its last run go well, how fresh is it, what came of its leads in the last day?
--   title = sources.title
--   enabled = sources.enabled
--   last_run_at | Start of its latest run | UTC time | crawl | 2026-03-05T12:02:00Z
--   last_finish_reason | How that run ended, runs.finish_reason | word | crawl | finished
--   last_good_run_at | End of the latest run that came to its end, in which a channel answered and at most half of the leads gave trouble | UTC time | crawl | 2026-03-05T12:04:31Z
--   newest_story_at | When its newest story was first seen | UTC time | load | 2026-03-05T12:02:10Z
--   stories | Its stories, all days | count | load | 18204
--   new_last_day | New stories of the runs of the last 24 hours | count | load | 71
--   expected_min = sources.stories_min
--   expected_max = sources.stories_max
--   leads_last_day | Leads of the runs of the last 24 hours | count | crawl | 940
--   troubles_last_day | Of these, those that ended in trouble | count | crawl | 3
--   last_trouble | What failed last: outcome, reason, address | text | crawl | timeout: no answer in 30 s https://wire.example/rss
--   last_trouble_at | When | UTC time | crawl | 2026-03-05T11:47:00Z
CREATE OR REPLACE VIEW source_health AS
WITH counted AS (
  SELECT
    run_id,
    count(*) AS leads,
    count(*) FILTER (WHERE outcome IN ('new', 'updated', 'unchanged', 'duplicate')) AS read,
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
    arg_max(r.finish_reason, r.started_at) AS last_finish_reason,
    coalesce(sum(c.new_stories) FILTER (WHERE r.started_at > now() - INTERVAL 1 DAY), 0)::BIGINT AS new_last_day,
    coalesce(sum(c.leads) FILTER (WHERE r.started_at > now() - INTERVAL 1 DAY), 0)::BIGINT AS leads_last_day,
    coalesce(sum(c.troubles) FILTER (WHERE r.started_at > now() - INTERVAL 1 DAY), 0)::BIGINT AS troubles_last_day
  FROM runs r LEFT JOIN counted c USING (run_id) LEFT JOIN asked a USING (run_id)
  -- days gone by and single pages say nothing of how the source is
  WHERE r.kind NOT IN ('backfill', 'recrawl', 'reread')
  GROUP BY ALL
), latest AS (
  SELECT source_id, count(*) AS stories, max(first_seen_at) AS newest_story_at FROM stories GROUP BY ALL
), trouble AS (
  SELECT source_id,
    arg_max(outcome || coalesce(': ' || reason, '') || ' ' || url, started_at) AS last_trouble,
    max(started_at) AS last_trouble_at
  FROM fetches
  -- Most sites have no tdmrep.json, and many no robots.txt: that these are not there troubles nobody.
  WHERE outcome NOT IN ('ok', 'unchanged', 'redirect') AND NOT (outcome = 'gone' AND purpose IN ('robots', 'rights'))
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

-- How complete is a source, by the day its stories were published: how many did each channel announce, and how many
-- may all have missed? Rivals are the kinds of channel (rss, news_sitemap, section …), or the channels where all are
-- of one kind; of several pairs, the two that share most stories. `estimate` is Chapman's form of Lincoln and
-- Petersen's: found by either + alone_a * alone_b / (both + 1); `estimate_low` and `estimate_high` hold 95 % (Chao's
-- log-normal range). It assumes that a day's stories are all out, that each is as likely as another to be announced,
-- and that the rivals are independent: fed by the same desk they are not, and the estimate is then the least that
-- there can be. NULL where fewer than two rivals share a story, and for stories without a day. Backfills do not count.
--   day | Day on which the stories were published, in UTC; NULL where that is not stated | day | page or channel | 2026-03-05
--   stories | Stories of that day that its channels announced | count | load | 71
--   channels | Each channel, how many of them it announced, and how many it alone | list of {channel, kind, stories, alone} | channel | [{https://wire.example/world.rss, rss, 60, 12}]
--   rival_a | The first of the two rivals: a kind of channel or a channel | word or URL | load | rss
--   rival_b | The second | word or URL | load | news_sitemap
--   found_by_a | Stories that the first announced | count | load | 60
--   found_by_b | Stories that the second announced | count | load | 55
--   found_by_both | Stories that both announced | count | load | 50
--   estimate | Stories that there were, by Chapman's estimate | count | load | 66.0
--   estimate_low | Least that there were, 95 % sure | count | load | 65.2
--   estimate_high | Most that there were, 95 % sure | count | load | 69.4
--   found_share | stories as a share of the estimate, or of stories where these are more | share, 0–1 | load | 0.98
CREATE OR REPLACE VIEW completeness AS
WITH led AS (
  SELECT source_id, url, arg_max(story_id, found_at) AS story_id
  FROM ledger WHERE story_id IS NOT NULL GROUP BY source_id, url
), caught AS (
  SELECT DISTINCT s.source_id, timezone('UTC', t.published_at)::DATE AS day, s.channel, s.channel_kind AS kind, t.story_id
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
    list(struct_pack(channel := channel, kind := kind, stories := stories, alone := alone) ORDER BY stories DESC, channel)
      AS channels
  FROM per_channel GROUP BY source_id, day
), rivals AS (
  SELECT DISTINCT source_id, day, rival, story_id FROM marked WHERE day IS NOT NULL
), sizes AS (
  SELECT source_id, day, rival, count(*) AS n FROM rivals GROUP BY source_id, day, rival
), pairs AS (
  SELECT a.source_id, a.day, a.rival AS rival_a, b.rival AS rival_b, count(*) AS found_by_both
  FROM rivals a JOIN rivals b
    ON b.source_id = a.source_id AND b.day = a.day AND b.story_id = a.story_id AND b.rival > a.rival
  GROUP BY a.source_id, a.day, a.rival, b.rival
  QUALIFY row_number() OVER (PARTITION BY a.source_id, a.day ORDER BY count(*) DESC, a.rival, b.rival) = 1
), counted AS (
  SELECT p.*, a.n AS found_by_a, b.n AS found_by_b,
    a.n + b.n - found_by_both AS found,
    (a.n - found_by_both) * (b.n - found_by_both) / (found_by_both + 1.0) AS missed,
    (a.n + 1.0) * (b.n + 1.0) * (a.n - found_by_both) * (b.n - found_by_both)
      / ((found_by_both + 1.0) ** 2 * (found_by_both + 2.0)) AS variance
  FROM pairs p
  JOIN sizes a ON a.source_id = p.source_id AND a.day = p.day AND a.rival = p.rival_a
  JOIN sizes b ON b.source_id = p.source_id AND b.day = p.day AND b.rival = p.rival_b
), ranged AS (
  SELECT *, CASE WHEN missed > 0 THEN exp(1.96 * sqrt(ln(1 + variance / missed ** 2))) ELSE 1 END AS wide
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

-- What is wrong now, since when, and why? One row per source and cause that its latest judged run still shows, or
-- that stands in the warehouse; notes, and sources switched off or no longer declared, left out. `since` is the start of the unbroken row of runs that show it.
--   cause = findings.cause
--   severity | error if one of its findings is, else warning | word | check | error
--   since | Start of the first run of the unbroken row that shows it; of the warehouse's, when it was found first | UTC time | check | 2026-03-05T12:02:00Z
--   last_found_at | When it was judged last | UTC time | check | 2026-03-05T14:02:00Z
--   message = findings.message
--   next_step = findings.next_step
--   checks | The checks that say so | list of names | check | [channels_answer]
CREATE OR REPLACE VIEW troubles AS
WITH latest AS (
  SELECT source_id, max_by(run_id, struct_pack(t := started_at, i := run_id)) AS run_id
  FROM measures WHERE kind = 'crawl'  -- days gone by and archives say nothing of how the source is
  GROUP BY source_id
), sick AS (
  SELECT DISTINCT source_id FROM latest JOIN findings USING (run_id, source_id) WHERE severity <> 'note'
), judged AS (
  SELECT run_id, source_id, row_number() OVER (PARTITION BY source_id ORDER BY started_at DESC, run_id DESC) AS back
  FROM measures WHERE kind = 'crawl' AND source_id IN (FROM sick)
), shown AS (
  SELECT j.back, j.source_id, f.cause, min(f.since) AS since
  FROM judged j JOIN findings f USING (run_id) WHERE f.severity <> 'note' GROUP BY ALL
), unbroken AS (
  SELECT source_id, cause, min(since) AS since
  FROM (SELECT *, row_number() OVER (PARTITION BY source_id, cause ORDER BY back) AS nth FROM shown)
  WHERE back = nth
  GROUP BY ALL
), standing AS (
  SELECT f.* REPLACE (u.since AS since)
  FROM judged j JOIN findings f USING (run_id)
  JOIN unbroken u ON u.source_id = j.source_id AND u.cause = f.cause
  WHERE j.back = 1 AND f.severity <> 'note'
  UNION ALL BY NAME
  SELECT * FROM findings WHERE run_id IS NULL AND until IS NULL AND severity <> 'note'
), followed AS (
  FROM standing  -- of a source that is switched off or gone no later run will show that it is over
  WHERE source_id IS NULL OR source_id NOT IN (SELECT source_id FROM sources WHERE NOT enabled)
)
SELECT
  source_id, cause,
  CASE WHEN bool_or(severity = 'error') THEN 'error' ELSE 'warning' END AS severity,
  min(since) AS since,
  max(found_at) AS last_found_at,
  arg_min(message, struct_pack(mild := severity <> 'error', name := check_name, message := message)) AS message,
  arg_min(next_step, struct_pack(mild := severity <> 'error', name := check_name, message := message)) AS next_step,
  list_sort(list(DISTINCT check_name)) AS checks
FROM followed
GROUP BY source_id, cause;

-- Which usable stories may machines read, as far as their publishers said at fetch? Nothing reserved it; license_url,
-- usage_terms and tdm_policy say on what terms. No statement is no licence: that is for you to judge.
CREATE OR REPLACE VIEW stories_licensed AS
FROM stories_usable
WHERE rights_reserved IS DISTINCT FROM true AND tdm_reserved IS DISTINCT FROM true;

-- What changed between two times? One row per version after a story's first, with what it was before; choose by changed_at.
--   changed_at | When the version was first fetched: valid_from | UTC time | crawl | 2026-03-05T12:42:10Z
--   headline_before | The headline of the version before | text | page | Rain stops play at tea
--   pub_status_before | The standing of the version before | ninjs pubStatus | page or server | usable
--   words_more | Words that it has more than the version before; fewer, below 0 | count | extract | -12
CREATE OR REPLACE VIEW changes AS
SELECT
  v.valid_from AS changed_at, v.source_id, v.story_id, v.version, v.change_kind, v.diff_ratio,
  b.headline AS headline_before, v.headline, b.pub_status AS pub_status_before, v.pub_status,
  v.word_count - b.word_count AS words_more, v.url
FROM story_versions v
JOIN story_versions b ON b.story_id = v.story_id AND b.version = v.version - 1;

-- Who was first with a story that several carried, and how long after came the others? One row per cluster and source;
-- agency is whose copy it is, behind is how long after the first that source had it: by the times of publication where
-- all sources of the cluster state them to the minute, and by when we saw them where not (by_publication tells).
--   agency | Whose copy it is, coverage.origin_agency | name | extract | Example Wire
--   place | Rank of the source among those that carried it, from 1 | count | load | 2
--   had_at | When the source had it: publication, or first seen | UTC time | page, channel or load | 2026-03-05T12:04:00Z
--   behind | How long after the first source | interval | load | 00:04:00
--   by_publication | Told by the times of publication; else by when we saw it | yes/no | load | true
--   outlets | Sources that carried it | count | load | 3
CREATE OR REPLACE VIEW first_movers AS
WITH carried AS (
  SELECT s.cluster_id, s.source_id,
    bool_and(coalesce(s.published_precision IN ('second', 'minute'), false)) AS is_exact,
    min(s.published_at) AS published_at, min(s.first_seen_at) AS seen_at,
    arg_min(s.story_id, s.first_seen_at) AS story_id
  FROM stories_usable s WHERE s.cluster_id IS NOT NULL GROUP BY ALL
), timed AS (
  SELECT *, bool_and(is_exact) OVER whole AS by_publication, count(*) OVER whole AS outlets
  FROM carried WINDOW whole AS (PARTITION BY cluster_id)
), ranked AS (
  SELECT *, CASE WHEN by_publication THEN published_at ELSE seen_at END AS had_at FROM timed WHERE outlets > 1
)
SELECT r.cluster_id, c.origin_agency AS agency, r.source_id, r.story_id,
  row_number() OVER (PARTITION BY r.cluster_id ORDER BY r.had_at, r.source_id) AS place,
  r.had_at, r.had_at - min(r.had_at) OVER (PARTITION BY r.cluster_id) AS behind, r.by_publication, r.outlets
FROM ranked r JOIN coverage c USING (cluster_id);

-- Which source has an agency's copy first, how often, and how far behind are the others? One row per agency and source, of
-- the stories that several sources carried (first_movers): choose by agency.
--   agency | Whose copy it is, coverage.origin_agency | name | extract | Example Wire
--   stories | Stories of the agency that it carried, and others too | count | load | 140
--   first | Of these, those that it had first, alone or with others | count | load | 31
--   behind_median | How long after the first it had them, the median | interval | load | 00:09:00
--   behind_p95 | How long after the first: of 19 of 20 at most this | interval | load | 01:40:00
CREATE OR REPLACE VIEW agency_lags AS
SELECT agency, source_id, count(*) AS stories, count(*) FILTER (WHERE behind = INTERVAL 0 SECOND) AS first,
  to_seconds(quantile_cont(epoch(behind), 0.5)) AS behind_median,
  to_seconds(quantile_cont(epoch(behind), 0.95)) AS behind_p95
FROM first_movers WHERE agency IS NOT NULL
GROUP BY ALL;

-- How long does a story take from its publication to our row? Per source and day of publication; only stories that a
-- crawl found (no backfill, no replay), in their first version, and whose time of publication is stated to the minute.
--   day | Day of publication, in UTC | day | page or channel | 2026-03-05
--   stories | Stories that count | count | load | 71
--   to_fetch_median | From publication to the fetch, the median | interval | load | 00:06:10
--   to_row_median | From publication to the row, the median | interval | load | 00:09:40
--   to_row_p95 | From publication to the row: 19 of 20 stories took at most this | interval | load | 00:31:00
CREATE OR REPLACE VIEW latency AS
SELECT v.source_id, timezone('UTC', v.published_at)::DATE AS day, count(*) AS stories,
  to_seconds(quantile_cont(epoch(v.fetched_at) - epoch(v.published_at), 0.5)) AS to_fetch_median,
  to_seconds(quantile_cont(epoch(v.loaded_at) - epoch(v.published_at), 0.5)) AS to_row_median,
  to_seconds(quantile_cont(epoch(v.loaded_at) - epoch(v.published_at), 0.95)) AS to_row_p95
FROM story_versions v JOIN runs r USING (run_id)
WHERE v.version = 1 AND r.kind = 'crawl' AND v.published_precision IN ('second', 'minute')
  AND v.published_tz_known AND v.published_at <= v.fetched_at
GROUP BY ALL;

-- How many stories were there per day of publication, by topic, section, agency, place, language or source? One row per
-- day, dimension and value; a story counts once in each of its values.
--   day | Day of publication, in UTC | day | page or channel | 2026-03-05
--   dimension | What is counted by: source, section, agency, place, language or topic | word | load | section
--   value | The source, section, agency … | text | page | Sport
--   stories | Usable stories | count | load | 12
CREATE OR REPLACE VIEW volumes AS
WITH of_day AS (
  SELECT timezone('UTC', published_at)::DATE AS day, story_id, source_id, section, origin_agency, located, language,
    list_distinct(list_concat(keywords, list_transform(subjects, lambda s: s.name))) AS topics
  FROM stories_usable WHERE published_at IS NOT NULL
), counted AS (
  SELECT day, 'source' AS dimension, source_id AS value, story_id FROM of_day
  UNION ALL SELECT day, 'section', section, story_id FROM of_day
  UNION ALL SELECT day, 'agency', origin_agency, story_id FROM of_day
  UNION ALL SELECT day, 'place', located, story_id FROM of_day
  UNION ALL SELECT day, 'language', language, story_id FROM of_day
  UNION ALL SELECT day, 'topic', unnest(topics), story_id FROM of_day
)
SELECT day, dimension, value, count(*) AS stories FROM counted WHERE value IS NOT NULL GROUP BY ALL;
