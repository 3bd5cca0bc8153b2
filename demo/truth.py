"""Say what a perfect reader gets from each page, and how each announced URL must end. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypedDict

from demo import channels, markup, wording
from demo.press import Press, Printing
from pipelines.ledger import Outcome
from pipelines.records import Story
from pipelines.urls import address, canonical, story_id

NOT_OF_THE_PAGE = frozenset(
    {"fetched_at", "content_hash", "run_id", "raw_ref", "published_candidates"}
    | {"extractor", "extractor_version", "extraction_confidence"}
)
"""Fields of `Story` that the reader makes, not the page: not to be compared with the truth."""

FIRST_OUTCOME = {
    "missing": Outcome.GONE,
    "error": Outcome.HTTP_ERROR,
    "redirect": Outcome.DUPLICATE,
    "loop": Outcome.HTTP_ERROR,
    "pdf": Outcome.NOT_HTML,
    "empty": Outcome.REJECTED,
    "forbidden": Outcome.ROBOTS_DENIED,
    "garbled": Outcome.BAD_CONTENT,
    "front": Outcome.NOT_STORY,
}
"""By fate, of a URL that was never fetched before; all others are new."""


@dataclass(frozen=True, kw_only=True)
class Version:
    at: datetime
    """From when the page says so."""
    change_kind: str
    """new, update, writethru, correction or kill; gone when the page is no more."""
    story: Story | None
    """None once the page is gone."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """All that is true of one announced URL at one moment."""

    url: str
    """As it is announced; the ledger has it by its key, `canonical(url)`."""
    site: str
    source_id: str
    number: int
    guid: str | None
    published: datetime
    """When the page came out, to the second, whatever it says itself."""
    fate: str
    outcome: Outcome
    """Of a first fetch at that moment; see `outcome_after` for later ones."""
    channels: tuple[str, ...]
    """That announce it, if they are read soon enough."""
    story: Story | None
    """What the page says now; None where no story is to be had."""
    versions: tuple[Version, ...]
    """So far, oldest first, of a URL that ever held a story."""
    origin: str | None
    """For a reprint: URL of the agency's own page."""
    manner: str
    """own, word, retitled or cut."""
    word_for_word: bool | None
    """For a reprint: is the body the one that the agency first filed?"""

    def outcome_after(self, fetched_at: datetime) -> Outcome:
        """Of a fetch now, if the last one was at `fetched_at`: unchanged unless a version came between."""
        if self.outcome is not Outcome.NEW:
            return self.outcome
        return Outcome.UPDATED if self.versions[-1].at > fetched_at else Outcome.UNCHANGED


def truth(press: Press, printing: Printing, now: datetime) -> Truth:
    """The truth of one printing at `now`; `printing` is any version of it."""
    chain = tuple(_chain(press, printing, now)) if printing.fate not in FIRST_OUTCOME else ()
    outcome = FIRST_OUTCOME.get(printing.fate, Outcome.NEW)
    if chain and chain[-1].story is None:
        outcome = Outcome.GONE
    base = press.origins[printing.site.key]
    return Truth(
        url=address(channels.announced_url(printing)),
        site=printing.site.key,
        source_id=f"demo_{printing.site.key}",
        number=printing.number,
        guid=channels.guid(printing),
        published=printing.published,
        fate=printing.fate,
        outcome=outcome,
        channels=tuple(base + channel.path for channel in printing.site.channels),
        story=chain[-1].story if chain else None,
        versions=chain,
        origin=printing.origin,
        manner=printing.manner,
        word_for_word=printing.manner != "cut" if printing.is_reprint else None,
    )


