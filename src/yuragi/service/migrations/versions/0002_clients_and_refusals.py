"""Clients of jobs, their consent, and what the policy refused"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "jobs", sa.Column("client", sa.String(length=64), nullable=False, server_default="")
    )
    op.add_column(
        "jobs", sa.Column("consent", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "refusals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("job", sa.String(length=32), nullable=True),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
