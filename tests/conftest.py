from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Before DataHub is imported anywhere: it reads this once.
os.environ["DATAHUB_TELEMETRY_ENABLED"] = "false"

settings.register_profile(
    "registry", deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("registry")
