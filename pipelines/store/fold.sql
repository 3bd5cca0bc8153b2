-- From observations to versions: what a load changes, worked out beside the warehouse.
--
-- A story's chain of versions is a fold over all observations of it, ordered by when they were fetched;
-- an observation that says what the one before it said makes no version. Nothing else counts: not the
-- order in which batches come in, not how many come at once. So late batches are no special case.
--
-- Two observations say the same if their fingerprints are equal: the words (not case, space, punctuation) of
-- headlines, slug, byline, dateline, credit, notes and body; standing, signal and embargo; what may be done with it.
-- Keywords, pictures, the publisher's modified_at and the like are noise here. Versions of one chain
-- that have the same fingerprint have the same columns, those of the first of them.
--
-- A story that is gone (410, or twice in a row 404 or an empty page, an hour apart, where it was last seen) has
-- one more version: the words it had last, with pub_status canceled and the signal gone. `words_of` is the
-- fingerprint of those words, of other versions it is their own.
--
-- A page that was read again (its raw_ref lies in the batch of another run: `wirehouse rehearse`) counts at the time
-- at which it was fetched, after the first reading. Where it says other words it makes a version, which
-- is no edit by the publisher: change_kind is extractor_change, since what stood before was read in the same page. Where it
-- says the same words, the version stays and takes the other columns of the last reading: a better date, the authors.
--
-- A source's duplicate: a story's *first* observations are set aside while another story of the same
-- source had said the same headline and body before (text_key). They make no story; ledger: duplicate.
-- Stubs (under ten words), stories without a headline and withdrawn ones are never taken for duplicates.
--
-- `-- when T`: the statement runs only if table T has rows: of fifty rows most statements have nothing
-- to do, and each that touches the lake costs about 15 ms.
--
-- In: staged_stories, staged_ledger, staged_clusters, the tables. Out: wanted, gone, fresh, turned, matched.

CREATE OR REPLACE TEMP MACRO words(x) AS
  coalesce(trim(regexp_replace(lower(x), '[^\p{L}\p{N}]+', ' ', 'g')), '');

CREATE OR REPLACE TEMP MACRO key(x) AS (md5_number_lower(x) >> 1)::BIGINT;

CREATE OR REPLACE TEMP TABLE staged AS
SELECT
  story_id, source_id, url, fetched_at, published_at, run_id, raw_ref, filename, file_row_number,
  md5(concat_ws(chr(31),
    words(headline), words(alternative_headline), words(slugline), words(byline), words(dateline),
    words(credit_line), words(ed_note), words(correction_text), content_hash,
    pub_status, coalesce(signal, ''), coalesce(epoch_us(embargoed_until), 0),
    coalesce(tdm_reserved::VARCHAR, ''), words(usage_terms), coalesce(is_accessible_for_free::VARCHAR, '')
  ))[:16] AS fingerprint,
  CASE WHEN word_count >= 10 AND words(headline) <> '' AND pub_status = 'usable'
    THEN key(concat_ws(chr(31), source_id, words(headline), content_hash))
  END AS text_key
FROM staged_stories
QUALIFY row_number() OVER (PARTITION BY run_id, coalesce(raw_ref, story_id) ORDER BY file_row_number) = 1;

-- Answers without words: nothing changed (a 304, or the bytes we had), or nothing is there any more.
CREATE OR REPLACE TEMP TABLE staged_same AS
SELECT l.source_id, l.story_id AS stated, l.url, l.final_url, l.fetched_at, l.run_id, l.raw_ref,
  CASE WHEN l.outcome = 'unchanged' THEN 'unchanged' WHEN l.http_status = 410 THEN 'gone' ELSE 'missing' END AS said
FROM staged_ledger l
ANTI JOIN staged s ON s.run_id = l.run_id AND coalesce(s.raw_ref, s.story_id) = coalesce(l.raw_ref, l.story_id)
WHERE l.fetched_at IS NOT NULL
  AND (l.outcome IN ('unchanged', 'gone') OR (l.outcome = 'rejected' AND l.reason = 'empty'));

-- What may be touched, and all that was ever observed of it.
CREATE OR REPLACE TEMP TABLE ids AS
SELECT story_id FROM staged
UNION SELECT stated FROM staged_same WHERE stated IS NOT NULL
UNION SELECT story_id FROM staged_clusters;
CREATE OR REPLACE TEMP TABLE keys AS SELECT DISTINCT text_key FROM staged WHERE text_key IS NOT NULL;
CREATE OR REPLACE TEMP TABLE urls AS
SELECT url FROM staged UNION SELECT url FROM staged_same
UNION SELECT final_url FROM staged_same WHERE final_url IS NOT NULL;

