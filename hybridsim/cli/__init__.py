"""What people type: one small module a command, each importing its implementation only when it runs."""
