"""``python -m connector`` is ``kpm``."""

from connector.cli import main

main()
