"""Does the DAG `rehearse` ask somebody beyond the limits, and do as it is told?"""

from __future__ import annotations

from airflow_runs import Airflow
from test_rehearse import MENDED, made, mend, wire  # noqa: F401  fixtures

FORM = {"sources": ["wire"], "since": "2026-03-04", "until": "2026-03-09"}


def test_beyond_the_limits_somebody_is_asked_and_what_is_approved_is_promoted(wire, airflow_database):  # noqa: F811
    mend(wire, MENDED)
    with Airflow(wire, airflow_database, WIREHOUSE_PROCESSES="1") as airflow:
        assert airflow.trigger("rehearse", FORM, "viewer")[0] == 403
        assert airflow.trigger("rehearse", {"sources": ["../etc"], "since": "x"})[0] == 400
        assert airflow.trigger("rehearse", FORM)[0] == 200
        (run,) = airflow.carry_out("rehearse")
        assert run["tasks"]["approve"] == "awaiting_input"
        place = f"dags/rehearse/dagRuns/{run['run_id']}/taskInstances/approve/-1/hitlDetails"
        status, asked = airflow.api("GET", place)
        assert (status, "33.3 % of the stories changed" in asked["body"]) == (200, True)
        assert airflow.api("PATCH", place, {"chosen_options": ["Approve"], "params_input": {}})[0] == 200
        run = airflow.go_on("rehearse", run["run_id"])
    assert run["state"] == "success"
    assert len(run["results"]["promote"]) == 2
    assert run["results"]["drop"] == "promoted"
