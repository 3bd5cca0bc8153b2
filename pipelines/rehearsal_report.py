"""Write a rehearsal as Markdown; what pages say is indented, so that it is shown, never rendered. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.readings import REPORTED, Tally

COLUMNS = (
    "source", "pages", "stories", "changed", "gained", "lost", "shorter", "longer", "words", "confidence",
    "unreadable",
)  # fmt: skip

NEXT = {
    "promoted": "It was promoted: the next load has it.",
    "dropped": "It was dropped: nothing was loaded.",
}


def markdown(
    name: str,
    plan: Mapping[str, Any],
    tallies: Mapping[str, Tally],
    breaches: Mapping[str, Sequence[str]],
    decision: str | None,
) -> str:
    """Write the report of all sources: the verdict first, then figures, then the worst examples."""
    lines = [
        f"# Rehearsal {name}",
        "",
        f"Pages fetched from {plan['since'][:16]} to {plan['until'][:16]} UTC, read again by extractor "
        f"{plan['extractor_version']}, beside the rows that stand.",
        "",
        *_verdict(breaches, decision),
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{'---|' * len(COLUMNS)}",
        *(_row(source, tally) for source, tally in tallies.items()),
    ]
    for source, tally in tallies.items():
        lines += ["", f"## {source}", "", *_fields(tally), *_rejects(tally), *_examples(tally)]
    return "\n".join(lines) + "\n"


def _verdict(breaches: Mapping[str, Sequence[str]], decision: str | None) -> list[str]:
    beyond = [f"- {source}: {why}" for source, whys in breaches.items() for why in whys]
    said = NEXT.get(decision or "", "")
    if beyond:
        return ["**Beyond the limits:**", "", *beyond, "", said or "Somebody has to decide: promote or drop."]
    return ["**Inside the limits.**", *(["", said] if said else [])]


def _row(source: str, tally: Tally) -> str:
    confidence = f"{tally.confidence_change:+.3f}"
    words = f"{tally.words_before:,} → {tally.words_now:,}"
    cells = (
        source, tally.pages, tally.stories, f"{tally.changed} ({tally.share_changed:.1%} with the lost)",
        tally.gained, tally.lost, tally.shorter, tally.longer, words, confidence, tally.unreadable,
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def _fields(tally: Tally) -> list[str]:
    names = [*REPORTED, *sorted(set(tally.fields) - set(REPORTED))]
    rows = [
        f"| {name} | {tally.fields[name]} | "
        + (f"{tally.filled_before[name]} → {tally.filled_now[name]} |" if name in REPORTED else "|")
        for name in names
    ]
    return [
        f"Of {tally.both} stories read both times:",
        "",
        "| field | changed | filled |",
        "|---|---|---|",
        *rows,
    ]


def _rejects(tally: Tally) -> list[str]:
    if not tally.rejects:
        return []
    return ["", "Lost, and why:", "", *(_shown(f"{n} × {why}") for why, n in tally.rejects.most_common())]


def _examples(tally: Tally) -> list[str]:
    lines = ["", "The worst:", ""] if tally.examples else []
    for example in tally.examples:
        lines += [_shown(f"{example['url']}  ({example['raw_ref']})")]
        for one in example["fields"]:
            lines += [
                _shown(f"  {one['field']}"), _shown(f"    - {one['before']}"), _shown(f"    + {one['now']}")
            ]  # fmt: skip
        lines.append("")
    return lines


def _shown(text: str) -> str:
    """One line of a code block, whatever the text holds."""
    return "    " + " ".join(text.split("\n"))
