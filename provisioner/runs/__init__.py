"""Durable runs: the workflow behind ``up`` and ``destroy``, its leases, its records and its audit trail."""
