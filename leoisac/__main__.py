"""``python -m leoisac``."""

from leoisac.cli import main

main()
