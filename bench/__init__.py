"""How fast and how good, measured here and now: `make bench`, or one part by `python -m bench.PART`."""
