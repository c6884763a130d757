"""The webhook of an App over REST: where it delivers, its deliveries, redelivery.

https://docs.github.com/rest/apps/webhooks
"""

from __future__ import annotations

from provisioner.sandbox.github import hook_routes, hooks
from provisioner.sandbox.github.call import Answer, Call, Listing
from provisioner.sandbox.github.routing import APP, route
from provisioner.sandbox.store import Document


def _app_hook(call: Call) -> Document:
    scope = hooks.app_scope(call.caller.app["id"])
    held = hooks.of_scope(call.tx, scope)
    if held:
        return held[0]
    return {"id": 0, "scope": scope, "config": {"url": "", "content_type": "json", "insecure_ssl": "0"}}


def get_app_config(call: Call) -> Answer:
    """Show where the App's webhook delivers."""
    return Answer(hook_routes.show_config(_app_hook(call)))


def change_app_config(call: Call) -> Answer:
    """Change where the App's webhook delivers; it hears of every event the App is permitted to."""
    wanted, hook = call.body(hook_routes.APP_CONFIG), _app_hook(call)
    config = hook_routes.checked_config(wanted, hook["config"])
    if hook["id"]:
        hooks.put(call.tx, hook | {"config": config})
    else:
        fresh = {"config": config, "events": sorted(hook_routes.EVENTS - {"*"}), "active": True}
        hooks.create(call.tx, hook["scope"], fresh, call.stamp)
    return Answer(hook_routes.show_config({"config": config}))


def list_app_deliveries(call: Call) -> Listing:
    """List the deliveries of the App's webhook."""
    return hook_routes.delivery_listing(call, _app_hook(call))


def get_app_delivery(call: Call) -> Answer:
    """Show a delivery of the App's webhook."""
    return Answer(
        hook_routes.show_delivery(hooks.delivery(call.tx, _app_hook(call), call.parameters["delivery_id"]), full=True)
    )


def redeliver_app(call: Call) -> Answer:
    """Deliver to the App once more."""
    return hook_routes.redelivered(call, _app_hook(call))


_DELIVERY = "deliveries/{delivery_id}"
ROUTES = (
    route("GET", "/app/hook/config", APP, get_app_config, "apps/webhooks"),
    route("PATCH", "/app/hook/config", APP, change_app_config, "apps/webhooks"),
    route("GET", "/app/hook/deliveries", APP, list_app_deliveries, "apps/webhooks"),
    route("GET", f"/app/hook/{_DELIVERY}", APP, get_app_delivery, "apps/webhooks"),
    route("POST", f"/app/hook/{_DELIVERY}/attempts", APP, redeliver_app, "apps/webhooks"),
)
