"""``zhisheng user``: people who work with the console, from the terminal."""

from __future__ import annotations

import sys

import click

from config.settings import Settings
from core.database.models.organisation import Role
from core.errors import ConfigurationError, InvalidOptionsError
from webui import people
from zhisheng.cli import pass_settings
from zhisheng.seeding import FIRST_ORGANISATION, first_organisation
from zhisheng.services import open_services

ACTOR = "system:terminal"


@click.group(help="用户：创建、重置密码。")
def user() -> None:
    pass


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
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
    password = _password(from_stdin=password_stdin)
    with open_services(settings) as services, services.sessions.begin() as session:
        now = services.clock.now()
        organisation = first_organisation(session, FIRST_ORGANISATION)
        draft = people.PersonDraft(
            login=login,
            name=name,
            roles=roles,
            organisation_id=organisation.id,
            email=email,
            channels=["console"],
        )
        try:
            people.create_person(
                session, services.passwords, draft, password=password, actor=ACTOR, now=now
            )
        except InvalidOptionsError as error:
            raise ConfigurationError(f"{error}。没有改动。") from error
    click.echo(f"已创建用户「{login}」。", err=True)


@user.command("reset-password", help="重置密码；下次登录要改。")
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="从标准输入读一行密码。")
@pass_settings
def reset_password(settings: Settings, login: str, *, password_stdin: bool) -> None:
    password = _password(from_stdin=password_stdin)
    with open_services(settings) as services, services.sessions.begin() as session:
        person = people.find_person(session, login)
        if person is None:
            raise ConfigurationError(f"没有登录名为「{login}」的用户，没有改动。")
        try:
            people.reset_password(
                session, services.passwords, person, password, actor=ACTOR, now=services.clock.now()
            )
        except InvalidOptionsError as error:
            raise ConfigurationError(f"{error}没有改动。") from error
    click.echo(f"已重置「{login}」的密码，原有登录全部失效，下次登录须改密码。", err=True)
