"""Evidence in: tables of any layout become logs of a store, described by an ingest.toml."""
