"""How tests with random input behave: the same on every machine, however loaded, but in `make test-all`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "everywhere",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="PROVISION_ENV_TEST_AT_RANDOM" not in os.environ,
)
settings.load_profile("everywhere")
