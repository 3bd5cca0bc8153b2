"""Prose: an own, cheap view of a page: which blocks of text are its story. Pure.

One walk turns the tree into blocks (a paragraph, a heading, an item); the story is the
part of the tree whose blocks, taken together, are most like prose. `body` lets
trafilatura read what is left, and compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from lxml import etree

from pipelines.markup import Tree

_NEVER_TEXT = ("script", "style", "noscript", "template", "svg", "iframe", "button", "input", "select", "textarea",
               "option", "object", "embed", "canvas", "audio", "video", "picture", "dialog", "menu", "map", "nav",
               "figcaption", "amp-ad", "amp-sidebar", "amp-consent", "link", "meta")  # fmt: skip

_BLOCK = frozenset(
    ["address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "html"]
)
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_INLINE_PARENTS = frozenset(("p", "span", "a", "em", "i", "b", "strong"))

_WORDS_NEVER = """
    nav navbar navigation menu breadcrumb breadcrumbs footer comments? commentlist disqus livefyre cookie cookies
    consent gdpr onetrust didomi modal popup overlay toast taboola outbrain nativo zergnet revcontent plista
    newsletter newsletters signup sign-up subscribe-box mailing-list share shares sharing sharebar sharetools
    share-bar social socials social-media socialmedia addthis addtoany sharedaddy tags? taglist tag-list keywords?
    topics-list article-tags standfirst dek deck subheadline sub-headline strapline related relateds related-\\w+ recirc recirculation recommended recommendations
    recommendation read-more readmore read-also also-read see-also more-stories more-on more-from more-news
    most-read mostread most-popular popular-posts trending most-viewed latest-news up-next next-up nextprev
    post-navigation pagination pager advert adverts advertisement advertising adslot ad-slot ad-container
    ad-wrapper adsbygoogle dfp gpt-ad google-ad sponsor sponsored sponsor-box promo promos promobox promotion
    promoted sr-only visually-hidden visuallyhidden screen-reader-text screen-reader skip-link noprint no-print
    print-only caption captions wp-caption-text img-caption image-caption photo-caption figcaption photo-credit
    image-credit img-credit photocredit byline bylines author-bio authorbio author-box authorbox about-author
    author-info author-card author-details author-profile author-meta post-author posted-by entry-meta
    post-meta article-meta metadata meta-data timestamp dateline-time publish-date published-date pubdate
    post-date article-date copyright copyrights paywall-prompt paywall-message regwall subscription-prompt
    login-form sidebar side-bar rail right-rail toolbar tool-bar player jwplayer video-player videoplayer
    audio-player audioplayer gallery slideshow lightbox carousel slider swiper slick teaser teasers teaserlist
    poll quiz rating ratings toc table-of-contents tableofcontents correction-form feedback bookmark listen
    topic-links follow-us followus download-app app-promo banner appeal donate donation donations fundraising
    support-us whatsapp telegram-channel factbox-link linkbox link-box link-list linklist inline-links
    inlinelink storylink story-link articlelink readnext read-next upnext outbrain-container ob-widget
    trc_related_container hidden d-none adsense placeholder-ad crumbs
    """
_JUNK = re.compile(
    r"(?<![a-z0-9])(?:" + "|".join(sorted(_WORDS_NEVER.split(), key=len, reverse=True)).replace("-", "[-_]?")
    + r")(?![a-z0-9])"
)  # fmt: skip
_BODY_WORDS = re.compile(
    r"(?<![a-z0-9])(?:articlebody|article[-_]?body|story[-_]?body|story[-_]?text|article[-_]?text|article[-_]?content"
    r"|story[-_]?content|entry[-_]?content|post[-_]?content|post[-_]?body|body[-_]?text|body[-_]?copy|richtext"
    r"|rich[-_]?text|paywall|main[-_]?content|content[-_]?body|text[-_]?body|body)(?![a-z0-9])"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_JUNK_ROLES = frozenset(("navigation", "banner", "contentinfo", "search", "complementary", "dialog", "alertdialog",
                         "menu", "menubar", "toolbar", "button", "tooltip"))  # fmt: skip

_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|clip\s*:\s*rect\(\s*[01]|width\s*:\s*1px", re.I
)
_COMMENTS = re.compile(
    r"(?<![a-z])(?:comments?|commentlist|disqus|livefyre|cookies?|consent|gdpr|newsletter|footer|nav)(?![a-z])"
)
_INLINE = frozenset("span a em i b strong small time abbr sup cite".split())
_MAYBE_TEXT = frozenset(("aside", "footer", "header", "figure", "form"))
"""Elements that hold no story, unless they hold most of the page's prose."""

