"""What can be made to go wrong with a call, and when: names that the command line offers before it knows the rest."""

KINDS = ("status", "reset", "delay", "half", "twice")
WHENS = ("before", "after")