-- neighbourhood (Python): of plain Postgres tables, the rows that share these are fetched

-- First only the keys are read, which costs little, then the rows between the times at which they were found.
CREATE OR REPLACE TEMP TABLE known (
  story_id VARCHAR, source_id VARCHAR, url VARCHAR, fetched_at TIMESTAMPTZ, published_at TIMESTAMPTZ,
  fingerprint VARCHAR, run_id VARCHAR, raw_ref VARCHAR, outcome VARCHAR,
  story_key BIGINT, url_key BIGINT, text_key BIGINT);

CREATE OR REPLACE TEMP TABLE met AS
SELECT fetched_at FROM observations
WHERE story_key IN (SELECT key(story_id) FROM ids) OR url_key IN (SELECT key(url) FROM urls)
  OR text_key IN (FROM keys);
SET VARIABLE met_from = (SELECT min(fetched_at) FROM met);
SET VARIABLE met_to = (SELECT max(fetched_at) FROM met);

-- when met
INSERT INTO known BY NAME
SELECT * FROM observations
WHERE fetched_at BETWEEN getvariable('met_from') AND getvariable('met_to')
  AND (story_id IN (FROM ids) OR url IN (FROM urls) OR text_key IN (FROM keys));

CREATE OR REPLACE TEMP TABLE also AS
SELECT DISTINCT story_id FROM known WHERE story_id IS NOT NULL AND story_id NOT IN (FROM ids);

CREATE OR REPLACE TEMP TABLE also_met (fetched_at TIMESTAMPTZ);
-- when also
INSERT INTO also_met SELECT fetched_at FROM observations WHERE story_key IN (SELECT key(story_id) FROM also);
SET VARIABLE also_from = (SELECT min(fetched_at) FROM also_met);
SET VARIABLE also_to = (SELECT max(fetched_at) FROM also_met);

-- when also
INSERT INTO known BY NAME
SELECT * FROM observations
WHERE fetched_at BETWEEN getvariable('also_from') AND getvariable('also_to') AND story_id IN (FROM also)
  AND coalesce(text_key NOT IN (FROM keys), true) AND url NOT IN (FROM urls);

CREATE OR REPLACE TEMP TABLE seen AS
SELECT story_id, source_id, url, fetched_at, published_at, fingerprint, text_key, run_id, raw_ref, outcome AS was,
  NULL::VARCHAR AS filename, NULL::BIGINT AS file_row_number,
  coalesce(NOT starts_with(raw_ref, run_id || '/'), false) AS is_reread
FROM known WHERE fingerprint IS NOT NULL
UNION ALL
SELECT story_id, source_id, url, fetched_at, published_at, fingerprint, text_key, run_id, raw_ref, NULL,
  filename, file_row_number, coalesce(NOT starts_with(raw_ref, run_id || '/'), false)
FROM staged;

-- Who said a text first, in its source: of the staged texts, and of all texts of stories that have lost a first
-- to a staged one. Of other texts it stands as it was found when they were loaded (see `marked`).
CREATE OR REPLACE TEMP TABLE said_at AS
SELECT text_key, fetched_at, story_id FROM seen WHERE text_key IN (FROM keys);

CREATE OR REPLACE TEMP TABLE other_keys AS
WITH staged_firsts AS (
  SELECT text_key, min(struct_pack(fetched_at, story_id)).story_id AS story_id FROM said_at GROUP BY ALL
), robbed AS (
  SELECT DISTINCT s.story_id FROM seen s JOIN staged_firsts f USING (text_key)
  WHERE s.was <> 'duplicate' AND s.story_id <> f.story_id
)
SELECT DISTINCT text_key FROM seen SEMI JOIN robbed USING (story_id)
WHERE text_key IS NOT NULL AND text_key NOT IN (FROM keys);

-- when other_keys
INSERT INTO said_at
SELECT text_key, fetched_at, story_id FROM observations WHERE text_key IN (FROM other_keys)
UNION ALL
SELECT text_key, fetched_at, story_id FROM staged WHERE text_key IN (FROM other_keys);

CREATE OR REPLACE TEMP TABLE firsts AS
SELECT text_key, min(struct_pack(fetched_at, story_id)).story_id AS story_id FROM said_at GROUP BY ALL;

