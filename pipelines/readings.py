"""Compare what a page said when it was read before with what is read in it now. Pure.

    old row + new reading ─▸ Tally.add ─▸ Tally (of a day) ─▸ merged ─▸ breaches(limits) ─▸ a report

Counts only, and the worst few examples: memory does not grow with what is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from pipelines.ledger import Reject
from pipelines.records import Story

NOT_READ = frozenset({"source_id", "story_id", "url", "fetched_at", "raw_ref", "run_id"})
"""Fields that say which page it was, not what was read in it."""

OF_THE_READER = frozenset({"extractor", "extractor_version", "extraction_confidence"})
"""Fields of which a change alone changes nothing."""

DERIVED = frozenset({"word_count", "content_hash"})
"""Fields that say again what the body says."""

COMPARED = tuple(n for n in Story.__dataclass_fields__ if n not in NOT_READ | OF_THE_READER | DERIVED)

REPORTED = ("headline", "body_text", "published_at", "authors")
"""Fields that a report tells of even where nothing changed."""

EXAMPLES = 5
SHORTER, LONGER = 0.8, 1.25
"""Words of the new body to those of the old one, from where on a story counts as shorter or longer."""

EXCERPT = 300
"""Characters of a value in an example."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Inside of these what was read again is loaded without asking anybody; shares 0–1, of the stories."""

    changed: float = 0.10
    """Most stories of which any field changed."""
    lost: float = 0.01
    """Most stories in whose page none is found any more."""
    shorter: float = 0.02
    """Most stories that lost more than a fifth of their words."""
    confidence_loss: float = 0.01
    """By which the mean extraction confidence may fall."""


@dataclass
class Tally:
    """What came of some pages of one source, read again."""

    pages: int = 0
    """Read again."""
    unreadable: int = 0
    """Deleted, or damaged."""
    stories: int = 0
    """Pages in which a story was read before."""
    changed: int = 0
    gained: int = 0
    """Pages that were rejected, and give a story now."""
    lost: int = 0
    shorter: int = 0
    longer: int = 0
    words_before: int = 0
    words_now: int = 0
    confidence_before: float = 0.0
    """Sum over the stories that were read both times; so below."""
    confidence_now: float = 0.0
    both: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    """In how many stories each field changed."""
    filled_before: Counter[str] = field(default_factory=Counter)
    filled_now: Counter[str] = field(default_factory=Counter)
    rejects: Counter[str] = field(default_factory=Counter)
    """Why stories were lost."""
    examples: list[dict[str, Any]] = field(default_factory=list)
    """The worst, worst first."""

    def add(self, old: Mapping[str, Any] | None, new: Story | Reject, where: Mapping[str, Any]) -> list[str]:
        """Take in one page; returns the fields that changed. `old`: the story's row, None if there was none.

        `where` are the page's `url` and `raw_ref`, for the examples.
        """
        self.pages += 1
        self.stories += old is not None
        if isinstance(new, Reject):
            if old is not None:
                self.lost += 1
                why = f"{new.outcome.value}: {new.reason}"
                self.rejects[why] += 1
                self._keep(where, 1.0, [{"field": "story", "before": old["headline"], "now": why}])
            return []
        if old is None:
            self.gained += 1
            self._keep(where, 0.5, [{"field": "story", "before": None, "now": _cut(new.headline)}])
            return []
        # That a story is gone was not read in its page.
        told = {"pub_status", "signal"} if old["signal"] == "gone" else set()
        differ = [
            name for name in COMPARED if name not in told and _plain(old[name]) != _plain(getattr(new, name))
        ]
        self._count(old, new, differ)
        if differ:
            shown = [_shown(name, old[name], getattr(new, name)) for name in differ]
            self._keep(where, _distance(old, new), shown)
        return differ

    def _count(self, old: Mapping[str, Any], new: Story, differ: list[str]) -> None:
        self.both += 1
        self.changed += bool(differ)
        self.fields.update(differ)
        ratio = new.word_count / old["word_count"] if old["word_count"] else 1.0
        self.shorter += ratio < SHORTER
        self.longer += ratio > LONGER
        self.words_before += old["word_count"]
        self.words_now += new.word_count
        self.confidence_before += old["extraction_confidence"]
        self.confidence_now += new.extraction_confidence
        self.filled_before.update(name for name in REPORTED if old[name])
        self.filled_now.update(name for name in REPORTED if getattr(new, name))

    def _keep(self, where: Mapping[str, Any], badness: float, shown: list[dict[str, Any]]) -> None:
        self.examples.append({**where, "badness": round(badness, 4), "fields": shown})
        self.examples.sort(key=lambda one: -one["badness"])
        del self.examples[EXAMPLES:]

    @property
    def share_changed(self) -> float:
        return (self.changed + self.lost) / self.stories if self.stories else 0.0

    @property
    def confidence_change(self) -> float:
        """Of the mean, over the stories read both times."""
        return (self.confidence_now - self.confidence_before) / self.both if self.both else 0.0


