"""Sends digest lists on time when nobody else drives the service's clock."""

import threading

from switch.p4runtime.service import P4RuntimeService


class DigestTimer:
    """A thread that sleeps until the service's next deadline; without digests waiting it sleeps for ever."""

    def __init__(self, service: P4RuntimeService):
        self._service = service
        self._woken = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="p4runtime-digests", daemon=True)
        service.on_deadline(self._woken.set)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._stopped = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped:
            self._woken.wait(self._service.until_deadline())
            self._woken.clear()
            if not self._stopped:
                self._service.poll()
