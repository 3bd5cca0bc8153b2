"""One page, many readers: the parts of `pipelines.extract`. Pure; the page is parsed once.

    attribution, confidence, notstory, rules
      ▸ body, edges, masthead, headlines, structured, dates
      ▸ furniture, prose
      ▸ bylines
      ▸ pruning
      ▸ blocks, wire, jsonld, words, months
      ▸ markup

trafilatura is known to `body` alone. `agencies.toml` and `furniture.toml` are data: how
agencies sign, and what is never part of a story.
"""
