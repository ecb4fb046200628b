"""The schema, one module per area; importing this package knows every table."""

from core.database.base import Base
from core.database.models import (
    alerting,
    collecting,
    duty,
    media,
    operations,
    organisation,
    searching,
    understanding,
)

__all__ = [
    "Base",
    "alerting",
    "collecting",
    "duty",
    "media",
    "operations",
    "organisation",
    "searching",
    "understanding",
]
