"""Is a batch that would poison the tables kept out of them, and is nothing lost whatever is decided?"""

import json
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner
from crawling import outcomes
from suspicion import suspecting
from website import declare, rss, serving, story

from pipelines import judge_step, quarantine, steps
from pipelines.cli import main
from pipelines.errors import BatchError
from pipelines.ledger import LedgerLine
from pipelines.records import Story
from pipelines.store import batches, decisions, findings, loading, staging

WORDS = [
    "The council of Port Ellery voted on Monday to keep the light on its pier.",
    "Nobody spoke against it, and the keeper was applauded by all who had come.",
    "The lamp was lit in the year in which the harbour was dredged for the first time.",
]
OTHER = [line.replace("Port Ellery", "Saltmarsh").replace("lamp", "bell") for line in WORDS]


PAGES = {
    "/a": story("Light stays", *WORDS),
    "/b": story("Bell stays", *OTHER),
    "/empty": b"<html></html>",
}


@pytest.fixture(scope="module")
def served():
    with serving() as site:
        yield site


@pytest.fixture
def wire(home, served):
    """A source of two stories and one page that is none."""
    declare(home, "wire", served.base)
    served.pages = PAGES | {"/rss": rss(served.base, *PAGES)}
    served.asked.clear()
    return served


@pytest.fixture
def suspect(home, monkeypatch):
    """While this file is there, what is judged is held."""
    file = home / "suspect"
    monkeypatch.setattr(judge_step, "judge", suspecting(judge_step.judge, file))
    return file


def data():
    return steps.places().data


def crawl_and_extract():
    batch = steps.crawl("wire").batch
    steps.extract(batch)
    return batch


def publish():
    return steps.load(steps.cluster())


def ask(query):
    return steps.query(query).to_pylist()


def headlines():
    return sorted(row["headline"] for row in ask("SELECT headline FROM stories"))


def balance():
    """Runs whose ledger does not have as many lines as leads were found."""
    return ask(
        "SELECT run_id, leads, count(l.run_id) AS n FROM runs r JOIN ledger l USING (run_id)"
        " GROUP BY ALL HAVING n <> leads"
    )


@pytest.fixture(scope="module")
def kept(served, tmp_path_factory):
    """The data of a source whose only batch is held, made once and copied for each test."""
    kept = tmp_path_factory.mktemp("held")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WIREHOUSE_HOME", str(kept))
        patch.setenv("WIREHOUSE_SOURCES", str(kept / "sources"))
        (kept / "sources").mkdir()
        (kept / "suspect").touch()
        declare(kept, "wire", served.base)
        served.pages = PAGES | {"/rss": rss(served.base, *PAGES)}
        patch.setattr(judge_step, "judge", suspecting(judge_step.judge, kept / "suspect"))
        return kept, crawl_and_extract()


@pytest.fixture
def held(kept, wire, home, suspect):
    folder, batch = kept
    shutil.copytree(folder / "data", home / "data")
    return batch


def test_a_held_batch_is_not_loaded_and_the_next_ones_are(held, wire):
    assert batches.waiting(data()) == []
    assert [one.batch for one in quarantine.held()] == [held]
    wire.pages |= {"/rss": rss(wire.base, "/c"), "/c": story("New harbour", *WORDS[:2])}
    crawl_and_extract()
    publish()
    assert headlines() == ["New harbour"]
    with pytest.raises(BatchError, match=f"{held} is held"):
        steps.cluster([held])
    with pytest.raises(BatchError, match=f"{held} is held"):
        steps.load([held])


def test_released_late_it_is_as_if_it_had_never_been_held(held, wire):
    wire.pages["/a"] = story("Light stays for good", *WORDS, "It was said again on Tuesday.")
    later = steps.crawl("wire", recrawl=[f"{wire.base}/a", f"{wire.base}/b"]).batch
    steps.extract(later)
    publish()
    quarantine.release(held, by="Ana", why="they do write so")
    publish()
    assert headlines() == ["Bell stays", "Light stays for good"]
    chain = ask(
        "SELECT version, headline, change_kind FROM story_versions WHERE headline LIKE 'Light%' ORDER BY version"
    )
    assert [row["headline"] for row in chain] == ["Light stays", "Light stays for good"]
    # Bytes that came again while it was held belong to the story that is now there.
    again = ask("SELECT outcome, story_id IS NOT NULL AS known FROM ledger WHERE outcome = 'unchanged'")
    assert again == [{"outcome": "unchanged", "known": True}]
    assert balance() == []


