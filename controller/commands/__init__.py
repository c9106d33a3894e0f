"""The verbs of the `p4vpc` command that talk to a running controller, and `serve`, which runs one."""
