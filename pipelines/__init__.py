"""UNDERSTAND: from archived pages to warehouse rows. No Scrapy, no Airflow.

The layers, from I/O to pure; a module imports only from layers below its own
(`lint-imports` holds it):

    cli ▸ up ▸ steps ▸ saved|replay|probe ▸ show|crawl_step|extract_step|judge_step ▸ pool ▸ store|program
        ▸ extract|cluster|versions|frontier|polling|checks ▸ channels ▸ page ▸ urls ▸ url_parts
        ▸ choice|sources ▸ records|errors
"""
