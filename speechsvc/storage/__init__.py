"""Database and recordings. `SqlDatabase` and `SqlSystem` implement the database ports, `make_blob_store` the files."""
