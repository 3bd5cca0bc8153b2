"""Make a corpus of wires, their reprints and what only looks like them, and say what is true of each story.

Wires are the demo wire's stories (three languages, few templates: two of one topic share most of their
phrases), stories in an invented language with the frequencies of a real one, and, given a folder of
saved pages, pieces of what our extractor reads on them. Same seed, same corpus.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, count
from random import Random

from bench import edits, templates
from bench.edits import Text
from demo.prose import write
from pipelines.page.words import content_hash, words
from pipelines.records import Source, Story

START = datetime(2026, 1, 5, 6, tzinfo=UTC)
AGENCIES = tuple(Source(name=f"agency_{n}", title=f"Agency {n}", home=f"https://agency{n}.example/",
                        agency=f"Agency {n}") for n in range(6))  # fmt: skip
OUTLETS = tuple(
    Source(name=f"outlet_{n}", title=f"Outlet {n}", home=f"https://outlet{n}.example/") for n in range(60)
)


@dataclass(frozen=True)
class Filed:
    """A story, and what is true of it."""

    story: Story
    edit: str
    """own, a name of `edits.edits`, merged, roundup, or what kind of trap it is."""
    wires: tuple[int, ...]
    """Numbers of the wires whose copy it is: one, for `merged` two, for a roundup many."""
    is_origin: bool = False
    trap: int | None = None
    """Stories of one number look alike, and are different wires."""


_MILD = ("as filed", "cut to 60 %", "typography", "light edits", "furniture")


class Newsroom:
    def __init__(self, seed: int, pages: Sequence[Text] = ()) -> None:
        self.chance = Random(seed)
        self.seed = seed
        self.pieces = list(_pieces(pages, self.chance))
        self.numbers, self.traps, self.wires = count(), count(), count()
        self.demo = count()
        self.tongue = _Tongue(self.chance)

    def corpus(self, stories: int, *, traps: bool = True) -> list[Filed]:
        """So many, in the order in which they are fetched; without traps: wires, reprints, mergers."""
        made: list[Filed] = []
        ways = (
            (self.family, 60), (self.single, 12), (self.merger, 7), (self.same_event, 7),
            (self.running, 5), (self.boiler, 3), (self.follow_up, 2), (self.briefs, 2), (self.roundup, 2),
        )  # fmt: skip
        ways = ways if traps else ways[:3]
        doers, weights = [way for way, _ in ways], [weight for _, weight in ways]
        while len(made) < stories:
            made += self.chance.choices(doers, weights)[0]()
        return sorted(made[:stories], key=lambda f: f.story.fetched_at)

    # What there is

    def family(self) -> list[Filed]:
        """A wire and one to six reprints."""
        return self.printings(self.text(), self.chance.choice((1, 1, 2, 2, 3, 4, 6)))

    def single(self) -> list[Filed]:
        return [self.filed(self.text(), wires=(next(self.wires),), is_origin=True)]

    def merger(self) -> list[Filed]:
        """Two wires, perhaps reprinted, and a story made of both."""
        one, other = self.text(), self.text()
        first = self.printings(one, self.chance.choice((0, 1, 2)))
        second = self.printings(other, self.chance.choice((0, 1)))
        both = (first[0].wires[0], second[0].wires[0])
        at = max(f.story.published_at or f.story.fetched_at for f in (first[0], second[0]))
        made = self.filed(edits.merged(one, other, self.chance), edit="merged", wires=both, outlet=True,
                          at=at + self.lag())  # fmt: skip
        return [*first, *second, made]

    def same_event(self) -> list[Filed]:
        """Two agencies on one event, each in its own words: names, figures and a quotation in common."""
        one, other = self.two_hands()
        trap = next(self.traps)
        return [
            *self.printings(one, self.chance.choice((0, 1, 2)), trap=trap, kind="same event"),
            *self.printings(other, self.chance.choice((0, 1)), trap=trap, kind="same event"),
        ]

    def running(self) -> list[Filed]:
        """A template filled several times; each may be reprinted."""
        kind, trap, made = self.chance.choice(templates.KINDS), next(self.traps), []
        for _ in range(self.chance.randint(2, 5)):
            text = templates.template(kind, self.chance)
            made += self.printings(text, self.chance.choice((0, 0, 1)), trap=trap, kind="template", mild=True)
        return made

    def boiler(self) -> list[Filed]:
        """Stories of an outlet that end (or begin) with the same paragraphs about itself."""
        trap, made = next(self.traps), []
        same = [self.sentence(self.chance.randint(18, 45)) for _ in range(self.chance.randint(2, 4))]
        at_foot = self.chance.random() < 0.8
        for _ in range(self.chance.randint(4, 8)):
            text = edits.cut(self.text(), self.chance.uniform(0.4, 1))
            text = [*text, *same] if at_foot else [*same, *text]
            made.append(
                self.filed(text, edit="boilerplate", wires=(next(self.wires),), trap=trap, is_origin=True)
            )
        return made

    def follow_up(self) -> list[Filed]:
        """An agency's next story, with the background of the one before at its foot."""
        trap, first, second = next(self.traps), self.text(), self.text()
        background = list(first[-1:])
        while len(background) < len(first) // 3 and edits.count(background) < edits.count(second) / 4:
            background.insert(0, first[-1 - len(background)])
        second = [*second, *background]
        return [
            *self.printings(first, self.chance.choice((0, 1)), trap=trap, kind="same background"),
            *self.printings(second, self.chance.choice((0, 1)), trap=trap, kind="same background"),
        ]

    def briefs(self) -> list[Filed]:
        trap = next(self.traps)
        return [
            self.filed(
                templates.brief(self.chance),
                edit="short",
                wires=(next(self.wires),),
                trap=trap,
                is_origin=True,
            )
            for _ in range(self.chance.randint(3, 6))
        ]

    def roundup(self) -> list[Filed]:
        """The day in brief: the first sentences of many wires, some of which are here too."""
        trap, made, said = next(self.traps), [], []
        for _ in range(self.chance.randint(4, 8)):
            text = self.text()
            said += edits.cut(text, min(0.3, self.chance.randint(20, 60) / edits.count(text)))[:2]
            if self.chance.random() < 0.6:
                made += [self.filed(text, wires=(next(self.wires),), trap=trap, is_origin=True)]
        at = max((f.story.fetched_at for f in made), default=START) + self.lag()
        return [
            *made,
            self.filed(said, edit="roundup", wires=(next(self.wires),), trap=trap, outlet=True, at=at),
        ]

    # How it is made

    def printings(self, text: Text, reprints: int, *, trap: int | None = None, kind: str = "own",
                  mild: bool = False) -> list[Filed]:  # fmt: skip
        """A wire as filed, then its reprints; one in eight wires was filed by an outlet, not by an agency."""
        wire, chance = next(self.wires), self.chance
        agency = chance.choice(AGENCIES) if chance.random() < 0.87 else None
        first = self.filed(text, edit=kind, wires=(wire,), source=agency, is_origin=True, trap=trap)
        made, at = [first], first.story.published_at or first.story.fetched_at
        for _ in range(reprints):
            ways = edits.edits(chance, [self.sentence() for _ in range(2)], self.text()[1:])
            edit = chance.choice(_MILD if mild else list(ways))
            done = ways[edit](text)
            also = chance.random()
            if also < 0.15:
                edit, done = "several at once", edits.furniture(done, chance)
            elif also < 0.3:
                done = edits.typography(done, chance)
            made.append(self.filed(done, edit=edit, wires=(wire,), outlet=True, at=at + self.lag(),
                                   credit=agency, trap=trap))  # fmt: skip
        return made

    def filed(self, text: Text, *, edit: str = "own", wires: tuple[int, ...], source: Source | None = None,
              outlet: bool = False, at: datetime | None = None, credit: Source | None = None,
              is_origin: bool = False, trap: int | None = None) -> Filed:  # fmt: skip
        chance, number = self.chance, next(self.numbers)
        if source is None:
            source = chance.choice(OUTLETS if outlet or chance.random() < 0.7 else AGENCIES)
        at = at or START + timedelta(seconds=chance.randint(0, 20 * 86_400))
        agency, syndicated = source.agency, False if source.agency else None
        if credit is not None and not source.agency and chance.random() < 0.7:
            agency, syndicated = credit.agency, True
        fetched = at + timedelta(minutes=chance.choice((1, 5, 20, 60)), seconds=number % 60)
        if chance.random() < 0.1:  # late: the page was found days after it came out
            fetched += timedelta(hours=chance.randint(1, 72))
        said = None if outlet and chance.random() < 0.08 else at
        if outlet and said and chance.random() < 0.03:  # a clock, or a zone, that is wrong
            said -= timedelta(hours=chance.randint(1, 5))
        body = "\n\n".join(text)
        found = words(body)
        story = Story(
            story_id=hashlib.sha256(f"{self.seed}:{number}".encode()).hexdigest()[:20], source_id=source.name,
            url=f"{source.home}{number}", headline=text[0][:60], body_text=body, word_count=len(body.split()),
            content_hash=content_hash(found), published_at=said, fetched_at=fetched, origin_agency=agency,
            is_syndicated=syndicated, extractor="bench", extractor_version="1", extraction_confidence=1.0,
        )  # fmt: skip
        return Filed(story, edit, wires, is_origin, trap)

    def lag(self) -> timedelta:
        return timedelta(
            minutes=self.chance.choice((3, 10, 30, 90, 240, 1_500)) * self.chance.uniform(0.5, 1.5)
        )

    def text(self) -> Text:
        """A wire that nobody has filed yet."""
        way = self.chance.random()
        if self.pieces and way < 0.4:
            return self.pieces.pop()
        if way < 0.75:
            language = self.chance.choices(("en", "de", "fr"), (5, 2, 1))[0]
            copy = write(self.seed, next(self.demo), language)
            return [b.text for b in (*copy.blocks, *copy.more)]
        return self.tongue_story()

    def tongue_story(self) -> Text:
        return [self.tongue.paragraph(self.chance.randint(18, 70)) for _ in range(self.chance.randint(4, 16))]

    def sentence(self, length: int = 25) -> str:
        return self.tongue.paragraph(length)

    def two_hands(self) -> tuple[Text, Text]:
        if self.pieces and self.chance.random() < 0.5:
            piece = self.pieces.pop()
            one, other = piece[::2], piece[1::2]
            shared = [m[0] for p in piece if (m := re.match(r'["“][^"“”]{20,250}["”][^.]{0,60}\.', p))][:2]
        else:
            copy = write(self.seed, next(self.demo), "en")
            rest = [b.text for b in copy.blocks[1:]]
            one, other = [copy.blocks[0].text, *rest[::2]], [copy.new_lede.text, *rest[1::2]]
            shared = [b.text for b in copy.blocks if b.text[0] == '"'][:1]
            one += [self.tongue.paragraph(30) for _ in range(self.chance.randint(1, 4))]
            other += [self.tongue.paragraph(30) for _ in range(self.chance.randint(1, 4))]
        for quotation in shared:
            for text in (one, other):
                if quotation not in text:
                    text.insert(self.chance.randint(1, len(text)), quotation)
        return one, other


