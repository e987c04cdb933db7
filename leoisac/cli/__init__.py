"""The command line, one file a verb; ``app`` puts them together."""

from leoisac.cli.app import app, main

__all__ = ["app", "main"]
