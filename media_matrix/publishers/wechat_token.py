"""The access token of a WeChat account: one process fetches it, everybody uses it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import parse_time, to_rfc3339
from core.database.models.media import Account, AccountState
from core.faults import fault_point
from core.outbound.bodies import JSONBody
from media_matrix.access import PlatformAccess
from media_matrix.platform_codes import code_entry
from media_matrix.publishers.base import AccountBrokenError, PlatformRefusedError
from media_matrix.publishers.platform_http import Call, PlatformHTTP

log = structlog.get_logger(__name__)

PURPOSE = "account.token"
RENEW_AT = 0.8  # of a token's life
LONGEST_S = 7200


@dataclass(frozen=True, slots=True)
class AccessToken:
    value: str
    renew_at: dt.datetime


class TokenDesk:
    """Hands out the token of one account during one operation ("incident").

    An incident makes at most two token calls; when the platform still refuses, the account is broken.
    """

    def __init__(self, access: PlatformAccess, http: PlatformHTTP, base_url: str) -> None:
        self._access = access
        self._http = http
        self._base_url = base_url
        self._calls_left = 2

    def token(self) -> str:
        """Give a token that is not due for renewal, fetching one when nobody else just did."""
        with self._access.sessions() as session:
            stored = self._stored(session.get_one(Account, self._http.account.id))
        if stored is not None and stored.renew_at > self._access.clock.now():
            return stored.value
        return self._renewed(refused=None)

    def replacement(self, refused: str, *, code: str) -> str:
        """Give another token than the refused one.

        Marks the account as broken and raises AccountBrokenError when this incident has used up its calls.
        """
        if self._calls_left == 0:
            raise self._given_up(code)
        return self._renewed(refused=refused)

    def _given_up(self, code: str) -> AccountBrokenError:
        entry = code_entry("wechat", code)
        with self._access.sessions.begin() as session:
            account = self._locked(session)
            account.state = AccountState.BROKEN
            account.state_reason = str(entry.explanation)
            account.sealed_token = None
            account.token_expires_at = None
        log.warning("account_broken", account_id=self._http.account.id, code=code)
        return AccountBrokenError(entry)

    def _renewed(self, *, refused: str | None) -> str:
        # The row lock is the single flight: whoever waited finds the token the first one fetched.
        with self._access.sessions.begin() as session:
            account = self._locked(session)
            if account.state == AccountState.BROKEN:
                raise AccountBrokenError(code_entry("wechat", "40001"))
            stored = self._stored(account)
            now = self._access.clock.now()
            if stored is not None and stored.value != refused and stored.renew_at > now:
                return stored.value
            # The last call of an incident is forced: the plain one may repeat a token that is dead.
            fresh = self._fetched(is_forced=refused is not None and self._calls_left == 1)
            if fresh.value == refused and self._calls_left:
                fresh = self._fetched(is_forced=True)
            fault_point("token.after_new_token")
            self._store(account, fresh)
            return fresh.value

    def _fetched(self, *, is_forced: bool) -> AccessToken:
        self._calls_left -= 1
        answer = self._http.read(
            Call(
                action="stable_token",
                method="POST",
                url=f"{self._base_url}/cgi-bin/stable_token",
                body=JSONBody({
                    "grant_type": "client_credential",
                    "appid": self._http.account.text("appid"),
                    "secret": self._http.account.secrets.get("secret", ""),
                    "force_refresh": is_forced,
                }),
            )
        )  # fmt: skip
        value = answer.text("access_token")
        if not value:
            raise PlatformRefusedError(code_entry("wechat", "40001"))
        life_s = answer.object().get("expires_in")
        life = dt.timedelta(seconds=life_s if isinstance(life_s, int) else LONGEST_S)
        log.info("token_renewed", account_id=self._http.account.id, is_forced=is_forced)
        return AccessToken(value, self._access.clock.now() + life * RENEW_AT)

    def _locked(self, session: Session) -> Account:
        return session.scalars(
            select(Account)
            .where(Account.id == self._http.account.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        ).one()

    def _stored(self, account: Account) -> AccessToken | None:
        if account.sealed_token is None:
            return None
        opened = json.loads(self._access.keyring.unseal(account.sealed_token, purpose=PURPOSE))
        return AccessToken(str(opened["value"]), parse_time(str(opened["renew_at"])))

    def _store(self, account: Account, token: AccessToken) -> None:
        plain = json.dumps({"value": token.value, "renew_at": to_rfc3339(token.renew_at)})
        account.sealed_token = self._access.keyring.seal(plain.encode(), purpose=PURPOSE)
        account.token_expires_at = token.renew_at
