"""Write invented wire copy: the same seed and number always give the same words."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from random import Random
from typing import Any

_CHOICE = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a story's body, in reading order."""

    kind: str
    """p, h2 (sub-heading), quote or li."""
    text: str


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A story as its author filed it, before any site prints it."""

    language: str
    headline: str
    short: str
    """The headline that an outlet of its own mind gives the same story."""
    description: str
    section: str
    keywords: tuple[str, ...]
    place: str
    authors: tuple[str, ...]
    blocks: tuple[Block, ...]
    new_lede: Block
    more: tuple[Block, ...]
    """Paragraphs that come in later, one with each update."""
    figure: str
    """A figure in the lede that a correction puts right."""
    wrong: str
    eds: tuple[str, ...]
    """Notes to editors of a first and a second write-thru; only the English service has such."""
    erratum: str
    kill_headline: str
    kill: tuple[Block, ...]
    caption: str

    @property
    def slug(self) -> str:
        """Five words of the headline for a URL.

        `Überflutete Straßen: Hafen` becomes `uberflutete-strassen-hafen`.
        """
        plain = unicodedata.normalize("NFKD", self.headline.replace("ß", "ss")).encode("ascii", "ignore")
        return "-".join(re.findall(r"[a-z0-9]+", plain.decode().lower())[:5])


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The fixed words that a language's pages print around stories."""

    months: tuple[str, ...]
    by: str
    together: str
    """Between two names."""
    updated: str
    source: str
    correction: str
    rights: str
    dateline_day: str
    furniture: tuple[str, ...]
    """Share line, newsletter box, related, most read, cookies, comments: never body."""


@lru_cache
def labels(language: str) -> Labels:
    words = _words(language)
    said = words["labels"] | {"furniture": tuple(words["labels"]["furniture"])}
    return Labels(months=tuple(words["months"]), **said)


@lru_cache
def sections(language: str) -> tuple[str, ...]:
    """The sections under which a language's stories are filed.

    >>> sections("fr")
    ('Économie', 'Société', 'Politique')
    """
    return tuple(topic["section"] for topic in _words(language)["topics"])


@lru_cache(maxsize=4096)  # a server prints the same story on many pages
def write(seed: int, number: int, language: str) -> Copy:
    """The copy of story `number`.

    >>> write(7, 1, "en") == write(7, 1, "en"), write(7, 1, "en") == write(7, 2, "en")
    (True, False)
    """
    words, rng = _words(language), Random(f"{seed}:{number}:{language}")
    topic = rng.choice(words["topics"])
    general, slots = words["general"], _slots(words, topic, rng)

    def say(template: str, anew: bool = False) -> str:
        chosen = _CHOICE.sub(lambda m: rng.choice(m[1].split("|")), template)
        return _capital(chosen.format_map(slots | _figures(words, rng) if anew else slots))

    ledes = [Block("p", say(t)) for t in topic["ledes"]]
    headline, short = (say(t) for t in rng.sample(topic["headlines"], 2))
    return Copy(
        language=language,
        headline=headline,
        short=short,
        description=say(rng.choice(topic["facts"][:3])),
        section=topic["section"],
        keywords=tuple(say(k) if "{" in k else k for k in topic["keywords"]),
        place=slots["place"],
        authors=_authors(words, rng),
        blocks=(ledes[0], *_rest(words, topic, rng, say)),
        new_lede=ledes[1],
        more=tuple(Block("p", say(t)) for t in rng.sample(general["updates"], 2)),
        figure=slots["n1"],
        wrong=slots["wrong"],
        eds=tuple(general.get("eds", ())),
        erratum=say(general["erratum"]),
        kill_headline=general["kill_headline"].format(headline=headline),
        kill=tuple(Block("p", t.format(headline=headline)) for t in general["kill"]),
        caption=say(general["caption"]),
    )


def _rest(words: Mapping[str, Any], topic: Mapping[str, Any], rng: Random, say: Any) -> list[Block]:
    """3–14 paragraphs after the lede; longer stories have sub-headings, some have a list."""
    facts = rng.sample(topic["facts"][3:] + topic["facts"][:3], rng.randint(3, len(topic["facts"])))
    general = words["general"]
    last, *others = rng.sample(general["sentences"], rng.randint(3, 7))
    sentences = [say(t, anew=True) for t in facts + others]
    blocks = []
    while sentences:
        two = len(sentences) > 4 and rng.random() < 0.3
        text = " ".join(sentences.pop(0) for _ in range(2 if two else 1))
        quoted = not two and text[0] in '"«' and rng.random() < 0.3
        blocks.append(Block("quote" if quoted else "p", text))
    if len(blocks) > 6:
        blocks.insert(rng.randint(4, 5), Block("h2", say(rng.choice(general["subheads"]))))
    if rng.random() < 0.2:
        items = rng.sample(general["items"], 3)
        blocks += [Block("p", say(rng.choice(general["list_leads"]))), *(Block("li", say(t)) for t in items)]
        blocks.append(Block("p", say(last, anew=True)))
    return blocks


def _slots(words: Mapping[str, Any], topic: Mapping[str, Any], rng: Random) -> dict[str, str]:
    """What the templates speak of, drawn once, so that a story agrees with itself."""
    place, town = rng.sample(words["places"], 2)
    n1 = rng.randint(101, 949)
    slots = {
        "place": place,
        "town": town,
        "n1": str(n1),
        "wrong": str(n1 + rng.choice((10, 20, 30, 50))),
        "month": rng.choice(words["months"]),
    }
    slots["weekday"], slots["weekday2"] = rng.sample(words["weekdays"], 2)
    slots["org"] = rng.choice(words["orgs"])
    slots["org_cap"] = _capital(slots["org"])
    slots |= _figures(words, rng)
    for who in "abc":
        slots[who], slots[f"{who}_name"], slots[f"{who}_last"] = _person(words, topic.get("roles"), rng)
    return slots


def _authors(words: Mapping[str, Any], rng: Random) -> tuple[str, ...]:
    """One person, or sometimes two."""
    names = [_person(words, None, rng)[1] for _ in range(rng.choice((1, 1, 1, 2)))]
    return tuple(dict.fromkeys(names))


def _figures(words: Mapping[str, Any], rng: Random) -> dict[str, str]:
    figures = {
        "n2": str(rng.randint(12, 98)),
        "n3": str(rng.randint(102, 990)),
        "small": str(rng.randint(3, 9)),
        "digit": str(rng.randint(1, 9)),
        "year": str(rng.randint(1978, 2021)),
    }
    return figures | {key: words[key].format_map(figures) for key in ("money", "pct")}


def _person(words: Mapping[str, Any], roles: Any, rng: Random) -> tuple[str, str, str]:
    sex = rng.choice(("women", "men"))
    last = rng.choice(words["last"])
    name = f"{rng.choice(words[sex])} {last}"
    return rng.choice(roles or words[f"{sex}_roles"]).format(name=name), name, last


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@lru_cache
def _words(language: str) -> dict[str, Any]:
    return tomllib.loads((resources.files(__name__) / f"{language}.toml").read_text("utf-8"))
