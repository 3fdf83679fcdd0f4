"""Alembic runs this. `speechsvc.storage.migrate` gives the connection, already in a transaction and alone."""

from alembic import context

from speechsvc.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
