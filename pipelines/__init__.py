"""UNDERSTAND: from archived pages to warehouse rows. No Scrapy, no Airflow.

The layers, from I/O to pure; a module imports only from layers below its own
(`lint-imports` holds it):

    cli ▸ steps ▸ store ▸ extract|cluster|versions|frontier|checks
        ▸ wire|dates|structured|body|feeds|urls ▸ records|errors
"""
