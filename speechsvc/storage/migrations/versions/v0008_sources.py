"""Whether a tenant feeds documents and minutes.

Revision: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("documents", "minutes"):
        op.add_column("tenants", sa.Column(name, sa.Text()))


def downgrade() -> None:
    with op.batch_alter_table("tenants") as tenants:
        for name in ("minutes", "documents"):
            tenants.drop_column(name)
