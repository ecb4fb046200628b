"""What the console is given by the composition root, and how a view gets at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from flask import current_app, g
from sqlalchemy.orm import Session

from config.regions import Region, by_adcode, load_regions
from config.settings import Settings
from core.clock import Clock
from core.crypto.keyring import Keyring
from core.database.sessions import Sessions
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import HTTPClient
from core.passwords import Passwords
from core.search.base import DocumentSearch
from media_matrix.access import PlatformAccess
from nlp.explanation import Explains, ShippedExplainer

EXTENSION = "zhisheng"


def _shipped_regions() -> Mapping[str, Region]:
    return by_adcode(load_regions())


@dataclass(frozen=True, slots=True)
class Console:
    """Everything the pages work with.

    ``reader`` only reads the index; the index role writes it. ``regions`` maps adcodes to the places that
    expressions and labels know; ``explainer`` says why a model gave a label. Recordings that are uploaded go to
    ``replay_folder``; None where none can be kept.
    """

    settings: Settings
    sessions: Sessions
    clock: Clock
    reader: DocumentSearch
    keyring: Keyring
    http: HTTPClient
    policy: AddressPolicy
    platforms: PlatformAccess
    passwords: Passwords
    version: str
    regions: Mapping[str, Region] = field(default_factory=_shipped_regions)
    explainer: Explains = field(default_factory=ShippedExplainer)
    replay_folder: Path | None = None


def console() -> Console:
    # create_app puts a Console there; Flask types the mapping as Any.
    return cast("Console", current_app.extensions[EXTENSION])


def reading() -> Session:
    """Give the request's read session; it is rolled back and closed when the request ends."""
    session = g.get("reading")
    if session is None:
        session = g.reading = console().sessions()
    # ``g`` holds Any by nature.
    return cast("Session", session)


@contextmanager
def writing() -> Iterator[Session]:
    """Open one transaction that commits at the end of the block and rolls back on an error."""
    with console().sessions.begin() as session:
        yield session


def close_reading(_error: BaseException | None = None) -> None:
    session = g.pop("reading", None)
    if session is not None:
        session.close()
