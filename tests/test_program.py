"""Does a child stop when asked, die with us, and say what it said with its level?"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest

from pipelines import program

log = logging.getLogger("test.program")
LONG = timedelta(seconds=60)


def run(code, **more):
    return program.run([sys.executable, "-u", "-c", code], **({"deadline": LONG, "log": log} | more))


def test_lines_reach_the_log_with_their_levels(caplog):
    caplog.set_level(logging.DEBUG)
    lines = [
        {"level": "WARNING", "logger": "a", "message": "slow"},
        {"level": "INFO", "logger": "b", "message": "ok"},
    ]
    ended = run(f"for line in {[json.dumps(line) for line in lines]!r}: print(line)")
    assert [(r.levelname, r.message) for r in caplog.records] == [("WARNING", "a: slow"), ("INFO", "b: ok")]
    assert ended.returncode == 0


def test_words_that_are_no_json_are_warnings(caplog):
    run("import sys; print('Traceback: oh', file=sys.stderr)")
    assert [(r.levelname, r.message) for r in caplog.records] == [("WARNING", "stderr: Traceback: oh")]


def test_the_last_line_without_a_level_is_the_result():
    assert run("print('{\"stats\": {\"n\": 1}}'); print('[1]')").result == {"stats": {"n": 1}}


def test_asked_to_stop_it_may_close_its_files():
    stop = threading.Event()
    code = "import signal, sys, time\nsignal.signal(15, lambda *_: (print('{\"closed\": 1}'), sys.exit(0)))\n"
    code += 'print(\'{"level": "INFO", "message": "ready"}\')\ntime.sleep(60)'
    ended = run(code, stop=stop, log=_setting(stop))
    assert (ended.returncode, ended.stopped, ended.overdue, ended.result) == (0, True, False, {"closed": 1})


def test_deaf_to_the_question_it_is_killed():
    stop = threading.Event()
    code = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\n"
    code += 'print(\'{"level": "INFO", "message": "ready"}\')\ntime.sleep(60)'
    ended = run(code, stop=stop, log=_setting(stop), grace=timedelta(seconds=0.2))
    assert (ended.returncode, ended.stopped) == (-signal.SIGKILL, True)


def test_at_its_deadline_it_is_overdue():
    ended = run("import time; time.sleep(60)", deadline=timedelta(seconds=0.3))
    assert ended.overdue
    assert ended.returncode == -signal.SIGTERM


def test_what_it_started_goes_with_it(tmp_path):
    note = tmp_path / "pid"
    code = f"import subprocess\np = subprocess.Popen(['sleep', '60'])\nopen({str(note)!r}, 'w').write(str(p.pid))\nraise SystemExit(3)"
    # The grandchild keeps the pipe open, as a forgotten worker would.
    assert run(code, deadline=timedelta(seconds=5), grace=timedelta(seconds=0.2)).returncode == 3
    # SIGKILL has been sent by now; when it lands, the kernel decides.
    _wait_for(lambda: not _alive(int(note.read_text())))


def test_it_dies_when_its_parent_is_killed(tmp_path):
    """A crawl must not go on when kill -9 takes the Airflow task."""
    note = tmp_path / "pid"
    child = (
        "import os, sys, time\nfrom pipelines.program import die_with\ndie_with(int(sys.argv[1]))\n"
        f"open({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    )
    parent = (
        "import logging, os, sys\nfrom datetime import timedelta\nfrom pipelines import program\n"
        f"program.run([sys.executable, '-c', {child!r}, str(os.getpid())],"
        " deadline=timedelta(seconds=60), log=logging.getLogger())"
    )
    process = subprocess.Popen([sys.executable, "-c", parent])
    pid = _wait_for(lambda: note.exists() and note.read_text())
    process.kill()
    process.wait()
    _wait_for(lambda: not _alive(int(pid)))


def _setting(stop):
    """A logger that sets `stop` when the child says its first line."""
    logger = logging.getLogger("test.program.setting")
    logger.handlers = [handler := logging.Handler()]
    logger.setLevel(logging.DEBUG)
    handler.emit = lambda record: stop.set()
    return logger


def _alive(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().split(") ")[1][0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def _wait_for(what):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    pytest.fail("waited 30 s in vain")
