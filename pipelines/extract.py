"""Extract: one capture becomes one story, or a reason why not. Pure.

The page is decoded and parsed once; each reader takes its part of the same tree:

    markup ─▸ structured (what it states) ─▸ masthead (what it prints on top)
           ─▸ body (paragraphs)           ─▸ edges, wire (what stands at their ends)

and here their words become the fields of a `Story`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from pipelines.ledger import Outcome, Reject
from pipelines.page import (
    attribution,
    body,
    bylines,
    chronology,
    confidence,
    dates,
    edges,
    furniture,
    headlines,
    masthead,
    notstory,
    own_address,
    rights,
    rules,
    signals,
    wire,
    words,
)
from pipelines.page import markup as markup_
from pipelines.page import structured as structured_
from pipelines.records import Capture, Source, Story
from pipelines.urls import absolute, address, canonical, story_id

EXTRACTOR = "wirehouse"
EXTRACTOR_VERSION = "2"

_SCRIPT = re.compile(r"<script\b(?![^>]*ld\+json)[^>]*>(.{400,}?)</script>", re.S | re.I)

FEWEST_WORDS = 12
"""A flash has one sentence; what has less is a caption or a promise of a story."""

LEAST_CONFIDENCE = 0.15


def extract_page(capture: Capture, source: Source) -> Story | Reject:
    """What one captured page says; a `Reject` if it holds no story. Never raises for a bad page."""
    page = markup_.read(capture.body, capture.header("content-type"))
    if isinstance(page, Reject):
        return page
    text, tree = page
    stated = structured_.read(tree)
    said = rights.of_capture(tree, capture)
    rule = rules.choose(source.rules, capture.fetched_at)
    only = rules.first(tree, rule.body) if rule else None
    ruled = {
        field: rules.text(tree, getattr(rule, field)) if rule else None
        for field in ("headline", "byline", "published_at")
    }
    drop = rules.all_of(tree, rule.drop) if rule else []
    top = masthead.read(tree)
    read = body.read(tree, lambda: _SCRIPT.findall(text), stated.article_body, drop, only)
    headline = ruled["headline"] or headlines.choose(
        stated.headlines, top.titles, stated.site_names, capture.url, stated.section
    )
    if read is None:
        why = notstory.reason(
            capture.url, stated, top.titles, (), 1.0, bool(stated.published or top.published)
        )
        return Reject(outcome=Outcome.NOT_STORY if why else Outcome.REJECTED, reason=why or "empty")
    found = _story(capture, source, stated, top, read, headline, ruled)
    return found if isinstance(found, Reject) else rights.bound(found, said, source.rights)


def _story(
    capture: Capture,
    source: Source,
    stated: structured_.Stated,
    top: masthead.Masthead,
    read: body.Body,
    headline: str | None,
    ruled: dict[str, str | None],
) -> Story | Reject:
    own_names = [*stated.site_names, source.title, urlsplit(capture.url).hostname or ""]
    above = [line for line in (*read.before, *read.dropped) if len(line) < 300]
    below = [line for line in read.after if len(line) < 400]
    who = bylines.from_names(stated.authors, own_names)
    ends = edges.trim(
        read.paragraphs,
        [headline, *top.titles, *stated.headlines.values()],
        source.agency,
        who.persons,
    )
    notes = edges.sort([*above, *below], source.agency)
    tails = [
        name
        for b in (*ends.bylines, *top.bylines)
        for names in bylines.take_apart(b, own_names)[1:]
        for name in names
    ]
    known = (source.agency, *tails, *ends.sources, *notes.sources)
    line = wire.dateline(ends.paragraphs[0], known) if ends.paragraphs else None
    paragraphs = list(ends.paragraphs)
    if line is not None:
        paragraphs[0] = paragraphs[0][line.length :].lstrip()
        paragraphs = [p for p in paragraphs if p]
    byline, persons, signed = attribution.who(
        stated, who, top, ends, [*above, *below], own_names, ruled["byline"]
    )
    zone = source.timezone
    when = chronology.read(stated, top, ends, notes, ruled["published_at"], capture, zone)
    published = when.published
    words_ = [word for paragraph in paragraphs for word in paragraph.split()]
    mark = _signal(headline, paragraphs, ends, notes, (*above, *below))
    sources = tuple(dict.fromkeys([*ends.sources, *notes.sources]))
    why = notstory.reason(
        capture.url,
        stated,
        top.titles,
        paragraphs,
        read.links,
        published is not None and published.evidence in ("jsonld", "meta", "html"),
    )
    if why and mark != "kill":
        return Reject(outcome=Outcome.NOT_STORY, reason=why)
    if not words_ and mark != "kill":
        return Reject(outcome=Outcome.REJECTED, reason="empty")
    if _count(paragraphs) < FEWEST_WORDS and mark != "kill":
        return Reject(outcome=Outcome.REJECTED, reason="too_short")
    sure = confidence.of(read, paragraphs, stated.article_body)
    if sure < LEAST_CONFIDENCE and sum(map(len, paragraphs)) < 600 and mark != "kill":
        return Reject(outcome=Outcome.REJECTED, reason="low_confidence")
    # An archive that is replayed may be of many publishers; its source's language binds nobody.
    replayed = capture.lead is not None and capture.lead.channel_kind == "replay"
    if not replayed and _is_foreign(source.language, stated.language, paragraphs):
        return Reject(outcome=Outcome.REJECTED, reason="wrong_language")
    credit, agency = attribution.credit_and_agency(line, signed, sources, stated, source)
    notice = attribution.notice(stated, ends, notes, read.rights, agency, credit)
    said = words.words(" ".join(paragraphs))
    url = address(capture.url)
    stated_url = absolute(stated.canonical, capture.url) if stated.canonical else None
    guid = capture.lead.guid if capture.lead else None
    own = own_address.own_address(capture.url, stated.canonicals) or url
    key = guid if source.same_by == "guid" and guid else canonical(own)
    before = capture.lead.story_id if capture.lead else None
    return Story(
        story_id=before or story_id(source.name, key),
        source_id=source.name,
        url=url,
        uri=guid,
        canonical_url=address(stated_url) if stated_url else None,
        amp_url=absolute(stated.amp, capture.url) if stated.amp else None,
        pub_status="canceled" if mark == "kill" else "withheld" if mark == "withhold" else "usable",
        signal=mark,
        first_created=_at(stated.created, capture, zone),
        version_created=when.modified.at if when.modified else None,
        expires=_at(stated.expires, capture, zone, future=True),
        published_at=published.at if published else None,
        published_raw=published.raw if published else None,
        published_precision=published.precision if published else None,
        published_evidence=published.evidence if published else None,
        published_tz_known=published.tz_known if published else None,
        published_candidates=when.candidates,
        date_flags=when.flags,
        modified_at=when.modified.at if when.modified else None,
        fetched_at=capture.fetched_at,
        headline=headline,
        alternative_headline=headlines.alternative(
            headline,
            stated.headlines,
            top.titles,
            stated.alternative_headline,
            stated.site_names,
            capture.url,
        ),
        byline=byline,
        authors=persons,
        dateline=_printed(line, ends.paragraphs) if line else None,
        located=line.place if line else stated.located,
        credit_line=credit,
        info_sources=sources,
        description=_description(stated.description),
        body_text="\n\n".join(paragraphs),
        word_count=len(words_),
        is_truncated=_is_truncated(paragraphs, stated),
        language=stated.language,
        section=stated.section,
        keywords=stated.keywords or (() if mark == "kill" else top.tags),
        genres=_genres(stated, capture.url),
        ed_note=ends.ed_note or notes.ed_note,
        correction_text=stated.correction or ends.correction or notes.correction,
        image_url=absolute(stated.image_url, capture.url) if stated.image_url else None,
        copyright_holder=stated.copyright_holder or (wire.copyright_holder(notice) if notice else None),
        copyright_notice=notice,
        usage_terms=stated.usage_terms,
        robots_meta=stated.robots,
        is_accessible_for_free=stated.free,
        origin_agency=agency,
        is_syndicated=agency is not None and words.squash(agency) != words.squash(source.agency),
        content_hash=words.content_hash(said),
        extractor=EXTRACTOR,
        extractor_version=EXTRACTOR_VERSION,
        extraction_confidence=sure,
        raw_ref=capture.raw_ref,
    )


def _at(raw: str | None, capture: Capture, zone: str, future: bool = False) -> datetime | None:
    moment = dates.read(raw, zone) if raw else None
    return moment.at if moment and (future or dates.plausible(moment, capture.fetched_at)) else None


def _signal(
    headline: str | None,
    paragraphs: Sequence[str],
    ends: edges.Edges,
    notes: edges.Edges,
    around: Iterable[str],
) -> str | None:
    """What the page says on its edges that was done to the story; a kill before all else."""
    said = [headline, ends.ed_note, notes.ed_note, *paragraphs[:1]]
    marks = {signals.signal(line) for line in said if line and len(line) < 400}
    if sum(map(len, paragraphs)) < _NOTICE and any(
        signals.is_withdrawal(line) for line in (*paragraphs, *around)
    ):
        marks.add("kill")
    if ends.correction or notes.correction:
        marks.add("correction")
    first = next((kind for kind in signals.ORDER if kind in marks), None)
    return None if first == "advisory" else first


_NOTICE = 400
"""Characters; a page that says no more than this may be nothing but the notice that its story is gone."""


def _description(text: str | None) -> str | None:
    """The description, unless it is only the page's first lines run together: that describes nothing."""
    return None if text and furniture.is_broken_teaser(text) else text


