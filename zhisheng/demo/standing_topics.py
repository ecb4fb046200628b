"""The demo's standing topics: four of the shipped templates, as its people keep them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.standing_topic_templates import load_topic_templates
from core.database.models.organisation import Person
from core.database.models.understanding import StandingTopic
from core.standing_topics import Parse, TopicDraft, create_topic, subscribe

# Per template: who keeps it, and who follows it besides.
KEPT: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "wage_arrears": ("fenxi", ("zhiban", "daiban")),
    "platform_workers": ("fenxi", ("daiban",)),
    "injury": ("zhiban", ("fenxi",)),
    "women_workers": ("daiban", ("fenxi",)),
}


def install_topics(
    session: Session, people: Mapping[str, Person], *, parse: Parse, now: dt.datetime
) -> None:
    """Make them once; whatever somebody changes, archives or adds stays as it is."""
    if session.scalar(select(StandingTopic.id).limit(1)) is not None:
        return
    for template in load_topic_templates():
        if template.key not in KEPT:
            continue
        owner, followers = KEPT[template.key]
        draft = TopicDraft(
            name=template.name,
            expression=template.expression,
            excludes=template.excludes,
            purpose=template.purpose,
            owner_id=people[owner].id,
        )
        topic_id = create_topic(session, draft, parse=parse, person_id=people[owner].id, now=now)
        for login in followers:
            subscribe(session, topic_id, person_id=people[login].id, now=now)
