"""Show every broken source file as an import error, in a file of its own.

Airflow drops all DAGs of a file that raises. So `crawl.py` passes over a source whose
TOML is wrong, and this file, which has no DAG to lose, says what is wrong with it. The
error goes away by itself within a minute of the mending.

(Airflow reads only files that contain the words "airflow" and "dag": this one does.)
"""

from pipelines.errors import SourceError
from pipelines.steps import declared_sources

broken = [error for error in declared_sources().values() if isinstance(error, SourceError)]
if broken:
    raise SourceError("\n".join(map(str, broken)))
