"""The table of publishing channels: a name, and the dotted path of its publisher."""

from core.registry import PluginTable
from media_matrix.publishers.base import Publisher

PUBLISHERS: PluginTable[type[Publisher]] = PluginTable(
    "发布渠道",
    [
        ("wechat", "media_matrix.publishers.wechat:WeChatPublisher"),
        ("weibo", "media_matrix.publishers.weibo:WeiboPublisher"),
        ("wordpress", "media_matrix.publishers.wordpress:WordPressPublisher"),
        ("feed", "media_matrix.publishers.feed:FeedPublisher"),
        ("manual", "media_matrix.publishers.manual:ManualPublisher"),
    ],
)


def publisher(channel: str) -> Publisher:
    """Make the publisher of a channel; raises UnknownPluginError."""
    return PUBLISHERS.load(channel)()
