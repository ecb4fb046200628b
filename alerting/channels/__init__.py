"""The table of notification channels: one file and one line each."""

from alerting.channels.base import Channel
from core.registry import PluginTable

CHANNELS: PluginTable[Channel] = PluginTable(
    "通知渠道",
    (
        ("console", "alerting.channels.console:CONSOLE"),
        ("email", "alerting.channels.email:EMAIL"),
        ("wecom", "alerting.channels.wecom:WECOM"),
    ),
)
