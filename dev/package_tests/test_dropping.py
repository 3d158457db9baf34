"""A test database can be dropped whatever PostgreSQL is doing with it."""

import os
import time
from contextlib import closing

import psycopg2
import pytest
from psycopg2 import sql

import database

NAME = f"telephony_dropped_{os.getpid()}"
PATIENCE_SECONDS = 60


def as_superuser(statement):
    """Run a statement for which the tests' role has no right."""
    with closing(psycopg2.connect(dbname="postgres", user="postgres")) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


@pytest.fixture
def vacuumed():
    """Create a database and wait until PostgreSQL vacuums it, which then takes long."""
    database.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
    as_superuser("ALTER SYSTEM SET autovacuum_naptime = '1s'")
    as_superuser("SELECT pg_reload_conf()")
    try:
        database.execute(
            "CREATE TABLE probe WITH (autovacuum_vacuum_threshold = 1,"
            " autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)"
            " AS SELECT number FROM generate_series(1, 200000) AS number",
            database=NAME,
        )
        database.execute("DELETE FROM probe", database=NAME)
        deadline = time.monotonic() + PATIENCE_SECONDS
        # Its processes have no role.
        while not database.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND usename IS NULL", NAME
        ):
            assert time.monotonic() < deadline, "PostgreSQL did not vacuum the database"
            time.sleep(0.1)
        yield NAME
    finally:
        as_superuser("ALTER SYSTEM RESET autovacuum_naptime")
        as_superuser("SELECT pg_reload_conf()")
        database.drop(NAME)


def test_dropped_while_vacuumed_and_used(vacuumed):
    """Neither PostgreSQL's own work nor an open connection keeps a database."""
    with closing(psycopg2.connect(dbname=vacuumed)):
        database.drop(vacuumed)
    assert not database.exists(vacuumed)
