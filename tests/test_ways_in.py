"""Do analysts get at the tables with the tools that they like, and only to read?"""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from press import batch, name, story

import wirehouse
from pipelines.store import clients, loading, warehouse
from pipelines.store.attach import explained, parse_attach, quoted

COMMAND = [sys.executable, "-m", "pipelines.cli"]


@pytest.fixture(scope="module")
def stocked(tmp_path_factory):
    """A WIREHOUSE_HOME with two stories, and the attach string of its lake."""
    home = tmp_path_factory.mktemp("home")
    attach = f"ducklake:sqlite:{home}/warehouse/catalog.sqlite"
    load(attach, batch(home / "data", name(1), [story("s1"), story("s2", 0, "snow", headline="=Snow")]))
    return home, attach


def load(attach, *folders):
    with warehouse.opened(attach) as connection:
        loading.load(connection, folders)


@pytest.fixture
def environment(stocked):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("WIREHOUSE_")}
    return kept | {"WIREHOUSE_HOME": str(stocked[0]), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}


# The shell


class Terminal:
    """A command at a terminal of its own: types, and reads until something is there."""

    def __init__(self, command, environment):
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self.said = ""

    def type(self, text):
        os.write(self.ours, text.encode())

    def until(self, pattern):
        """What was said up to the pattern, without the codes that move the cursor."""
        limit = time.monotonic() + 100
        while not (found := re.search(pattern, self.said)):
            assert time.monotonic() < limit, self.said
            if select.select([self.ours], [], [], 1)[0]:
                try:
                    new = os.read(self.ours, 65536).decode("utf-8", "replace")
                except OSError:
                    raise AssertionError(f"it ended, having said {self.said!r}") from None
                self.said += re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]|\x1b\][^\x07]*\x07", "", new)
        before, self.said = self.said[: found.end()], self.said[found.end() :]
        return before

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.ours)


@pytest.fixture
def terminal(environment):
    one = Terminal([*COMMAND, "sql"], environment)
    one.until("sql>")
    yield one
    one.close()


def test_the_shell_answers_completes_and_remembers(terminal, stocked):
    terminal.type("SELECT 40 + 2 AS answer,\r")
    terminal.type("count(*) AS n FROM stories;\r")
    terminal.until(r"42\s+2\s+1 row")
    terminal.type("SELECT max(word_count) FROM stori\t")
    terminal.until("stories")
    terminal.type(";\r")
    terminal.until(r"1 row\s")
    terminal.type("\x1b[A\x1b[A\r")  # two questions back
    terminal.until(r"42\s+2\s+1 row")
    terminal.type(".columns runs\r")
    terminal.until(r"run_id\s+VARCHAR")
    terminal.type(".quit\r")
    assert terminal.process.wait(60) == 0
    history = stocked[0] / "history.sql"
    assert "max(word_count)" in history.read_text()
    assert history.stat().st_mode & 0o077 == 0


def test_in_the_shell_nothing_can_be_changed_and_no_error_ends_it(terminal):
    for typed, answer in (
        ("DROP TABLE stories;", "read only here"),
        ("COPY stories TO '/tmp/x.csv';", "read only here"),
        ("FROM read_csv('/etc/passwd');", "wirehouse: "),
        ("SELECT nothing FROM stories;", "does not understand"),
        ("SELEC;", "not SQL"),
        (".nothing", "no such command"),
        (".as-of 2020-01-01", "sql>"),
        ("FROM stories;", "nothing is known as of"),
    ):
        terminal.type(typed + "\r")
        terminal.until(answer)
    terminal.type(".quit\r")
    assert terminal.process.wait(60) == 0


def test_a_question_may_come_through_a_pipe(environment):
    asked = {"input": "SELECT count(*) AS n FROM stories", "text": True, "capture_output": True}
    done = subprocess.run([*COMMAND, "sql", "--format", "csv"], env=environment, check=True, **asked)
    assert done.stdout == "n\n2\n"


# Any DuckDB client


def test_any_duckdb_client_reads_it_with_what_the_command_prints(environment, tmp_path):
    told = subprocess.run(
        [*COMMAND, "sql", "--attach"], env=environment, text=True, capture_output=True, check=True
    )
    assert "READ_ONLY" in told.stdout
    installed = {
        "sqlite": "sqlite_scanner",
        "ducklake": "ducklake",
    }  # as wheels: no test downloads an extension
    script = re.sub(r"INSTALL \w+; ", "", told.stdout)
    script = re.sub(r"LOAD (\w+);", lambda m: f"LOAD '{warehouse.extension(installed[m[1]])}';", script)
    program = "import duckdb, sys; c = duckdb.connect(); c.execute(sys.argv[1]); print(c.sql(sys.argv[2]).fetchall())"
    plain = [sys.executable, "-c", program, script]
    done = subprocess.run(
        [*plain, "SELECT count(*) FROM stories"], cwd=tmp_path, text=True, capture_output=True
    )
    assert "[(2,)]" in done.stdout, done.stderr
    refused = subprocess.run([*plain, "DELETE FROM stories"], cwd=tmp_path, text=True, capture_output=True)
    assert "read-only" in refused.stderr


