-- Write what the fold (fold.sql) has worked out; one transaction around it all.
--
-- In: fresh, gone, chain, same, memberships, the staged files. Words are moved here once, by DuckDB.

-- Words that are in the warehouse and needed again: of rows that move, and of those that a new version is
-- compared with. The days between which they were published spare us reading the other files' bodies.
CREATE OR REPLACE TEMP TABLE needed AS
SELECT story_id, words_of AS fingerprint FROM fresh WHERE NOT is_staged
UNION
SELECT story_id, before_words_of FROM fresh WHERE before IS NOT NULL AND NOT before_is_staged;

SET VARIABLE needed_from = (
  SELECT CASE WHEN count(*) = count(published_at) THEN min(published_at) END FROM stands SEMI JOIN needed USING (story_id));
SET VARIABLE needed_to = (SELECT max(published_at) FROM stands SEMI JOIN needed USING (story_id));

CREATE OR REPLACE TEMP TABLE needed_past AS
SELECT DISTINCT n.* FROM needed n JOIN standing s USING (story_id, fingerprint) WHERE s.part = 'past_versions';

CREATE OR REPLACE TEMP TABLE kept AS
SELECT * EXCLUDE (version, first_seen_at, last_seen_at, loaded_at, cluster_id, valid_from, change_kind, diff_ratio)
FROM stories SEMI JOIN needed USING (story_id, fingerprint)
WHERE getvariable('needed_from') IS NULL
  OR published_at BETWEEN getvariable('needed_from') AND getvariable('needed_to');

-- when needed_past
INSERT INTO kept BY NAME
SELECT * EXCLUDE (version, loaded_at, valid_from, valid_to, change_kind, diff_ratio)
FROM past_versions SEMI JOIN needed_past USING (story_id, fingerprint) ANTI JOIN kept USING (story_id, fingerprint)
QUALIFY row_number() OVER (PARTITION BY story_id, fingerprint) = 1;

-- Pairs of versions to be judged: what the publisher did, and how much of the text it touched.
CREATE OR REPLACE TEMP TABLE pairs AS
SELECT story_id, version, fingerprint, before, raw_ref, raw_ref_before FROM fresh WHERE version > 1;

CREATE OR REPLACE TEMP TABLE said AS
WITH asked AS (
  SELECT t.* FROM texts t
  SEMI JOIN (SELECT story_id, fingerprint FROM pairs UNION SELECT story_id, before FROM pairs) p
    ON p.story_id = t.story_id AND p.fingerprint = t.fingerprint
), words AS (
  SELECT a.story_id, a.fingerprint, a.is_gone, s.* EXCLUDE (story_id)
  FROM staged_stories s JOIN asked a USING (filename, file_row_number)
  UNION ALL BY NAME
  SELECT a.story_id, a.fingerprint, a.is_gone, k.* EXCLUDE (story_id, fingerprint)
  FROM kept k JOIN asked a ON k.story_id = a.story_id AND k.fingerprint = a.words_of AND a.filename IS NULL
)
SELECT story_id, fingerprint, headline, body_text, CASE WHEN is_gone THEN 'canceled' ELSE pub_status END AS pub_status,
  signal, ed_note, correction_text, content_hash, extractor_version
FROM words;

-- judge (Python): pairs and said become judged

UPDATE turnstile SET loads = loads + 1;

SET VARIABLE gone_from = (
  SELECT CASE WHEN count(*) = count(published_at) THEN min(published_at) END FROM gone WHERE part = 'stories');
SET VARIABLE gone_to = (SELECT max(published_at) FROM gone WHERE part = 'stories');

CREATE OR REPLACE TEMP TABLE gone_now AS FROM gone WHERE part = 'stories';
CREATE OR REPLACE TEMP TABLE gone_past AS FROM gone WHERE part = 'past_versions';

-- when gone_now
DELETE FROM stories WHERE story_id IN (SELECT story_id FROM gone_now)
  AND (getvariable('gone_from') IS NULL
    OR published_at BETWEEN getvariable('gone_from') AND getvariable('gone_to'));

-- when gone_past
DELETE FROM past_versions USING gone_past g
WHERE past_versions.story_id = g.story_id
  AND past_versions.version IS NOT DISTINCT FROM g.version AND past_versions.fingerprint = g.fingerprint;

