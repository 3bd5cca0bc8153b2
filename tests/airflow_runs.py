"""A real Airflow without its processes, for tests: its API answers, and runs are carried out when told to.

`Airflow` starts this file as a program, in which Airflow's own API server app is asked with
its users' tokens, its database keeps the runs, and `DAG.test` does what a scheduler would with
the runs that wait. Nothing is polled, and no test waits for a beat.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from suspicion import suspecting

MARK = "RESULT "


class Waits(BaseException):
    """A run can do nothing until something happens outside it."""


class Airflow:
    """One Airflow with a copy of an empty database; a context that ends its program."""

    def __init__(self, home: Path, database: Path, **environment: str) -> None:
        from pipelines.up import embedded

        self.home = home
        embedded.lay_out(home)
        shutil.copy(database, home / "airflow" / "airflow.db")
        passwords = home / "airflow" / "passwords.json"
        users = json.loads(passwords.read_text()) | {"viewer": "viewer"}
        passwords.write_text(json.dumps(users))
        env = embedded.environment(home, 1, os.environ) | environment | {"PYTHONUNBUFFERED": "1"}
        env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] = "admin:admin,viewer:viewer"
        self.log: list[str] = []
        self.program = subprocess.Popen(
            [sys.executable, __file__, str(embedded.part("dags")), json.dumps(users)],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Airflow:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.program.stdin is not None
        self.program.stdin.close()
        self.program.wait(60)
        (self.home / "airflow.log").write_text("".join(self.log))  # to be looked at when a test fails

    def api(self, method: str, path: str, body: Any = None, user: str = "admin") -> tuple[int, Any]:
        """Status and JSON of an answer of Airflow's REST API."""
        status, answer = self._do("api", method, f"/api/v2/{path}", body, user)
        return status, answer

    def trigger(self, dag_id: str, conf: dict[str, Any], user: str = "admin") -> tuple[int, Any]:
        """Start a run by its form."""
        return self.api("POST", f"dags/{dag_id}/dagRuns", {"conf": conf, "logical_date": None}, user)

    def carry_out(self, dag_id: str) -> list[dict[str, Any]]:
        """Do all runs of a DAG that wait: to their end, or until they wait for a word or for another try.

        Returns their states, those of their tasks, and these tasks' results.
        """
        return self._do("carry_out", dag_id)

    def go_on(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Do what is left of a run that waited for somebody's word."""
        return self._do("go_on", dag_id, run_id)

    def _do(self, *command: Any) -> Any:
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        self.program.stdin.write(json.dumps(command) + "\n")
        self.program.stdin.flush()
        for line in self.program.stdout:
            if line.startswith(MARK):
                return json.loads(line.removeprefix(MARK))
            self.log.append(line)
        raise AssertionError("Airflow ended:\n" + "".join(self.log[-50:]))


def main(dags: str, users: dict[str, str]) -> None:
    import time
    from unittest import mock

    from pipelines import judge_step

    # Tasks run in this process: while this file is there, what they judge is held.
    judge_step.judge = suspecting(judge_step.judge, Path(os.environ["WIREHOUSE_HOME"]) / "suspect")
    from airflow import settings
    from airflow.api_fastapi.app import create_app
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from fastapi.testclient import TestClient
    from sqlalchemy import select

    bundles = DagBundlesManager()
    bundles.sync_bundles_to_db()
    bag = BundleDagBag(dag_folder=dags, bundle_path=Path(dags), bundle_name="dags-folder")
    assert not bag.import_errors, bag.import_errors
    sync_bag_to_db(bag, "dags-folder", None)
    client = TestClient(create_app())
    tokens = {
        user: client.post("/auth/token", json={"username": user, "password": password}).json()["access_token"]
        for user, password in users.items()
    }

    def api(method: str, path: str, body: Any, user: str) -> tuple[int, Any]:
        answer = client.request(method, path, json=body, headers={"Authorization": f"Bearer {tokens[user]}"})
        return answer.status_code, answer.json() if answer.content else None

    sleep = time.sleep

    def nap(seconds: float) -> None:
        if sys._getframe(1).f_code.co_filename.endswith("/definitions/dag.py"):  # nothing can be done now
            raise Waits
        sleep(seconds)

    def waiting(dag_id: str) -> list[str]:
        with create_session() as session:
            asked = select(DagRun.run_id).where(DagRun.dag_id == dag_id, DagRun.state == DagRunState.QUEUED)
            return list(session.scalars(asked.order_by(DagRun.id)))

    def carry_out_one(dag_id: str, run_id: str) -> dict[str, Any]:
        """`DAG.test`, but of a run that is there; DAGs are not read again for it."""

        def the_run(*, session: Any, dag: Any, **_: Any) -> DagRun:
            run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
            run.state, run.start_date = DagRunState.RUNNING, run.run_after
            session.commit()
            dag.deadline = None  # nobody waits here, and its ids are those of another copy
            run.dag = dag
            return run

        with (
            mock.patch("airflow.models.dagrun.get_or_create_dagrun", the_run),
            mock.patch("airflow.serialization.definitions.dag.SerializedDAG.clear_dags"),
            mock.patch.object(DagBundlesManager, "get_all_dag_bundles", return_value=[]),
            mock.patch("time.sleep", nap),
            suppress(Waits),
        ):
            bag.dags[dag_id].test()
        settings.Session.remove()
        return told(dag_id, run_id)

    def told(dag_id: str, run_id: str) -> dict[str, Any]:
        with create_session() as session:
            run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
            mine = TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id
            tasks = {ti.task_id: ti.state for ti in session.scalars(select(TaskInstance).where(*mine))}
            said = session.scalars(
                select(XComModel).where(
                    XComModel.dag_id == dag_id, XComModel.run_id == run_id, XComModel.key == "return_value"
                )
            )
            results = {x.task_id: x.value for x in said}
            return {
                "run_id": run_id,
                "state": run.state,
                "conf": run.conf,
                "type": run.run_type,
                "day": run.data_interval_start and run.data_interval_start.isoformat(),
                "tasks": tasks,
                "results": results,
            }

    def carry_out(dag_id: str) -> list[dict[str, Any]]:
        return [carry_out_one(dag_id, run_id) for run_id in waiting(dag_id)]

    does = {"api": api, "carry_out": carry_out, "go_on": carry_out_one}
    for line in sys.stdin:
        name, *words = json.loads(line)
        print("\n" + MARK + json.dumps(does[name](*words), default=str), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