def story(p: Printing) -> Story:
    """What the page of a printing says, as its form lets it be said; None where it is silent."""
    form, body = p.site.form, "\n\n".join(b.text for b in p.blocks)
    source_id, url = f"demo_{p.site.key}", address(p.url)
    modified = _modified(p)
    said = not p.is_kill
    return Story(
        **_published(p),
        story_id=story_id(source_id, canonical(url)),
        source_id=source_id,
        url=url,
        uri=channels.guid(p),
        canonical_url=None if form == "lines" else url,
        amp_url=p.url.removesuffix(p.path) + markup.amp_path(p) if form == "amp" else None,
        pub_status="usable" if said else "canceled",
        signal=p.change if p.change in ("writethru", "correction", "kill") else None,
        first_created=p.local(p.published).astimezone(UTC) if form == "jsonld" else None,
        version_created=modified,
        modified_at=modified,
        fetched_at=p.modified or p.published,
        headline=p.headline,
        alternative_headline=markup.other_headline(p) if form == "jsonld" and said else None,
        byline=wording.byline(p),
        authors=wording.authors(p),
        dateline=wording.dateline(p),
        located=wording.located(p) if wording.dateline(p) else None,
        credit_line=wording.credit(p),
        info_sources=(p.agency,) if p.agency and wording.source_line(p) else (),
        description=p.copy.description if form != "lines" and said else None,
        body_text=body,
        word_count=len(body.split()),
        language=p.copy.language,
        section=p.copy.section if form in _TOPICAL else None,
        keywords=p.copy.keywords if form in _TOPICAL and said else (),
        ed_note=wording.editors_note(p),
        correction_text=wording.correction(p),
        image_url=markup.image_url(p) if form in _TOPICAL else None,
        copyright_holder=p.agency if form == "lines" and p.agency else p.site.title,
        copyright_notice=markup.station_rights(p) or wording.copyright_line(p),
        tdm_reserved=False if form == "meta" else None,
        rights_reserved=False if form == "meta" else None,
        rights_evidence=("robots: index,follow,max-image-preview:large (meta)", "tdm-reservation: 0 (meta)")
        if form == "meta"
        else (),
        robots_meta="index,follow,max-image-preview:large" if form == "meta" else None,
        is_accessible_for_free=True if form in ("jsonld", "amp") else None,
        origin_agency=p.agency,
        is_syndicated=p.is_reprint,
        content_hash=_content_hash(body),
        extractor="demo",
        extractor_version="truth",
        extraction_confidence=1.0,
    )


_TOPICAL = ("jsonld", "meta", "microdata", "amp")
"""Forms that state section, keywords and image."""


def as_json(told: Truth) -> dict[str, object]:
    """A line of `python -m demo truth`."""
    return {key: value for key, value in asdict(told).items() if key != "versions"} | {
        "versions": [{"at": v.at, "change_kind": v.change_kind} for v in told.versions]
    }


def _chain(press: Press, printing: Printing, now: datetime) -> Iterator[Version]:
    for at in (printing.published, *press.changes(printing)):
        there = press.find(printing.site.key, printing.path, at) if at <= now else None
        if there is not None:
            said = None if there.change == "gone" else story(there)
            yield Version(at=at, change_kind=there.change, story=said)


class _Published(TypedDict):
    published_at: datetime
    published_raw: str
    published_precision: str
    published_evidence: str
    published_tz_known: bool


def _published(p: Printing) -> _Published:
    """When the page says it came out; what its channel says counts only where the page is silent."""
    here, spoken = p.local(p.published), wording.spoken(p, p.published)
    raw, precision, known = markup.stated(p, "published") or "", "minute", True
    match p.site.form:
        case "jsonld" | "amp":
            evidence = "jsonld"
        case "meta":
            evidence = "meta"
        case "microdata":
            evidence = "html"
        case "lines" if p.is_reprint:
            raw, evidence, precision = here.isoformat(), "feed", "second"
        case _:
            raw, evidence, known = spoken, "html", False
    if markup.day_only(p):
        raw, precision = spoken.split(",")[0], "day"
        here = datetime(here.year, here.month, here.day, tzinfo=UTC)  # a day has no zone
    return _Published(
        published_at=here.astimezone(UTC),
        published_raw=raw,
        published_precision="second" if p.site.seconds else precision,
        published_evidence=evidence,
        published_tz_known=known,
    )


def _modified(p: Printing) -> datetime | None:
    """A station dates its reprints by `Updated:` alone, so that is what the page says."""
    moment = p.published if p.site.form == "lines" and p.is_reprint else p.modified
    return None if moment is None else p.local(moment).astimezone(UTC)


def _content_hash(body: str) -> str:
    """sha256 of the words: case, space and typography make no difference."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", body).casefold())
    return sha256(" ".join(words).encode()).hexdigest()