def test_discarded_its_stories_stay_out_and_each_of_its_leads_is_accounted_for(held):
    before = list(staging.read(data() / held / batches.STORIES, Story))
    quarantine.discard(held, by="Ana", why="a wall")
    publish()
    assert headlines() == []
    assert balance() == []
    ends = ask("SELECT outcome, reason, story_id FROM ledger ORDER BY reason")
    assert ends == [
        {"outcome": "rejected", "reason": "discarded: new", "story_id": None},
        {"outcome": "rejected", "reason": "discarded: new", "story_id": None},
        {"outcome": "rejected", "reason": "discarded: rejected: empty", "story_id": None},
    ]
    assert ask("SELECT finish_reason FROM runs") == [{"finish_reason": "discarded"}]
    assert (data() / held / batches.PAGES).exists()
    assert list(staging.read(data() / held / batches.DISCARDED_STORIES, Story)) == before


def test_the_next_crawl_asks_again_for_all_pages_of_a_discarded_batch(held, wire):
    quarantine.discard(held, by="Ana")
    wire.asked.clear()
    crawled = steps.crawl("wire")
    assert outcomes(crawled) == {"a": None, "b": None, "empty": None}
    steps.extract(crawled.batch)
    publish()
    assert headlines() == ["Bell stays", "Light stays"]
    assert outcomes(steps.crawl("wire")) == {}  # nothing is due


def test_what_was_found_unchanged_while_the_batch_was_held_is_asked_for_again_too(held, wire):
    between = steps.crawl("wire", recrawl=[f"{wire.base}/a"])
    assert outcomes(between) == {"a": "unchanged"}
    quarantine.discard(held, by="Ana")
    assert outcomes(steps.crawl("wire"))["a"] is None


def test_what_was_read_well_while_the_batch_was_held_is_not_asked_for_again(held, wire):
    wire.pages["/a"] = story("Light stays for good", *WORDS)
    assert outcomes(steps.crawl("wire", recrawl=[f"{wire.base}/a"])) == {"a": None}
    quarantine.discard(held, by="Ana")
    assert outcomes(steps.crawl("wire")) == {"b": None, "empty": None}


def test_a_memory_made_anew_knows_of_the_discarding(held):
    quarantine.discard(held, by="Ana")
    (data() / "wire" / batches.FRONTIER).unlink()
    assert outcomes(steps.crawl("wire")) == {"a": None, "b": None, "empty": None}
    (data() / "wire" / batches.FRONTIER).unlink()
    assert outcomes(steps.crawl("wire")) == {}  # nothing is due


@pytest.mark.parametrize(("decide", "waits"), [(quarantine.release, ["a", "b"]), (quarantine.discard, [])])
def test_what_was_decided_holds_when_the_batch_is_read_again(held, suspect, decide, waits):
    decide(held, by="Ana")
    suspect.touch()
    steps.extract(held)
    assert quarantine.held() == []
    assert batches.waiting(data()) == [held]
    assert len(list(staging.read(data() / held / batches.STORIES, Story))) == len(waits)


def test_read_again_and_found_good_it_is_held_no_longer(held):
    steps.extract(held)
    assert quarantine.held() == []
    assert batches.waiting(data()) == [held]


def test_what_is_loaded_already_is_neither_held_nor_discarded_when_it_is_read_again(wire, suspect, caplog):
    batch = crawl_and_extract()
    publish()
    suspect.touch()
    steps.extract(batch)
    assert quarantine.held() == []
    assert "is loaded already" in caplog.text
    publish()
    assert headlines() == ["Bell stays", "Light stays"]
    batches.mark(data(), batches.HELD, batch)  # held by a program that did not ask
    stories = list(staging.read(data() / batch / batches.STORIES, Story))
    with pytest.raises(BatchError, match="is loaded already"):
        quarantine.discard(batch, by="Ana")
    assert decisions.read(data() / batch) is None
    assert list(staging.read(data() / batch / batches.STORIES, Story)) == stories
    quarantine.release(batch, by="Ana")
    publish()
    assert quarantine.held() == []
    assert balance() == []


def test_where_the_warehouse_cannot_be_asked_what_is_suspect_is_held(
    wire, suspect, monkeypatch, home, caplog
):
    batch = steps.crawl("wire").batch
    suspect.touch()
    (home / "damaged.sqlite").write_bytes(b"no database " * 1000)
    monkeypatch.setenv("WIREHOUSE_WAREHOUSE", f"ducklake:sqlite:{home}/damaged.sqlite")
    steps.extract(batch)
    assert "whether it is loaded cannot be told" in caplog.text
    assert [one.batch for one in quarantine.held()] == [batch]


def test_deciding_twice_the_same_changes_nothing_and_otherwise_is_refused(held):
    quarantine.release(held, by="Ana")
    quarantine.release(held, by="Bo")
    with pytest.raises(BatchError, match="was released by Ana"):
        quarantine.discard(held, by="Bo")
    assert decisions.read(data() / held).by == "Ana"