def _is_truncated(paragraphs: Sequence[str], stated: structured_.Stated) -> bool:
    """Is only the story's beginning there? By its end, or by its own word count."""
    size = sum(len(p.split()) for p in paragraphs)
    if stated.word_count and stated.word_count > 120 and size < 0.5 * stated.word_count:
        return True
    ends_open = bool(paragraphs) and bool(re.search(r"(?:\.\.\.|…|\[\.\.\.\]|\[…\])\W*$", paragraphs[-1]))
    return ends_open or (stated.free is False and size < 150)


def _genres(stated: structured_.Stated, url: str) -> tuple[str, ...]:
    live = "LiveBlogPosting" in stated.types or re.search(
        r"/(?:live|liveblog|live-blog|live-updates?|ticker|live-news)(?:[/-]|$)", url
    )
    kinds = {
        "OpinionNewsArticle": "opinion",
        "AnalysisNewsArticle": "analysis",
        "ReviewNewsArticle": "review",
        "Review": "review",
        "ReportageNewsArticle": "reportage",
        "SatiricalArticle": "satire",
        "AdvertiserContentArticle": "advertorial",
        "BackgroundNewsArticle": "background",
    }
    found = [
        *stated.genres,
        *(kinds[t] for t in sorted(stated.types) if t in kinds),
        *(["live"] if live else []),
    ]
    return tuple(dict.fromkeys(found))


def _printed(line: wire.Dateline, paragraphs: Sequence[str]) -> str:
    return re.sub(
        r"(?:\s*[-–—―:=]+|(?<=[)/])\.[-–—]?|\.)\s*$", "", paragraphs[0][: line.length].strip()
    ).strip()


def _is_foreign(wanted: str | None, stated: str | None, paragraphs: Sequence[str]) -> bool:
    """Is the story in another language than its source's? Both the page and the text must say so.

    Pages are often marked as English whatever they are written in, so a mark alone
    rejects nothing; and the text is asked only where the mark differs, as that takes longer.
    """
    if not wanted or not stated or wanted.split("-")[0].lower() == stated.split("-")[0].lower():
        return False
    import py3langid  # heavy, and hardly ever needed

    found = str(py3langid.classify(" ".join(paragraphs)[:1_500])[0])
    return found != wanted.split("-")[0].lower()


def _count(paragraphs: Sequence[str]) -> float:
    """Words, where two ideographs make one."""
    return sum(len(p.split()) + len(re.findall(r"[\u3040-\u30ff\u3400-\u9fff]", p)) / 2 for p in paragraphs)
