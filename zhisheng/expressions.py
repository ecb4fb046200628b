"""What expressions may name in this installation, and how a command refuses one."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, NoReturn

import click
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from core.errors import ConfigurationError
from core.expression import ExpressionError, Field
from core.expression.names import expression_names
from zhisheng.cli import WRONG_USE, print_json
from zhisheng.home import read_kind
from zhisheng.known_places import known_regions

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from alerting.rules import RuleLanguage


@cache
def language_names() -> Mapping[Field, Mapping[str, str]]:
    """Give the Chinese names that expressions may use for stored values."""
    return expression_names(known_regions().values())


def rule_language(session: Session) -> RuleLanguage:
    from alerting.rules import RuleLanguage

    return RuleLanguage.load(session, language_names())


def groups_if_running(settings: Settings) -> Mapping[str, Sequence[str]]:
    """Read the synonym groups of the console where its database runs; starts nothing, needs nothing."""
    try:
        return _stored_groups(settings)
    except (SQLAlchemyError, ConfigurationError, OSError):
        click.echo("没有读到控制台里的同义词组：数据库没有应答。", err=True)
        return {}


def _stored_groups(settings: Settings) -> Mapping[str, Sequence[str]]:
    # Commands that work on files alone need not wait for all of the database to be imported.
    from alerting.rules import RuleLanguage
    from core.database.embedded import EmbeddedServer
    from core.database.sessions import create_database_engine, create_sessions

    handle, url = None, settings.database_url
    if not url:
        if read_kind(settings.home) is None:
            return {}
        handle = EmbeddedServer(settings.home).attach()
        if handle is None:
            return {}
        url = handle.url
    engine = create_database_engine(url)
    try:
        with create_sessions(engine)() as session:
            return RuleLanguage.load(session).groups
    finally:
        engine.dispose()
        if handle is not None:
            handle.close()


def refuse_expression(typed: str, error: ExpressionError) -> NoReturn:
    """Say what is wrong, for programs on standard output and for people on standard error."""
    print_json(
        {"error": {"position": error.position, "expected": error.expected, "fix": error.fix}}
    )
    click.echo(error.caret(typed), err=True)
    click.echo(str(error), err=True)
    sys.exit(WRONG_USE)