-- Rows come as they are in the files, batch after batch in the order of their stamps: so the files of the
-- lake are in the order of time, near enough, and no body has to wait in memory to be sorted.
CREATE OR REPLACE TEMP VIEW rows AS
WITH words AS (
  SELECT f.*, s.* EXCLUDE (story_id, url, fetched_at, run_id, raw_ref, filename, file_row_number)
  FROM staged_stories s JOIN fresh f USING (filename, file_row_number)
  UNION ALL BY NAME
  SELECT f.*, k.* EXCLUDE (story_id, fingerprint, url, fetched_at, run_id, raw_ref)
  FROM kept k JOIN fresh f ON k.story_id = f.story_id AND k.fingerprint = f.words_of
  WHERE NOT f.is_staged
)
SELECT w.* EXCLUDE (before, raw_ref_before, filename, file_row_number, is_staged, before_is_staged, words_of, before_words_of, is_gone)
    REPLACE (
      CASE WHEN w.is_gone THEN 'canceled' ELSE w.pub_status END AS pub_status,
      CASE WHEN w.is_gone THEN 'gone' ELSE w.signal END AS signal),
  CASE WHEN w.version = 1 THEN 'new' ELSE j.change_kind END AS change_kind, j.diff_ratio
FROM words w LEFT JOIN judged j ON j.story_id = w.story_id AND j.version = w.version;

INSERT INTO stories BY NAME
SELECT * EXCLUDE (part, valid_to) FROM rows WHERE part = 'stories';

CREATE OR REPLACE TEMP TABLE fresh_past AS FROM fresh WHERE part = 'past_versions';

-- when fresh_past
INSERT INTO past_versions BY NAME
SELECT * EXCLUDE (part, first_seen_at, last_seen_at, cluster_id) FROM rows WHERE part = 'past_versions';

-- Observations and the ledger; late ones may change what earlier ones came to.
-- when turned
UPDATE observations SET outcome = t.outcome
FROM turned t
WHERE observations.run_id = t.run_id AND observations.story_id = t.story_id
  AND observations.raw_ref IS NOT DISTINCT FROM t.raw_ref AND observations.fingerprint IS NOT NULL;

-- when turned
UPDATE ledger SET outcome = t.outcome, story_id = t.ledger_story
FROM turned t
WHERE ledger.run_id = t.run_id AND coalesce(ledger.raw_ref, ledger.story_id) = coalesce(t.raw_ref, t.story_id);

-- when matched
UPDATE observations SET story_id = m.story_id, story_key = key(m.story_id)
FROM matched m
WHERE observations.run_id = m.run_id AND observations.url = m.url AND observations.fetched_at = m.fetched_at
  AND observations.fingerprint IS NULL;

-- when matched
UPDATE ledger SET story_id = m.story_id
FROM matched m
WHERE ledger.run_id = m.run_id AND ledger.fetched_at = m.fetched_at AND ledger.outcome IN ('unchanged', 'gone', 'rejected')
  AND (ledger.url = m.url OR ledger.final_url = m.url);

INSERT INTO observations BY NAME
SELECT *, key(story_id) AS story_key, key(url) AS url_key
FROM (
  SELECT story_id, source_id, url, fetched_at, published_at, fingerprint, text_key, run_id, raw_ref, outcome
  FROM chain WHERE filename IS NOT NULL
  UNION ALL BY NAME
  SELECT story_id, source_id, url, fetched_at, run_id, raw_ref, said AS outcome
  FROM same WHERE is_new
)
ORDER BY fetched_at;

CREATE OR REPLACE TEMP TABLE final_ledger AS
SELECT l.* EXCLUDE (outcome, story_id), coalesce(c.outcome, l.outcome) AS outcome,
  coalesce(c.ledger_story, s.story_id, l.story_id) AS story_id
FROM staged_ledger l
LEFT JOIN chain c ON c.filename IS NOT NULL AND c.run_id = l.run_id
  AND coalesce(c.raw_ref, c.story_id) = coalesce(l.raw_ref, l.story_id)
LEFT JOIN same s ON s.is_new AND s.run_id = l.run_id AND s.lead = l.url
ORDER BY l.run_id, l.found_at;
INSERT INTO ledger BY NAME FROM final_ledger;

CREATE OR REPLACE TEMP TABLE moved AS FROM memberships WHERE is_new AND is_known;

-- when moved
DELETE FROM clusters WHERE story_id IN (SELECT story_id FROM moved);

INSERT INTO clusters BY NAME SELECT * EXCLUDE (is_new, is_known) FROM memberships WHERE is_new;

-- when staged_prints
INSERT INTO prints BY NAME SELECT * REPLACE (keys::INTEGER[] AS keys) FROM staged_prints ORDER BY seen_at;

INSERT INTO sightings BY NAME FROM staged_sightings ORDER BY run_id, seen_at;
INSERT INTO fetches BY NAME FROM staged_fetches ORDER BY run_id, started_at;
INSERT INTO runs BY NAME SELECT *, getvariable('now') AS loaded_at FROM staged_runs;
