"""``zhisheng coverage`` on an installation that runs."""

import datetime as dt
import json
from pathlib import Path

from click.testing import CliRunner, Result
from sqlalchemy import delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from config.settings import Settings, load_settings
from core import leases
from core.clock import FakeClock, to_rfc3339
from core.coverage import hour_of
from core.database.models.collecting import Document, Source, SourceHour
from tests.core.test_indexing import add_documents
from zhisheng.commands.coverage import coverage
from zhisheng.demo.ledger import seed_ledger
from zhisheng.housekeeping import Housekeeping
from zhisheng.services import Services, open_services

HOUR = dt.timedelta(hours=1)


def run(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(coverage, arguments, obj=settings)


def collect(services: Services, now: dt.datetime) -> None:
    """Let one source be seen in all of the last thirty hours, and the other fail in the last five."""
    with services.sessions.begin() as session:
        for name, bad in (("河湾新闻网", 0), ("江口论坛", 5)):
            source = Source(
                name=name, kind="feed", url="https://example.invalid/", platform="网站",
                level="city", created_at=now - 90 * HOUR, visited_at=now, succeeded_at=now,
                last_item_at=now - HOUR,
            )  # fmt: skip
            session.add(source)
            session.flush()
            rows = [
                {"source_id": source.id, "hour": hour_of(now) - back * HOUR, "visits": 6,
                 "succeeded": 6 if back > bad else 0, "new": 2 if back > bad else 0, "seen": 9,
                 "duplicates": 7, "expected": 2.25, "pages": 2, "quality": 1.5,
                 "failures": {} if back > bad else {"timeout": 6}}
                for back in range(1, 31)
            ]  # fmt: skip
            session.execute(insert(SourceHour), rows)


def test_coverage_is_one_object_and_also_readable(tmp_path: Path) -> None:
    settings = load_settings({"ZHISHENG_HOME": str(tmp_path), "ZHISHENG_DEMO": "0"})
    stopped = run(settings, "--json")
    assert (stopped.exit_code, stopped.stdout) == (1, "")
    with open_services(settings) as services:
        now = services.clock.now()
        collect(services, now)
        told = run(settings, "--since", "24h", "--json")
        assert told.exit_code == 0, told.output
        answer = json.loads(told.stdout)
        assert set(answer) == {"since", "until", "sources", "totals", "missing", "text"}
        assert answer["since"] == to_rfc3339(hour_of(now - 24 * HOUR))
        failing, steady = answer["sources"]
        assert set(steady) == {
            "id", "name", "kind", "state", "health", "expected", "seen", "new", "duplicates", "visits",
            "failures", "gaps_h", "last_item_at", "delay_s", "pages", "quality", "usual_quality",
        }  # fmt: skip
        assert (steady["name"], steady["new"], steady["expected"], steady["gaps_h"]) == (
            "河湾新闻网", 48, 54.0, 0,
        )  # fmt: skip
        assert (failing["failures"], failing["gaps_h"], failing["delay_s"]) == (
            {"timeout": 30}, 5, None,
        )  # fmt: skip
        assert [(one["name"], one["reason"]) for one in answer["missing"]] == [
            ("江口论坛", "failing")
        ]
        assert answer["totals"]["normal"] == 1
        assert "采集失败 5 小时：网站答得太慢" in answer["text"]

        text = run(settings, "--source", "江口论坛", "--check")
        assert text.exit_code == 1
        assert "失败：网站答得太慢 30；空缺 5 小时；提取质量 0.75" in text.stdout
        assert "河湾新闻网" not in text.stdout
        for wrong in (["--since", "昨晚"], ["--source", "没有这个"], ["--since", "2099-01-01"]):
            assert run(settings, *wrong).exit_code == 2


def test_the_leader_keeps_the_ledger_and_the_demo_knows_what_is_usual(tmp_path: Path) -> None:
    settings = load_settings({"ZHISHENG_HOME": str(tmp_path), "ZHISHENG_DEMO": "1"})
    with open_services(settings) as services:
        now = services.clock.now()
        clock = FakeClock(now)
        add_documents(services.sessions, clock, *(f"第 {number} 条" for number in range(40)))
        with services.sessions.begin() as session:
            source = session.scalars(select(Source)).one()
            source.is_demo, source.url = True, "http://127.0.0.1:9/"
            age = (Document.id % 20) * literal(12 * HOUR)
            session.execute(update(Document).values(ingested_at=now - age))
        seed_ledger(services)
        standby = Housekeeping(services)
        standby.minutely()
        with services.sessions.begin() as session:
            assert opened(session, hour_of(now) + HOUR) == 0
            came = session.scalar(select(func.sum(SourceHour.new)))
            assert came is not None
            assert 30 <= came <= 40
            assert session.scalars(
                select(SourceHour.expected).order_by(SourceHour.hour.desc())
            ).first()
            leases.lead(session, "engine", services.owner, version="test")
            # As if the hour had not begun yet.
            session.execute(delete(SourceHour).where(SourceHour.hour == hour_of(now)))
        Housekeeping(services).minutely()
        with services.sessions() as session:
            assert opened(session, hour_of(services.clock.now())) == 1


def opened(session: Session, hour: dt.datetime) -> int:
    found = select(func.count()).select_from(SourceHour).where(SourceHour.hour == hour)
    return session.scalar(found) or 0
