# One image for every Wirehouse container: Airflow's parts, the steps, the spider, the demo wire.
#
# From plain Python, not from apache/airflow: that image brings some 300 packages at
# versions of its own, and what is tested is requirements.lock, all of it.
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/wirehouse/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/wirehouse/plugins \
    WIREHOUSE_HOME=/var/lib/wirehouse \
    WIREHOUSE_SOURCES=/opt/wirehouse/sources

# The folders that volumes are mounted on: a new volume takes over their owner.
RUN useradd --uid 50000 --gid 0 --create-home wirehouse \
    && install -d -o wirehouse -g 0 -m 0775 /opt/airflow /opt/airflow/logs /var/lib/wirehouse

WORKDIR /opt/wirehouse

# Dependencies change seldom, so they are a layer of their own.
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY pipelines pipelines
COPY spiders spiders
COPY sources sources
COPY demo demo
COPY dags dags
COPY plugins plugins
RUN pip install --no-deps .

USER 50000:0
ENTRYPOINT ["/usr/local/bin/airflow"]
CMD ["version"]
