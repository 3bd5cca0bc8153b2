"""Does Airflow's scheduler start `publish` when a batch is staged, and by the clock when none is?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

from website import declare

from pipelines.up import embedded

SCHEDULED = """
import json
from airflow.assets.manager import asset_manager
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.asset import AssetModel
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.sqlalchemy import prohibit_commit
from sqlalchemy import select

manager = DagBundlesManager()
manager.sync_bundles_to_db()
for bundle in manager.get_all_dag_bundles():
    bundle.initialize()
    bag = BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    sync_bag_to_db(bag, bundle.name, bundle.version)

scheduler = SchedulerJobRunner(job=Job())


def runs():
    with create_session() as session, prohibit_commit(session) as guard:
        scheduler._create_dagruns_for_dags(guard, session)
        guard.commit()
        made = session.scalars(select(DagRun).where(DagRun.dag_id == "publish", DagRun.state == "queued")).all()
        for run in made:
            run.state = "success"
        said = [str(run.run_type) for run in made]
        guard.commit()
        return said


found = {"by_the_clock": runs()}
with create_session() as session:
    publish = session.get(DagModel, "publish")
    found["minute"] = publish.next_dagrun_create_after.minute
    publish.exceeds_max_non_backfill = False  # as the scheduler says when a run has ended
    staged = session.scalar(select(AssetModel).where(AssetModel.uri.startswith("wirehouse://staged")))
    asset_manager.register_asset_change(asset=staged, session=session)
found["when_staged"] = runs()
print("RESULT " + json.dumps(found))
"""


def test_publish_is_started_by_a_staged_batch_and_by_the_clock(home, airflow_database):
    declare(home, "acme", "https://acme.example")
    embedded.lay_out(home)
    shutil.copy(airflow_database, home / "airflow")
    done = subprocess.run(
        [sys.executable, "-c", SCHEDULED],
        env=embedded.environment(home, 8080, os.environ),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (said,) = (
        line.removeprefix("RESULT ") for line in done.stdout.splitlines() if line.startswith("RESULT ")
    )
    found = json.loads(said)
    assert found.pop("minute") % 15 == 0
    assert found == {"by_the_clock": ["scheduled"], "when_staged": ["asset_triggered"]}
