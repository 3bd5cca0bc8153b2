"""Do its pages say as much as ever? Layout, paywall, dates, duplicates; and what must not be loaded. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pipelines.checks import chance
from pipelines.checks.chance import SURE
from pipelines.checks.judging import FEW, Judging, Share
from pipelines.checks.measuring import UNREAD, is_filled
from pipelines.ledger import Cause, Finding, Severity
from pipelines.measures import Measures

MOST = 0.8
GREW = 0.3
ENOUGH = 10
"""Stories whose middle length is worth comparing."""

LESS_SURE = 0.2
"""By what the mean confidence must have fallen to be worth a word; twice that, and below LEAST, holds."""
LEAST = 0.4

SHORTER = 0.35
"""Of the usual length."""

BROKEN = 4.0
"""Nats by which a promised share must be missed: one of five without a field breaks no promise of 90 %, half
of ten does. One of 100 % is broken by a single story."""

LOOK = "look at one archived page beside its story: new layout, consent wall or paywall? then add a rule"


def pages_hold_stories(j: Judging) -> Iterator[Finding]:
    """Pages were fetched and could not be read: none at all is green, but empty."""
    share = j.share(lambda m: m.unread, lambda m: m.pages)
    reasons = Counter(line.reason or line.outcome.value for line in j.ledger if line.outcome in UNREAD)
    why = ", ".join(f"{n} × {reason}" for reason, n in reasons.most_common(3))
    none = j.m.unread >= FEW and j.m.unread == j.m.pages
    most = share.of >= FEW and share.now >= MOST and share.usual < MOST / 2
    if none or most or (share.surprise >= SURE and share.now >= share.usual + GREW):
        yield j.finding(
            "pages_hold_stories",
            Severity.ERROR if none or most else Severity.WARNING,
            Cause.PAYWALL if _is_walled(j) else Cause.LAYOUT_CHANGED,
            f"none of {j.m.unread} pages holds a story: {why}"
            if none
            else f"{share.now:.0%} of {share.of} pages hold no story: {why}",
            LOOK,
            str(share),
            holds=j.run.kind != "replay"
            and j.m.pages >= FEW
            and j.m.unread >= MOST * j.m.pages
            and share.usual < MOST / 2,  # else somebody has said before that this is how it is
        )


def stories_are_whole(j: Judging) -> Iterator[Finding]:
    """More stories than usual are cut, or say that they are to be paid for."""
    for name, part in (("stories_are_free", _paywalled), ("stories_are_whole", _truncated)):
        share = j.share(part, _stories)
        if share.surprise >= SURE / 2 and share.now >= share.usual + GREW:
            said = "say that they are not free" if part is _paywalled else "are cut after their beginning"
            yield j.finding(
                name,
                Severity.WARNING,
                Cause.PAYWALL,
                f"{share.now:.0%} of {share.of} stories {said}",
                "open one in a browser without a login: if it is cut there too, that is all there is",
                f"{share}; median {j.m.words or 0:.0f} words",
            )


def reading_is_sure(j: Judging) -> Iterator[Finding]:
    """The reader is less sure of the bodies than it was, or they became much shorter."""
    usual, words = j.middle(lambda m: m.confidence), j.middle(lambda m: m.words)
    cause = Cause.PAYWALL if _is_walled(j) else Cause.LAYOUT_CHANGED
    if usual is not None and j.m.confidence is not None and j.m.stories >= FEW:
        fell = usual - j.m.confidence
        if fell >= LESS_SURE:
            collapsed = fell >= 2 * LESS_SURE and j.m.confidence < LEAST
            yield j.finding(
                "reading_is_sure",
                Severity.ERROR if collapsed else Severity.WARNING,
                cause,
                f"the reader is sure of its stories to {j.m.confidence:.2f}, where {usual:.2f} is usual",
                LOOK,
                f"mean of {j.m.stories} stories",
                holds=collapsed,
            )
    if words and j.m.words is not None and j.m.stories >= ENOUGH and j.m.words <= SHORTER * words:
        yield j.finding(
            "bodies_are_as_long",
            Severity.WARNING,
            cause,
            f"a story has {j.m.words:.0f} words, where {words:.0f} are usual",
            LOOK,
            f"median of {j.m.stories} stories",
        )


def fields_are_filled(j: Judging) -> Iterator[Finding]:
    """A field is filled in fewer stories than promised, or than usual."""
    walled = _is_walled(j)
    cause = Cause.PAYWALL if walled else Cause.LAYOUT_CHANGED
    for field, promised in j.source.expect.filled.items():
        empty = _empty(j, field, FEW)
        if field not in {c.name for c in j.m.filled}:  # a field that nobody else asks for
            count = sum(is_filled(getattr(s, field)) for s in j.stories)
            empty = empty._replace(of=j.m.stories, now=1 - count / max(1, j.m.stories))
        short = chance.more(round(empty.now * empty.of), empty.of, 1 - promised)
        if empty.of >= FEW and short >= BROKEN:
            was_better = empty.surprise > 0  # of a new source nobody knows whether the promise was ever true
            yield j.finding(
                "fields_filled",
                Severity.WARNING,
                cause if walled or was_better else Cause.UNKNOWN,
                f"{field} is filled in {1 - empty.now:.0%} of {empty.of} stories, promised {promised:.0%}",
                f"look at one story without {field}: did the page's layout change?"
                if was_better
                else f"look at one story without {field}: if its page has none, promise less in `[expect]`; "
                "if it has one, add a rule",
                f"usual are {1 - empty.usual:.0%}" if was_better else "it was not seen to be better before",
            )
    lost = []
    for field in (c.name for c in j.m.filled if c.name not in j.source.expect.filled):
        empty = _empty(j, field, ENOUGH)
        if empty.surprise >= SURE and empty.now >= empty.usual + GREW:
            lost.append((field, empty))
    if lost:
        yield j.finding(
            "fields_as_usual",
            Severity.WARNING,
            cause if len(lost) > 1 else Cause.UNKNOWN,  # one alone may be the writers' doing
            f"{', '.join(field for field, _ in lost)}: filled in fewer stories than usual",
            f"look at one story without {lost[0][0]}: did the page's layout change?",
            "; ".join(f"{field}: empty in {share}" for field, share in lost),
        )


def dates_can_be(j: Judging) -> Iterator[Finding]:
    """Stories with a time of publication that cannot be, or in a form that we do not know."""
    share = j.share(lambda m: m.misdated, _stories)
    if share.surprise >= SURE / 2 and share.now >= share.usual + GREW:
        stated = next(
            (d.raw for s in j.stories if "impossible" in s.date_flags for d in s.published_candidates), "?"
        )
        yield j.finding(
            "dates_can_be",
            Severity.ERROR if share.now >= MOST else Severity.WARNING,
            Cause.DATES_WRONG,
            f"{share.now:.0%} of {share.of} stories state a time that cannot be, such as {stated!r}",
            "look at one story: its publisher's fault? do we read the wrong element? name it in a rule",
            str(share),
            holds=share.now >= MOST and j.m.misdated >= FEW and j.run.kind != "replay",
        )
    unknown = j.share(lambda m: m.undeciphered, _stories, ENOUGH)
    if unknown.surprise >= SURE and unknown.now >= unknown.usual + GREW:
        raw = next((d.raw for s in j.stories for d in s.published_candidates if d.at is None), "?")
        yield j.finding(
            "dates_are_known",
            Severity.WARNING,
            Cause.DATES_WRONG,
            f"{unknown.now:.0%} of {unknown.of} stories have a date in an unknown form, such as {raw!r}",
            "report the form: it belongs into pipelines/page/dates.py",
            str(unknown),
        )


def stories_are_once(j: Judging) -> Iterator[Finding]:
    """The same text under several addresses of one run: a storm of duplicates, or one page for all."""
    share = j.share(lambda m: m.repeated, _stories)
    text, often = Counter(s.content_hash for s in j.stories).most_common(1)[0] if j.stories else ("", 0)
    alike = often >= FEW and often >= MOST * len(j.stories)
    grew = share.surprise >= SURE / 2 and share.now >= share.usual + GREW
    if not grew and not (alike and share.usual < MOST / 2):  # one text for all is wrong of a new source too
        return
    one = next((s for s in j.stories if s.content_hash == text), None)
    yield j.finding(
        "bodies_differ" if alike else "stories_are_once",
        Severity.ERROR if alike else Severity.WARNING,
        Cause.LAYOUT_CHANGED if alike else Cause.DUPLICATES,
        f"{often} of {len(j.stories)} stories have the same text"
        if alike
        else f"{share.now:.0%} of {share.of} stories repeat another one's text under an address of their own",
        "look at two of these pages: a notice in place of the story?"
        if alike
        else "nothing is lost, they load as duplicates; a pattern in their addresses? name it in `deny`",
        f"{share}; such as {one.url if one else '?'}",
        holds=alike and j.run.kind != "replay",
    )


def credits_are_known(j: Judging) -> Iterator[Finding]:
    """Credits that look like an agency's and are none that we know: each may be a lineage lost."""
    unknown = Counter(
        s.credit_line for s in j.stories if s.credit_line and not s.origin_agency and not s.info_sources
    )
    for credit, stories in unknown.most_common(3):
        if stories >= FEW:
            yield j.finding(
                "credits_are_known",
                Severity.NOTE,
                Cause.UNKNOWN,
                f"{stories} stories are credited to {credit!r}, which is no agency that we know",
                "if it is one, add it to pipelines/page/agencies.toml",
            )


def _is_walled(j: Judging) -> bool:
    """Do the pages themselves say that the story is for subscribers, or show only its beginning?"""
    return any(
        (share := j.share(part, _stories)).now >= share.usual + GREW and share.of >= FEW
        for part in (_paywalled, _truncated)
    )


def _stories(m: Measures) -> int:
    return m.stories


def _paywalled(m: Measures) -> int:
    return m.paywalled


def _truncated(m: Measures) -> int:
    return m.truncated


def _empty(j: Judging, field: str, least: int) -> Share:
    """The share of stories without a field, of the runs that counted it."""

    def filled(m: Measures) -> int | None:
        return next((c.count for c in m.filled if c.name == field), None)

    def empty(m: Measures) -> int:
        count = filled(m)
        return 0 if count is None else m.stories - count

    return j.share(empty, lambda m: 0 if filled(m) is None else m.stories, least)
