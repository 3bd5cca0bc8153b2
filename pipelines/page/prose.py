"""Prose: an own, cheap view of a page: which blocks of text are its story. Pure.

One walk turns the tree into blocks (a paragraph, a heading, an item); the story is the
part of the tree whose blocks, taken together, are most like prose. `body` lets
trafilatura read what is left where this leaves a doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from pipelines.page import pruning
from pipelines.page.blocks import HEADINGS, Block, blocks
from pipelines.page.markup import Tree

MOST_BLOCKS = 8_000
"""Of a page that are looked at; the live blog of a whole day has 2,000."""


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
        pruning.remove(element)
    pruning.strip(tree)
    body = only if only is not None else tree.find("body")
    if body is None:
        return None
    doubtful = pruning.suspects(body)
    found = blocks(body)[:MOST_BLOCKS]
    if not found:
        return None
    rights = [
        b.text
        for b in found
        if len(b.text) < 300 and ("©" in b.text or "opyright" in b.text or "(c)" in b.text)
    ]
    if only is not None:
        return Reading(body, found, found, 1.0, rights)
    found = pruning.prune(body, found, doubtful)
    root = container(body, found)
    members = set(root.iter())
    inside = [block for block in found if block.owner in members]
    story = _one_story(root, inside)
    whole = sum(max(b.weight, 0.0) for b in found) or 1.0
    return Reading(root, story, found, sum(max(b.weight, 0.0) for b in story) / whole, rights)


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
        if pruning.is_named_body(element) and sums[element] >= 0.7 * sums[best]:
            return element
    if sums[best] < 200:  # hardly any prose: a story of lists, if the page says where it is
        named = [element for element in sums if pruning.is_named_body(element) and element is not root]
        if named:
            return max(named, key=lambda element: sum(len(b.text) - b.linked for b in blocks(element)))
    if best.tag in ("p", "li", "blockquote", "span") or best.tag in HEADINGS:
        parent = best.getparent()
        return parent if parent is not None else best
    return best


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
    while (
        last + 1 < len(inside)
        and mine[last + 1]
        and inside[last + 1].kind != "h"
        and inside[last + 1].link_share < 0.3
    ):
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
    return (
        len(path) > 2
        and path[:-2] in parents
        and name == "p"
        and block.weight > 120
        and not _BOX.search(path[-2])
    )


def _boxed(path: Path, main: Path) -> bool:
    """Is there a box around these paragraphs that is not around the story's?"""
    shared = 0
    while shared < min(len(path), len(main)) and path[shared] == main[shared]:
        shared += 1
    return any(_BOX.search(step) for step in path[shared:-1])


_BOX = re.compile(
    r"box|info|fact|aside|bio|kasten|hint|note|quote|zitat|related|pull|card|item|widget|embed|module|ad\b"
)
_CONTENT_TAGS = "p li ul ol dl dt dd blockquote h2 h3 h4 h5 h6 table tbody thead tr td th pre center"
_CONTENT = frozenset(_CONTENT_TAGS.split())


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
