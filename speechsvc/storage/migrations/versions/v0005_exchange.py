"""Exchange with the CRM: webhooks' rotation, order and state; events from the CRM and the leads they tell of.

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

from speechsvc.storage.types import Json, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TEXTS = ("salesperson_id", "team", "customer_id", "opportunity_id")
_INDEXES = (
    ("events", ("tenant_id", "occurred_at")),
    ("webhook_deliveries", ("tenant_id", "endpoint_id", "lane", "event_seq")),
    ("calls", ("tenant_id", "opportunity_id")),
    ("calls", ("tenant_id", "followup_id")),
    ("crm_events", ("tenant_id", "type", "occurred_at")),
    ("crm_events", ("tenant_id", "lead_id")),
    ("crm_events", ("tenant_id", "opportunity_id")),
    ("leads", ("tenant_id", "created_at")),
    ("leads", ("tenant_id", "customer_id")),
    ("leads", ("tenant_id", "opportunity_id")),
)


def upgrade() -> None:
    for table in ("events", "webhook_deliveries"):
        op.add_column(table, sa.Column("lane", sa.Text(), nullable=False, server_default=""))
    op.add_column("webhook_endpoints", sa.Column("previous_secret", sa.Text()))
    op.add_column("webhook_endpoints", sa.Column("previous_until", UtcDateTime()))
    op.add_column("webhook_endpoints", sa.Column("failing_since", UtcDateTime()))
    op.add_column("calls", sa.Column("from_crm", Json))
    for table in ("events", "webhook_deliveries"):  # what was there keeps the order of its subject
        op.execute(sa.text(_LANES[table]))
    op.create_table(
        "crm_events",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text()),
        sa.Column("opportunity_id", sa.Text()),
        sa.Column("followup_id", sa.Text()),
        sa.Column("data", Json, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_crm_events_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_events")),
    )
    op.create_table(
        "leads",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime()),
        sa.Column("grade", sa.Text()),
        *(sa.Column(name, sa.Text()) for name in _TEXTS),
        sa.Column("silent_told", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_leads_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_leads")),
    )
    for table, columns in _INDEXES:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def downgrade() -> None:
    for table, columns in reversed(_INDEXES):
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table)
    op.drop_table("leads")
    op.drop_table("crm_events")
    op.drop_column("calls", "from_crm")
    for column in ("failing_since", "previous_until", "previous_secret"):
        op.drop_column("webhook_endpoints", column)
    for table in ("events", "webhook_deliveries"):
        op.drop_column(table, "lane")


_LANES = {
    "events": "UPDATE events SET lane = subject",
    "webhook_deliveries": "UPDATE webhook_deliveries SET lane = COALESCE((SELECT e.subject FROM events e WHERE "
    "e.tenant_id = webhook_deliveries.tenant_id AND e.seq = webhook_deliveries.event_seq), '')",
}
