"""A story as the trade hands stories on: IPTC ninjs 3.1, "news in JSON". Pure.

What a story does not say is left out. Source: the IPTC's ninjs 3.1 schema and user guide (https://iptc.org/std/ninjs/).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from w3lib.url import safe_url_string

STANDARD = {
    "name": "ninjs",
    "version": "3.1",
    "schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#",
}

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:%[0-9A-Fa-f]{2}|[!#$&'()*+,/:;=?@A-Za-z0-9._~\[\]-])+")
_MEDIA_TOPICS = "http://cv.iptc.org/newscodes/mediatopic/"


def item(story: Mapping[str, Any]) -> dict[str, Any]:
    """One row of `stories` as a ninjs news item.

        item({"story_id": "11a5…", "version": 2, "headline": "Rain stops play", …})
        # {"uri": "urn:uuid:…", "type": "text", "version": "2", "headlines": [{"role": "main", …}], …}

    `uri` is made of the story_id, since publishers' guids are not unique: it stays the same over all
    versions, addresses and exports. The publisher's own identifier stands in `altIds`.
    """
    body = story["body_text"]
    found = {
        "uri": uuid5(NAMESPACE_URL, f"wirehouse:story:{story['story_id']}").urn,
        "standard": STANDARD,
        "type": "text",
        "representationType": "partial" if story["is_truncated"] or not body else "full",
        "version": str(story["version"]),
        "firstCreated": _time(story["first_created"] or story["published_at"]),
        "versionCreated": _time(story["version_created"] or story["modified_at"] or story["valid_from"]),
        "contentCreated": _time(story["published_at"]),
        "embargoedUntil": _time(story["embargoed_until"]),
        "expires": _time(story["expires"]),
        "pubStatus": story["pub_status"],
        "urgency": story["urgency"] if story["urgency"] in range(1, 10) else None,
        "language": story["language"],
        "title": story["alternative_headline"],
        "headlines": _texts(main=story["headline"], alternative=story["alternative_headline"]),
        "bodies": [_body(body, story["word_count"])] if body else [],
        "descriptions": _texts(
            summary=story["description"], dateline=story["dateline"], correction=story["correction_text"]
        ),
        "by": story["byline"],
        "people": [{"name": name, "rel": "author"} for name in story["authors"]],
        "slugline": story["slugline"],
        "located": story["located"],
        "edNote": story["ed_note"],
        "infoSources": _info_sources(story),
        "subjects": _subjects(story),
        "genres": [{"name": name} for name in story["genres"]],
        "copyrightHolder": story["copyright_holder"],
        "copyrightNotice": story["copyright_notice"],
        "usageTerms": story["usage_terms"],
        "rightsInfo": _rights(story),
        "renditions": _renditions(story),
        "associations": _pictures(story),
        "altIds": _named(role="story_id", value=story["story_id"]) + _named(role="uri", value=story["uri"]),
    }
    return {name: value for name, value in found.items() if value not in (None, [], {}, "")}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def _texts(**by_role: str | None) -> list[dict[str, str]]:
    return [
        {"role": role, "contentType": "text/plain", "value": text} for role, text in by_role.items() if text
    ]


def _body(text: str, words: int) -> dict[str, Any]:
    return {
        "role": "main",
        "contentType": "text/plain",
        "charCount": len(text),
        "wordCount": words,
        "value": text,
    }


def _info_sources(story: Mapping[str, Any]) -> list[dict[str, str]]:
    """The agency whose copy it is, the credit as printed, who else is named, and who published it."""
    return [
        *_named(role="origin", name=story["origin_agency"]),
        *_named(role="credit", name=story["credit_line"]),
        *({"role": "source", "name": name} for name in story["info_sources"]),
        {"role": "publisher", "literal": story["source_id"]},
    ]


def _subjects(story: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        *(_subject(**subject) for subject in story["subjects"]),
        *_named(rel="section", name=story["section"]),
        *({"rel": "keyword", "name": word} for word in story["keywords"]),
    ]


def _subject(scheme: str | None, code: str | None, name: str | None) -> dict[str, str]:
    """A coded subject; its URI where the code has one.

    >>> _subject("medtop", "15000000", "sport")
    {'rel': 'subject', 'name': 'sport', 'uri': 'http://cv.iptc.org/newscodes/mediatopic/15000000'}
    >>> _subject("desk", "SPO", None)
    {'rel': 'subject', 'literal': 'desk:SPO'}
    """
    found = {"rel": "subject"} | ({"name": name} if name else {})
    address = _uri(f"{_MEDIA_TOPICS if scheme == 'medtop' else scheme or ''}{code}") if code else None
    if address and (scheme == "medtop" or "://" in address):
        return found | {"uri": address}
    return found | ({"literal": ":".join(filter(None, (scheme, code)))} if code else {})


def _rights(story: Mapping[str, Any]) -> dict[str, str] | None:
    link = _uri(story["license_url"]) or _uri(story["tdm_policy"])
    return {"linkedRights": link} if link else None


def _renditions(story: Mapping[str, Any]) -> list[dict[str, str]]:
    pages = {"web": story["url"], "canonical": story["canonical_url"], "amp": story["amp_url"]}
    return [
        {"name": name, "href": href, "contentType": "text/html"}
        for name, url in pages.items()
        if (href := _uri(url))
    ]


def _pictures(story: Mapping[str, Any]) -> list[dict[str, Any]]:
    address = _uri(story["image_url"])
    if address is None:
        return []
    rendition = {"name": "main", "href": address}
    return [{"name": "main picture", "uri": address, "type": "picture", "renditions": [rendition]}]


def _named(**values: str | None) -> list[dict[str, str]]:
    """One object, or none if one of its values is not there."""
    return [{k: v for k, v in values.items() if v}] if all(values.values()) else []


def _uri(text: str | None) -> str | None:
    """A URI as RFC 3986 has it; None for what cannot be one.

    >>> _uri("https://wire.example/a b|ü"), _uri("https://wire.example/%"), _uri("see below")
    ('https://wire.example/a%20b%7C%C3%BC', None, None)
    """
    if not text:
        return None
    try:
        safe = safe_url_string(text).replace("|", "%7C")
    except ValueError:
        return None
    return safe if _URI.fullmatch(safe) else None