-- Answers without words belong to the story last seen at their address.
CREATE OR REPLACE TEMP TABLE same AS
WITH asked AS (
  SELECT source_id, stated, url AS lead, url, final_url, fetched_at, run_id, raw_ref, said,
    NULL::VARCHAR AS story_before, true AS is_new
  FROM staged_same
  UNION ALL
  SELECT source_id, story_id, NULL, url, NULL, fetched_at, run_id, raw_ref, outcome, story_id, false
  FROM known WHERE fingerprint IS NULL AND url IN (FROM urls)
), found AS (
  SELECT a.*, (
    SELECT max(struct_pack(s.fetched_at, s.story_id, s.url)) FROM seen s
    WHERE s.source_id = a.source_id AND (s.url = a.url OR s.url = a.final_url) AND s.fetched_at <= a.fetched_at
  ) AS match
  FROM asked a
)
SELECT * EXCLUDE (stated, match, final_url) REPLACE (coalesce(match.url, final_url, url) AS url),
  coalesce(match.story_id, CASE WHEN said = 'unchanged' THEN stated END) AS story_id
FROM found;

-- All that was observed of each story, with words or without.
CREATE OR REPLACE TEMP TABLE course AS
WITH all_of AS (
  SELECT *, 'words' AS said FROM seen
  UNION ALL BY NAME
  SELECT story_id, source_id, url, fetched_at, run_id, raw_ref, said FROM same WHERE story_id IS NOT NULL
  UNION ALL BY NAME
  SELECT story_id, source_id, url, fetched_at, run_id, raw_ref, outcome AS said
  FROM known WHERE fingerprint IS NULL AND story_id IS NOT NULL AND url NOT IN (FROM urls)
), placed AS (
  SELECT *, row_number() OVER (
    PARTITION BY story_id
    ORDER BY fetched_at, said <> 'words', is_reread, run_id, raw_ref, fingerprint, url, said) AS place
  FROM all_of
), behind AS (
  SELECT *,
    last_value(CASE WHEN said = 'words' THEN fingerprint END IGNORE NULLS) OVER w AS words_of,
    last_value(CASE WHEN said = 'words' THEN url END IGNORE NULLS) OVER w AS last_url,
    max(CASE WHEN said IN ('words', 'unchanged') THEN place END) OVER w AS last_good
  FROM placed
  WINDOW w AS (PARTITION BY story_id ORDER BY place)
), judged_gone AS (
  SELECT *, said = 'gone' OR (said = 'missing' AND fetched_at - min(fetched_at) FILTER (WHERE said = 'missing')
    OVER (PARTITION BY story_id, last_good, url ORDER BY place) >= INTERVAL 1 HOUR) AS is_out
  FROM behind
)
SELECT * EXCLUDE (fingerprint, said, last_url, last_good, is_out), said <> 'words' AS is_gone,
  CASE WHEN said = 'words' THEN fingerprint ELSE md5('gone' || words_of)[:16] END AS fingerprint
FROM judged_gone
WHERE said = 'words' OR (is_out AND url = last_url);

-- The chains: each observation, judged.
CREATE OR REPLACE TEMP TABLE chain AS
WITH marked AS (
  SELECT s.*, f.story_id AS first_story,
    min(place) FILTER (
      WHERE NOT is_gone AND (s.text_key IS NULL OR coalesce(f.story_id = s.story_id, s.was <> 'duplicate')))
      OVER (PARTITION BY s.story_id) AS start
  FROM course s LEFT JOIN firsts f USING (text_key)
), compared AS (
  SELECT *, place >= coalesce(start, place + 1) AS in_chain,
    lag(fingerprint) OVER w AS before, lag(url) OVER w AS url_before, lag(raw_ref) OVER w AS raw_ref_before
  FROM marked
  WINDOW w AS (PARTITION BY story_id, place >= coalesce(start, place + 1) ORDER BY place)
)
SELECT *,
  in_chain AND fingerprint IS DISTINCT FROM before AS makes_version,
  CASE
    WHEN is_gone THEN was
    WHEN NOT in_chain THEN 'duplicate'
    WHEN before IS NULL THEN 'new'
    WHEN fingerprint <> before THEN 'updated'
    WHEN url <> url_before THEN 'duplicate'
    ELSE 'unchanged'
  END AS outcome,
  CASE WHEN in_chain THEN story_id ELSE first_story END AS ledger_story
FROM compared;

