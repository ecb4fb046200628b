"""Corrections of labels keep their history: several by one person, and undone ones."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_constraint(
        op.f("uq_label_correction_document_id_task_person_id"), "label_correction", type_="unique"
    )
    op.add_column(
        "label_correction", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("label_correction", sa.Column("undone_by", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_label_correction_document_id_task",
        "label_correction",
        ["document_id", "task"],
        unique=False,
    )
    op.create_index("ix_label_correction_at", "label_correction", ["at"], unique=False)
