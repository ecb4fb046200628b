"""Wakes a worker when work for it was committed; polling is the fallback."""

import threading

import psycopg
import structlog
from sqlalchemy import make_url

from core.claims import NOTIFY_CHANNEL

log = structlog.get_logger(__name__)

LISTEN_SLICE_S = 1.0
RECONNECT_S = 2.0


class Wakeup:
    """Listens for the given topics on a connection of its own, in a daemon thread."""

    def __init__(self, url: str, topics: frozenset[str]) -> None:
        plain = make_url(url).set(drivername="postgresql")
        self._conninfo = plain.render_as_string(hide_password=False)
        self._topics = topics
        self._event = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="wakeup", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for news, at most ``timeout_s``; True when there was some."""
        woken = self._event.wait(timeout_s)
        self._event.clear()
        return woken

    def wake(self) -> None:
        self._event.set()

    def stop(self) -> None:
        self._stopped.set()
        self._event.set()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen_once()
            except psycopg.Error as error:
                log.warning("wakeup_connection_lost", error=type(error).__name__)
                self._stopped.wait(RECONNECT_S)

    def _listen_once(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(f"LISTEN {NOTIFY_CHANNEL}")
            # Whatever was committed while nobody listened is found by looking once.
            self._event.set()
            while not self._stopped.is_set():
                for note in connection.notifies(timeout=LISTEN_SLICE_S):
                    if note.payload in self._topics:
                        self._event.set()
