"""The platform's own ground: state bucket, the toolkit's identities, and the repository that holds every request.

The platform is run like a team: it has a request (derived from platform.yaml), one environment whose reviewers approve,
one root, and a repository. What differs from a team is in this room: its root, its rules, its repository's files.
"""
