"""Expected finish of a call, pace of recognition by machine, language of a tenant.

Revision: 0007
"""

import sqlalchemy as sa
from alembic import op

from speechsvc.storage.types import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("expected_at", UtcDateTime()))
    op.add_column("tenants", sa.Column("language", sa.Text()))
    op.create_table(
        "recognition_pace",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("factor", sa.Double(), nullable=False),
        sa.Column("call_s", sa.Double(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("audio_s", sa.Double(), nullable=False),
        sa.Column("work_s", sa.Double(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("host", "model", "profile", name=op.f("pk_recognition_pace")),
    )


def downgrade() -> None:
    op.drop_table("recognition_pace")
    with op.batch_alter_table("tenants") as tenants:
        tenants.drop_column("language")
    with op.batch_alter_table("calls") as calls:
        calls.drop_column("expected_at")