class _Tongue:
    """An invented language: words as frequent as Zipf says, names, figures and quotations as in a wire."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        draw = chance.choices
        made = dict.fromkeys(
            "".join(draw("aeiourstnldmkpbgvh", k=min(10, 2 + n // 60))) for n in range(30_000)
        )
        self.words = list(made)
        self.weights = list(accumulate(1 / (n + 3) for n in range(len(self.words))))
        self.names = [w.capitalize() for w in self.words[-4_000:]]

    def paragraph(self, length: int) -> str:
        chance, said = self.chance, []
        for word in chance.choices(self.words, cum_weights=self.weights, k=length):
            way = chance.random()
            said.append(
                chance.choice(self.names)
                if way < 0.07
                else str(chance.randint(2, 999))
                if way < 0.1
                else word
            )
        for n in range(12, length - 6, 17):
            said[n] += "."
            said[n + 1] = said[n + 1].capitalize()
        text = " ".join(said).capitalize() if said[0].islower() else " ".join(said)
        return f'"{text}," {chance.choice(self.names)} dul.' if chance.random() < 0.2 else f"{text}."


def _pieces(pages: Sequence[Text], chance: Random) -> Iterator[Text]:
    """Pages cut into stories of 120 to 700 words; a page that has much of another is left out."""
    seen: set[tuple[str, str, str]] = set()
    for page in chance.sample(list(pages), k=len(pages)):
        found = words(" ".join(page))
        runs = set(zip(found, found[1:], found[2:], strict=False))
        if (
            len(runs & seen) > len(runs) / 10
        ):  # much the same as another page: then we do not know what is true
            continue
        seen |= runs
        piece: Text = []
        most = chance.randint(120, 700)
        for paragraph in page:
            piece.append(paragraph)
            if edits.count(piece) >= most:
                if len(piece) >= 3:
                    yield piece
                piece, most = [], chance.randint(120, 700)
        if len(piece) >= 3 and edits.count(piece) >= 100:
            yield piece
