"""Where things are kept: archive (WARC), staging (Parquet), state, warehouse. I/O lives here."""
