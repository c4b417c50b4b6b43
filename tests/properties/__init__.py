"""Stateful property tests: the product against small models of it, in every order of events Hypothesis thinks of.

What is real: PostgreSQL, its transactions, every service and statement of the product. What is played: time
(`clock.py`: one virtual clock for the code, for its monotonic deadlines and for PostgreSQL's `clock_timestamp()`),
the provider (`provider.py`: a book that knows what it accepted), and the processes (`processes.py`: each stops after
every commit and around every call, for a moment, for days or for ever). Nobody is woken: Redis is away all the time.

| machine             | who acts                                          | model                                      |
|---------------------|---------------------------------------------------|--------------------------------------------|
| `floor_machine.py`  | agents, people, words on their way, leases        | who holds the floor, since which epoch     |
| `outbox_machine.py` | two senders step by step, provider, people, time  | what the provider has, which intent may go |
| `ladder_machine.py` | two climbers step by step, people, bookings, time | which rungs there are, which may happen    |
| `test_gate.py`      | (a pure function: arbitrary facts)                | the gate's rules, written a second time    |

Each machine must find the bugs that its tests plant; a machine that has never gone red proves nothing.

`bin/test tests/properties` runs a short, repeatable form without most planted bugs. All of it, with new examples:

    HYPOTHESIS_PROFILE=long bin/test tests/properties -m "long or not long" --timeout 3600
"""