_WRAPPED = 60
"""Characters; old pages break lines by hand at 65 or more."""
_HEAD_LINE = re.compile(
    r"(?:by|von|par|updated|posted|published|source|aktualisiert|quelle)\b.{0,140}$", re.I
)

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_SENTENCE = re.compile(r"[.!?…。！？।؟:»”\"]")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


MOST_BLOCKS = 8_000
"""Of a page that are looked at; the live blog of a whole day has 2,000."""


@dataclass(frozen=True, slots=True)
class Block:
    """One run of text between two block boundaries, in document order."""

    text: str
    kind: str
    """p, h (heading), li, quote, td or pre."""
    linked: int
    """Characters of it that are links."""
    owner: Tree
    """The block element that holds it."""
    place: int
    """Number in the document."""
    weight: float
    """How much it speaks for (or, below 0, against) its surroundings being the story."""

    @property
    def link_share(self) -> float:
        return self.linked / len(self.text) if self.text else 0.0


def clean(text: str) -> str:
    r"""One line, single spaces, nothing invisible.

    >>> clean(" Donau\xaddampf \n schiff ")
    'Donaudampf schiff'
    """
    return " ".join(_INVISIBLE.sub("", text).split())


class Reading(NamedTuple):
    """What the own reader found."""

    root: Tree
    """The part of the tree, pruned, that holds the story."""
    story: list[Block]
    """Its blocks that are the story's."""
    around: list[Block]
    """All blocks of the pruned page, the story's too."""
    share: float
    """Of all prose on the page, how much the story is, 0–1."""
    rights: list[str]
    """Lines of the whole page, footer too, that mention a copyright."""


def read(tree: Tree, drop: Iterable[Tree] = (), only: Tree | None = None) -> Reading | None:
    """Find the story in a tree. Prunes the tree in place; None if there is no text at all.

    `drop` are elements that a rule of the source names; `only` is the body if a rule
    names it: then everything in it that is not furniture is the story.
    """
    for element in drop:
        _remove(element)
    strip(tree)
    body = only if only is not None else tree.find("body")
    if body is None:
        return None
    suspects = _suspects(body)
    found = blocks(body)[:MOST_BLOCKS]
    if not found:
        return None
    rights = [b.text for b in found if len(b.text) < 300 and ("©" in b.text or "opyright" in b.text or "(c)" in b.text)]
    if only is not None:
        return Reading(body, found, found, 1.0, rights)
    found = _prune(body, found, suspects)
    root = container(body, found)
    members = set(root.iter())
    inside = [block for block in found if block.owner in members]
    story = _one_story(root, inside)
    whole = sum(max(b.weight, 0.0) for b in found) or 1.0
    return Reading(root, story, found, sum(max(b.weight, 0.0) for b in story) / whole, rights)


def strip(tree: Tree) -> None:
    """Take out, in place, all elements that never hold text."""
    etree.strip_elements(tree, *_NEVER_TEXT, with_tail=False)


