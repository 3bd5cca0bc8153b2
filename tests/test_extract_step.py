"""Can a batch be read again, and is a damaged one noticed and never half read?"""

import resource

import pytest
from website import declare, rss, story

from pipelines import steps
from pipelines.errors import BatchError, CheckFailed
from pipelines.ledger import Fetch, LedgerLine, Sighting
from pipelines.records import Story
from pipelines.store import batches, staging

TEXT = [
    f"The council of Port Ellery voted on {day} to keep its light." for day in ("Monday", "Tuesday", "Friday")
] * 3


@pytest.fixture
def batch(home, site):
    declare(home, "wire", site.base)
    site.pages |= {
        "/rss": rss(site.base, "/a", "/b", "/gone"),
        "/a": story("A", *TEXT),
        "/b": b"<html></html>",
    }
    return steps.crawl("wire").batch


def folder(batch):
    return steps.places().data / batch


def staged(batch):
    names = {
        batches.STORIES: Story,
        batches.LEDGER: LedgerLine,
        batches.FETCHES: Fetch,
        batches.SIGHTINGS: Sighting,
    }
    return {name: list(staging.read(folder(batch) / name, cls)) for name, cls in names.items()}


def test_each_lead_has_its_line_and_each_answer_its_place(batch):
    assert steps.extract(batch) == {"new": 1, "rejected": 1, "gone": 1}
    files = staged(batch)
    assert [s.headline for s in files[batches.STORIES]] == ["A"]
    assert all(line.raw_ref.startswith(f"{batch}/pages.warc.gz:") for line in files[batches.LEDGER])
    assert {line.outcome.value: line.reason is not None for line in files[batches.LEDGER]} == {
        "new": False,
        "rejected": True,
        "gone": True,
    }
    assert len(files[batches.SIGHTINGS]) == 3
    assert {f.purpose for f in files[batches.FETCHES]} == {"robots", "rights", "channel", "story"}


def test_read_again_it_is_the_same(batch):
    steps.extract(batch)
    first = staged(batch)
    steps.extract(batch, processes=1)
    assert staged(batch) == first


def stop_early(batch):
    """As if its crawl had been stopped, so that no later task asks for it."""
    run = folder(batch) / batches.RUN
    run.write_text(run.read_text().replace('"finished"', '"stopped"'))


def test_a_batch_that_no_task_asked_for_is_read_with_the_next(batch, site):
    stop_early(batch)
    site.pages |= {"/rss": rss(site.base, "/c"), "/c": story("C", *TEXT)}
    assert steps.extract(steps.crawl("wire").batch)["new"] == 1
    assert len(staged(batch)[batches.LEDGER]) == 3


def test_a_batch_that_its_own_task_is_about_to_read_is_left_to_it(batch, site):
    steps.extract(steps.crawl("wire").batch)
    assert not (folder(batch) / batches.LEDGER).exists()


def test_a_damaged_earlier_batch_does_not_stop_its_source(batch, site, caplog):
    stop_early(batch)
    pages = folder(batch) / batches.PAGES
    pages.write_bytes(pages.read_bytes()[:-300])
    site.pages |= {"/rss": rss(site.base, "/c"), "/c": story("C", *TEXT)}
    assert steps.extract(steps.crawl("wire").batch)["new"] == 1
    assert "cut off within the record" in caplog.text
    assert batches.unread(steps.places().data, "wire") == []


def test_a_cut_off_archive_is_named_and_nothing_of_it_is_staged(batch):
    pages = folder(batch) / batches.PAGES
    pages.write_bytes(pages.read_bytes()[:-300])
    with pytest.raises(BatchError, match=r"pages\.warc\.gz: cut off within the record at byte"):
        steps.extract(batch)
    assert not (folder(batch) / batches.LEDGER).exists()
    assert batches.waiting(steps.places().data) == []


def test_a_page_that_the_archive_lacks_is_an_error(batch):
    from pipelines.store import archive

    pages = folder(batch) / batches.PAGES
    with pages.open("rb") as file:
        last = list(archive.records(file, "p"))[-1].offset
    pages.write_bytes(pages.read_bytes()[:last])
    log = (folder(batch) / batches.CRAWL_LOG).read_text()
    (folder(batch) / batches.CRAWL_LOG).write_text(
        log.replace('"record_id": "<urn', '"record_id": "<lost', 99)
    )
    with pytest.raises(BatchError, match="2 pages of its crawl log are not in its archive"):
        steps.extract(batch)


def test_a_damaged_log_is_named_with_its_line(batch):
    log = folder(batch) / batches.CRAWL_LOG
    log.write_text(log.read_text()[:-30])
    with pytest.raises(BatchError, match=r"crawl\.jsonl:\d+: damaged"):
        steps.extract(batch)


def test_a_full_disk_leaves_no_half_file_and_can_be_repeated(batch):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        with pytest.raises(BatchError, match="cannot be written"):
            steps.extract(batch)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (folder(batch) / batches.LEDGER).exists()
    assert steps.extract(batch)["new"] == 1


def test_a_source_without_an_answer_is_red(home):
    declare(home, "wire", "http://127.0.0.1:9")
    batch = steps.crawl("wire").batch
    steps.extract(batch)
    with pytest.raises(CheckFailed, match="channels_answer: http://127.0.0.1:9/rss: connection_error"):
        steps.check(batch)


def test_pages_without_a_single_story_are_red(home, site):
    declare(home, "wire", site.base)
    paths = [f"/{n}" for n in range(6)]
    site.pages |= dict.fromkeys(paths, b"<html><body>Please accept our cookies.</body></html>")
    site.pages["/rss"] = rss(site.base, *paths)
    batch = steps.crawl("wire").batch
    steps.extract(batch)
    with pytest.raises(CheckFailed, match="none of 6 pages holds a story"):
        steps.check(batch)
