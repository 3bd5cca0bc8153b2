"""FETCH: network in, archive out. A program of its own: nobody imports it.

`python -m spiders` runs one crawl; `pipelines.steps.crawl` starts it as a child process.
"""