def _suspects(body: Tree) -> list[Tree]:
    """Elements that are no story by tag, role, class or id, in document order.

    Small ones within lines are taken out at once, before the lines are read.
    """
    found = []
    for element in list(body.iter(etree.Element)):
        tag = element.tag
        stated = dict(element.items())
        if tag not in _MAYBE_TEXT and not (stated and tag not in _WHOLE and _is_junk(tag, stated)):
            continue
        if tag not in _INLINE:
            found.append(element)
        elif len(element) < 20 and sum(map(len, islice(element.itertext(), 50))) < 250:
            _remove(element)
    return found


def _prune(body: Tree, found: list[Block], suspects: list[Tree]) -> list[Block]:
    """Take out what cannot be a story; gives the blocks that are left.

    A part that holds a third of the page's prose, or half of it together with its
    namesakes, stays whatever it is called: wrappers are named `has-sidebar` or
    `with-comments` too, and some pages split a body over several of them.
    """
    mass: dict[Tree, float] = {}
    whole = 0.0
    for block in found:
        value = block.weight
        if value < 30:
            continue
        whole += value
        element = block.owner
        while element is not None and element is not body:
            mass[element] = mass.get(element, 0.0) + value
            element = element.getparent()
    limit = 0.35 * whole
    named: dict[str, float] = {}
    for element, value in mass.items():
        if name := element.get("class"):
            named[name] = named.get(name, 0.0) + value
    gone: set[Tree] = set()
    for other in _other_articles(body):
        gone.update(other.iter())
        _remove(other)
    for element in suspects:
        if element in gone:
            continue
        share = max(mass.get(element, 0.0), 0.7 * named.get(element.get("class") or "", 0.0))
        if share <= (limit if not _is_comments(element) else 0.8 * whole):
            gone.update(element.iter())
            _remove(element)
    return [block for block in found if block.owner not in gone]


def _other_articles(body: Tree) -> list[Tree]:
    """Whole articles after the page's own: pages that scroll on without end."""
    whole = [a for a in body.iter("article") if a.find(".//h1") is not None and not any(b.tag == "article" for b in a.iterancestors())]
    return whole[1:]


def _one_story(root: Tree, inside: list[Block]) -> list[Block]:
    """Of a container's blocks, those that stand where its paragraphs stand.

    A story's paragraphs share one place in the markup: the same tags and classes from
    the container down. Boxes, teasers and forms between them have places of their own.
    """
    paths = {block.place: _path(block.owner, root) for block in inside}
    mass: dict[Path, float] = {}
    for block in inside:
        if block.kind in ("p", "quote") and (value := block.weight) > 20:
            mass[paths[block.place]] = mass.get(paths[block.place], 0.0) + value
    if not mass or sum(mass.values()) < 150:
        return inside
    most = max(mass.values())
    main = max(mass, key=mass.__getitem__)
    homes = {p for p, value in mass.items() if p == main or (value >= 0.12 * most and not _boxed(p, main))}
    parents = {path[:-1] for path in homes}
    above = {path[:n] for path in parents for n in range(len(path))}
    mine = [_belongs(paths[b.place], b, homes, parents, above) for b in inside]
    sure = [
        i for i, b in enumerate(inside)
        if mine[i] and (paths[b.place] in homes or (b.kind == "p" and b.weight > 60))
    ]  # fmt: skip
    if not sure:
        return inside
    first, last = sure[0], sure[-1]
    while last + 1 < len(inside) and mine[last + 1] and inside[last + 1].kind != "h" and inside[last + 1].link_share < 0.3:
        last += 1
    starts = {path[:1] for path in homes}
    kept: list[Block] = []
    follows = False  # does the block below belong? A heading goes with what it heads
    for i in range(last, first - 1, -1):
        block = inside[i]
        if block.kind == "h":
            if follows and (mine[i] or paths[block.place][:1] in starts):
                kept.append(block)
            continue
        follows = mine[i]
        if mine[i]:
            kept.append(block)
    return kept[::-1]


Path = tuple[str, ...]


