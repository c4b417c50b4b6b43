"""Leases live in real seconds, by PostgreSQL's clock: the one clock that all processes share."""

from django.db.models import DateTimeField, Func


class ClockTimestamp(Func):
    """`clock_timestamp()`: the real moment, not the transaction's beginning."""

    function = "clock_timestamp"
    template = "%(function)s()"
    output_field = DateTimeField()
