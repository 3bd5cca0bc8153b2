"""Bring everything up on this machine, watch it, and take all of it down again.

`wirehouse up`: Airflow's API server, scheduler, DAG processor and triggerer, and the
demo wire, all on 127.0.0.1, with their files in `WIREHOUSE_HOME`. Airflow's own
`standalone` would open log servers to the network and print its password into a log, so
we start the parts ourselves.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from textwrap import indent

from pipelines import show, steps
from pipelines.errors import SourceError, UsageError, WirehouseError
from pipelines.places import places
from pipelines.records import Source
from pipelines.sources import names
from pipelines.store.attach import parse_attach
from pipelines.up import demo_wire, embedded
from pipelines.up.airflow_api import AirflowApi, NoAnswerError
from pipelines.up.crew import Crew
from pipelines.up.watch import Progress

HEALTHY_WITHIN = timedelta(minutes=4)
"""Usually half a minute; a machine with one slow core may need minutes."""

ONCE_WITHIN = timedelta(minutes=20)
"""`once` gives up after this: every source crawled, everything published."""

COMPONENTS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
"""Airflow's parts and how each is started; log servers would listen on 0.0.0.0."""


def up(
    *,
    once: bool = False,
    port: int = 8080,
    demo: bool = True,
    demo_port: int = demo_wire.FIRST_PORT,
    say: Callable[[str], None] = print,
) -> None:
    """Run everything until Ctrl-C; with `once`, until all sources are crawled and published.

    Raises WirehouseError when a port is taken, when a component dies, and with `once`
    when a task fails (the message holds its log) or when it takes too long.
    """
    home = places().home
    os.environ["WIREHOUSE_HOME"] = str(home)  # for the children, wherever they run
    demo = demo and any(name.startswith("demo_") for name in names(places().sources))
    parse_attach(places().warehouse)  # a wrong one is said now, not by the first publish
    if demo and port in range(demo_port, demo_port + demo_wire.SITES):
        raise UsageError(f"--port {port} is one of the demo wire's: see --demo-port")
    free(port, "--port")
    for taken in range(demo_port, demo_port + demo_wire.SITES) if demo else ():
        free(taken, "--demo-port, or --no-demo")
    embedded.lay_out(home)
    own, first = places().sources, demo_port if demo else None

    def follow() -> None:
        """Take over source files that came, changed or went while we run."""
        if first != demo_wire.FIRST_PORT:
            os.environ["WIREHOUSE_SOURCES"] = str(demo_wire.sources(own, home / "sources", first))

    follow()
    declarations = steps.declared_sources().values()
    for broken in (one for one in declarations if isinstance(one, SourceError)):
        say(f"Left out: {broken}")
    enabled = [one for one in declarations if isinstance(one, Source) and one.enabled]
    awaited = [f"crawl_{one.name}" for one in enabled]
    if once and not awaited:
        raise UsageError("--once: no source is enabled, so there is nothing to wait for")
    began = datetime.now(UTC)
    with _alone(home) as lock, _stop_by_signal():
        crew = Crew(home, lock)
        try:
            say(f"Starting; logs are in {home / 'logs'}")
            if demo:
                crew.start("demo", demo_wire.command(home, demo_port, began), os.environ)
            start_airflow(crew, home, embedded.environment(home, port, os.environ))
            api = AirflowApi(f"http://127.0.0.1:{port}", embedded.USER, embedded.password(home))
            until_healthy(crew, api, began)
            if places().contact is None and any(map(steps.is_abroad, enabled)):
                say(f"Note: {steps.NO_CONTACT}")
            say(welcome(home, port, demo_port if demo else None))
            watch(crew, Progress(api, awaited, began, say), once, say, follow)
        except KeyboardInterrupt:
            if once:
                raise
        finally:
            say("Stopping")
            crew.stop()


