"""UP: everything on one machine, for `wirehouse up`. Airflow's parts and the demo wire as processes of ours.

launch ▸ watch ▸ airflow_api, crew ▸ keeper, embedded, demo_wire
"""
