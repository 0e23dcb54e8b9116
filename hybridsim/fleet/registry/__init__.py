"""What a fleet remembers, in a database."""
