"""What ninjs 3.1 asks of a text item, as far as we write one: names, types, words to choose from.

Written after the IPTC's schema (http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json), which allows no
property that it does not name, on any level.
"""

from typing import Any

TEXT = {"type": "string", "minLength": 1}
URI = {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9+.-]*:(%[0-9A-Fa-f]{2}|[!#$&'()*+,/:;=?@A-Za-z0-9._~\[\]-])+$"}  # fmt: skip
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
COUNT = {"type": "integer", "minimum": 0}


def closed(*required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def some(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1}


WORDS = closed("value", role=TEXT, contentType=TEXT, value=TEXT)
RENDITION = closed(
    "name", name=TEXT, href=URI, contentType=TEXT, title=TEXT, width=COUNT, height=COUNT, sizeInBytes=COUNT
)
KIND = {"enum": ["text", "audio", "video", "picture", "graphic", "composite", "component", "event", "planning"]}  # fmt: skip

NEWS_ITEM = closed(
    "uri",
    uri=URI,
    type=KIND,
    representationType={"enum": ["full", "partial"]},
    profile=TEXT,
    version=TEXT,
    firstCreated=TIME,
    versionCreated=TIME,
    contentCreated=TIME,
    embargoedUntil=TIME,
    expires=TIME,
    pubStatus={"enum": ["usable", "withheld", "canceled"]},
    urgency={"type": "integer", "minimum": 1, "maximum": 9},
    copyrightHolder=TEXT,
    copyrightNotice=TEXT,
    usageTerms=TEXT,
    edNote=TEXT,
    language=TEXT,
    descriptions=some(WORDS),
    bodies=some(closed("value", role=TEXT, contentType=TEXT, charCount=COUNT, wordCount=COUNT, value=TEXT)),
    headlines=some(WORDS),
    people=some(closed(name=TEXT, rel=TEXT, uri=URI, literal=TEXT)),
    subjects=some(closed(name=TEXT, rel=TEXT, uri=URI, literal=TEXT, creator=TEXT)),
    infoSources=some(closed(name=TEXT, role=TEXT, uri=URI, literal=TEXT)),
    title=TEXT,
    by=TEXT,
    slugline=TEXT,
    located=TEXT,
    renditions=some(RENDITION),
    associations=some(
        closed("name", "uri", name=TEXT, rel=TEXT, uri=URI, type=KIND, renditions=some(RENDITION))
    ),
    altIds=some(closed(role=TEXT, value=TEXT)),
    standard=closed(name=TEXT, version=TEXT, schema=URI),
    genres=some(closed(name=TEXT, uri=TEXT, literal=TEXT)),
    rightsInfo=closed("linkedRights", langId=URI, linkedRights=URI),
)