@pytest.mark.parametrize(
    "attach",
    [
        "ducklake:postgres:dbname=w password=s3cret host=db (DATA_PATH 's3://b/f')",
        "ducklake:postgres:dbname=w password='s3 cret' (DATA_PATH '/f')",
        r"ducklake:postgres:dbname=w password='it\'s s3cret' host=db (DATA_PATH '/f')",
        "postgres:dbname=w host=db password=s3cret",
        "postgres:dbname=w host=db sslpassword='s3 cret'",
        "ducklake:postgres:dbname=w (DATA_PATH '/f', META_SECRET 'it''s s3cret')",
        "ducklake:postgres:postgresql://ann:s3cret@db/w (DATA_PATH '/f', META_SECRET 's3cret')",
    ],
)
def test_what_is_printed_has_no_secret(attach):
    script = clients.attach_script(attach)
    assert "s3" not in script.replace("s3://", "").lower()
    assert "cret" not in re.sub("CREATE SECRET", "", script)
    assert re.search(r" AS wirehouse \(.*READ_ONLY\);\nUSE wirehouse;$", script)


def libpq_value(password, way):
    """A password as libpq is told it, in quotes or without."""
    escaped = re.sub(r"(['\\\s])", r"\\\1", password)
    return f"'{escaped}'" if way == "quoted" else escaped


@given(
    st.text("'\\ =()\n@/:abß", max_size=12),
    st.sampled_from(["quoted", "bare"]),
    st.sampled_from(["password=", "sslpassword = ", "Password= "]),
    st.sampled_from(["", " host=db", " host=db options='-c x=y'"]),
)
def test_no_password_is_shown_whatever_is_in_it(middle, way, key, rest):
    where = f"dbname=w {key}{libpq_value(f'Xq{middle}Zq', way)}{rest}"
    attach = f"ducklake:postgres:{where} (DATA_PATH '/f')"
    target = parse_attach(attach)
    shown = [
        target.shown,
        clients.attach_script(attach),
        explained(f'IO Error: Unable to connect to Postgres at "{where}": it is away'),
        explained(f"Parser Error: near {target.statement(read_only=True, as_of=None)}"),
        explained(f"Parser Error: near {quoted(where)}, it is wrong"),
    ]
    assert [text for text in shown if "Xq" in text or "Zq" in text] == []
    assert "dbname=w" in target.shown
    assert "-- The password is not shown" in shown[1]


def test_the_line_of_a_statement_is_not_shown_for_it_may_begin_amid_a_password():
    said = "Parser Error: syntax error\n\nLINE 1: ...3cret host=db\n             ^"
    assert explained(said) == "Parser Error: syntax error"