def _belongs(path: Path, block: Block, homes: set[Path], parents: set[Path], above: set[Path]) -> bool:
    """Does a block with this place belong to a story whose paragraphs stand at `homes`?"""
    if path in homes:
        return True
    if not path:
        return block.weight > 60
    name = path[-1].split(".")[0]
    if path[:-1] in parents:
        return block.kind in ("h", "quote", "li", "pre", "td") or name in ("p", "center") or block.weight > 60
    if path[:-1] in above and name == "p":
        return block.weight > 100 and block.linked < 30
    plain = path
    while plain and plain[-1].split(".")[0] in _CONTENT:
        plain = plain[:-1]
        if plain in parents:
            return True
    return len(path) > 2 and path[:-2] in parents and name == "p" and block.weight > 120 and not _BOX.search(path[-2])


def _boxed(path: Path, main: Path) -> bool:
    """Is there a box around these paragraphs that is not around the story's?"""
    shared = 0
    while shared < min(len(path), len(main)) and path[shared] == main[shared]:
        shared += 1
    return any(_BOX.search(step) for step in path[shared:-1])


_BOX = re.compile(r"box|info|fact|aside|bio|kasten|hint|note|quote|zitat|related|pull|card|item|widget|embed|module|ad\b")
_CONTENT = frozenset(
    ["p", "li", "ul", "ol", "dl", "dt", "dd", "blockquote", "h2", "h3", "h4", "h5", "h6", "table", "tbody", "thead", "tr", "td", "th", "pre", "center"]
)


def _path(element: Tree, root: Tree) -> Path:
    steps: list[str] = []
    here: Tree | None = element
    while here is not None and here is not root:
        steps.append(_step(here.tag, here.get("class") or ""))
        here = here.getparent()
    return tuple(reversed(steps))


@lru_cache(maxsize=20_000)
def _step(tag: str, classes: str) -> str:
    return f"{tag}.{re.sub(r'[0-9]+', '0', classes.strip())}" if classes else tag


def blocks(root: Tree) -> list[Block]:
    """All blocks below `root`. Iterative: real pages nest 1,000 levels deep."""
    found: list[Block] = []
    buffer: list[str] = []
    owners: list[Tree] = [root]
    kinds: list[str] = ["p"]
    linked = in_link = breaks = 0

    def flush() -> None:
        nonlocal linked
        if buffer and (text := clean("".join(buffer))):
            linked = min(linked, len(text))
            value = _weight(text, kinds[-1], linked)
            found.append(Block(text, kinds[-1], linked, owners[-1], len(found), value))
        buffer.clear()
        linked = 0

    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag
        if event == "start":
            if tag == "br":
                breaks += 1
                if breaks >= 2 or _ends_line(buffer):
                    flush()
                buffer.append(" ")
                continue
            if tag == "a":
                in_link += 1
            elif tag in _BLOCK or ("-" in tag and _is_block(element)):
                if buffer:
                    flush()
                owners.append(element)
                kinds.append(_kind(tag, kinds[-1]))
            text = element.text
        else:
            if tag == "a":
                in_link -= 1
            elif owners[-1] is element and element is not root:
                if buffer:
                    flush()
                owners.pop()
                kinds.pop()
            text = None if element is root else element.tail
        if text:
            if not text.isspace():
                breaks = 0
                if in_link:
                    linked += len(text.strip())
                buffer.append(text)
            elif buffer:
                buffer.append(" ")
    flush()
    return found


def _weight(text: str, kind: str, linked: int) -> float:
    if kind == "h":
        return 0.0
    size = _size(text)
    share = linked / len(text)
    if share > 0.6:
        return -0.5 * min(size, 120) - 5
    if size < 25:
        return -8.0 if kind == "li" and linked else -1.0
    free = size * (1 - share)
    if not _SENTENCE.search(text):
        return -5.0 if size < 80 else 0.2 * free
    return (0.6 if kind in ("li", "td") else 1.0) * min(free, 1500.0)


