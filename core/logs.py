"""Structured logs on standard error."""

import logging
import sys

import structlog


def configure_logs(*, level: str = "INFO", as_json: bool = False) -> None:
    """Send structlog events, and the standard library's warnings, to standard error."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The prettier formatters print local variables, and those may hold secrets.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries set levels of their own loggers, so it is the handler that keeps their chatter out.
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(max(number, logging.WARNING))
    logging.basicConfig(
        handlers=[handler],
        level=handler.level,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
    )