CREATE OR REPLACE TEMP TABLE life AS
SELECT story_id, min(fetched_at) FILTER (WHERE in_chain) AS first_seen_at, max(fetched_at) AS last_seen_at
FROM (
  SELECT story_id, fetched_at, in_chain FROM chain WHERE in_chain AND NOT is_gone
  UNION ALL
  SELECT story_id, fetched_at, false FROM same WHERE story_id IS NOT NULL AND said = 'unchanged'
  UNION ALL
  SELECT story_id, fetched_at, false FROM known
  WHERE fingerprint IS NULL AND story_id IS NOT NULL AND outcome = 'unchanged' AND url NOT IN (FROM urls)
)
GROUP BY story_id;

-- The latest word on each story's cluster.
CREATE OR REPLACE TEMP TABLE memberships AS
SELECT *, true AS is_new, false AS is_known FROM staged_clusters;

CREATE OR REPLACE TEMP TABLE ids_known AS SELECT DISTINCT story_id FROM known WHERE story_id IS NOT NULL;
CREATE OR REPLACE TEMP TABLE ids_clustered AS FROM ids_known UNION SELECT story_id FROM staged_clusters;

-- when ids_clustered
INSERT INTO memberships BY NAME
SELECT *, false AS is_new, true AS is_known FROM clusters WHERE story_id IN (FROM ids_clustered);

CREATE OR REPLACE TEMP TABLE memberships AS
SELECT * REPLACE (bool_or(is_known) OVER (PARTITION BY story_id) AS is_known)
FROM memberships
QUALIFY row_number() OVER (PARTITION BY story_id ORDER BY split_part(run_id, '/', 2) DESC, run_id DESC, is_new) = 1;

-- Where the words of a fingerprint are: in a staged file, or (no file) in the warehouse, as `words_of`.
CREATE OR REPLACE TEMP TABLE texts AS
WITH own AS (
  SELECT story_id, fingerprint, filename, file_row_number
  FROM chain WHERE NOT is_gone
  QUALIFY row_number() OVER (
    PARTITION BY story_id, fingerprint ORDER BY is_reread DESC, CASE WHEN is_reread THEN run_id END DESC, place) = 1
)
SELECT story_id, fingerprint, fingerprint AS words_of, false AS is_gone, filename, file_row_number FROM own
UNION ALL
SELECT DISTINCT c.story_id, c.fingerprint, c.words_of, true, o.filename, o.file_row_number
FROM chain c JOIN own o ON o.story_id = c.story_id AND o.fingerprint = c.words_of
WHERE c.is_gone;

-- What should stand, as (part, story_id, fingerprint) with all that a row takes from the chain.
CREATE OR REPLACE TEMP TABLE wanted AS
WITH versions AS (
  SELECT *, row_number() OVER w AS version, lead(fetched_at) OVER w AS valid_to, lead(place) OVER w IS NULL AS is_last
  FROM chain WHERE makes_version
  WINDOW w AS (PARTITION BY story_id ORDER BY place)
), aside AS (
  SELECT * FROM chain c
  WHERE NOT in_chain AND NOT is_gone
    AND NOT EXISTS (FROM versions v WHERE v.story_id = c.story_id AND v.fingerprint = c.fingerprint)
  QUALIFY row_number() OVER (PARTITION BY story_id, fingerprint ORDER BY place) = 1
), rows AS (
  SELECT CASE WHEN is_last THEN 'stories' ELSE 'past_versions' END AS part,
    story_id, fingerprint, version::INTEGER AS version, before, run_id, raw_ref, raw_ref_before, url, fetched_at,
    fetched_at AS valid_from, valid_to
  FROM versions
  UNION ALL
  SELECT 'past_versions', story_id, fingerprint, NULL, NULL, run_id, raw_ref, NULL, url, fetched_at, NULL, NULL
  FROM aside
)
SELECT r.*, t.filename, t.file_row_number, t.words_of, t.is_gone, b.words_of AS before_words_of,
  t.filename IS NOT NULL AS is_staged, b.filename IS NOT NULL AS before_is_staged,
  CASE WHEN part = 'stories' THEN l.first_seen_at END AS first_seen_at,
  CASE WHEN part = 'stories' THEN l.last_seen_at END AS last_seen_at,
  CASE WHEN part = 'stories' THEN m.cluster_id END AS cluster_id
