"""A process of the product that forgets a transaction: its snapshot pins every row that dies after it.

`python -m tests.chaos.programs.idling SECONDS`; tells when it begins, and how it ended.
"""

from __future__ import annotations

import sys
import time

from tests.chaos.programs import installation


def main() -> None:
    seconds = float(sys.argv[1])
    with installation():
        print(idle(seconds), flush=True)


def idle(seconds: float) -> str:
    from django.db import DatabaseError, connection, transaction

    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT count(*) FROM messaging_webhookevent")
            print("idle", flush=True)
            time.sleep(seconds)
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "ended"
    return "lived"


if __name__ == "__main__":
    main()
