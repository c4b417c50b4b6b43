"""Several at once on real PostgreSQL. For each guard the race is shown with the guard off, then gone with it on.

A guard is switched off in the test alone: a constraint is dropped from the test's database and comes back
(`guards.py`), a statement loses its locking clause, a look is skipped (`overtaking.py`). Most races are made to happen
rather than hoped for: one worker falls asleep at the worst moment, another overtakes it or, with the guard on, cannot.

| guard                                         | tests, off and on                                           |
|-----------------------------------------------|-------------------------------------------------------------|
| the floor's one-statement grant               | test_floor: several_get_the_floor, exactly_one_is_granted   |
| the delay after a lease ran out               | test_floor: without_the_delay, who_wakes_up_just_after      |
| claiming and settling by several dispatchers  | test_sending: sent_twice_and_two_at_once, sends_each_word   |
| claim under the conversation's lock           | test_outbox_guards: leave_after_the_take_over, waits_for    |
| attempt_one_open                              | test_outbox_guards: two_words_are_on_their_way, forbids     |
| the sender's own deadline                     | test_outbox_guards: wakes_up_sends_again, slept_too_long    |
| message_intent_once, and the lock before it   | test_outbox_guards: queued_twice, refuses, one_message      |
| statuses only forward, under the lock         | test_outbox_guards: moves_the_message_back, moves_nothing   |
| event_key_once                                | test_intake_guards: two_events, one_event                   |
| identity_once                                 | test_intake_guards: becomes_two_leads, one_lead             |
| hold_one_open                                 | test_intake_guards: held_twice, held_once                   |
| one at a time for each order_key              | messaging/test_inbox: events_at_once, one_at_a_time         |
| its lock, for what commits late               | messaging/test_inbox: commits_late_overlaps, commits_late   |
| turn_one_open, and the lock before it         | test_ladder_guards: two_turns, refuses, one_turn_at_a_time  |
| handover_one_open, and the lock before it     | test_ladder_guards: two_ladders, refuses, waits_once        |
| ladder_step_once                              | test_ladder_guards: rungs_twice, each_rung_once             |
| a step is read again under the lock           | test_ladder_guards: happens_twice, happens_once             |
| a booking and its link count once             | test_ladder_guards: books_twice, books_once, one_token      |
| Idempotency-Key                               | test_desk_guards: same_request_sends_twice, same_key        |
| the audit's button                            | test_desk_guards: ask_twice, ask_once                       |

With every order of events that Hypothesis thinks of, and with crashes: `tests/properties`.
"""
