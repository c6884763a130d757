"""429 where the setting ``quotas`` limits a project's requests, in the words of Google's service control.

https://cloud.google.com/docs/quotas/troubleshoot.
"""

from __future__ import annotations

from provisioner.sandbox.google.errors import ApiError, Detail
from provisioner.sandbox.google.hierarchy import find_project
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.quotas import Quota, QuotaCounters, parse_quotas


def check_quota(call: Call, service: str, project: str) -> None:
    """Count a request of a project (by id, may be empty). Raises ApiError RESOURCE_EXHAUSTED."""
    setting = str(call.world.settings["quotas"])
    if not setting:
        return
    counters = call.world.companions.get(QuotaCounters, QuotaCounters)
    broken = counters.exceeded(parse_quotas(setting), project or "-", call.method, call.now)
    if broken is not None:
        raise _refusal(call, service, project, broken)


def _refusal(call: Call, service: str, project: str, quota: Quota) -> ApiError:
    owner = find_project(call.tx, project) if project else None
    number = owner["projectNumber"] if owner else "0"
    text = (
        f"Quota exceeded for quota metric 'Requests' and limit 'Requests per minute' of service '{service}' for "
        f"consumer 'project_number:{number}'."
    )
    metadata = {
        "consumer": f"projects/{number}",
        "quota_limit": "RequestsPerMinutePerProject",
        "quota_limit_value": str(quota.limit),
        "quota_location": "global",
        "quota_metric": f"{service}/requests",
        "quota_unit": "1/min/{project}",
        "service": service,
    }
    details: list[Detail] = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "RATE_LIMIT_EXCEEDED",
            "domain": "googleapis.com",
            "metadata": metadata,
        },
        {
            "@type": "type.googleapis.com/google.rpc.Help",
            "links": [
                {
                    "description": "Request a higher quota limit.",
                    "url": "https://cloud.google.com/docs/quotas/help/request_increase",
                }
            ],
        },
    ]
    return ApiError("RESOURCE_EXHAUSTED", text, details=details)
