"""The operators' desk in Airflow's own navigation, behind its login, and as a tab on each DAG.

Every process of Airflow imports this, each task's too: so what answers is imported by the first
request (`desk_page/app.py`, of which `.airflowignore` keeps Airflow's search for plugins away).
"""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

BELOW = urlsplit(conf.get("api", "base_url", fallback="/")).path.rstrip("/")
"""Where Airflow itself is, on a server that has other things too."""


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Hand a request to the desk's app, which asks for a login."""
    from desk_page.app import app

    await app(scope, receive, send)


class DeskPlugin(AirflowPlugin):
    name = "desk"
    fastapi_apps: ClassVar = [{"name": "Desk", "app": answer, "url_prefix": "/desk"}]
    external_views: ClassVar = [
        {
            "name": "Desk",
            "href": f"{BELOW}/desk/",
            "url_route": "desk",
            "destination": "nav",
            "nav_top_level": True,
            "icon": f"{BELOW}/desk/files/icon/icon.svg",
            "icon_dark_mode": f"{BELOW}/desk/files/icon/icon.svg",
        },
        {
            "name": "Desk",
            "href": BELOW + "/desk/#dag={DAG_ID}",
            "url_route": "desk_dag",
            "destination": "dag",
        },
    ]
