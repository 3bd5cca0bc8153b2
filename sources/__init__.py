"""WHAT WE FOLLOW: one `<source>.toml` per source; data, no code.

The file's name is the source's name: lower case letters, digits and `_`. The keys:

| key | type | default | meaning |
|---|---|---|---|
| `title` | text | *required* | the publisher's own name |
| `home` | URL | *required* | front page; gives the host that is in scope |
| `language` | BCP 47 | none | what its stories are written in |
| `timezone` | IANA name | `UTC` | for times printed without an offset |
| `every` | duration | `15m` | least time between two crawls |
| `feeds` | URLs | none | RSS, Atom or JSON Feed |
| `sitemaps` | URLs | none | news sitemaps, plain ones, or indexes of them |
| `sections` | URLs | none | pages that link stories, told by their shape; `allow` and `deny` come first |
| `discover` | true/false | `false` | follow the feeds that home and the sections name as theirs |
| `archives` | patterns | none | for a backfill: `https://x.example/{year}-{month:02}.xml`, also `{day:02}` |
| `enabled` | true/false | `true` | false: declared, valid, and not crawled unless switched on here |
| `tags` | texts | none | for choosing sources: country, kind, owner … |
| `agency` | text | none | the wire agency whose own site this is |
| `same_by` | `url`/`guid` | `url` | what makes two pages the same story |
| `hosts` | texts | none | further hosts in scope; home's and the channels' are |
| `allow` | regexes | all | a story's URL must match one |
| `deny` | regexes | none | … and none of these |
| `budget` | number | `500` | most stories fetched in one crawl |
| `recheck` | durations | a ladder | ages at which a story is looked at again |
| `delay` | duration | `1s` | least time between two requests to a host |
| `private_hosts` | texts | none | hosts that may have a private address (demo, intranet) |
| `rights` | word | `metadata` | what is reserved: `keep`, only its `metadata`, or `skip` it |
| `keep` | duration | for ever | how long its archived pages are kept; rows stay |
| `[expect]` | table | none | promises: `stories = {min, max}` a day, `fresh`, `filled = {field = share}` |
| `[[rules]]` | tables | none | `body`, `headline`, `byline`, `published_at`, `drop`; `until` a day |

A duration is a whole number and a unit: `200ms`, `45s`, `15m`, `6h`, `1d`. One of `feeds`,
`sitemaps` and `sections` must be there, or `discover = true`. A key that is not in this table is an error.
"""
