"""The command line. Results go to standard output, logs to standard error.

Exit codes: 0 done, 1 partly refused or nothing running, 2 wrong use or wrong settings.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click
import structlog

from config.settings import Settings, SettingsError, load_settings
from core.errors import ConfigurationError, ZhishengError
from core.logs import configure_logs
from core.registry import PluginTable
from zhisheng.json_lines import json_bytes

COMMANDS: PluginTable[click.Command] = PluginTable(
    "命令",
    [
        ("serve", "zhisheng.commands.serve:serve"),
        *((role, f"zhisheng.commands.role:{role}") for role in (
            "web", "crawl", "understand", "engine", "send", "publish", "world",
        )),
        ("index", "zhisheng.commands.index:index"),
        ("status", "zhisheng.commands.status:status"),
        ("doctor", "zhisheng.commands.doctor:doctor"),
        ("coverage", "zhisheng.commands.coverage:coverage"),
        ("ingest", "zhisheng.commands.ingest:ingest"),
        ("search", "zhisheng.commands.search:search"),
        ("trial", "zhisheng.commands.trial:trial"),
        ("match", "zhisheng.commands.match:match"),
        ("analyse", "zhisheng.commands.analyse:analyse"),
        ("extract", "zhisheng.commands.extract:extract"),
        ("events", "zhisheng.commands.events:events"),
        ("evidence", "zhisheng.commands.evidence:evidence"),
        ("model", "zhisheng.commands.model:model"),
        ("source", "zhisheng.commands.source:source"),
        ("user", "zhisheng.commands.user:user"),
        ("demo", "zhisheng.commands.demo:demo"),
    ],
)  # fmt: skip

DONE, PARTLY, WRONG_USE = 0, 1, 2


class LazyGroup(click.Group):
    """Imports a command only when it is called or listed."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        return COMMANDS.load(cmd_name) if cmd_name in COMMANDS else None


@click.group(cls=LazyGroup, help="职声：听见职工的声音，帮工会及时、一致地回应。")
@click.version_option(package_name="zhisheng", message="zhisheng %(version)s")
@click.pass_context
def zhisheng(context: click.Context) -> None:
    context.obj = load_settings(os.environ)
    configure_logs(level=context.obj.log_level, as_json=context.obj.log_json)


pass_settings = click.make_pass_decorator(Settings)


def run(arguments: Sequence[str]) -> int:
    """Run one command and give its exit code."""
    # Until the settings are read: whatever goes wrong before is logged as it will be afterwards.
    configure_logs()
    try:
        code = zhisheng.main(list(arguments), prog_name="zhisheng", standalone_mode=False)
    except BrokenPipeError:
        # The reader of our output went away; the rest is not wanted.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (click.ClickException, click.exceptions.Exit, click.Abort) as stopped:
        return _stopped(stopped)
    except (SettingsError, ZhishengError) as error:
        return _explained(error)
    except Exception:  # noqa: BLE001 (the command border)
        structlog.get_logger(__name__).exception("command_failed")
        return PARTLY
    return code if isinstance(code, int) else DONE


def _stopped(stopped: click.ClickException | click.exceptions.Exit | click.Abort) -> int:
    if isinstance(stopped, click.exceptions.Exit):
        return stopped.exit_code
    if isinstance(stopped, click.Abort):
        return PARTLY
    stopped.show()
    return WRONG_USE


def _explained(error: SettingsError | ZhishengError) -> int:
    if isinstance(error, SettingsError):
        click.echo("配置有误，没有启动：", err=True)
    click.echo(str(error), err=True)
    return WRONG_USE if isinstance(error, (SettingsError, ConfigurationError)) else PARTLY


def print_json(value: object) -> None:
    """Write one JSON value on one line of standard output."""
    click.echo(json_bytes(value), nl=False)
