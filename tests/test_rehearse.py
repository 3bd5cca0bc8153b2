"""Is a re-extraction tried first, told in figures, and loaded only inside its limits or by decision?"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aging import DAY, killed_at, old_batch, page_at
from click.testing import CliRunner
from website import declare

from pipelines import cli, rehearse, steps, upkeep
from pipelines.errors import UsageError
from pipelines.readings import Limits
from pipelines.store import pages, staging, warehouse

SITE = "https://wire.example"
SINCE, UNTIL = DAY - timedelta(days=1), DAY + timedelta(days=9)
ALL = Limits(changed=1, lost=1, shorter=1, confidence_loss=1)
WORDS = "of Port Ellery voted on Monday to keep its light burning, and on Tuesday to mend the stairs."


def page(n: int, *, promo: str = "", when: str = "2026-03-05T11:00:00Z") -> bytes:
    """A story of five paragraphs, one of which the publisher's own people wrote to sell something."""
    body = "".join(f"<p class=keep>In week {k} the council {WORDS}</p>" for k in range(4))
    return (
        f'<!doctype html><html lang="en"><head><title>Light {n} stays lit</title>'
        f'<meta property="article:published_time" content="{when}"></head>'
        f"<body><article><h1>Light {n} stays lit</h1><time>4 March 2026 09:30 UTC</time>{body}{promo}</article></body></html>"
    ).encode()


PROMO = "<p class=club>Members of our club have read the story of the light a day before all others did.</p>"
OLD = """[{drop = ["p.hidden"]}]"""
MENDED = """[{body = "article p.keep"}]"""


