"""Runs migrations on the connection that `yuragi.service.database` gives to Alembic."""

from alembic import context

from yuragi.service.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite changes columns by copying the table
)
with context.begin_transaction():
    context.run_migrations()
