"""Judge what a publisher did between two versions of a story. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

CHANGE_KINDS = ("new", "refile", "update", "writethru", "correction", "kill", "restore", "extractor_change")
"""All values of `change_kind`; `new` is a chain's first version."""

LONGEST = 3_000
"""Words of a rewritten passage that are compared."""

_WORD = re.compile(r"\w+", re.UNICODE)
_GONE = ("canceled", "withheld")
_SIGNALS = (
    # What wires write, in the order in which it counts: a correction in a write-thru is a correction.
    ("correction", re.compile(r"correct", re.I)),
    ("writethru", re.compile(r"write-?\s?th(?:ru|rough)|\bwthr\b", re.I)),
    ("refile", re.compile(r"refile|re-?send|resent|repeat", re.I)),
)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one version said: all that a judgement looks at."""

    headline: str | None
    body_text: str
    pub_status: str
    signal: str | None
    ed_note: str | None
    correction_text: str | None
    content_hash: str
    extractor_version: str
    raw_ref: str | None
    """Its last part is the digest of the bytes (`records.Capture`)."""


def change_kind(old: Said, new: Said) -> str:
    """Name what the publisher did: one of CHANGE_KINDS.

    In this order, since the earlier reason explains the later ones away:

    - `extractor_change`: the same bytes, read by another version of the extractor, or the very same
      capture read again (by another rule, maybe); never an edit by the publisher, however much
      the words differ
    - `kill`, `restore`: its standing went from usable to withheld or canceled, or back
    - `correction`: a correction's words are new, or the signal says so
    - `writethru`, `refile`: the signal, which is new or comes with new words, says so
    - `refile` also: neither headline nor body has other words
    - `update`: all else
    """
    if (old.raw_ref is not None and old.raw_ref == new.raw_ref) or (
        _same_bytes(old.raw_ref, new.raw_ref) and old.extractor_version != new.extractor_version
    ):
        return "extractor_change"
    if (old.pub_status in _GONE) != (new.pub_status in _GONE):
        return "kill" if new.pub_status in _GONE else "restore"
    if new.correction_text and _words(new.correction_text) != _words(old.correction_text):
        return "correction"
    same_text = old.content_hash == new.content_hash and _words(old.headline) == _words(new.headline)
    if new.signal and (new.signal != old.signal or not same_text):
        for kind, pattern in _SIGNALS:
            if pattern.search(new.signal):
                return kind
    if new.ed_note and _words(new.ed_note) != _words(old.ed_note):
        for kind, pattern in _SIGNALS:
            if pattern.search(new.ed_note):
                return kind
    return "refile" if same_text else "update"


def diff_ratio(old: Said, new: Said) -> float:
    """Share of the words of headline and body that differ, 0–1, to four places.

    >>> from dataclasses import replace
    >>> a = Said(headline="Rain", body_text="It rained on Monday", pub_status="usable", signal=None,
    ...     ed_note=None, correction_text=None, content_hash="", extractor_version="1", raw_ref=None)
    >>> diff_ratio(a, replace(a, body_text="It rained on Tuesday"))
    0.2
    >>> diff_ratio(a, replace(a, body_text="IT  RAINED on “Monday”."))
    0.0

    Half of the words replaced is 0.5; a text of which nothing is left, 1.0. Case,
    space and punctuation do not count. What is common at both ends is set aside
    first; of what remains, only the first LONGEST words of each are compared, and
    the rest counts as different: a rewritten live page must not take minutes.
    """
    left, right = _words(old.headline) + _words(old.body_text), _words(new.headline) + _words(new.body_text)
    total = len(left) + len(right)
    if left == right:
        return 0.0
    head = _common(left, right)
    left, right = left[head:], right[head:]
    foot = _common(left[::-1], right[::-1])
    left, right = left[: len(left) - foot], right[: len(right) - foot]
    blocks = SequenceMatcher(None, left[:LONGEST], right[:LONGEST], autojunk=False).get_matching_blocks()
    same = head + foot + sum(block.size for block in blocks)
    return round(1 - 2 * same / total, 4)


def _common(left: list[str], right: list[str]) -> int:
    """How many words both begin with."""
    return next(
        (n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )


def _words(text: str | None) -> list[str]:
    return _WORD.findall((text or "").lower())


def _same_bytes(old: str | None, new: str | None) -> bool:
    """Have both references the same digest? Without one, nobody knows.

    >>> _same_bytes("ap/1/pages.warc.gz:7:sha1-AB", "ap/2/pages.warc.gz:99:sha1-AB")
    True
    """
    return bool(old and new) and _digest(old) is not None and _digest(old) == _digest(new)


def _digest(raw_ref: str | None) -> str | None:
    parts = (raw_ref or "").split("/")[-1].split(":", 2)
    return parts[2] if len(parts) == 3 else None
