"""Candidate index, runs over stored calls, marks.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

from speechsvc.storage.types import Json, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index()
    _runs()
    _marks()


def _tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenants"))


def _of_call(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "call_id"], ["calls.tenant_id", "calls.id"], name=op.f(f"fk_{table}_calls"), ondelete="CASCADE"
    )


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant_id", *columns, name=op.f(f"pk_{table}"))


def _index() -> None:
    op.create_table(
        "index_blocks",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        _tenant("index_blocks"),
        _key("index_blocks", "block"),
    )
    op.create_table(
        "index_places",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        _tenant("index_places"),
        _of_call("index_places"),
        _key("index_places", "call_id"),
    )
    op.create_index(op.f("ix_index_places_tenant_id_block"), "index_places", ["tenant_id", "block"])
    op.create_table(
        "index_postings",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _tenant("index_postings"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "block"],
            ["index_blocks.tenant_id", "index_blocks.block"],
            name=op.f("fk_index_postings_index_blocks"),
            ondelete="CASCADE",
        ),
        _key("index_postings", "block", "first"),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("where", Json, nullable=False),
        sa.Column("request", Json, nullable=False),
        sa.Column("position", sa.Text()),
        sa.Column("counts", Json, nullable=False),
        sa.Column("summary", Json, nullable=False),
        sa.Column("finished_at", UtcDateTime()),
        sa.Column("error_code", sa.Text()),
        _tenant("runs"),
        _key("runs", "id"),
    )
    op.create_index(op.f("ix_runs_tenant_id_kind_created_at"), "runs", ["tenant_id", "kind", "created_at"])
    op.create_table(
        "run_calls",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("body", Json, nullable=False),
        _tenant("run_calls"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], name=op.f("fk_run_calls_runs"), ondelete="CASCADE"
        ),
        _of_call("run_calls"),
        _key("run_calls", "run_id", "position"),
    )
    op.create_index(op.f("ix_run_calls_tenant_id_call_id"), "run_calls", ["tenant_id", "call_id"])


def _marks() -> None:
    op.create_table(
        "marks",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("polarity", sa.Text()),
        sa.Column("start_char", sa.Integer(), nullable=False),
        sa.Column("end_char", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text()),
        sa.Column("lexicon", sa.Text()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        _tenant("marks"),
        _of_call("marks"),
        _key("marks", "id"),
        sa.UniqueConstraint(
            "tenant_id", "call_id", "turn", "topic", name=op.f("uq_marks_tenant_id_call_id_turn_topic")
        ),
    )
    op.create_index(op.f("ix_marks_tenant_id_created_at_id"), "marks", ["tenant_id", "created_at", "id"])
    op.create_index(op.f("ix_marks_tenant_id_entry"), "marks", ["tenant_id", "entry"])


def downgrade() -> None:
    for table in ("marks", "run_calls", "runs", "index_postings", "index_places", "index_blocks"):
        op.drop_table(table)
