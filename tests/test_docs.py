"""Is what the docs say true of the code?"""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from website import declare, story

import sources as package
from pipelines import cli, steps
from pipelines.store import archive

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
TEXT = {page.name: page.read_text("utf-8") for page in PAGES}
ALL = "\n".join(TEXT.values())


def test_every_command_is_in_the_readme_or_its_pages():
    missing = [name for name in cli.main.commands if not re.search(rf"wirehouse {name}\b|`{name}`", ALL)]
    assert missing == []


def test_every_command_in_the_docs_exists():
    named = set(re.findall(r"(?:`|\$ (?:\.venv/bin/)?)wirehouse ([a-z]+)", ALL))
    assert named
    assert named <= set(cli.main.commands)


def test_every_option_in_the_docs_exists():
    known = {
        option
        for command in [cli.main, *cli.main.commands.values()]
        for p in command.params
        for option in [*p.opts, *p.secondary_opts]
    }
    named = set()
    for line in ALL.splitlines():
        if "wirehouse " in line:
            named |= set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", line))
    assert named - known <= {"--help"}


def test_every_make_target_in_the_docs_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`make ([a-z]+)", ALL)) <= targets


def test_every_key_of_a_source_is_in_its_page():
    rows = [line for line in package.__doc__.splitlines() if line.startswith("|")]
    assert len(rows) > 20
    assert [row for row in rows if row not in TEXT["sources.md"]] == []


def test_the_example_source_in_the_docs_is_valid():
    from pipelines.sources import parse_source

    blocks = re.findall(r"```toml\n(.*?)```", TEXT["sources.md"], re.S)
    source = parse_source("example", blocks[0] + re.sub(r"(?m)^   ", "", blocks[1]))
    assert len(source.rules) == 2


def test_every_setting_in_the_environment_is_explained():
    used = set()
    for module in [
        *(ROOT / "pipelines").rglob("*.py"),
        *(ROOT / "dags").glob("*.py"),
        *(ROOT / "plugins").glob("*.py"),
    ]:
        used |= set(re.findall(r'environ[^\n]*"(WIREHOUSE_[A-Z_]+)"', module.read_text()))
    assert len(used) >= 4
    assert [name for name in used if name not in ALL] == []


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(d for extra in project["optional-dependencies"].values() for d in extra),
    ]
    names = {re.split(r"[<>=\[ ;]", line)[0] for line in wanted}
    assert [name for name in sorted(names) if f"`{name}`" not in TEXT["CONTRIBUTING.md"]] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", TEXT[page.name])
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A small warehouse, made of two pages of a WARC."""
    home = tmp_path_factory.mktemp("docs")
    with pytest.MonkeyPatch.context() as patch:
        (home / "sources").mkdir()
        patch.setenv("WIREHOUSE_HOME", str(home))
        patch.setenv("WIREHOUSE_SOURCES", str(home / "sources"))
        declare(home, "wire", "https://wire.example")
        writer = archive.ArchiveWriter(home / "p.warc.gz", software="test")
        for n in range(2):
            lines = [
                f"The council of Port Ellery voted {n} times on {day} to keep its light."
                for day in ("Monday", "Tuesday")
            ]
            writer.add(
                f"https://wire.example/{n}",
                status=200,
                reason="OK",
                protocol="HTTP/1.1",
                headers=[("Content-Type", "text/html")],
                body=story(f"Light number {n} stays lit", *lines * 4),
                fetched_at=datetime(2026, 3, 5, 13, tzinfo=UTC),
            )
        writer.close()
        steps.extract(steps.replay(home / "p.warc.gz", "wire"))
        steps.load(steps.cluster())
        yield


QUERIES = re.findall(r"```sql\n(SELECT.*?)```", TEXT["analysts.md"], re.S) + re.findall(
    r'wirehouse sql "(select [^"…]*)"', TEXT["README.md"]
)


def test_there_are_ten_queries_and_more():
    assert len(QUERIES) >= 12


@pytest.mark.parametrize("query", QUERIES)
def test_query_of_the_docs_is_answered(loaded, query):
    assert steps.query(query).num_columns >= 1
