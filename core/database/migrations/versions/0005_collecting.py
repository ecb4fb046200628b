"""Hosts shared by all crawlers, evidence, first-party forms; what the ledger needs of a page."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "crawl_host",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delay_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("closed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "in_flight",
            sa.ARRAY(sa.DateTime(timezone=True)),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_crawl_host")),
    )
    op.create_table(
        "form_rate",
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("visitor", sa.LargeBinary(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_form_rate_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", "visitor", "starts_at", name=op.f("pk_form_rate")),
    )
    op.create_table(
        "pending_upload",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_upload")),
    )
    op.create_table(
        "evidence",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=True),
        sa.Column("alert_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("warc_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_warc", sa.LargeBinary(), nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_evidence_document_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint(
            "document_id", "warc_sha256", name=op.f("uq_evidence_document_id_warc_sha256")
        ),
    )
    op.create_index("ix_evidence_alert_id", "evidence", ["alert_id"], unique=False)
    op.create_index("ix_raw_response_document_id", "raw_response", ["document_id"], unique=False)
    op.create_table(
        "first_party_contact",
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed_contact", sa.LargeBinary(), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_first_party_contact_document_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_first_party_contact")),
    )
    op.add_column("document", sa.Column("answer_state", sa.Text(), nullable=True))
    op.add_column("document", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("document", sa.Column("extractor", sa.Text(), nullable=True))
    op.add_column("document", sa.Column("extraction_score", sa.Double(), nullable=True))
    op.add_column("frontier_url", sa.Column("host", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "frontier_url", sa.Column("visits", sa.Integer(), server_default="0", nullable=False)
    )
    op.execute(
        "UPDATE frontier_url SET host = coalesce(substring(url from '^[a-z]+://([^/?#]+)'), '')"
    )
    op.add_column("frontier_url", sa.Column("page_key", sa.Text(), nullable=True))
    op.create_index(
        "ix_frontier_url_lane",
        "frontier_url",
        ["host", "source_id", "due_at"],
        postgresql_where=sa.text("dead_at IS NULL AND due_at IS NOT NULL"),
    )
    op.create_index(
        "uq_frontier_url_page_key", "frontier_url", ["source_id", "page_key"], unique=True
    )
    op.add_column(
        "raw_response", sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.add_column(
        "source",
        sa.Column("needs_browser", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "source",
        sa.Column("needs_trial", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    # Shipped sources that nobody has tried or resumed yet.
    op.execute(
        "UPDATE source SET needs_trial = true"
        " WHERE state = 'paused' AND failure_reason = '尚未验证：安装后还没有试采过。'"
    )
    op.add_column("source", sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("source", sa.Column("publishing_rate", sa.Double(), nullable=True))
    op.add_column(
        "source_hour", sa.Column("pages", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(
        "source_hour", sa.Column("quality", sa.Double(), server_default="0", nullable=False)
    )
    op.add_column(
        "source_hour", sa.Column("succeeded", sa.Integer(), server_default="0", nullable=False)
    )
    # Failed pages were counted among the failures of earlier hours, so this is a lower bound.
    op.execute(
        "UPDATE source_hour SET succeeded = greatest(0, visits - (SELECT coalesce(sum(value::int), 0)"
        " FROM jsonb_each_text(failures)))"
    )
    op.create_index("ix_source_hour_hour", "source_hour", ["hour"], unique=False)
    op.add_column("source", sa.Column("silent_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("source", sa.Column("degraded_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "publication",
        sa.Column("comments_mark", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
    op.create_table(
        "source_usual",
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("hours", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("gap", sa.Double(), nullable=True),
        sa.Column("gap_s", sa.Double(), nullable=True),
        sa.Column("quality", sa.Double(), nullable=True),
        sa.Column("quality_spread", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_source_usual_source_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_usual")),
    )
