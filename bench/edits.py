"""Change a story the way outlets do when they print a wire: one function an edit, each with its strength.

A text is a list of paragraphs. Every edit takes the paragraphs and a seeded random generator,
and gives new ones; nothing here knows how copies are found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

Text = list[str]

_SYNONYMS = {
    "said": "told reporters", "about": "roughly", "almost": "nearly", "began": "started", "also": "too",
    "people": "persons", "percent": "per cent", "until": "till", "but": "however", "after": "following",
    "more": "further", "last": "past", "will": "is to", "against": "versus", "large": "big", "while": "as",
    "sagte": "erklärte", "aber": "jedoch", "auch": "ebenfalls", "etwa": "rund", "nach": "im Anschluss an",
    "mais": "cependant", "environ": "quelque", "après": "à la suite de", "selon": "d'après",
}  # fmt: skip
_LOOKALIKES = {
    "e": "c",
    "o": "0",
    "l": "1",
    "i": "l",
    "a": "o",
    "n": "u",
    "m": "rn",
    "s": "5",
    "t": "f",
    "r": "v",
}
_FURNITURE = (
    "Read more: five things to know this morning",
    "Sign up for our newsletter and never miss a story from your area.",
    "Follow us on social media for the latest updates around the clock.",
    "This story was originally published by our partners and is reprinted with permission.",
    "Our reporters live where you live. Support local journalism: subscribe today from one crown a week.",
    "Have a news tip? Write to the newsroom, or call the number at the foot of this page at any hour.",
    "The views of readers are their own. Comments are closed after three days; our rules apply.",
    "Watch the video above for the forecast, then send us your pictures of the weekend.",
)


def sentences(paragraph: str) -> list[str]:
    return re.split(r"(?<=[.!?][\"”»]) |(?<=[.!?]) (?=[\"“„«A-ZÄÖÜÉÀ])", paragraph)


def count(text: Sequence[str]) -> int:
    return sum(len(p.split()) for p in text)


def cut(text: Text, share: float) -> Text:
    """From the foot: whole paragraphs, the last one by sentences, never under one sentence."""
    left, kept = max(1.0, share * count(text)), []
    for paragraph in text:
        said = []
        for sentence in sentences(paragraph):
            if left > 0 or not (kept or said):
                said.append(sentence)
                left -= len(sentence.split())
        if said:
            kept.append(" ".join(said))
        if left <= 0:
            break
    return kept


def new_lede(text: Text, ledes: Sequence[str], chance: Random) -> Text:
    """The first paragraph, of a long text sometimes two, gives way to words of the outlet's own."""
    drop = 2 if len(text) > 9 and chance.random() < 0.3 else 1
    return [*ledes[: chance.randint(1, 2)], *(text[drop:] or text)]


def localised(text: Text, local: Sequence[str], chance: Random, most: float = 0.6) -> Text:
    """Paragraphs about the outlet's own town, here and there: up to a share of the text."""
    out, room = list(text), chance.uniform(0.15, most) * count(text)
    for paragraph in local:
        if room <= 0:
            break
        out.insert(chance.randint(1, len(out)), paragraph)
        room -= len(paragraph.split())
    return out


def reordered(text: Text, chance: Random) -> Text:
    """Quotations and some other paragraphs change places."""
    if len(text) < 4:
        return [text[0], *reversed(text[1:])]
    movable = [n for n in range(1, len(text)) if text[n][0] in '"“„«' or chance.random() < 0.5]
    moved = chance.sample(movable, k=len(movable))
    out = list(text)
    for to, source in zip(movable, moved, strict=True):
        out[to] = text[source]
    return out


def light(text: Text, chance: Random, share: float = 0.5) -> Text:
    """A sub-editor's hand: synonyms, adverbs out, sentences joined or shortened; up to one word in twelve."""

    def worded(paragraph: str) -> str:
        words = paragraph.split(" ")
        for n, word in enumerate(words):
            if word in _SYNONYMS and chance.random() < share:
                words[n] = _SYNONYMS[word]
            elif word.islower() and len(word) > 3 and chance.random() < share * 0.04:
                words[n] = chance.choice(("", f"then {word}", f"{word} now"))
        return re.sub(r" {2,}", " ", " ".join(words)).strip()

    return [worded(p) for p in text]


