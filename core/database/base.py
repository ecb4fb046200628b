"""What every table shares."""

import datetime as dt
from typing import Annotated, ClassVar

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

JsonObject = dict[str, object]
Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
CreatedAt = Annotated[dt.datetime, mapped_column(server_default=func.now())]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[object, object]] = {
        dt.datetime: DateTime(timezone=True),
        str: Text(),
        JsonObject: JSONB(),
        list[JsonObject]: JSONB(),
        list[str]: ARRAY(Text()),
        list[int]: ARRAY(BigInteger()),
    }


class Claimable:
    """Columns of a row that a worker claims when it is due (see core.claims).

    ``due_at`` None means nothing to do; ``dead_at`` keeps a row that gave up listed until a person clears it.
    """

    due_at: Mapped[dt.datetime | None]
    claim_owner: Mapped[str | None]
    claim_epoch: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    lease_until: Mapped[dt.datetime | None]
    attempt: Mapped[int] = mapped_column(default=0, server_default="0")
    last_error: Mapped[str | None]
    dead_at: Mapped[dt.datetime | None]
