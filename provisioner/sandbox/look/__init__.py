"""A look inside: what the sandbox holds, as pages for a browser on this machine.

Plain HTML from templates, one style sheet, no scripts, nothing from elsewhere. ``entrance.py`` decides who gets in,
``facts.py`` and ``access.py`` read the store, ``curl.py`` writes requests down again, ``application.py`` ties them
together on the control listener under ``/look/``.
"""
