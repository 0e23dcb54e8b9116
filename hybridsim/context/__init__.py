"""What one individual of a robot is like: inferred from seconds of its logs, and watched as it changes."""
