"""What a new installation starts with: topics of duty, default rules, and in the demo a small union."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerting.installation import install_alerting
from config.alerting_defaults import load_alerting_defaults
from config.sources import Endpoints
from core.database.models.organisation import Organisation
from core.database.partitions import ensure_partitions
from crawlers.source_lists import install_starter_sources
from zhisheng.expressions import rule_language
from zhisheng.home import HomeKind
from zhisheng.services import Services

FIRST_ORGANISATION = "本级工会"


@dataclass(frozen=True, slots=True)
class Login:
    """A demo account as the terminal shows it."""

    login: str
    role: str
    password: str


def seed(services: Services) -> list[Login]:
    """Bring an installation to its starting state; safe to repeat. Gives the demo logins, if any."""
    now = services.clock.now()
    is_demo = services.home.kind is HomeKind.DEMO
    with services.sessions.begin() as session:
        ensure_partitions(session, now)
        organisation = first_organisation(
            session, "河湾市总工会（演练）" if is_demo else FIRST_ORGANISATION
        )
        install_alerting(
            session,
            load_alerting_defaults(),
            now=now,
            language=rule_language(session),
            organisation_id=organisation.id,
        )
        if not is_demo:
            settings = services.settings
            endpoints = Endpoints(settings.rsshub_url, settings.newsnow_url)
            install_starter_sources(session, endpoints, now)
    if not is_demo:
        return []
    from zhisheng.demo.installation import install_demo

    return install_demo(services, now)


def first_organisation(session: Session, name: str) -> Organisation:
    """Give the top of the union tree, made when there is none."""
    found = session.scalar(select(Organisation).order_by(Organisation.id).limit(1))
    if found is None:
        found = Organisation(name=name, level="city")
        session.add(found)
        session.flush()
    return found
