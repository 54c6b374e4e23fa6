"""The project's own lints. Each module has check(tree), which returns a list of problems, and
examples that it must accept (GOOD) and refuse (BAD); see run.py."""
