"""Accounts and texts of a union's newsroom, made through the functions the console calls."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core.clock import FakeClock
from core.crypto.keyring import Keyring
from core.database.models.media import Account, Publication, PublicationState
from core.database.models.organisation import Organisation
from core.database.sessions import Sessions
from media_matrix import accounts, drafts, review, schedule
from media_matrix.accounts import AccountForm
from media_matrix.content import ChannelText, DraftEdit
from tests.webui.conftest import Member, console_of, sign_in

BODY = (
    "入冬以来，市总工会对 126 个站点完成防寒升级。\n\n## 怎么找到站点\n\n打开地图搜索“工会驿站”。\n"
)
OPTIONS: dict[str, dict[str, object]] = {
    "wechat": {"appid": "wx1", "secret": "微信密钥甲"},
    "weibo": {
        "uid": "1",
        "access_token": "微博令牌乙",
        "safe_domain": "gonghui.example",
        "default_link": "https://www.gonghui.example/",
        "rip": "203.0.113.1",
    },
    "feed": {"column": "资讯"},
    "manual": {"platform": "抖音"},
}


@dataclass(frozen=True, slots=True)
class Newsroom:
    """Everything by person's login and channel's name."""

    app: Flask
    sessions: Sessions
    clock: FakeClock
    keyring: Keyring
    people: dict[str, Member]
    accounts: dict[str, int]

    @classmethod
    def open(cls, app: Flask, clock: FakeClock, people: dict[str, Member]) -> "Newsroom":
        console = console_of(app)
        with console.sessions.begin() as session:
            organisation = session.scalars(select(Organisation.id).limit(1)).one()
            made = {
                channel: accounts.create_account(
                    session,
                    console.keyring,
                    AccountForm(
                        channel=channel,
                        handle=f"{channel}-1",
                        name=f"测试总工会{channel}",
                        organisation_id=organisation,
                        options=options,
                        certification="机构认证",
                        filing={"number": "备-1"},
                    ),
                    person_id=people["admin"].id,
                    now=clock.now(),
                ).id
                for channel, options in OPTIONS.items()
            }
        return cls(app, console.sessions, clock, console.keyring, people, made)

    def browser(self, login: str) -> FlaskClient:
        client = self.app.test_client()
        sign_in(client, login)
        return client

    def draft(
        self,
        title: str = "冬送温暖：站点上新",
        *,
        channels: Sequence[str] = ("wechat", "feed"),
        body: str = BODY,
        variants: tuple[ChannelText, ...] = (),
    ) -> int:
        with self.sessions.begin() as session:
            edit = DraftEdit(
                title=title,
                body=body,
                account_ids=tuple(self.accounts[channel] for channel in channels),
                variants=variants,
            )
            return drafts.create_draft(
                session,
                edit,
                organisation_id=session.get_one(Account, self.accounts["feed"]).organisation_id,
                author_id=self.people["lixiang"].id,
                now=self.clock.now(),
            ).id

    def submit(self, draft_id: int) -> int:
        with self.sessions.begin() as session:
            return review.submit_draft(
                session, draft_id, person_id=self.people["lixiang"].id, now=self.clock.now()
            ).id

    def approve(self, draft_id: int, *logins: str) -> None:
        for login in logins:
            with self.sessions.begin() as session:
                draft = drafts.find_draft(session, draft_id)
                waiting = next(
                    item for item in review.reviews_of(session, draft_id) if item.decision is None
                )
                review.approve(
                    session,
                    waiting.id,
                    reviewer_id=self.people[login].id,
                    seen_hash=drafts.draft_content(session, draft).hash().hex(),
                    now=self.clock.now(),
                )

    def approved(self, title: str = "冬送温暖：站点上新", **options: object) -> int:
        draft_id = self.draft(title, **options)  # type: ignore[arg-type]
        self.submit(draft_id)
        self.approve(draft_id, "chenjing", "zhaoning")
        return draft_id

    def planned(
        self,
        draft_id: int,
        *,
        after: dt.timedelta = dt.timedelta(hours=2),
        state: PublicationState = PublicationState.SCHEDULED,
        reason: str | None = None,
    ) -> list[int]:
        """Plan on all targets, and put the publications into ``state`` as a worker would have."""
        with self.sessions.begin() as session:
            found = schedule.schedule_draft(
                session,
                draft_id,
                planned_at=self.clock.now() + after,
                person_id=self.people["lixiang"].id,
                now=self.clock.now(),
            ).publications
            for item in found:
                item.state, item.state_reason = state, reason
                if state is not PublicationState.SCHEDULED:
                    item.due_at = None
                if state is PublicationState.PUBLISHED:
                    item.platform_id, item.published_at = str(item.id), item.planned_at
            return [item.id for item in found]

    def publication(self, publication_id: int) -> Publication:
        with self.sessions() as session:
            return schedule.find_publication(session, publication_id)

    def content_hash(self, draft_id: int) -> str:
        with self.sessions() as session:
            draft = drafts.find_draft(session, draft_id)
            return drafts.draft_content(session, draft).hash().hex()
