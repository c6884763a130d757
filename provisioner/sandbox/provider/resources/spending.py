"""Budgets (billingbudgets v1) and the channels that tell about them (monitoring v3)."""

from __future__ import annotations

from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.resource import Json, Resource, Spec, State

_OWN: Final = "billingAccounts/{billing_account}/budgets/{name}"
_DAY: Final = """
      day                  int!
      month                int!
      year                 int!"""
_FILTER_MASK: Final = ",".join(
    f"budgetFilter.{name}"
    for name in (
        "projects",
        "resourceAncestors",
        "creditTypes",
        "creditTypesTreatment",
        "services",
        "subaccounts",
        "labels",
        "calendarPeriod",
        "customPeriod",
    )
)
_RULE_MASK: Final = ",".join(
    f"notificationsRule.{name}"
    for name in (
        "pubsubTopic",
        "schemaVersion",
        "monitoringNotificationChannels",
        "disableDefaultIamRecipients",
        "enableProjectLevelRecipients",
    )
)
_AMOUNT_MASK: Final = "amount.specifiedAmount.currencyCode,amount.specifiedAmount.units,amount.specifiedAmount.nanos"

_CREDITS: Final = "INCLUDE_ALL_CREDITS|EXCLUDE_ALL_CREDITS|INCLUDE_SPECIFIED_CREDITS"

BUDGET: Final = Spec(
    name="google_billing_budget",
    title="Budget",
    base="billingbudgets.googleapis.com/v1",
    parent="billingAccounts/{billing_account}/budgets",
    own=_OWN,
    imports=(_OWN, "{billing_account}/{name}"),
    version=1,
    table=f"""
all_updates_rule           one   api=notificationsRule mask={_RULE_MASK}
  disable_default_iam_recipients bool default=false
  enable_project_level_recipients bool default=false
  monitoring_notification_channels list max=5 any=target
  pubsub_topic             str   any=target
  schema_version           str   default=1.0
amount                     one!  mask={_AMOUNT_MASK}
  last_period_amount       bool  choice=amount as=presence
  specified_amount         one   choice=amount
    currency_code          str?
    nanos                  int
    units                  str
billing_account            str!^ virtual
budget_filter              one?  mask={_FILTER_MASK}
  calendar_period          str   same=absent any=f in=MONTH|QUARTER|YEAR|CALENDAR_PERIOD_UNSPECIFIED|
  credit_types             list  any=f
  credit_types_treatment   str   default=INCLUDE_ALL_CREDITS any=f in={_CREDITS}
  custom_period            one   any=f
    end_date               one{_DAY}
    start_date             one!{_DAY}
  labels                   map?  as=values any=f
  projects                 set   any=f
  resource_ancestors       set   any=f
  services                 list? any=f
  subaccounts              list  any=f
@policy
display_name               str
name                       str*  as=name
ownership_scope            str   in=OWNERSHIP_SCOPE_UNSPECIFIED|ALL_USERS|BILLING_ACCOUNT|
threshold_rules            blocks
  spend_basis              str   default=CURRENT_SPEND in=CURRENT_SPEND|FORECASTED_SPEND
  threshold_percent        num!
""",
)

_SECRETS: Final = "\n".join(
    f"  {name} str sensitive keep choice=secret api={name}\n"
    f"  {name}_wo str writeonly keep choice=secret with={name}_wo_version api={name}\n"
    f"  {name}_wo_version str virtual with={name}_wo"
    for name in ("auth_token", "password", "service_key")
)

CHANNEL: Final = Spec(
    name="google_monitoring_notification_channel",
    title="NotificationChannel",
    base="monitoring.googleapis.com/v3",
    parent="projects/{project}/notificationChannels",
    own="{name}",
    mask=False,
    imports=("{name+}",),
    table=f"""
@policy
description          str
display_name         str
enabled              bool default=true zero
force_delete         bool default=false virtual
labels               map
name                 str*
@project
sensitive_labels     one  keep
{_SECRETS}
type                 str!
user_labels          map
verification_status  str*
""",
)


class Budget(Resource):
    """A budget; the server chooses the last part of its name."""

    def identify(self, state: State, answer: Json) -> str:
        """Take the name from the answer."""
        state["name"] = answer["name"].rsplit("/", 1)[-1]
        return super().identify(state, answer)


class Channel(Resource):
    """A notification channel; deleting says whether policies may still use it."""

    def send_delete(self, configuration: Configuration, state: State) -> Json:
        """Delete the channel."""
        query = {"force": "true" if state.get("force_delete") else "false"}
        return self.call(configuration, "DELETE", self.url(state), query=query)

    def import_state(self, configuration: Configuration, given: str) -> State:
        """Read the full name, which says the project."""
        return with_project(super().import_state(configuration, given))


def with_project(state: State) -> State:
    """Return an imported state with the project that its full name has."""
    parts = str(state.get("name")).split("/")
    return {**state, "project": parts[1]} if parts[0] == "projects" and len(parts) > 1 else state


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return Budget(BUDGET), Channel(CHANNEL)
