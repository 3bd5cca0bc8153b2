-- The tables of the warehouse: every column with its definition | unit or form | source | example.
--
-- The source is who says so: the publisher's page, the server's answer, a channel (feed, sitemap, section page), rights
-- (page, headers and the site's files), what is declared (sources/*.toml); or which of our steps works it out or notes
-- it: crawl, extract, cluster, load, check, export.
--
-- This file is the one truth about them. The warehouse is made from it, its comments become
-- the warehouse's comments (COMMENT ON) and docs/warehouse.md (python -m pipelines.store.dictionary).
-- The staged columns of `stories` are the fields of `pipelines.records.Story`; a test holds them together.
--
-- Dialect: DuckDB. Times are TIMESTAMPTZ in UTC. What the publisher does not say is NULL, never '';
-- a list that is not stated is empty. `*_at` is what we observed or read as an instant, `*_raw` the publisher's
-- own words. Names are IPTC ninjs 3.1 / NewsML-G2 in snake_case where one exists.

-- The latest version of each story: one row per story.
CREATE TABLE stories (
  -- Identity of the story over all its versions | 20 hex digits | extract | 11a5fccf61fd0d14df3c
  story_id VARCHAR NOT NULL,
  -- Place of this version in the story's chain, from 1 | count | load | 2
  version INTEGER NOT NULL,
  -- The declared source, sources.source_id | name | crawl | demo_wire
  source_id VARCHAR NOT NULL,
  -- Where the page was, after redirects, without tracking | URL | server | https://wire.example/rain
  url VARCHAR NOT NULL,
  -- The publisher's own identifier: guid or urn | text | channel | urn:newsml:wire.example:2026:rain
  uri VARCHAR,
  -- The address the page itself calls canonical | URL | page | https://wire.example/rain
  canonical_url VARCHAR,
  -- The address of the story's AMP page, as the page states it | URL | page | https://wire.example/amp/rain
  amp_url VARCHAR,

  -- May it be used: usable, withheld or canceled (killed, withdrawn) | ninjs pubStatus | page or server | usable
  pub_status VARCHAR NOT NULL,
  -- What the publisher says this version is: update, correction, writethru, kill … | word | page | correction
  signal VARCHAR,
  -- When the publisher first created the story, where it says so | UTC time | page | 2026-03-05T11:58:00Z
  first_created TIMESTAMPTZ,
  -- When the publisher made this version, where it says so | UTC time | page | 2026-03-05T12:40:00Z
  version_created TIMESTAMPTZ,
  -- Not to be published before | UTC time | page; not read yet | 2026-03-06T00:00:00Z
  embargoed_until TIMESTAMPTZ,
  -- Not to be used after | UTC time | page | 2026-04-05T00:00:00Z
  expires TIMESTAMPTZ,

  -- When the story was published, as the publisher says; never guessed from fetched_at | UTC time | page or channel | 2026-03-05T12:00:00Z
  published_at TIMESTAMPTZ,
  -- The publisher's own words for published_at | text | page or channel | March 5, 2026 7:00 AM ET
  published_raw VARCHAR,
  -- How exact published_at is: second, minute, hour or day | word | extract | minute
  published_precision VARCHAR,
  -- Where published_at was read: jsonld, meta, feed, sitemap, html or url | word | extract | jsonld
  published_evidence VARCHAR,
  -- False where no offset was printed and the source's time zone was assumed | yes/no | extract | true
  published_tz_known BOOLEAN,
  -- Every statement of when it was published, in the order of trust; at is NULL where it cannot be read or cannot be true; evidence also http, the Last-Modified header, which is never believed | list of {evidence, raw, at} | page or channel | [{meta, 5 March 2026, 2026-03-05T00:00:00Z}]
  published_candidates STRUCT(evidence VARCHAR, raw VARCHAR, "at" TIMESTAMPTZ)[] NOT NULL,
  -- What is wrong with the dates: disagree (statements of the page, more than two days apart), impossible (before the web, or after the fetch by more than two days), unreadable, ahead (published_at is after fetched_at), modified_before (modified_at is before published_at) | list of words | extract | [disagree]
  date_flags VARCHAR[] NOT NULL,
  -- When the publisher last modified the page, as it says | UTC time | page | 2026-03-05T12:40:00Z
  modified_at TIMESTAMPTZ,
  -- When we first saw the story, in any version | UTC time | load | 2026-03-05T12:02:10Z
  first_seen_at TIMESTAMPTZ NOT NULL,
  -- When we last saw that it stands, changed or not | UTC time | load | 2026-03-06T12:02:10Z
  last_seen_at TIMESTAMPTZ NOT NULL,
  -- When this version was first fetched | UTC time | crawl | 2026-03-05T12:42:10Z
  fetched_at TIMESTAMPTZ NOT NULL,
  -- When this version came into the warehouse | UTC time | load | 2026-03-05T12:45:00Z
  loaded_at TIMESTAMPTZ NOT NULL,

  -- The headline | text | page | Rain stops play
  headline VARCHAR,
  -- A second headline or a shorter one | text | page | Rain in Leeds
  alternative_headline VARCHAR,
  -- The desk's name for the story | text | page; not read yet | CRICKET-ENG/RAIN
  slugline VARCHAR,
  -- The byline as printed | text | page | By Ann Lee and Bo Berg
  byline VARCHAR,
  -- The persons who wrote it; no agencies | list of names | page | [Ann Lee, Bo Berg]
  authors VARCHAR[] NOT NULL,
  -- The dateline as printed | text | page | LEEDS, March 5 (Example Wire) -
  dateline VARCHAR,
  -- The place of the dateline | text | page | LEEDS
  located VARCHAR,
  -- The credit line as printed | text | page | Example Wire
  credit_line VARCHAR,
  -- Agencies and outlets named as sources of the story | list of names | page | [Example Wire]
  info_sources VARCHAR[] NOT NULL,
  -- Summary or standfirst | text | page | Only nine overs were bowled.
  description VARCHAR,
  -- The story: paragraphs with a blank line between; no headline, byline, dateline, credit or furniture | text | page | It rained.
  body_text VARCHAR NOT NULL,
  -- Words of body_text | count | extract | 412
  word_count BIGINT NOT NULL,
  -- The page shows only the beginning of the story | yes/no | extract | false
  is_truncated BOOLEAN NOT NULL,
  -- Language of the text | BCP 47 | page | en
  language VARCHAR,

  -- The publisher's section | text | page | Sport
  section VARCHAR,
  -- The publisher's keywords | list of texts | page | [cricket, weather]
  keywords VARCHAR[] NOT NULL,
  -- Topics as the publisher codes them | list of {scheme, code, name} | page; not read yet | [{medtop, 15000000, sport}]
  subjects STRUCT(scheme VARCHAR, code VARCHAR, name VARCHAR)[] NOT NULL,
  -- Kinds of writing: feature, analysis, obituary … | list of words | page | [feature]
  genres VARCHAR[] NOT NULL,
  -- The wire's urgency | 1 (flash) to 8 | page; not read yet | 4
  urgency BIGINT,
  -- Note of the desk to editors | text | page | Recasts with details
  ed_note VARCHAR,
  -- The publisher's words on what it corrected | text | page | Corrects the score in paragraph 2
  correction_text VARCHAR,
  -- The lead picture; the picture itself is not kept | URL | page | https://wire.example/rain.jpg
  image_url VARCHAR,

  -- Who holds the copyright | name | page | Example Wire
  copyright_holder VARCHAR,
  -- The copyright line as printed | text | page | © 2026 Example Wire
  copyright_notice VARCHAR,
  -- What the publisher allows | text or URL | page | https://wire.example/terms
  usage_terms VARCHAR,
  -- The publisher reserves text and data mining (page, header or tdmrep.json), as it said at fetch | yes/no | rights | true
  tdm_reserved BOOLEAN,
  -- Where the publisher says on what terms it may be mined | URL | rights | https://wire.example/tdm.json
  tdm_policy VARCHAR,
  -- The licence that the page, its headers or robots.txt (RSL) name | URL | rights | https://wire.example/rsl.xml
  license_url VARCHAR,
  -- Some statement reserves reading by machines (tdm_reserved, noai …); body_text may be empty then | yes/no | rights | true
  rights_reserved BOOLEAN,
  -- All that was stated of rights at fetch, and where | list of texts | rights | [tdm-reservation: 1 (header)]
  rights_evidence VARCHAR[] NOT NULL,
  -- The page's robots directives, meta and header | text | page or server | noarchive
  robots_meta VARCHAR,
  -- Free to read without an account | yes/no | page | true
  is_accessible_for_free BOOLEAN,

  -- The cluster of the same wire copy, clusters.cluster_id | identifier | cluster | c-5f2a9c01d4e7b3a8
  cluster_id VARCHAR,
  -- The agency whose copy it is | name | extract | Example Wire
  origin_agency VARCHAR,
  -- The outlet took it from an agency | yes/no | extract | false
  is_syndicated BOOLEAN,
  -- Digest of the body's words: case, space and typography make no difference | sha256, hex | extract | 5f2a…
  content_hash VARCHAR NOT NULL,

  -- The program that read the page | name | extract | wirehouse
  extractor VARCHAR NOT NULL,
  -- Its version: a change of it never counts as an edit by the publisher | version | extract | 0.1.0
  extractor_version VARCHAR NOT NULL,
  -- How sure the extractor is of the body | share, 0–1 | extract | 0.93
  extraction_confidence DOUBLE NOT NULL,
  -- Where the page's bytes are: WARC file, offset, digest | text | crawl | demo_wire/20260305T120000Z-3f2a/pages.warc.gz:1807:sha1-AB
  raw_ref VARCHAR,
  -- The run that fetched this version, runs.run_id | source/stamp | crawl | demo_wire/20260305T120000Z-3f2a
  run_id VARCHAR NOT NULL,

  -- Digest of what makes a version: see pipelines/store/fold.sql | 16 hex digits | load | 09f7a30b6c1d2e44
  fingerprint VARCHAR NOT NULL,
  -- From when this version was seen: fetched_at of its first observation | UTC time | load | 2026-03-05T12:42:10Z
  valid_from TIMESTAMPTZ NOT NULL,
  -- What made this version: new, refile, update, writethru, correction, kill, restore or extractor_change | word | load | correction
  change_kind VARCHAR NOT NULL,
  -- Share of the words that differ from the version before; NULL for the first | share, 0–1 | load | 0.04
  diff_ratio DOUBLE
);

-- Versions that no longer hold, and copies set aside (version is NULL): the same headline and body had been
-- seen at another address of the source. Columns as in stories, but for those of the whole story. Read the view
-- story_versions, which has all versions.
CREATE TABLE past_versions AS
SELECT
  * EXCLUDE (first_seen_at, last_seen_at, cluster_id),
  -- When the next version was first fetched; NULL for a copy set aside | UTC time | load | 2026-03-05T12:42:10Z
  NULL::TIMESTAMPTZ AS valid_to
FROM stories
LIMIT 0;

-- Every time a story was seen: which words it had then, and what that came to. Versions are folded from these.
CREATE TABLE observations (
  -- The story; NULL while an unchanged answer cannot be matched to one | 20 hex digits | extract | 11a5fccf61fd0d14df3c
  story_id VARCHAR,
  -- The source | name | crawl | demo_wire
  source_id VARCHAR NOT NULL,
  -- Where it was seen, after redirects | URL | server | https://wire.example/rain
  url VARCHAR NOT NULL,
  -- When | UTC time | crawl | 2026-03-05T12:02:10Z
  fetched_at TIMESTAMPTZ NOT NULL,
  -- When it was published, as the page said then | UTC time | page or channel | 2026-03-05T12:00:00Z
  published_at TIMESTAMPTZ,
  -- Digest of what makes a version; NULL where the server said that nothing changed | 16 hex digits | load | 09f7a30b6c1d2e44
  fingerprint VARCHAR,
  -- The run | source/stamp | crawl | demo_wire/20260305T120000Z-3f2a
  run_id VARCHAR NOT NULL,
  -- Where the bytes are | text | crawl | demo_wire/20260305T120000Z-3f2a/pages.warc.gz:1807:sha1-AB
  raw_ref VARCHAR,
  -- What the observation came to: new, updated, unchanged or duplicate | outcome | load | updated
  outcome VARCHAR NOT NULL,
  -- Digest of story_id, by which loads look up: numbers are found ten times faster than texts | number | load | 6917529027641081856
  story_key BIGINT,
  -- Digest of url | number | load | 1152921504606846976
  url_key BIGINT NOT NULL,
  -- Digest of headline and body, by which a source's duplicates are known; NULL for stubs, which say too little | number | load | 34359738368
  text_key BIGINT
);

-- How every lead of every run ended: exactly one line each.
CREATE TABLE ledger (
  -- The run, runs.run_id | source/stamp | crawl | demo_wire/20260305T120000Z-3f2a
  run_id VARCHAR NOT NULL,
  -- The source | name | crawl | demo_wire
  source_id VARCHAR NOT NULL,
  -- The lead: canonical address | URL | channel | https://wire.example/rain
  url VARCHAR NOT NULL,
  -- Where redirects led, if anything was fetched | URL | server | https://wire.example/sport/rain
  final_url VARCHAR,
  -- What the page there calls its own address, believed or not: story_id tells | URL | page | https://wire.example/sport/rain-in-leeds
  canonical_url VARCHAR,
  -- The story, where there is one; of a duplicate, the story it repeats | 20 hex digits | extract | 11a5fccf61fd0d14df3c
  story_id VARCHAR,
  -- How it ended: new, updated, unchanged, duplicate, not_story, rejected, gone … | outcome | crawl, extract or load | new
  outcome VARCHAR NOT NULL,
  -- Why, in a word or a sentence | text | crawl or extract | too_short
  reason VARCHAR,
  -- The feed, sitemap or page that announced it; recheck where our memory did | URL or word | crawl | https://wire.example/world.rss
  channel VARCHAR NOT NULL,
  -- Kind of channel: rss, atom, json, news_sitemap, sitemap, section, recheck, recrawl (named by an operator), replay or reread | word | crawl | rss
  channel_kind VARCHAR NOT NULL,
  -- Place in the channel, from 0 | count | channel | 3
  position BIGINT NOT NULL,
  -- The server's answer | HTTP code | server | 200
  http_status BIGINT,
  -- When the lead was found | UTC time | crawl | 2026-03-05T12:02:00Z
  found_at TIMESTAMPTZ NOT NULL,
  -- When it was fetched; NULL if it was not | UTC time | crawl | 2026-03-05T12:02:10Z
  fetched_at TIMESTAMPTZ,
  -- Where the bytes are | text | crawl | demo_wire/20260305T120000Z-3f2a/pages.warc.gz:1807:sha1-AB
  raw_ref VARCHAR
);

-- Every announcement of an address by a channel, in every run.
CREATE TABLE sightings (
  -- The run | source/stamp | crawl | demo_wire/20260305T120000Z-3f2a
  run_id VARCHAR NOT NULL,
  -- The source | name | crawl | demo_wire
  source_id VARCHAR NOT NULL,
  -- The address, canonical | URL | channel | https://wire.example/rain
  url VARCHAR NOT NULL,
  -- The feed, sitemap or page | URL | crawl | https://wire.example/world.rss
  channel VARCHAR NOT NULL,
  -- Kind of channel: rss, atom, json, news_sitemap, sitemap, section, recheck, recrawl (named by an operator) or replay | word | crawl | rss
  channel_kind VARCHAR NOT NULL,
  -- Place in the channel, from 0 | count | channel | 3
  position BIGINT NOT NULL,
  -- The channel's identifier of the entry | text | channel | urn:newsml:wire.example:2026:rain
  guid VARCHAR,
  -- The channel's headline of the entry | text | channel | Rain stops play
  title VARCHAR,
  -- The channel's words for the time of publication | text | channel | Thu, 05 Mar 2026 12:00:00 GMT
  published_raw VARCHAR,
  -- When we read the channel | UTC time | crawl | 2026-03-05T12:02:00Z
  seen_at TIMESTAMPTZ NOT NULL
);

-- Every request of every run, whether or not an answer came.
CREATE TABLE fetches (
  -- The run | source/stamp | crawl | demo_wire/20260305T120000Z-3f2a
  run_id VARCHAR NOT NULL,
  -- The source | name | crawl | demo_wire
  source_id VARCHAR NOT NULL,
  -- The address asked for | URL | crawl | https://wire.example/rain
  url VARCHAR NOT NULL,
  -- What for: robots, rights (tdmrep.json), channel or story | word | crawl | story
  purpose VARCHAR NOT NULL,
  -- What came: ok, unchanged, redirect or the outcome of a failure | word | crawl | ok
  outcome VARCHAR NOT NULL,
  -- Why, where it failed | text | crawl | no answer in 30 s
  reason VARCHAR,
  -- The server's answer | HTTP code | server | 200
  http_status BIGINT,
  -- The server's Content-Type | media type | server | text/html; charset=utf-8
  content_type VARCHAR,
  -- The body as received, before decompression | bytes | crawl | 18240
  bytes BIGINT NOT NULL,
  -- From request to the end of the answer | seconds | crawl | 0.42
  seconds DOUBLE,
  -- The server's ETag | text | server | "5f2a"
  etag VARCHAR,
  -- The server's Last-Modified | HTTP date | server | Thu, 05 Mar 2026 12:00:00 GMT
  last_modified VARCHAR,
  -- When it was sent | UTC time | crawl | 2026-03-05T12:02:10Z
  started_at TIMESTAMPTZ NOT NULL,
  -- Where the bytes are | text | crawl | demo_wire/20260305T120000Z-3f2a/pages.warc.gz:1807:sha1-AB
  raw_ref VARCHAR
);

-- Which stories are the same wire copy: one row per story.
CREATE TABLE clusters (
  -- The cluster | identifier | cluster | c-5f2a9c01d4e7b3a8
  cluster_id VARCHAR NOT NULL,
  -- The story, stories.story_id | 20 hex digits | extract | 11a5fccf61fd0d14df3c
  story_id VARCHAR NOT NULL,
  -- Its part: origin, reprint, or merged where it was made of this copy and of that of also_from | word | cluster | reprint
  role VARCHAR NOT NULL,
  -- Share of the story's text that the origin has | share, 0–1 | cluster | 0.97
  similarity DOUBLE NOT NULL,
  -- Published after the origin by; NULL when either has no time of publication, or the story claims an earlier one than its origin | interval | cluster | 00:14:00
  lag INTERVAL,
  -- Stories of other clusters, one of each, whose copy is in it too | list of story ids | cluster | [9c1d0a7be2f83c5d6a10]
  also_from VARCHAR[] NOT NULL,
  -- What tells whose copy the cluster is: own_site (its origin is on the agency's own site), credit, copyright or dateline (of its origin), uncredited (its origin alone is not said to be an agency's), else first_published or first_seen; NULL of a story alone that names nobody | word | cluster | own_site
  origin_evidence VARCHAR,
  -- The run whose clustering says so: the latest one that speaks of the story | source/stamp | crawl | demo_wire/20260305T120000Z-3f2a
  run_id VARCHAR NOT NULL
);

-- What is kept of each text that a story had, so that its copies are found: not for analysts.
CREATE TABLE prints (
  -- The story | 20 hex digits | extract | 11a5fccf61fd0d14df3c
  story_id VARCHAR NOT NULL,
  -- Digest of story_id, by which clustering looks up | number | cluster | 6917529027641081856
  story_key BIGINT NOT NULL,
  -- Digest of the text, stories.content_hash while the story says it | sha256, hex | extract | 5f2a…
  content_hash VARCHAR NOT NULL,
  -- When the text was first fetched | UTC time | crawl | 2026-03-05T12:02:10Z
  seen_at TIMESTAMPTZ NOT NULL,
  -- The least hashes of its runs of three words, but for those that several stories of its cluster have: copies share some | list of numbers, up to 64 | cluster | [118, 20071]
  keys INTEGER[] NOT NULL,
  -- Its words as numbers, two bytes each, with which candidates are compared: pipelines/prints.py | bytes | cluster | \x1F\x02
  words BLOB NOT NULL,
  -- The run | source/stamp | crawl | demo_wire/20260305T120000Z-3f2a
  run_id VARCHAR NOT NULL
);

-- The sources as last declared: those that are switched on, or have run.
CREATE TABLE sources (
  -- The source's name | name | declared | demo_wire
  source_id VARCHAR NOT NULL,
  -- Its title | text | declared | Example Wire
  title VARCHAR NOT NULL,
  -- Its front page | URL | declared | https://wire.example/
  home VARCHAR NOT NULL,
  -- The language it mostly writes | BCP 47 | declared | en
  language VARCHAR,
  -- The zone of times printed without an offset | IANA name | declared | Europe/London
  timezone VARCHAR NOT NULL,
  -- The agency, where the source is an agency's own site | name | declared | Example Wire
  agency VARCHAR,
  -- Crawled by the schedule | yes/no | declared or switched | true
  enabled BOOLEAN NOT NULL,
  -- Least time between two crawls | interval | declared | 00:15:00
  every INTERVAL NOT NULL,
  -- Free words for grouping sources | list of words | declared | [demo, agency]
  tags VARCHAR[] NOT NULL,
  -- Stories promised per day, at least | count | declared | 40
  stories_min BIGINT,
  -- Stories promised per day, at most | count | declared | 200
  stories_max BIGINT,
  -- When it was first seen switched on, since it was last off; NULL if that was before this was kept | UTC time | load | 2026-03-05T12:00:00Z
  enabled_at TIMESTAMPTZ
);

-- Every loaded run: one crawl, or one replay of an archive, of one source.
CREATE TABLE runs (
  -- The run: the name of its batch | source/stamp | crawl | demo_wire/20260305T120000Z-3f2a
  run_id VARCHAR NOT NULL,
  -- The source | name | crawl | demo_wire
  source_id VARCHAR NOT NULL,
  -- Its kind: crawl, backfill, recrawl (asked for out of turn), replay or reread | word | crawl | crawl
  kind VARCHAR NOT NULL,
  -- When it began | UTC time | crawl | 2026-03-05T12:02:00Z
  started_at TIMESTAMPTZ NOT NULL,
  -- When it ended | UTC time | crawl | 2026-03-05T12:04:31Z
  ended_at TIMESTAMPTZ NOT NULL,
  -- How it ended: finished, stopped or deadline; discarded if its stories were left out of the tables | word | crawl | finished
  finish_reason VARCHAR NOT NULL,
  -- Leads found; equals the run's lines in the ledger | count | crawl | 62
  leads BIGINT NOT NULL,
  -- Requests sent | count | crawl | 66
  requests BIGINT NOT NULL,
  -- Answers received | count | crawl | 65
  responses BIGINT NOT NULL,
  -- Received, before decompression | bytes | crawl | 1184023
  bytes BIGINT NOT NULL,
  -- The program that ran | version | crawl | 0.1.0
  wirehouse_version VARCHAR NOT NULL,
  -- Its Scrapy; NULL for a replay | version | crawl | 2.19.0
  scrapy_version VARCHAR,
  -- When the run came into the warehouse | UTC time | load | 2026-03-05T12:05:00Z
  loaded_at TIMESTAMPTZ NOT NULL
);

-- What was handed on: one row per story and export.
CREATE TABLE exports (
  -- The export | time and chance | export | 20260305T124500Z-9c1d
  export_id VARCHAR NOT NULL,
  -- When it was made | UTC time | export | 2026-03-05T12:45:00Z
  exported_at TIMESTAMPTZ NOT NULL,
  -- Its form: ninjs, parquet or csv | word | export | ninjs
  form VARCHAR NOT NULL,
  -- Where it went: the file or folder, whole | path | export | /srv/desk/in
  target VARCHAR NOT NULL,
  -- The story | 20 hex digits | extract | 11a5fccf61fd0d14df3c
  story_id VARCHAR NOT NULL,
  -- Its version then, story_versions.version | count | load | 2
  version INTEGER NOT NULL
);

-- What checks found: of each judged run, and of the warehouse. A run that is judged again replaces its rows.
CREATE TABLE findings (
  -- The run, runs.run_id; NULL for a check of the warehouse. A held run is not in runs | source/stamp | crawl | demo_wire/20260305T120000Z-3f2a
  run_id VARCHAR,
  -- The source; NULL for the warehouse as a whole | name | crawl | demo_wire
  source_id VARCHAR,
  -- The check | name | check | channels_answer
  check_name VARCHAR NOT NULL,
  -- error (its task is red), warning, or note | word | check | error
  severity VARCHAR NOT NULL,
  -- The likely cause: blocked, robots_closed, feed_frozen, feed_empty, layout_changed, paywall, moved, slow, down, duplicates, dates_wrong, section_lost, volume_drop, volume_surge, quiet_day, not_running, ours or unknown | word | check | blocked
  cause VARCHAR NOT NULL,
  -- What was found | sentence | check | https://wire.example/rss: http_error: 403
  message VARCHAR NOT NULL,
  -- What to do about it | sentence | check | open it in a browser: moved, blocked or down? then correct the source's TOML
  next_step VARCHAR NOT NULL,
  -- The numbers it was judged by | text | check | 12 of 12 answers were 403, usual are 0 %
  evidence VARCHAR,
  -- The batch is held for it: loaded, it would poison the tables | yes/no | check | false
  holds BOOLEAN NOT NULL,
  -- When it was judged last | UTC time | check | 2026-03-05T12:05:00Z
  found_at TIMESTAMPTZ NOT NULL,
  -- Since when: the start of the run; of the warehouse's, when it was found first | UTC time | check | 2026-03-05T12:02:00Z
  since TIMESTAMPTZ NOT NULL,
  -- Of the warehouse's: when it was no longer found; NULL while it stands | UTC time | check | 2026-03-05T13:05:00Z
  until TIMESTAMPTZ
);

-- What each judged run measured, held ones too: one row per run. Later runs are compared with it.
CREATE TABLE measures (
  -- The run | source/stamp | crawl | demo_wire/20260305T120000Z-3f2a
  run_id VARCHAR NOT NULL,
  -- The source | name | crawl | demo_wire
  source_id VARCHAR NOT NULL,
  -- Its kind: crawl, backfill, replay or reread | word | crawl | crawl
  kind VARCHAR NOT NULL,
  -- When it began | UTC time | crawl | 2026-03-05T12:02:00Z
  started_at TIMESTAMPTZ NOT NULL,
  -- When it was judged last | UTC time | check | 2026-03-05T12:05:00Z
  judged_at TIMESTAMPTZ NOT NULL,
  -- A finding held the batch back: it is no part of what is usual | yes/no | check | false
  held BOOLEAN NOT NULL,
  -- It was held, and somebody released it: it is what is usual, whatever was found | yes/no | operator | false
  released BOOLEAN,
  -- Causes of its warnings and errors | list of words | check | [blocked]
  causes VARCHAR[] NOT NULL,
  -- Leads that no run had read before, whatever their pages were | count | check | 7
  arrived BIGINT,
  -- What the source brings in such a time by its past; NULL in its first two weeks | count | check | 6.4
  expected DOUBLE,
  -- Its channels: what came, the addresses that each announced (NULL where nothing new), and what it was the first to announce | list of {url, outcome, named, arrived} | check | [{https://wire.example/world.rss, ok, 30, 7}]
  channels STRUCT(url VARCHAR, outcome VARCHAR, named BIGINT, arrived BIGINT)[] NOT NULL,
  -- Its stories by the publisher's section, the twenty with most | list of {name, count} | check | [{Sport, 4}]
  sections STRUCT(name VARCHAR, count BIGINT)[] NOT NULL,
  -- Latest time of publication that a channel stated, and that can be | UTC time | channel | 2026-03-05T12:00:00Z
  newest_said_at TIMESTAMPTZ,
  -- Story pages asked for | count | check | 12
  fetched BIGINT,
  -- Of these, refused: 401, 403, 429, 451 or robots.txt | count | check | 0
  blocked BIGINT,
  -- Of these, no answer or 5xx | count | check | 1
  failed BIGINT,
  -- Leads that are no address of the source, or led to none | count | check | 0
  abroad BIGINT,
  -- Leads | count | check | 62
  leads BIGINT,
  -- Of an answer, the median | seconds | check | 0.31
  seconds DOUBLE,
  -- Requests without an answer in time | count | check | 0
  timeouts BIGINT,
  -- Requests | count | check | 14
  requests BIGINT,
  -- Pages read, as a story or in vain | count | check | 12
  pages BIGINT,
  -- Of these, in vain | count | check | 1
  unread BIGINT,
  -- Stories read | count | check | 11
  stories BIGINT,
  -- Mean of the stories' extraction_confidence | share, 0–1 | check | 0.91
  confidence DOUBLE,
  -- Median of the stories' word_count | count | check | 380
  words DOUBLE,
  -- Stories of which the page shows only the beginning | count | check | 0
  truncated BIGINT,
  -- Stories that say that they are not free to read | count | check | 0
  paywalled BIGINT,
  -- Stories with the text of another one of the run | count | check | 0
  repeated BIGINT,
  -- Stories with a time of publication that cannot be | count | check | 0
  misdated BIGINT,
  -- Stories with a date in a form that we do not know | count | check | 0
  undeciphered BIGINT,
  -- In how many stories a field is filled | list of {name, count} | check | [{byline, 9}]
  filled STRUCT(name VARCHAR, count BIGINT)[] NOT NULL
);

-- The form of these tables: one row per migration, the highest holds.
CREATE TABLE schema_version (
  -- Number of the form; a program that knows only lower ones refuses the warehouse | count | program | 1
  version INTEGER NOT NULL,
  -- When it was applied | UTC time | program | 2026-03-05T12:00:00Z
  applied_at TIMESTAMPTZ NOT NULL,
  -- The program that applied it | version | program | 0.1.0
  wirehouse_version VARCHAR NOT NULL,
  -- Digest of schema.sql and views.sql: where it differs, columns, comments and views are brought up too | sha256, hex | program | 9a41…
  digest VARCHAR
);

-- How many loads there were. Every load changes its one row, so that of two loads at once the second is refused and tried again.
CREATE TABLE turnstile (
  -- Loads so far | count | load | 1807
  loads BIGINT NOT NULL
);
