"""``zhisheng user``: people who work with the console, from the terminal."""

from __future__ import annotations

import click
from sqlalchemy import func, select

from config.settings import Settings
from core import audit
from core.database.models.organisation import Organisation, Person, Role
from core.errors import ConfigurationError
from core.passwords import check_password, hash_password
from webui.signin import revoke_sessions
from zhisheng.cli import pass_settings
from zhisheng.services import open_services

FIRST_ORGANISATION = "本级工会"


@click.group(help="用户：创建、重置密码。")
def user() -> None:
    pass


def _ask_password() -> str:
    return str(click.prompt("密码（至少 12 位）", hide_input=True, confirmation_prompt="再输一次"))


@user.command(help="创建用户。")
@click.argument("login")
@click.option("--name", required=True, help="姓名。")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in Role]),
)
@click.option("--email", default=None)
@click.option("--password-stdin", is_flag=True, help="从标准输入读一行密码。")
@pass_settings
def create(
    settings: Settings,
    login: str,
    *,
    name: str,
    roles: tuple[str, ...],
    email: str | None,
    password_stdin: bool,
) -> None:
    password = (
        click.get_text_stream("stdin").readline().rstrip("\n")
        if password_stdin
        else _ask_password()
    )
    check_password(password, login=login)
    with open_services(settings) as services, services.sessions.begin() as session:
        if (
            session.scalar(select(Person).where(func.lower(Person.login) == login.lower()))
            is not None
        ):
            raise ConfigurationError(
                f"已经有登录名为「{login}」的用户，没有改动。要改密码请用 user reset-password。"
            )
        organisation = session.scalar(select(Organisation).order_by(Organisation.id).limit(1))
        if organisation is None:
            organisation = Organisation(name=FIRST_ORGANISATION, level="city")
            session.add(organisation)
            session.flush()
        now = services.clock.now()
        person = Person(
            organisation_id=organisation.id,
            login=login,
            name=name,
            roles=list(roles),
            email=email,
            password_hash=hash_password(password),
            password_changed_at=now,
        )
        session.add(person)
        session.flush()
        event = audit.AuditEvent(
            "system", "user.create", "person", str(person.id), detail={"roles": list(roles)}
        )
        audit.record(session, event, now)
    click.echo(f"已创建用户「{login}」。", err=True)


@user.command("reset-password", help="重置密码；下次登录要改。")
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="从标准输入读一行密码。")
@pass_settings
def reset_password(settings: Settings, login: str, *, password_stdin: bool) -> None:
    password = (
        click.get_text_stream("stdin").readline().rstrip("\n")
        if password_stdin
        else _ask_password()
    )
    check_password(password, login=login)
    with open_services(settings) as services, services.sessions.begin() as session:
        person = session.scalar(select(Person).where(func.lower(Person.login) == login.lower()))
        if person is None:
            raise ConfigurationError(f"没有登录名为「{login}」的用户，没有改动。")
        now = services.clock.now()
        person.password_hash = hash_password(password)
        person.password_changed_at = now
        person.must_change_password = True
        revoke_sessions(session, person.id, now)
        audit.record(
            session,
            audit.AuditEvent("system", "user.reset_password", "person", str(person.id)),
            now,
        )
    click.echo(f"已重置「{login}」的密码，原有登录全部失效，下次登录须改密码。", err=True)
