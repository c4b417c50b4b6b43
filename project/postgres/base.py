"""Django's PostgreSQL, made to notice at once that the server was restarted.

After a restart every idle connection of the pool is dead. psycopg's pool looks at each before it hands it out, but
rests for a second and then ever longer after each dead one: a caller waits in vain until its time is up. Here the dead
are put aside without a rest, until a live one comes or PostgreSQL does not answer. Each connection also remembers
more prepared statements than psycopg's own number.
"""

from typing import Any

import psycopg
from django.db.backends.postgresql import base

PREPARED_STATEMENTS = 300
"""Of a connection. A new conversation alone is 118 statements: psycopg's hundred would drive each other out."""


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Raises psycopg.OperationalError when no connection can be had within the pool's time-out."""
        connection = super().get_new_connection(conn_params)
        if self.pool is None:
            return connection
        for _ in range(self.pool.max_size):
            if _is_alive(connection):
                break
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        connection.prepared_max = PREPARED_STATEMENTS
        return connection


def _is_alive(connection: "psycopg.Connection[Any]") -> bool:
    try:
        connection.execute("")
    except psycopg.OperationalError:
        return False
    return True