def filled(day: int, *numbers: int, promo: str = "") -> str:
    at = datetime(2026, 3, day, 12, tzinfo=UTC)
    made = [page_at(SITE, f"/{n}", page(n, promo=promo), at) for n in numbers]
    if day == 6:  # of which the rule of old dropped all paragraphs
        made.append(page_at(SITE, "/7", page(7).replace(b"<p class=keep>", b"<p class=hidden>"), at))
    made.append(page_at(SITE, f"/front{day}", b"<html><body><nav>Front</nav></body></html>", at))
    name = old_batch(f"{at:%Y%m%dT%H%M%SZ}-{numbers[0]:04x}", made)
    steps.extract(name)
    return name


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A home with a source of six stories in three days, of which two have a promo that was read as theirs."""
    home = tmp_path_factory.mktemp("made")
    (home / "sources").mkdir()
    declare(home, "wire", SITE, rules=OLD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WIREHOUSE_HOME", str(home))
        patch.setenv("WIREHOUSE_SOURCES", str(home / "sources"))
        patch.setenv("WIREHOUSE_PROCESSES", "1")
        filled(5, 1, 2, 3)
        filled(6, 4)
        filled(7, 5, 6, promo=PROMO)
        steps.load(steps.cluster())
    return home


@pytest.fixture
def wire(made, home, monkeypatch) -> Path:
    """A copy of it for each test."""
    monkeypatch.setenv("WIREHOUSE_PROCESSES", "1")
    shutil.copytree(made, home, dirs_exist_ok=True)
    return home


def mend(home: Path, rules: str = MENDED) -> None:
    declare(home, "wire", SITE, rules=rules)


def rows(sql: str) -> list[tuple]:
    return [tuple(row.values()) for row in steps.query(sql).to_pylist()]


def bodies() -> dict[str, bool]:
    return dict(rows("SELECT url[-1:], body_text LIKE '%club%' FROM stories ORDER BY 1"))


def test_nothing_changes_where_nothing_reads_differently(wire):
    found = rehearse.rehearse(["wire"], SINCE, UNTIL)
    tally = found.tallies["wire"]
    assert (tally.pages, tally.stories, tally.changed, tally.gained, tally.lost) == (10, 6, 0, 0, 0)
    assert found.is_inside
    assert rehearse.promote(found.id) == []


def test_a_rehearsal_loads_nothing_and_promoting_it_is_no_edit_of_the_publishers(wire):
    mend(wire)
    found = rehearse.rehearse(["wire"], SINCE, UNTIL)
    tally = found.tallies["wire"]
    assert (tally.stories, tally.changed, tally.gained, tally.lost) == (6, 2, 1, 0)
    assert tally.fields == {"body_text": 2}
    assert tally.words_now < tally.words_before
    assert found.breaches == {"wire": ["33.3 % of the stories changed (limit 10.0 %)"]}
    assert steps.cluster() == []  # nothing waits
    assert bodies() == {n: n in "56" for n in "123456"}
    promoted = rehearse.promote(found.id)
    assert len(promoted) == 2  # a batch for each day on which something changed
    assert steps.load(steps.cluster()) == {
        "runs": 2, "new": 1, "updated": 2, "unchanged": 1, "rejected": 2,
    }  # fmt: skip
    assert bodies() == dict.fromkeys("1234567", False)
    assert rows("SELECT url[-1:], change_kind FROM story_versions WHERE version > 1 ORDER BY 1") == [
        ("5", "extractor_change"),
        ("6", "extractor_change"),
    ]
    assert rows("SELECT count(*) FROM corrections") == [(0,)]
    assert steps.check() == []
    again = rehearse.rehearse(["wire"], SINCE, UNTIL, most=100)
    assert again.tallies["wire"].changed == 0


def test_the_crawl_after_a_promotion_learns_nothing_wrong(wire, site):
    mend(wire)
    rehearse.promote(rehearse.rehearse(["wire"], SINCE, UNTIL).id)
    steps.load(steps.cluster())
    from pipelines.store import learning, state

    memory = wire / "frontier.sqlite"
    learning.learn(steps.places().data, steps.source("wire"), memory)
    with state.open_memory(memory) as known:
        assert len(known.folded()) == 5
        assert known.unread() == []


def test_a_better_date_is_loaded_too(wire):
    mend(wire, """[{published_at = "article time"}]""")
    found = rehearse.rehearse(["wire"], SINCE, UNTIL, limits=ALL)
    assert found.tallies["wire"].fields["published_at"] == 6
    assert found.is_inside
    rehearse.promote(found.id)
    steps.load(steps.cluster())
    asked = "SELECT DISTINCT published_at, version, change_kind FROM stories WHERE url NOT LIKE '%7'"
    assert rows(asked) == [(datetime(2026, 3, 4, 9, 30, tzinfo=UTC), 1, "new")]
    assert steps.check() == []


def test_lost_stories_stay_as_they_were_and_gained_ones_are_new(wire):
    mend(wire, """[{drop = ["p.keep"]}]""")
    found = rehearse.rehearse(["wire"], SINCE, UNTIL)
    tally = found.tallies["wire"]
    assert tally.lost >= 4
    assert sum(tally.rejects.values()) == tally.lost
    assert any("are lost (limit 1.0 %)" in why for why in found.breaches["wire"])
    rehearse.promote(found.id)
    steps.load(steps.cluster())
    assert rows("SELECT count(*) FROM stories WHERE pub_status = 'usable'") == [(7,)]
    assert steps.check() == []


def test_it_goes_on_where_it_was_killed_and_says_the_same(wire):
    mend(wire)
    ops = {"write": staging, "write_json": pages}
    kills = 0
    while killed_at(kills, lambda: rehearse.rehearse(["wire"], SINCE, UNTIL), ops) and kills < 12:
        kills += 4
    assert kills >= 4
    found = rehearse.rehearse(["wire"], SINCE, UNTIL)
    assert (found.tallies["wire"].pages, found.tallies["wire"].changed) == (10, 2)
    while killed_at(kills % 3, lambda: rehearse.promote(found.id), {"rename": Path}) and kills < 20:
        kills += 1
    promoted = rehearse.promote(found.id)
    assert rehearse.promote(found.id) == promoted
    steps.load(steps.cluster())
    assert bodies() == dict.fromkeys("1234567", False)


def test_a_page_that_is_gone_is_counted_and_the_others_are_read(wire):
    (wire / "data" / "wire" / "20260306T120000Z-0004" / "pages.warc.gz").write_bytes(b"rubbish")
    mend(wire)
    tally = rehearse.rehearse(["wire"], SINCE, UNTIL).tallies["wire"]
    assert (tally.pages, tally.unreadable, tally.changed) == (7, 3, 2)


def test_joined_pages_are_read_again_like_any(wire):
    upkeep.upkeep(["join"], now=datetime(2026, 4, 1, tzinfo=UTC))
    mend(wire)
    assert rehearse.rehearse(["wire"], SINCE, UNTIL).tallies["wire"].changed == 2


def test_the_period_and_the_number_of_pages_are_kept(wire):
    tally = rehearse.rehearse(["wire"], SINCE, datetime(2026, 3, 6, tzinfo=UTC)).tallies["wire"]
    assert tally.stories == 3
    assert rehearse.rehearse(["wire"], SINCE, UNTIL, most=2).tallies["wire"].pages == 2


def test_what_was_dropped_is_not_loaded_and_cannot_be(wire):
    mend(wire)
    found = rehearse.rehearse(["wire"], SINCE, UNTIL)
    rehearse.drop(found.id)
    with pytest.raises(UsageError, match="was dropped"):
        rehearse.promote(found.id)
    assert steps.cluster() == []
    assert rehearse.look(found.id).decision == "dropped"


def test_what_was_dropped_can_be_rehearsed_again_and_promoted(wire):
    mend(wire)
    rehearse.drop(rehearse.rehearse(["wire"], SINCE, UNTIL).id)
    assert killed_at(0, lambda: rehearse.rehearse(["wire"], SINCE, UNTIL), {"unlink": Path})
    again = rehearse.rehearse(["wire"], SINCE, UNTIL, limits=ALL)
    assert (again.decision, again.is_inside, again.tallies["wire"].changed) == (None, True, 2)
    rehearse.promote(again.id)
    with pytest.raises(UsageError, match="was promoted already"):
        rehearse.rehearse(["wire"], SINCE, UNTIL)
    steps.load(steps.cluster())
    assert bodies() == dict.fromkeys("1234567", False)


def test_the_report_tells_the_worst_and_shows_pages_as_text(wire):
    mend(wire, """[{headline = "article p.club"}, ]""")
    done = CliRunner().invoke(
        cli.main, ["rehearse", "wire", "--since", "2026-03-04", "--until", "2026-03-09"]
    )
    assert done.exit_code == 0, done.stderr
    report = done.stdout
    assert "| wire | 10 | 6 | 2 (33.3% with the lost) |" in report
    assert "    - Light 5 stays lit" in report
    assert "Somebody has to decide" in report
    (kept,) = (wire / "data" / ".rehearsals").glob("*/report.md")
    assert kept.read_text() == report
    told = json.loads(
        CliRunner()
        .invoke(cli.main, ["rehearse", "wire", "--since", "2026-03-04", "--until", "2026-03-09", "--json"])
        .stdout
    )
    assert told["tallies"]["wire"]["fields"]["headline"] == 2
    assert CliRunner().invoke(cli.main, ["promote", told["id"]]).exit_code == 0
    assert "was promoted" in CliRunner().invoke(cli.main, ["drop", told["id"]]).stderr


def test_what_somebody_discarded_is_not_read_for_its_stories(wire):
    with warehouse.opened(steps.places().warehouse) as connection:
        connection.execute("UPDATE ledger SET reason = 'discarded: new' WHERE outcome = 'rejected'")
        discarded = warehouse.one(connection, "SELECT count(*) FROM ledger WHERE reason LIKE 'discarded: %'")
    assert discarded
    assert rehearse.rehearse(["wire"], SINCE, UNTIL).tallies["wire"].pages == 10 - discarded


def test_wrong_wishes_are_refused_in_words(wire):
    for wish, said in (
        (([], SINCE, UNTIL), "no source is named"),
        ((["wire"], UNTIL, SINCE), "ends before it begins"),
    ):
        with pytest.raises(UsageError, match=said):
            rehearse.rehearse(*wish)
    for name in ("../../etc", "nobody"):
        with pytest.raises(UsageError, match="no rehearsal"):
            rehearse.promote(name)
