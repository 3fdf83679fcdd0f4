"""What the tagger leaves of each call for comparisons of lexicons.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "traces",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_traces_tenants")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "call_id"], ["calls.tenant_id", "calls.id"], name=op.f("fk_traces_calls"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "call_id", name=op.f("pk_traces")),
    )


def downgrade() -> None:
    op.drop_table("traces")