def container(root: Tree, found: list[Block]) -> Tree:
    """The element whose blocks are, in sum, most like one story's prose.

    A sum, not a density: a body split over several containers has its common ancestor
    as the best one, since each part adds; navigation and teaser lists subtract.
    """
    sums: dict[Tree, float] = {}
    for block in found:
        value = block.weight
        element: Tree | None = block.owner
        while element is not None:
            sums[element] = sums.get(element, 0.0) + value
            if element is root:
                break
            element = element.getparent()
    if not sums:
        return root
    best = max(reversed([e for e in root.iter(etree.Element) if e in sums]), key=sums.__getitem__)
    for element in (best, *best.iterancestors()):
        if element is root or element.tag == "article":
            break
        if _is_body(element) and sums[element] >= 0.7 * sums[best]:
            return element
    if sums[best] < 200:  # hardly any prose: a story of lists, if the page says where it is
        named = [element for element in sums if _is_body(element) and element is not root]
        if named:
            return max(named, key=lambda element: sum(len(b.text) - b.linked for b in blocks(element)))
    if best.tag in ("p", "li", "blockquote", "span") or best.tag in _HEADINGS:
        parent = best.getparent()
        return parent if parent is not None else best
    return best


def _is_body(element: Tree) -> bool:
    return (element.get("itemprop") or "").lower() in ("articlebody", "text") or bool(
        _BODY_WORDS.search(
            _CAMEL.sub("-", f"{element.get('class') or ''} {element.get('id') or ''}"[:300]).lower()
        )
    )


def _size(text: str) -> float:
    """Length in characters of Latin text; an ideograph says as much as three letters."""
    return len(text) if text.isascii() else len(text) + 2 * len(_CJK.findall(text))


def _kind(tag: str, outer: str) -> str:
    if tag in _HEADINGS:
        return "h"
    if tag in ("li", "dd", "dt"):
        return "li"
    if tag == "blockquote":
        return "quote"
    if tag in ("td", "th", "pre"):
        return "td" if tag != "pre" else "pre"
    return outer


def _is_block(element: Tree) -> bool:
    """Is an element of the page's own making (`<my-box>`) a block? Not within a line of text."""
    parent = element.getparent()
    return parent is None or parent.tag not in _INLINE_PARENTS


def _ends_line(buffer: list[str]) -> bool:
    """Does a single `<br>` end a paragraph? Yes after a sentence, and after a line too short to be wrapped."""
    text = clean("".join(buffer))
    return bool(text) and (len(text) < _WRAPPED or text[-1] in '.!?…:"”»।。' or bool(_HEAD_LINE.match(text)))


_WHOLE = frozenset(("body", "html", "article", "main"))


def _is_junk(tag: str, stated: Mapping[str, str]) -> bool:
    """By an element's attributes: named, hidden, or of a role that holds no story."""
    if ("class" in stated or "id" in stated) and _junk_name(stated.get("class"), stated.get("id")):
        return True
    if "role" in stated and stated["role"].lower() in _JUNK_ROLES:
        return True
    if "itemprop" in stated and stated["itemprop"].lower() in _JUNK_PROPERTIES:
        return True
    if tag == "p":
        return False  # hidden ones are behind a paywall, as often as not the story's own
    if "hidden" in stated or stated.get("aria-hidden") == "true":
        return True
    return "style" in stated and bool(_HIDDEN_STYLE.search(stated["style"]))


_JUNK_PROPERTIES = frozenset(("caption", "author", "datepublished", "datemodified", "keywords"))


@lru_cache(maxsize=20_000)
def _junk_name(classes: str | None, name: str | None) -> bool:
    names = f"{classes or ''} {name or ''}"[:300]
    lowered = _CAMEL.sub("-", names).lower()
    return bool(_JUNK.search(lowered)) and not _BODY_WORDS.search(lowered)


def _is_comments(element: Tree) -> bool:
    return bool(_COMMENTS.search(f"{element.get('class') or ''} {element.get('id') or ''}".lower()))


def _remove(element: Tree) -> None:
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)
