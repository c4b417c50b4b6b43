"""Dying at every commit and every call, and what is true afterwards.

A journey (journeys.py) is a short story of Davi, Bruno and time, told against a whole system in one process: the ASGI
application, beat's tick and the Celery tasks, on a PostgreSQL database of its own, beside the doubles of Twilio and
Calendly, which live outside of it. Played undisturbed it yields the names of its crash points in their order. Then it
is played once for each of them: at that point the process ends by `os._exit`, a supervisor starts it again at once or
late, the world goes on as it would (outer_world.py), and the end is judged (judge.py).

    python -m tests.crashes                     every point, one seed
    python -m tests.crashes --seeds 5 --json    every point, five seeds, as one JSON document
    python -m tests.crashes --points places     one passing of every place in the code
    python -m tests.crashes --near dispatch     the points whose name contains a text
    python -m tests.crashes --list              their names alone

Reading a failure

    --at "ladder: messaging.services.dispatch._claim/after commit#2" --seed 0
        message 5f0c… reached Davi 2 times
            Davi writes: I want to talk to a human about my contract
            …
            DIED messaging.services.dispatch._claim/after commit#2; runs again after 50 s

The first line is the replay: `python -m tests.crashes` with these words plays this run again, and nothing else. Read
it as: in the journey `ladder`, the second time that `_claim` had committed, the process died. Below stand what is not
true in the end, and the diary of that run with the death in it. `before` and `after` say on which side of the commit,
call, mail or wake it was; a `write` is a statement that commits by itself. What a place is to leave behind is told
by the rows: a debugger (`breakpoint()` does not reach a forked process; `python -m pdb` in system.py's `obey` does
not either) is rarely needed, because between two points nothing outside of the process changes.

The seed decides the order in which woken workers run; the seed and the point decide what the world does about the
death: how long the system is down, whether Twilio repeats what was not answered, whether its callbacks come before
the workers do. Time is the story's (warp.py), PostgreSQL's clock included: leases run out when it moves on.

`planted.py` holds bugs that the walk must find. A new transaction on the way of a message, a turn or a rung has its
points by itself, if a journey leads there: if none does, write one.
"""
