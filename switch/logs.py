"""The switch's log: one event per line, verb first, fields after."""

from __future__ import annotations

import logging
import logging.handlers
import sys

from switch.options import Logging

ROOT = "switch"  # the package, so that every module below it logs here
TRACE = 5
LEVELS = {
    "trace": TRACE,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "off": logging.CRITICAL + 1,
}


class _BufferedFile(logging.handlers.RotatingFileHandler):
    """Flushes when told to, not after every line."""

    def flush(self) -> None:
        """Leaves lines in the buffer; closing writes them."""


def set_up_log(options: Logging) -> logging.Logger:
    """The switch's logger with the handlers that the command line asks for; without any, errors go to stderr."""
    logger = logging.getLogger(ROOT)
    logger.propagate = False
    logger.handlers.clear()
    handler = _handler(options)
    handler.setFormatter(logging.Formatter("[%(asctime)s.%(msecs)03d] [%(levelname)s] %(message)s", "%H:%M:%S"))
    logger.addHandler(handler)
    quiet = not options.console and options.file is None
    level = LEVELS[options.level]
    logger.setLevel(max(level, logging.WARNING) if quiet else level)
    return logger


def _handler(options: Logging) -> logging.Handler:
    if options.console:
        return logging.StreamHandler(sys.stdout)
    if options.file is None:
        return logging.StreamHandler(sys.stderr)
    kind = logging.handlers.RotatingFileHandler if options.flush else _BufferedFile
    return kind(f"{options.file}.txt", maxBytes=options.max_size, backupCount=options.max_files)