def typography(text: Text, chance: Random) -> Text:
    """Quotes, dashes, spaces, spelling of numbers' units, capitals at the beginning."""

    def set_anew(p: str) -> str:
        if chance.random() < 0.8:
            p = re.sub(r'"([^"]*)"', chance.choice(("“\\1”", "«\\1»", "„\\1“")), p)
            p = p.replace("'", "’")
        if chance.random() < 0.5:
            p = p.replace(" - ", " — ").replace("...", "…").replace(" percent", "%")
        if chance.random() < 0.3:
            p = p.replace(". ", ".  ").replace(" million", "\u00a0million")
        return p

    out = [set_anew(p) for p in text]
    if chance.random() < 0.3:
        first = out[0].split(" ")
        out[0] = " ".join([w.upper() for w in first[:3]] + first[3:])
    if chance.random() < 0.2:  # all in one paragraph, or one a sentence
        out = [" ".join(out)] if chance.random() < 0.5 else [s for p in out for s in sentences(p)]
    return out


def typos(text: Text, chance: Random, share: float = 0.01) -> Text:
    """A letter lost, doubled or swapped in one word of a hundred (putting right differs as much)."""

    def typed(word: str) -> str:
        if len(word) < 5 or not word.isalpha() or chance.random() > share:
            return word
        n = chance.randint(1, len(word) - 3)
        return chance.choice((word[:n] + word[n + 1 :], word[:n] + word[n] + word[n:],
                              word[:n] + word[n + 1] + word[n] + word[n + 2 :]))  # fmt: skip

    return [" ".join(typed(w) for w in p.split(" ")) for p in text]


def noisy(text: Text, chance: Random, share: float = 0.1) -> Text:
    """As a bad scan reads it: a share of the characters wrong, lost or doubled; at times spaces too."""
    spaces, letters = chance.random() < 0.5, "abcdefghijklmnopqrstuvwxyz"

    def read(c: str) -> str:
        if (c == " " and not spaces) or chance.random() >= share:
            return c
        way = chance.random()
        if way < 0.6:
            return _LOOKALIKES.get(c) or chance.choice(letters)
        return chance.choice(letters) if way < 0.85 else "" if way < 0.95 else c + chance.choice(letters)

    return ["".join(map(read, p)) for p in text]


def furniture(text: Text, chance: Random) -> Text:
    """Lines of the outlet's pages that an extractor left in: one to four, at the foot or between."""
    out = list(text)
    for line in chance.sample(_FURNITURE, chance.randint(1, 4)):
        out.insert(len(out) if chance.random() < 0.6 else chance.randint(0, len(out)), line)
    return out


def retouched(text: Text, chance: Random) -> Text:
    """One figure put right, as a correction does."""
    out = list(text)
    with_figure = [n for n, p in enumerate(out) if re.search(r"\b\d{2,}\b", p)]
    if with_figure:
        n = chance.choice(with_figure)
        out[n] = re.sub(r"\b\d{2,}\b", lambda m: str(int(m[0]) + chance.randint(1, 30)), out[n], count=1)
    return out


def merged(one: Text, other: Text, chance: Random) -> Text:
    """A desk makes one story of two wires: the head of one, then the head of the other, sometimes mixed."""
    first, second = cut(one, chance.uniform(0.45, 1)), cut(other, chance.uniform(0.45, 1))
    if chance.random() < 0.25:
        return [p for pair in zip(first, second, strict=False) for p in pair] + [
            *first[len(second) :],
            *second[len(first) :],
        ]
    bridge = ["Meanwhile:"] if chance.random() < 0.3 else []
    return [*first, *bridge, *second]


def edits(chance: Random, ledes: Sequence[str], local: Sequence[str]) -> dict[str, Callable[[Text], Text]]:
    """Every way to reprint one wire, by the name under which its recall is reported."""

    def combined(share: float) -> Callable[[Text], Text]:
        return lambda t: typography(
            localised(new_lede(cut(t, share), ledes, chance), local, chance, 0.7), chance
        )

    return {
        "as filed": list,
        "cut to 60 %": lambda t: cut(t, 0.6),
        "cut to 40 %": lambda t: cut(t, 0.4),
        "cut to 20 %": lambda t: cut(t, 0.2),
        "new lede": lambda t: new_lede(t, ledes, chance),
        "localised": lambda t: localised(t, local, chance),
        "reordered": lambda t: reordered(t, chance),
        "light edits": lambda t: light(t, chance, chance.uniform(0.3, 1)),
        "typography": lambda t: typography(t, chance),
        "typos": lambda t: typos(t, chance, chance.uniform(0.01, 0.03)),
        "figure put right": lambda t: retouched(t, chance),
        "furniture": lambda t: furniture(t, chance),
        "combined, 60 %": combined(0.6),
        "combined, 40 %": combined(0.4),
        "10 % of characters wrong": lambda t: noisy(t, chance),
    }
