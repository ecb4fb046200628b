"""Sketches of stories; events with their keys, hours, decisions and log."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "clause_use",
        sa.Column("hash", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stories", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_clause_use")),
    )
    op.create_index(op.f("ix_clause_use_seen_at"), "clause_use", ["seen_at"], unique=False)
    op.create_table(
        "story_key",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "document_id", name=op.f("pk_story_key")),
    )
    op.create_table(
        "event_decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.Column("story_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_decision_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["event.id"], name=op.f("fk_event_decision_other_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_decision")),
    )
    op.create_index(
        op.f("ix_event_decision_event_id"), "event_decision", ["event_id"], unique=False
    )
    op.create_index(
        op.f("ix_event_decision_other_id"), "event_decision", ["other_id"], unique=False
    )
    op.create_table(
        "event_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_entry_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_entry")),
    )
    op.create_index(op.f("ix_event_entry_event_id"), "event_entry", ["event_id"], unique=False)
    op.create_table(
        "event_follower",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_follower_event_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_event_follower_person_id")
        ),
        sa.PrimaryKeyConstraint("event_id", "person_id", name=op.f("pk_event_follower")),
    )
    op.create_table(
        "event_hour",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("negative", sa.Integer(), nullable=False),
        sa.Column("interactions", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_hour_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "hour", "platform", name=op.f("pk_event_hour")),
    )
    op.create_table(
        "event_key",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_key_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "key", name=op.f("pk_event_key")),
    )
    op.create_index("ix_event_key_lookup", "event_key", ["key", "seen_at"], unique=False)
    op.create_index(op.f("ix_event_key_seen_at"), "event_key", ["seen_at"], unique=False)
    op.create_table(
        "event_profile",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("is_stale", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_profile_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_profile")),
    )
    op.create_table(
        "story_sketch",
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("story_id", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("shingles", sa.LargeBinary(), nullable=False),
        sa.Column("numbers", sa.LargeBinary(), nullable=False),
        sa.Column("names", sa.LargeBinary(), nullable=False),
        sa.Column("keys", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_story_sketch_document_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["story.id"], name=op.f("fk_story_sketch_story_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_story_sketch")),
    )
    op.create_index(op.f("ix_story_sketch_seen_at"), "story_sketch", ["seen_at"], unique=False)
    op.create_index(op.f("ix_story_sketch_story_id"), "story_sketch", ["story_id"], unique=False)
    op.drop_index(op.f("ix_story_band_seen_at"), table_name="story_band")
    op.drop_table("story_band")
    op.add_column("document", sa.Column("story_relation", sa.Text(), nullable=True))
    op.add_column("document", sa.Column("story_parent_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "event",
        sa.Column("is_title_fixed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("event", sa.Column("status_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("event", sa.Column("first_document_id", sa.BigInteger(), nullable=True))
    op.add_column("event", sa.Column("stories", sa.Integer(), server_default="0", nullable=False))
    op.add_column("event", sa.Column("sources", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "event", sa.Column("hotness_change", sa.Double(), server_default="0", nullable=False)
    )
    op.add_column("event", sa.Column("silenced_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("event", sa.Column("silence_reason", sa.Text(), nullable=True))
    op.add_column("event", sa.Column("silenced_by", sa.BigInteger(), nullable=True))
    op.add_column("event", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("event", sa.Column("closed_by", sa.BigInteger(), nullable=True))
    op.add_column("event", sa.Column("outcome", sa.Text(), nullable=True))
    op.add_column(
        "event", sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("event", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("event", sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("event", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("event", sa.Column("claim_owner", sa.Text(), nullable=True))
    op.add_column(
        "event", sa.Column("claim_epoch", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("event", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("event", sa.Column("attempt", sa.Integer(), server_default="0", nullable=False))
    op.add_column("event", sa.Column("last_error", sa.Text(), nullable=True))
    op.add_column("event", sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_event_due",
        "event",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("dead_at IS NULL"),
    )
    op.create_index(
        "ix_event_employers", "event", ["employers"], unique=False, postgresql_using="gin"
    )
    op.create_index(
        "ix_event_hotness",
        "event",
        ["hotness"],
        unique=False,
        postgresql_where=sa.text("merged_into_id IS NULL"),
    )
    op.create_index(op.f("ix_event_merged_into_id"), "event", ["merged_into_id"], unique=False)
    op.add_column(
        "story",
        sa.Column("is_placed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_index(
        op.f("ix_story_first_document_id"), "story", ["first_document_id"], unique=False
    )
