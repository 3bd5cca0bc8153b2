"""Look at a site as a new source: what it allows, announces and says, and the file that declares it.

look ▸ verdict ▸ declare | words | site ▸ report

`look` alone does I/O: three crawls by the real spider into a folder that is thrown away.
"""