def test_a_decision_that_broke_off_is_carried_out_when_it_is_made_again(held, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(quarantine, "_set_aside", lambda folder: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            quarantine.discard(held, by="Ana")
    assert batches.waiting(data()) == []
    quarantine.discard(held, by="Ana")
    publish()
    assert headlines() == []


def test_what_is_not_held_cannot_be_decided_about(wire):
    batch = crawl_and_extract()
    for decide in (quarantine.release, quarantine.discard):
        with pytest.raises(BatchError, match="is not held"):
            decide(batch, by="Ana")
    assert batches.waiting(data()) == [batch]


def test_what_a_released_batch_measured_is_usual_from_then_on_also_when_it_is_read_again(held, suspect):
    quarantine.release(held, by="Ana")
    assert [(m.held, m.released) for m, _ in findings.untold(data())] == [(False, True)]
    steps.extract(held)
    publish()
    assert ask("SELECT held, released FROM measures") == [{"held": False, "released": True}]


def test_a_damaged_batch_keeps_no_other_from_being_loaded_and_is_read_again(wire):
    damaged = crawl_and_extract()
    (data() / damaged / batches.STORIES).write_bytes(b"")
    wire.pages |= {"/rss": rss(wire.base, "/c"), "/c": story("New harbour", *WORDS[:2])}
    later = steps.crawl("wire").batch
    batches.unmark(data(), batches.UNREAD, [damaged])
    steps.extract(later)
    publish()
    assert headlines() == ["New harbour"]
    assert batches.unread(data(), "wire") == [damaged]
    steps.extract(damaged)
    publish()
    assert headlines() == ["Bell stays", "Light stays", "New harbour"]


def test_a_damaged_batch_that_is_held_is_shown_as_such_and_can_be_read_again(held, suspect):
    (data() / held / batches.LEDGER).write_bytes(b"")
    (data() / held / batches.STORIES).write_bytes(b"")
    [shown] = quarantine.held()
    assert (shown.batch, shown.counts) == (held, {})
    assert "damaged" in quarantine.evidence(shown)
    steps.extract(held)
    assert batches.waiting(data()) == [held]


def test_what_is_decided_while_a_load_runs_is_told_by_the_next(held, monkeypatch):
    def load(*given, before=loading.load, **more):
        quarantine.release(held, by="Ana")
        return before(*given, **more)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(loading, "load", load)
        steps.load([])
    assert ask("SELECT held FROM measures") == [{"held": True}]
    steps.load([])
    assert ask("SELECT held FROM measures") == [{"held": False}]


def test_who_decided_and_why_stands_among_the_findings(held):
    quarantine.release(held, by="Ana", why="they do write so")
    publish()
    found = ask(
        "SELECT check_name, severity, message, holds FROM findings WHERE check_name LIKE '%quarantine%'"
    )
    assert found == [
        {
            "check_name": "quarantine",
            "severity": "note",
            "message": "released by Ana: they do write so",
            "holds": False,
        }
    ]


def test_the_evidence_shows_hostile_words_as_words(held, monkeypatch):
    hostile = "Rain ``` ![x](http://evil.example/) {{ 1/0 }} <script>alert(1)</script>\x1b[31m"
    path = data() / held / batches.STORIES
    one, *rest = staging.read(path, Story)
    staging.write(path, Story, [replace(one, headline=hostile), *rest])
    shown = quarantine.evidence(quarantine.one_held(held))
    head, block, tail = shown.split("```")
    assert "evil.example" in block
    assert "evil.example" not in head + tail
    assert "\x1b" not in shown
    assert "confidence fell to 0.1" in head
    assert "0.10, usual 0.93" in head
    assert "2 new, 1 rejected" in head


def test_the_commands_say_what_is_held_and_decide(held):
    def run(*words):
        done = CliRunner().invoke(main, ["-q", *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "confidence fell to 0.1" in run("held")
    assert json.loads(run("held", "--json"))[0]["batch"] == held
    assert "discarded" in run("discard", held, "--why", "a wall")
    assert run("held") == "nothing is held\n"
    refused = CliRunner().invoke(main, ["release", held])
    assert refused.exit_code == 1
    assert "was discarded by" in refused.output


def test_a_ledger_of_a_replay_that_names_a_page_twice_balances_when_it_is_discarded(wire, suspect, home):
    first = crawl_and_extract()
    file = home / "twice.warc.gz"
    with file.open("wb") as out:
        for _ in range(2):
            with (data() / first / batches.PAGES).open("rb") as pages:
                shutil.copyfileobj(pages, out)
    suspect.touch()
    replayed = steps.replay(file, "wire")
    steps.extract(replayed)
    quarantine.discard(replayed, by="Ana")
    publish()
    assert balance() == []
    assert len(list(staging.read(data() / replayed / batches.LEDGER, LedgerLine))) > 4
    assert headlines() == ["Bell stays", "Light stays"]
