"""Scrapy's settings: everything that we do not use is off."""

from __future__ import annotations

from scrapy.settings import Settings

from crawlers.engine.body_limit import LARGEST_BODY
from crawlers.engine.chromium import launch_settings
from crawlers.engine.context import CrawlContext


def scrapy_settings(context: CrawlContext) -> Settings:
    """Replace Scrapy's middlewares and extensions by ours; nothing is inherited but the defaults of its core."""
    return Settings(
        {
            "TELNETCONSOLE_ENABLED": False,
            "EXTENSIONS_BASE": {},
            "SPIDER_MIDDLEWARES_BASE": {},
            "DOWNLOADER_MIDDLEWARES_BASE": {},
            "DOWNLOADER_MIDDLEWARES": {
                "crawlers.engine.guards.PolicyGuard": 100,
                "crawlers.engine.guards.RobotsGuard": 200,
                "crawlers.engine.guards.Decompression": 300,
                "crawlers.engine.politeness_guard.PolitenessGuard": 900,
            },
            "DOWNLOAD_HANDLERS_BASE": {},
            "DOWNLOAD_HANDLERS": {
                "http": "crawlers.engine.download.BoundedDownloadHandler",
                "https": "crawlers.engine.download.BoundedDownloadHandler",
            },
            "DOWNLOAD_MAXSIZE": LARGEST_BODY,
            "DOWNLOAD_WARNSIZE": 0,
            "DOWNLOAD_TIMEOUT": context.timeout_s,
            "DOWNLOAD_VERIFY_CERTIFICATES": True,
            # Scrapy's own slots know nothing of other crawlers; the guard above holds the pace.
            "DOWNLOAD_DELAY": 0,
            "DOWNLOAD_DELAY_JITTER": 0,
            "CONCURRENT_REQUESTS": 0,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 1000,
            "USER_AGENT": context.user_agent,
            "COOKIES_ENABLED": False,
            "DNSCACHE_ENABLED": False,
            "LOG_ENABLED": False,
            "LOG_INSTALL_ROOT_HANDLER": False,
            "REACTOR_THREADPOOL_MAXSIZE": 16,
            **launch_settings(),
        },
        priority="project",
    )