def test_python_shows_no_password_when_the_server_went_away(plain, postgres):
    name = postgres.name_in(plain)
    said = ""
    with wirehouse.connect(plain) as wh:
        assert len(wh.sql("FROM stories")) == 0
        postgres.running.psql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        postgres.running.psql(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        for ask in (lambda: wh.sql("FROM stories"), lambda: wh.sql("FROM runs"), lambda: wh.search("rain")):
            with pytest.raises(wirehouse.WarehouseError) as caught:
                ask()
            said += "".join(traceback.format_exception(caught.value))
    assert f"dbname={name}" in said
    assert "s3cret" not in said


# Python


def test_python_gets_arrow_polars_pandas_and_rows(stocked):
    with wirehouse.connect(stocked[1]) as wh:
        answer = wh.sql("SELECT story_id, fetched_at FROM stories WHERE story_id = ?", ["s1"])
        assert answer.rows()[0]["story_id"] == "s1"
        assert answer.arrow().num_rows == len(answer) == 1
        assert answer.pl()["story_id"].to_list() == ["s1"]
        assert answer.df()["story_id"].tolist() == ["s1"]
        assert str(answer.df()["fetched_at"].dtype).endswith("UTC]")
        assert wh.search("snow").pl()["story_id"].to_list() == ["s2"]
        assert wh.search("hail").df().empty
    assert len(answer) == 1


def test_python_joins_a_frame_of_ones_own(stocked):
    import polars

    with wirehouse.connect(stocked[1]) as wh:
        wh.duckdb.register("mine", polars.DataFrame({"story_id": ["s2"], "mark": [7]}).to_arrow())
        assert wh.duckdb.sql("SELECT mark, headline FROM mine JOIN stories USING (story_id)").fetchall() == [
            (7, "=Snow")
        ]


def test_python_may_not_write(stocked):
    with wirehouse.connect(stocked[1]) as wh:
        with pytest.raises((wirehouse.UsageError, wirehouse.WarehouseError)):
            wh.sql("DELETE FROM stories")
        with pytest.raises(Exception, match="read-only"):
            wh.duckdb.execute("UPDATE stories SET headline = ''")
        assert len(wh.sql("FROM stories")) == 2


@pytest.mark.parametrize(
    "question",
    [
        "COPY stories TO '{here}/stolen.csv'",
        "FROM read_text('{here}/secret.txt')",
        "FROM '{here}/secret.csv'",
        "LOAD sqlite_scanner",
        "SET memory_limit = '8GB'",
        "FROM ducklake_cleanup_old_files('wh', cleanup_all => true)",
        "SELECT 1; SELECT 2",
    ],
)
def test_python_asks_about_the_warehouse_and_of_no_file(stocked, tmp_path, question):
    for file in ("secret.txt", "secret.csv"):
        (tmp_path / file).write_text("secret\n1\n")
    before = sorted(tmp_path.iterdir())
    with wirehouse.connect(stocked[1]) as wh, pytest.raises(wirehouse.UsageError):
        wh.sql(question.replace("{here}", str(tmp_path)))
    assert sorted(tmp_path.iterdir()) == before


def test_python_has_a_connection_of_its_own_for_files(stocked, tmp_path):
    with wirehouse.connect(stocked[1]) as wh:
        wh.duckdb.execute("SET memory_limit = '3GB'")
        wh.duckdb.execute(f"COPY (SELECT story_id FROM stories) TO '{tmp_path}/mine.csv'")
        assert wh.duckdb.sql(f"FROM '{tmp_path}/mine.csv' JOIN stories USING (story_id)").fetchall()
        assert len(wh.sql("FROM stories")) == 2
    assert (tmp_path / "mine.csv").exists()


def test_python_sees_new_loads_and_what_was_known_before(tmp_path):
    attach = f"ducklake:sqlite:{tmp_path}/catalog.sqlite"
    load(attach, batch(tmp_path / "data", name(1), [story("s1")]))
    then = datetime.now(UTC)
    with wirehouse.connect(attach) as wh:
        assert len(wh.sql("FROM stories")) == 1
        load(attach, batch(tmp_path / "data", name(2), [story("s2", 5, "snow")]))
        assert len(wh.sql("FROM stories")) == 2
        assert len(wh.search("snow OR rain")) == 2
    with wirehouse.connect(attach, as_of=then) as before:
        assert len(before.sql("FROM stories")) == 1
        with pytest.raises(wirehouse.UsageError, match="as they are now"):
            before.search("rain")


def test_python_says_in_our_words_what_is_wrong(tmp_path, stocked):
    with pytest.raises(wirehouse.WarehouseError, match="no warehouse yet"):
        wirehouse.connect(f"ducklake:sqlite:{tmp_path}/none.sqlite")
    with (
        wirehouse.connect(stocked[1]) as wh,
        pytest.raises(wirehouse.UsageError, match="does not understand"),
    ):
        wh.sql("SELECT nothing FROM nowhere")


def test_reading_imports_neither_airflow_nor_scrapy_and_leaves_no_file(environment, tmp_path):
    program = """
import sys, wirehouse
with wirehouse.connect() as wh:
    wh.sql("FROM stories"); wh.search("rain")
print([m for m in ("airflow", "scrapy", "trafilatura") if m in sys.modules])
"""
    spill = environment | {"TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=spill, text=True, capture_output=True, check=True
    )
    assert done.stdout == "[]\n"
    assert list(Path(tmp_path).iterdir()) == []


def test_a_reader_that_stays_open_blocks_no_load(tmp_path):
    attach = f"ducklake:sqlite:{tmp_path}/catalog.sqlite"
    load(attach, batch(tmp_path / "data", name(1), [story("s1")]))
    with wirehouse.connect(attach) as wh:
        rows = wh.duckdb.execute("FROM stories")  # asked, not yet fetched
        load(
            attach, batch(tmp_path / "data", name(2), [story("s2", 5, "snow", fetched_at=datetime.now(UTC))])
        )
        assert len(rows.fetchall()) == 1
        assert wh.sql("SELECT max(loaded_at) - min(loaded_at) AS apart FROM stories").rows()[0][
            "apart"
        ] > timedelta(0)
