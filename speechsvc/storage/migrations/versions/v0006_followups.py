"""Follow-ups with their items and appeals; the directory of salespeople and customers.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

from speechsvc.storage.types import Json, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "followups",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("episode_key", sa.Text()),
        sa.Column("salesperson_id", sa.Text()),
        sa.Column("salesperson_name", sa.Text()),
        sa.Column("team", sa.Text()),
        sa.Column("customer_id", sa.Text()),
        sa.Column("customer_name", sa.Text()),
        sa.Column("industry", sa.Text()),
        sa.Column("region", sa.Text()),
        sa.Column("opportunity_id", sa.Text()),
        sa.Column("stage", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer()),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("versions", Json, nullable=False),
        sa.Column("first_activity", UtcDateTime(), nullable=False),
        sa.Column("last_activity", UtcDateTime(), nullable=False),
        sa.Column("touched_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime()),
        sa.Column("settles_at", UtcDateTime()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rulings", Json, nullable=False),
        sa.Column("score", sa.LargeBinary()),
        sa.Column("history", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_followups_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_followups")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_followups_tenant_id_external_id")),
    )
    op.create_index(op.f("ix_followups_tenant_id_episode_key"), "followups", ["tenant_id", "episode_key"])
    op.create_index(op.f("ix_followups_tenant_id_last_activity_id"), "followups", ["tenant_id", "last_activity", "id"])
    op.create_index(op.f("ix_followups_tenant_id_salesperson_id"), "followups", ["tenant_id", "salesperson_id"])
    op.create_table(
        "followup_items",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("followup_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("sha256", sa.Text()),
        sa.Column("fingerprint", sa.Text()),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("erased", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_followup_items_tenants")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "followup_id"],
            ["followups.tenant_id", "followups.id"],
            name=op.f("fk_followup_items_followups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_followup_items")),
    )
    op.create_index(op.f("ix_followup_items_tenant_id_fingerprint"), "followup_items", ["tenant_id", "fingerprint"])
    op.create_index(op.f("ix_followup_items_tenant_id_followup_id"), "followup_items", ["tenant_id", "followup_id"])
    op.create_index(
        op.f("ix_followup_items_tenant_id_kind_received_at"), "followup_items", ["tenant_id", "kind", "received_at"]
    )
    op.create_index(op.f("ix_followup_items_tenant_id_sha256"), "followup_items", ["tenant_id", "sha256"])
    op.create_table(
        "followup_appeals",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("followup_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", UtcDateTime()),
        sa.Column("decision_reason", sa.Text()),
        sa.Column("total", sa.Integer()),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_followup_appeals_tenants")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "followup_id"],
            ["followups.tenant_id", "followups.id"],
            name=op.f("fk_followup_appeals_followups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_followup_appeals")),
    )
    op.create_index(op.f("ix_followup_appeals_tenant_id_followup_id"), "followup_appeals", ["tenant_id", "followup_id"])
    op.create_table(
        "directory",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid_from", UtcDateTime(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("team", sa.Text()),
        sa.Column("industry", sa.Text()),
        sa.Column("region", sa.Text()),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_directory_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "id", "valid_from", name=op.f("pk_directory")),
    )
    op.create_table(
        "directory_numbers",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("valid_from", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_directory_numbers_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "number", "valid_from", name=op.f("pk_directory_numbers")),
    )
    op.create_index(op.f("ix_directory_numbers_tenant_id_kind_id"), "directory_numbers", ["tenant_id", "kind", "id"])


def downgrade() -> None:
    op.drop_table("directory_numbers")
    op.drop_table("directory")
    op.drop_table("followup_appeals")
    op.drop_table("followup_items")
    op.drop_table("followups")
