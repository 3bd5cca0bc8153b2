"""Answer the desk's page and what it asks for; what they say is made in `pipelines.desk`.

Nothing here changes anything: what an operator does, Airflow's own forms do. `plugins/desk.py`
imports this when the first request comes.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse

if TYPE_CHECKING:
    from pipelines.desk.kept import Kept

PAGE = Path(__file__).parent

KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

FRESH = 15.0
"""Seconds an overview is shown before a new one is made, behind it."""

OLD = 120.0
"""Seconds after which an overview says that it is old, and why: old green must not pass for green."""

STALE = 86_400.0
"""Seconds after which nobody is shown it any more. (The page says how old it is, and asks again at once.)"""

# Everything from our own server, nothing inline; strings can never become markup or script.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

# An archived page: no script, no request to anywhere, an origin of its own.
ARCHIVED = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; frame-ancestors 'self'"
)

# Airflow mounts a plugin's app outside its own login: without this line the desk answers anybody
# who can reach the port. It must hold for files too, so none is mounted as StaticFiles. Who
# may see DAGs may see the desk: a viewer too, somebody without any role not.
app = FastAPI(title="Desk", dependencies=[Depends(requires_access_dag(method="GET"))], openapi_url=None)


@app.middleware("http")
async def guard(request: Request, call_next: Any) -> Response:
    """Give every answer, errors too, the headers that keep a browser from taking it for something else."""
    response: Response = await call_next(request)
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-DNS-Prefetch-Control"] = "off"
    return response


@app.get("/")
def index() -> Response:
    overview().refresh()  # it is asked for in a moment
    text = (PAGE / "index.html").read_text("utf-8").replace("{version}", version())
    return Response(text, media_type="text/html; charset=utf-8")


@app.get("/files/{of}/{name}")
def file(of: str, name: str) -> Response:
    """One of the page's own files; `of` is the version of all of them, so that they are asked for once."""
    if name not in names():
        raise HTTPException(404)
    path = PAGE / name
    kept = "private, max-age=31536000, immutable" if of == version() else "no-cache"
    kind = f"{KINDS[path.suffix]}; charset=utf-8"
    return Response(path.read_bytes(), media_type=kind, headers={"Cache-Control": kept})


@app.get("/api/overview")
def api_overview() -> Response:
    return _answer(_overview)


@app.get("/api/source/{name}")
def api_source(name: str) -> Response:
    from pipelines.desk import answers

    return _answer(answers.source, name)


@app.get("/api/story/{story_id}")
def api_story(story_id: str) -> Response:
    from pipelines.desk import answers

    return _answer(answers.story, story_id)


@app.get("/api/diff/{story_id}")
def api_diff(story_id: str, old: int | None = None, new: int | None = None) -> Response:
    from pipelines.desk import answers

    return _answer(answers.difference, story_id, old, new)


@app.get("/api/find")
def api_find(q: str) -> Response:
    from pipelines.desk import answers

    return _answer(answers.find, q)


@app.get("/api/page")
def api_page(ref: str, as_text: bool = False) -> Response:
    """An archived page, never the live one: shown by a browser that runs and fetches nothing of it."""
    from pipelines.desk import answers
    from pipelines.errors import WirehouseError

    try:
        text, _, _ = answers.page(ref)
    except WirehouseError as error:
        return Response(str(error), 404, media_type="text/plain; charset=utf-8")
    kind = "text/plain" if as_text else "text/html"
    headers = {"Content-Security-Policy": ARCHIVED, "Cache-Control": "private, max-age=600"}
    return Response(text, media_type=f"{kind}; charset=utf-8", headers=headers)


def _overview() -> bytes:
    kept = overview()
    told = kept.get()
    if kept.age() <= OLD:
        return told
    from pipelines.desk import answers

    return answers.outdated(told, kept.error)


def _answer(ask: Any, *arguments: Any) -> Response:
    from pipelines.errors import UsageError, WirehouseError

    try:
        return Response(ask(*arguments), media_type="application/json")
    except UsageError as error:
        return JSONResponse({"error": str(error)}, 404)
    except WirehouseError as error:  # the warehouse cannot be reached: its message names no secret
        return JSONResponse({"error": str(error)}, 503)


@functools.cache
def overview() -> Kept[bytes]:
    """The overview, asked of the warehouse once for all who look."""
    from pipelines.desk.kept import Kept

    def made() -> bytes:
        from pipelines.desk import answers  # takes a second: not while the page itself waits

        return answers.overview()

    return Kept(made, fresh=FRESH, stale=STALE)


@functools.cache
def names() -> frozenset[str]:
    """The files there are to ask for."""
    return frozenset(path.name for path in PAGE.iterdir() if path.suffix in KINDS)


@functools.cache
def version() -> str:
    """A digest of the page's files: browsers keep them until it changes."""
    return hashlib.sha256(b"".join((PAGE / name).read_bytes() for name in sorted(names()))).hexdigest()[:12]
