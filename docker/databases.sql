-- Beside Airflow's database (POSTGRES_DB): the catalog of the warehouse, a DuckLake.
CREATE DATABASE warehouse OWNER wirehouse;
