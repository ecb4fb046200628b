"""The coverage ledger of the seeded days, so that the demo knows what is usual from its first minute."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session

from core.database.models.collecting import Source, SourceUsual
from crawlers.coverage.hours import HOUR, known_workdays, open_hour
from crawlers.coverage.learning import learn_usual
from crawlers.coverage.ledger import hour_of
from zhisheng.services import Services

SEEDED = dt.timedelta(days=30)
SHOWN = dt.timedelta(days=7)

# What the seeded posts would have left behind: six visits an hour that each saw the last posts again. Only
# the news site has pages to extract; its short reports are extracted with about this score.
NEWS_QUALITY = 0.54
_ROWS = text("""
    INSERT INTO source_hour (source_id, hour, visits, succeeded, seen, new, duplicates, pages, quality)
    SELECT source.id, hour.hour, 6, 6, 6 * coalesce(came.posts, 0), coalesce(came.posts, 0),
           5 * coalesce(came.posts, 0), page.pages, :quality * page.pages
    FROM source
    CROSS JOIN generate_series(CAST(:since AS timestamptz), CAST(:until AS timestamptz),
                               interval '1 hour') AS hour(hour)
    LEFT JOIN (
        SELECT source_id, date_trunc('hour', ingested_at) AS hour, count(*) AS posts
        FROM document WHERE ingested_at >= :since GROUP BY 1, 2
    ) AS came ON came.source_id = source.id AND came.hour = hour.hour
    CROSS JOIN LATERAL (
        SELECT CASE source.kind WHEN 'list_page' THEN coalesce(came.posts, 0) ELSE 0 END AS pages
    ) AS page
    WHERE source.is_demo
    ON CONFLICT DO NOTHING
""")


def seed_ledger(services: Services) -> None:
    """Write the ledger of the seeded days once, and learn from it."""
    now = services.clock.now()
    with services.sessions.begin() as session:
        session.execute(update(Source).where(Source.is_demo).values(created_at=now - SEEDED))
        seeded = {
            "since": hour_of(now - SEEDED),
            "until": hour_of(now) - HOUR,
            "quality": NEWS_QUALITY,
        }
        session.execute(_ROWS, seeded)
        session.execute(delete(SourceUsual))
    learn_usual(services.sessions, now)
    with services.sessions.begin() as session:
        _fill_in(session, now)


def _fill_in(session: Session, now: dt.datetime) -> None:
    """Say what was expected of the last days, as if it had been known then."""
    workdays = known_workdays(session, now - SHOWN, now)
    hour = hour_of(now - SHOWN)
    while hour <= now:
        open_hour(session, hour, workdays)
        hour += HOUR
