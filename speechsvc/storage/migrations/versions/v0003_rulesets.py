"""Versions and drafts of lexicon and rubric.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

from speechsvc.storage.types import Json, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rulesets",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("base", sa.Text()),
        sa.Column("restored_from", sa.Integer()),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_rulesets_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "number", name=op.f("pk_rulesets")),
    )
    op.create_table(
        "ruleset_drafts",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("base", sa.Text()),
        sa.Column("conflicts", Json, nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_ruleset_drafts_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "kind", name=op.f("pk_ruleset_drafts")),
    )
    op.create_table(
        "ruleset_bases",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_ruleset_bases_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "digest", name=op.f("pk_ruleset_bases")),
    )


def downgrade() -> None:
    op.drop_table("ruleset_bases")
    op.drop_table("ruleset_drafts")
    op.drop_table("rulesets")
