"""The end of the queue is found by an index"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index("jobs_by_place", "jobs", ["place"])
