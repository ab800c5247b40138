"""Logging to standard error, with a colour for each level on a terminal."""

import logging
import os
import sys


class Formatter(logging.Formatter):
    COLOURS = {"DEBUG": "\033[90m", "INFO": "", "WARNING": "\033[33m", "ERROR": "\033[31m", "CRITICAL": "\033[31;1m"}

    def __init__(self, colour):
        super().__init__()
        self.colour = colour

    def format(self, record):
        text = super().format(record)
        level = record.levelname.lower()
        if record.name != "drgn":
            level += ":" + record.name
        start = self.COLOURS.get(record.levelname, "") if self.colour else ""
        end = "\033[0m" if start else ""
        return f"{start}{level}:{end} {text}"


def setup(level):
    """Send what is logged to standard error: by drgn, what is at a level or above; "none" is nothing."""
    logging.getLogger("drgn").setLevel(logging.CRITICAL + 1 if level == "none" else level.upper())
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter(sys.stderr is not None and sys.stderr.isatty() and "NO_COLOR" not in os.environ))
    logging.getLogger().addHandler(handler)