FROM rows r
JOIN texts t USING (story_id, fingerprint)
LEFT JOIN texts b ON b.story_id = r.story_id AND b.fingerprint = r.before
LEFT JOIN life l ON l.story_id = r.story_id
LEFT JOIN memberships m ON m.story_id = r.story_id;

-- What stands.
CREATE OR REPLACE TEMP TABLE standing (
  part VARCHAR, story_id VARCHAR, fingerprint VARCHAR, version INTEGER, run_id VARCHAR, raw_ref VARCHAR,
  fetched_at TIMESTAMPTZ, valid_to TIMESTAMPTZ, first_seen_at TIMESTAMPTZ, last_seen_at TIMESTAMPTZ,
  cluster_id VARCHAR, loaded_at TIMESTAMPTZ, published_at TIMESTAMPTZ, change_kind VARCHAR);

SET VARIABLE stood_from = (
  SELECT CASE WHEN count(*) = count(published_at) THEN min(published_at) END FROM known WHERE fingerprint IS NOT NULL);
SET VARIABLE stood_to = (SELECT max(published_at) FROM known);

-- when ids_known
INSERT INTO standing BY NAME
SELECT 'stories' AS part, story_id, fingerprint, version, run_id, raw_ref, fetched_at,
  first_seen_at, last_seen_at, cluster_id, loaded_at, published_at, change_kind
FROM stories
WHERE story_id IN (FROM ids_known)
  AND (getvariable('stood_from') IS NULL
    OR published_at BETWEEN getvariable('stood_from') AND getvariable('stood_to'))
UNION ALL BY NAME
SELECT 'past_versions' AS part, story_id, fingerprint, version, run_id, raw_ref, fetched_at, valid_to,
  loaded_at, published_at, change_kind
FROM past_versions
WHERE story_id IN (FROM ids_known)
  AND (getvariable('stood_from') IS NULL
    OR published_at BETWEEN getvariable('stood_from') AND getvariable('stood_to'));

CREATE OR REPLACE TEMP TABLE stands AS
SELECT *, CASE WHEN version IS NOT NULL
  THEN lag(fingerprint) OVER (PARTITION BY story_id, version IS NULL ORDER BY version) END AS before
FROM standing;

CREATE OR REPLACE TEMP MACRO row_of(t, is_staged, before_is_staged) AS struct_pack(
  v := t.version, b := t.before, r := t.run_id, w := t.raw_ref, f := t.fetched_at, u := t.valid_to,
  i := t.first_seen_at, j := t.last_seen_at, c := t.cluster_id, s := is_staged, p := before_is_staged);

-- (A reading again that came before the batch of the first reading was taken for an edit: it is judged anew.)
CREATE OR REPLACE TEMP MACRO judged_right(raw_ref, raw_ref_before, change_kind) AS
  raw_ref IS DISTINCT FROM raw_ref_before OR change_kind = 'extractor_change';

CREATE OR REPLACE TEMP TABLE fresh AS
SELECT w.*, coalesce(
    (SELECT min(loaded_at) FROM stands s
     WHERE s.story_id = w.story_id AND s.fingerprint = w.fingerprint AND s.run_id = w.run_id AND NOT w.is_staged),
    getvariable('now')) AS loaded_at
FROM wanted w
ANTI JOIN stands s ON s.part = w.part AND s.story_id = w.story_id AND s.fingerprint = w.fingerprint
  AND row_of(s, false, false) IS NOT DISTINCT FROM row_of(w, w.is_staged, w.before_is_staged)
  AND judged_right(w.raw_ref, w.raw_ref_before, s.change_kind);

CREATE OR REPLACE TEMP TABLE gone AS
SELECT s.*
FROM stands s
ANTI JOIN wanted w ON s.part = w.part AND s.story_id = w.story_id AND s.fingerprint = w.fingerprint
  AND row_of(s, false, false) IS NOT DISTINCT FROM row_of(w, w.is_staged, w.before_is_staged)
  AND judged_right(w.raw_ref, w.raw_ref_before, s.change_kind);

-- What comes to something else now: observations with words, and answers without that have found their story.
CREATE OR REPLACE TEMP TABLE turned AS
SELECT story_id, run_id, raw_ref, outcome, ledger_story
FROM chain
WHERE filename IS NULL AND (outcome <> was OR (NOT in_chain AND text_key IN (FROM keys)));

CREATE OR REPLACE TEMP TABLE matched AS
SELECT run_id, raw_ref, fetched_at, url, story_id
FROM same WHERE NOT is_new AND story_id IS DISTINCT FROM story_before;
