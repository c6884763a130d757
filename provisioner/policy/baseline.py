"""The security baseline that the rules hold plans against, setting by setting."""

from __future__ import annotations

from types import MappingProxyType

SETTINGS = MappingProxyType(
    {
        1: "one pool for each environment, with GitHub's provider and no other",
        2: "trust by equality of owner, repository and events, on claims that nobody chooses",
        3: "a pool's principals are bound to one account, by repository, environment, branch and event",
        4: "no keys of service accounts",
        5: "additive, narrow grants; each account holds what its work needs",
        6: "plan, deploy and runtime are three accounts, and deploy acts as runtime only",
        7: "default service accounts without power",
        8: "buckets: closed, versioned, recoverable, cleaned up, at home",
        9: "state: versioned, readable by its own environment's plan account only",
        10: "registries: tags that stay, scanned, cleaned up, readers and writers apart",
        11: "services: own account, known image, bounded, called by named callers",
        12: "APIs stay on when a root is destroyed",
        13: "labels on everything that takes them",
        14: "a budget for each project",
        15: "what holds data is deleted on purpose only",
        16: "source that nobody here wrote is read before it runs",
        17: "data access at IAM and STS is logged",
        18: "keys of our own, where wanted, near the data and with Google's agents only",
    }
)
"""Number of a setting -> what it asks for."""
