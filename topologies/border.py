"""Where errors become one line for the person at the terminal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from controller.errors import ControllerError
from topologies.description import RegionError
from topologies.emulation import EmulationError


@contextmanager
def plainly() -> Iterator[None]:
    """Ends the process with a sentence, not a traceback, when a region cannot be run; 130 after Ctrl-C."""
    try:
        yield
    except (RegionError, EmulationError, ControllerError) as error:
        sys.exit(f"p4vpc: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"p4vpc: failed with status {error.returncode}: {' '.join(map(str, error.cmd))}")
    except OSError as error:
        sys.exit(f"p4vpc: {error.filename}: {error.strerror}" if error.filename else f"p4vpc: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
