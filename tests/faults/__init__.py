"""The fault suite: seeded bad days for real trackers on a real ledger, against a sandbox in a process of its own.

    plan.py       what a seed makes happen (pure)
    stage.py      plays it on a ledger and a sandbox, and looks at what is left
    day.py        tracker processes that are killed, stopped and started again, as planned
    processes.py  how they are forked from a warmed one
    promises.py   what must be true afterwards, whatever happened (pure)

``make faults N=5000`` plays that many; ``make faults N=1 SEED=17`` plays one again.
"""
