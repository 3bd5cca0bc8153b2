"""Write the file that declares a probed site, with the evidence beside each key. Pure."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from datetime import timedelta
from math import ceil, floor
from urllib.parse import urlsplit

from pipelines.page.words import squash
from pipelines.probe.report import Report
from pipelines.probe.verdict import ENOUGH, FEED_KINDS
from pipelines.sources import LANGUAGE

PROMISED = ("headline", "published_at", "byline", "description", "section")


def declaration(report: Report, *, delay: timedelta | None, private: bool) -> str:
    """The declaration as TOML; it passes `wirehouse sources`.

    What is only likely stands as a comment. It is switched off: to crawl a site is its
    reader's decision, after the publisher's terms.
    """
    r = report
    used = [c for c in r.channels if c.used]
    rate = f", at least {_round(r.stories_per_day or 0)} stories a day" if _is_measured(r) else ""
    lines = [
        *_comments(f"{r.title or r.name}: probed {r.looked_at:%Y-%m-%d}{rate}."),
        *(line for p in r.problems for line in _comments(f"To do: {p.what}. Next: {p.next_step}.")),
        "",
        f"title = {_text(r.title or r.name)}",
        f"home = {_text(r.home)}",
    ]
    if r.language and LANGUAGE.fullmatch(r.language):
        spoken = r.languages[r.language]
        lines.append(
            f"language = {_text(r.language)}  {_comment(f'{spoken} of {r.stories} stories of the sample')}"
        )
    elif r.languages:
        lines.append(
            _comment(f"no `language`: the sample has {', '.join(r.languages)}, and each page says its own")
        )
    if r.timezone:
        lines.append(f"timezone = {_text(r.timezone)}  {_comment(r.timezone_evidence or '')}")
    elif r.stories and r.zones_stated == r.stories:
        lines.append(_comment("no `timezone`: all times of the sample state theirs"))
    else:
        why = r.timezone_evidence or "nothing tells the site's"
        lines.append(_comment(f'timezone = "UTC" unless you know better; {why}'))
    if r.agency:
        own = squash(r.agency) == squash(r.title)
        evidence = f"{r.credited} of {r.stories} stories of the sample are credited to it"
        key = f"agency = {_text(r.agency)}"
        lines.append(
            f"{key}  {_comment(evidence)}" if own else _comment(f"{key} if this is its own site: {evidence}")
        )
    lines += _urls("feeds", [c.url for c in used if c.kind in FEED_KINDS])
    lines += _urls("sitemaps", [c.url for c in used if c.kind in ("news_sitemap", "sitemap", "index")])
    lines += _urls("sections", [c.url for c in used if c.kind == "section"])
    others = [
        c for c in r.channels if not c.used and not c.trouble and c.stories and c.named_by != "an index"
    ]
    lines += [_comment(f"also there: {c.url} ({c.kind}, {c.stories} stories)") for c in others[:10]]
    if r.hosts:
        lines.append(f"hosts = {_list(r.hosts)}  # where most of what its channels announce is")
    if r.barren:
        lines.append(_comment(f"deny = {_list(r.barren)}: in the sample no page there held a story"))
    if private:
        lines.append(f"private_hosts = {_list([urlsplit(r.home).hostname or ''])}")
    if delay is not None:
        lines.append(f'delay = "{round(delay / timedelta(milliseconds=1))}ms"')
    if r.robots.crawl_delay:
        lines.append(
            _comment(
                f"robots.txt asks for {r.robots.crawl_delay:g} s between requests: that is kept by itself"
            )
        )
    lines += [line for said in r.stated for line in _comments(f"the publisher states: {said}")]
    if r.reserved:
        lines.append('rights = "metadata"  # what is reserved is kept without its text; or "skip"; or "keep"')
    lines.append(
        f"enabled = false  # after reading the publisher's terms: wirehouse sources --enable {r.name}"
    )
    return "\n".join([*lines, *_promise(r)]) + "\n"


def draft(
    *,
    title: str,
    home: str,
    feeds: Sequence[str] = (),
    sitemaps: Sequence[str] = (),
    sections: Sequence[str] = (),
    hosts: Sequence[str] = (),
    discover: bool = False,
    delay: timedelta | None = None,
    private: bool = False,
) -> str:
    """A declaration for the probe's own crawls."""
    lines = [f"title = {_text(title)}", f"home = {_text(home)}"]
    for key, values in {"feeds": feeds, "sitemaps": sitemaps, "sections": sections, "hosts": hosts}.items():
        lines += [f"{key} = {_list(values)}"] if values else []
    lines += ["discover = true"] if discover else []
    lines += [f'delay = "{round(delay / timedelta(milliseconds=1))}ms"'] if delay is not None else []
    lines += [f"private_hosts = {_list([urlsplit(home).hostname or ''])}"] if private else []
    return "\n".join(lines) + "\n"


def _promise(r: Report) -> list[str]:
    """What may be expected, with room: a third to three times as many stories, a tenth fewer filled."""
    if r.stories < ENOUGH:
        return []
    shares = {f: floor(r.filled.get(f, 0) * 0.95 * 20) / 20 for f in PROMISED}
    filled = ", ".join(f"{f} = {share}" for f, share in shares.items() if share >= 0.5)
    lines = ["", "[expect]", _comment(f"by {r.stories} stories of one moment: mend it after a week")]
    if _is_measured(r) and (rate := r.stories_per_day or 0) >= 3:
        least, most = floor(rate / 3), ceil(rate * 3)
        lines.append(f"stories = {{ min = {least}, max = {most} }}")
    return [*lines, f"filled = {{ {filled} }}"]


def _urls(key: str, urls: Sequence[str]) -> list[str]:
    if len(urls) < 2:
        return [f"{key} = {_list(urls)}"] if urls else []
    return [f"{key} = [", *(f"    {_text(url)}," for url in urls), "]"]


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _text(value: str) -> str:
    r"""A TOML string: as in JSON, but that DEL must be escaped too.

    >>> _text('say "hi"\x7f')
    '"say \\"hi\\"\\u007f"'
    """
    whole = value.encode("utf-8", "replace").decode()
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    """One line, whatever a page put into it."""
    return "# " + "".join(c if c.isprintable() else " " for c in " ".join(text.split()))[:500]


def _comments(text: str) -> list[str]:
    return textwrap.wrap(_comment(text), 100, subsequent_indent="# ", break_long_words=False)


def _is_measured(r: Report) -> bool:
    """Do the dates span half a day? A few busy hours tell nothing of a night."""
    return r.dates_span is not None and r.dates_span >= timedelta(hours=12)


def _round(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"
