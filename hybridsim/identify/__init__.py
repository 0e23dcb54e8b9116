"""Parameters of drives and bodies from logs: global search, polish, intervals."""