def merged(tallies: Iterable[Tally]) -> Tally:
    """All of them as one."""
    whole = Tally()
    for one in tallies:
        for name in Tally.__dataclass_fields__:
            mine = getattr(whole, name)
            if isinstance(mine, Counter):
                mine.update(getattr(one, name))
            else:
                setattr(whole, name, mine + getattr(one, name))
    whole.examples.sort(key=lambda example: -example["badness"])
    del whole.examples[EXAMPLES:]
    return whole


def breaches(tally: Tally, limits: Limits) -> list[str]:
    """Which limits it goes beyond, in words; none: it is inside.

    >>> breaches(Tally(stories=100, both=100, changed=30), Limits(changed=0.2))
    ['30.0 % of the stories changed (limit 20.0 %)']
    """
    found = []
    stories = max(tally.stories, 1)
    for share, limit, what in (
        (tally.share_changed, limits.changed, "of the stories changed"),
        (tally.lost / stories, limits.lost, "of the stories are lost"),
        (tally.shorter / stories, limits.shorter, "of the stories lost more than a fifth of their words"),
    ):
        if share > limit:
            found.append(f"{share:.1%} {what} (limit {limit:.1%})".replace("%", " %"))
    if -tally.confidence_change > limits.confidence_loss:
        found.append(
            f"mean confidence fell by {-tally.confidence_change:.3f} (limit {limits.confidence_loss:.3f})"
        )
    return found


def to_json(tally: Tally) -> dict[str, Any]:
    """As written into a rehearsal's folder."""
    values = {name: getattr(tally, name) for name in Tally.__dataclass_fields__}
    return {n: dict(v) if isinstance(v, Counter) else v for n, v in values.items()}


def from_json(values: Mapping[str, Any]) -> Tally:
    counters = {n: Counter(v) for n, v in values.items() if isinstance(v, dict)}
    return Tally(**{**values, **counters})


def _distance(old: Mapping[str, Any], new: Story) -> float:
    """How far the two readings are apart, 0–1; by words first, and a little by each field."""
    before, now = old["body_text"].split()[:500], new.body_text.split()[:500]
    ratio = SequenceMatcher(None, before, now, autojunk=False).quick_ratio()
    others = sum(_plain(old[n]) != _plain(getattr(new, n)) for n in REPORTED if n != "body_text")
    return float(min(1.0, 1.0 - ratio + 0.05 * others))


def _shown(name: str, old: Any, new: Any) -> dict[str, Any]:
    """A field before and now; of a long text, from where they part."""
    before, now = _plain(old), _plain(new)
    if isinstance(before, str) and isinstance(now, str):
        same = next((n for n, (a, b) in enumerate(zip(before, now, strict=False)) if a != b), None)
        start = max(0, (min(len(before), len(now)) if same is None else same) - 40)
        before, now = (("…" if start else "") + text[start:] for text in (before, now))
    return {"field": name, "before": _cut(before), "now": _cut(now)}


def _cut(value: Any) -> Any:
    text = value if value is None or isinstance(value, str) else str(value)
    return text if text is None or len(text) <= EXCERPT else text[:EXCERPT] + "…"


def _plain(value: Any) -> Any:
    """One form for what a row and a record have: lists, structs, times."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if hasattr(value, "timestamp"):
        return value.timestamp()
    return value.value if hasattr(value, "value") else value