def free(port: int, option: str) -> None:
    """WirehouseError if somebody listens on this port of 127.0.0.1 already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers themselves do
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise WirehouseError(
                f"port {port} on 127.0.0.1 is taken ({error.strerror}): see {option}"
            ) from None


def start_airflow(crew: Crew, home: Path, environment: Mapping[str, str]) -> None:
    """Bring the metadata database up to date, then start all components."""
    airflow = str(Path(sys.executable).with_name("airflow"))
    migrated = home / "airflow" / "migrated"  # holds the version; asking the database takes 4 seconds
    current = version("apache-airflow")
    if not migrated.exists() or migrated.read_text("utf-8") != current:
        crew.run("migrate", [airflow, "db", "migrate"], environment)
        migrated.write_text(current, "utf-8")
    for name, arguments in COMPONENTS.items():
        crew.start(name, [airflow, *arguments], environment)


def until_healthy(crew: Crew, api: AirflowApi, began: datetime) -> None:
    """Wait for every component to report in that was started since."""
    deadline = time.monotonic() + HEALTHY_WITHIN.total_seconds()
    sick = list(COMPONENTS)
    while sick:
        crew.check()
        if time.monotonic() > deadline:
            raise WirehouseError(
                f"not healthy after {HEALTHY_WITHIN}: {', '.join(sick)}; their logs are in {crew.logs}"
            )
        time.sleep(0.5)
        try:
            sick = api.unhealthy(began)
        except NoAnswerError:
            continue


def watch(
    crew: Crew, progress: Progress, once: bool, say: Callable[[str], None], follow: Callable[[], None]
) -> None:
    """Tell what happens until all is published; then, unless `once`, only stand guard."""
    deadline = time.monotonic() + ONCE_WITHIN.total_seconds()
    rest = 0.0
    while not progress.published:
        time.sleep(2)
        follow()
        crew.check()
        if once and time.monotonic() > deadline:
            missing = ", ".join(sorted(progress.missing)) or "publish"
            raise WirehouseError(f"not published after {ONCE_WITHIN}: {missing} has not succeeded yet")
        if time.monotonic() < rest:
            continue
        looking = time.monotonic()
        with suppress(NoAnswerError):  # busy; we ask again
            progress.look()
        # Of many runs the answer is long. But one that never came must not have us rest for minutes.
        rest = time.monotonic() + min(20.0, 19 * (time.monotonic() - looking))
        if once and progress.failures:
            raise WirehouseError("\n".join(map(str, progress.failures)))
    try:
        say(loaded())
    except WirehouseError as error:
        if once:
            raise
        say(str(error))
    while not once:
        time.sleep(2)
        follow()
        crew.check()


def welcome(home: Path, port: int, demo_port: int | None) -> str:
    """What a person needs to know once everything runs."""
    lines = [
        "",
        f"  Airflow    http://127.0.0.1:{port}",
        f"  login      {embedded.USER}, password {embedded.password(home)}",
        *(
            [f"  demo wire  http://127.0.0.1:{demo_port} and the {demo_wire.SITES - 1} ports after it"]
            if demo_port
            else []
        ),
        "",
        "  Stop with Ctrl-C.",
        "",
    ]
    return "\n".join(lines)


def loaded() -> str:
    """What the warehouse holds, and what to ask it next."""
    rows = steps.query(
        "SELECT source_id AS source, count(*) AS stories, max(published_at) AS latest"
        " FROM stories GROUP BY ALL ORDER BY ALL"
    ).to_pylist()
    table = show.table(["source", "stories", "latest (UTC)"], [list(row.values()) for row in rows])
    ask = "SELECT published_at, source_id, headline FROM stories ORDER BY published_at DESC LIMIT 10"
    return f'\nLoaded:\n\n{indent(table, "  ")}\n\nAsk next:\n\n  {command()} sql "{ask}"\n'


def command() -> str:
    """How to call `wirehouse` from here: by a path that works, and with the settings that it needs."""
    own = Path(sys.executable).with_name("wirehouse")
    called = own if shutil.which("wirehouse") != str(own) else Path("wirehouse")
    with suppress(ValueError):
        called = called.relative_to(Path.cwd())
    folder = os.environ.get("WIREHOUSE_SOURCES")
    home = places().home
    needed = {
        "WIREHOUSE_HOME": None if home == Path("var").absolute() else str(home),
        "WIREHOUSE_SOURCES": folder,
    }
    return " ".join([*(f"{k}={shlex.quote(v)}" for k, v in needed.items() if v), str(called)])


@contextmanager
def _alone(home: Path) -> Iterator[int]:
    """Hold the lock of this home: two schedulers on one database would fight."""
    with (home / "up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WirehouseError(
                f"another `wirehouse up` runs in {home}, or is still stopping; or set another WIREHOUSE_HOME"
            ) from None
        yield file.fileno()


@contextmanager
def _stop_by_signal() -> Iterator[None]:
    """Have SIGTERM, and the closing of the terminal, stop us as Ctrl-C does."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # nohup
            signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
