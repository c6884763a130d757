"""Attacks with an account's own token on things that are not its: state, services, images, buckets."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from tests.attacks.attempts import REACHED, Outcome, Victim, as_the_account
from tests.attacks.estate import Answer, Estate
from tests.attacks.tables import Attack

Act = Callable[[Estate, Victim, str], Answer]
_STORAGE = "storage.googleapis.com"
_FORBIDDEN = "forbidden"
_DENIED = "PERMISSION_DENIED"


def _state_of(estate: Estate, place: str) -> tuple[str, str]:
    """Return bucket and object name of an environment's state; the operator writes one as the backend does."""
    spec = estate.spec(place)
    bucket = estate.teams["churn"].platform.state.bucket
    name = f"{spec.names.state_prefix}/default.tfstate"
    url = f"{_STORAGE}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
    estate.operate("POST", url, {"version": 4})
    return bucket, name


def lists_state(place: str) -> Act:
    """List an environment's folder in the state bucket."""

    def act(estate: Estate, _victim: Victim, token: str) -> Answer:
        bucket, name = _state_of(estate, place)
        prefix = quote(name.removesuffix("default.tfstate"), safe="")
        return estate.call("GET", f"{_STORAGE}/storage/v1/b/{bucket}/o?prefix={prefix}", token=token)

    return act


def lists_all_states(estate: Estate, _victim: Victim, token: str) -> Answer:
    """List the whole state bucket: names of teams and environments."""
    bucket, _ = _state_of(estate, "prod")
    return estate.call("GET", f"{_STORAGE}/storage/v1/b/{bucket}/o", token=token)


def reads_state(place: str) -> Act:
    """Download an environment's state."""

    def act(estate: Estate, _victim: Victim, token: str) -> Answer:
        bucket, name = _state_of(estate, place)
        return estate.call("GET", f"{_STORAGE}/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media", token=token)

    return act


def writes_state(place: str) -> Act:
    """Put a state of its own in place of an environment's."""

    def act(estate: Estate, _victim: Victim, token: str) -> Answer:
        bucket, name = _state_of(estate, place)
        url = f"{_STORAGE}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
        return estate.call("POST", url, {"version": 4, "serial": 99}, token=token)

    return act


def deletes_state(place: str) -> Act:
    """Delete an environment's state."""

    def act(estate: Estate, _victim: Victim, token: str) -> Answer:
        bucket, name = _state_of(estate, place)
        return estate.call("DELETE", f"{_STORAGE}/storage/v1/b/{bucket}/o/{quote(name, safe='')}", token=token)

    return act


def deploys_as(account: str) -> Act:
    """Make a service that runs as an account: ``prod/plan``, or the default one of Compute Engine."""

    def act(estate: Estate, victim: Victim, token: str) -> Answer:
        spec = estate.spec(victim.place)
        number = estate.pool(victim.place).split("/")[1]
        email = f"{number}-compute@developer.gserviceaccount.com" if account == "default" else estate.email(account)
        image = "us-docker.pkg.dev/cloudrun/container/hello"
        body = {"template": {"serviceAccount": email, "containers": [{"image": image}]}}
        place = f"projects/{spec.project}/locations/{spec.region}"
        name = account.replace("/", "-")
        return estate.call("POST", f"run.googleapis.com/v2/{place}/services?serviceId=as-{name}", body, token=token)

    return act


def changes_the_service(estate: Estate, victim: Victim, token: str) -> Answer:
    """Deploy another image to the environment's own service."""
    spec = estate.spec(victim.place)
    name = f"projects/{spec.project}/locations/{spec.region}/services/{spec.services[0].name}"
    body = {"template": {"containers": [{"image": "us-docker.pkg.dev/cloudrun/container/hello"}]}}
    return estate.call("PATCH", f"run.googleapis.com/v2/{name}?updateMask=template.containers", body, token=token)


def opens_the_service(estate: Estate, victim: Victim, token: str) -> Answer:
    """Let everybody call the service."""
    spec = estate.spec(victim.place)
    name = f"projects/{spec.project}/locations/{spec.region}/services/{spec.services[0].name}"
    policy = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}
    return estate.call("POST", f"run.googleapis.com/v2/{name}:setIamPolicy", {"policy": policy}, token=token)


def pushes_to(place: str) -> Act:
    """Begin an upload of an image layer, as docker does, to an environment's registry."""

    def act(estate: Estate, _victim: Victim, token: str) -> Answer:
        spec = estate.spec(place)
        registry = spec.registries[0]
        url = f"{registry.location}-docker.pkg.dev/v2/{spec.project}/{registry.name}/model/blobs/uploads/"
        return estate.call("POST", url, token=token)

    return act


def publishes(place: str, name: str) -> Act:
    """Write an object to an environment's bucket."""

    def act(estate: Estate, _victim: Victim, token: str) -> Answer:
        bucket = estate.spec(place).buckets[0].name
        url = f"{_STORAGE}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
        return estate.call("POST", url, {"any": "thing"}, token=token)

    return act


def deploys_rightly(estate: Estate, victim: Victim) -> Outcome:
    """Make a service that runs as the environment's own runtime account."""
    return as_the_account(deploys_as(f"{victim.place}/runtime"))(estate, victim)


def reads_own_state(estate: Estate, victim: Victim) -> Outcome:
    """List the environment's own state and read it, as ``init`` and ``plan`` do."""
    listed = as_the_account(lists_state(victim.place))(estate, victim)
    return listed if listed != REACHED else as_the_account(reads_state(victim.place))(estate, victim)


def pushes_rightly(estate: Estate, victim: Victim) -> Outcome:
    """Push to the environment's own registry."""
    return as_the_account(pushes_to(victim.place))(estate, victim)


def publishes_rightly(estate: Estate, victim: Victim) -> Outcome:
    """Write below a prefix that CI publishes to."""
    return as_the_account(publishes(victim.place, "models/right.json"))(estate, victim)


_NO_LIST = (_FORBIDDEN, "does not have storage.objects.list access to the Google Cloud Storage bucket.")
_NO_READ = (_FORBIDDEN, "does not have storage.objects.get access to the Google Cloud Storage object.")
_NO_WRITE = (_FORBIDDEN, "does not have storage.objects.create access to the Google Cloud Storage object.")
_NO_DELETE = (_FORBIDDEN, "does not have storage.objects.delete access to the Google Cloud Storage object.")
_NO_UPLOAD = ("403", 'Permission "artifactregistry.repositories.uploadArtifacts" denied on resource')
_NO_UPDATE = (_DENIED, "Permission 'run.services.update' denied on resource")
_NO_ACT_AS = (_DENIED, "Permission 'iam.serviceaccounts.actAs' denied on service account")
_NO_OPENING = (_DENIED, "Permission 'run.services.setIamPolicy' denied on resource")
_ON_STATE = (("lists", lists_state, _NO_LIST), ("reads", reads_state, _NO_READ), ("writes", writes_state, _NO_WRITE))

STATE = (
    *(
        Attack(f"{verb} the state of {other}", identity, as_the_account(act(other)), "call", *words,
               right=reads_own_state)
        for identity, other in (("dev/plan", "churn/dev"), ("dev/plan", "prod"), ("churn/dev/plan", "prod"))
        for verb, act, words in _ON_STATE
    ),
    *(
        Attack(f"{verb} the state of {place}", identity, as_the_account(act(place)), "call", *words)
        for identity, place in (("dev/deploy", "dev"), ("prod/deploy", "prod"), ("dev/deploy", "prod"))
        for verb, act, words in _ON_STATE
    ),
    Attack("writes its own state", "dev/plan", as_the_account(writes_state("dev")), "call", *_NO_WRITE,
           right=reads_own_state),
    Attack("deletes its own state", "prod/plan", as_the_account(deletes_state("prod")), "call", *_NO_DELETE,
           right=reads_own_state),
    Attack("lists the whole state bucket", "dev/plan", as_the_account(lists_all_states), "call", *_NO_LIST,
           right=reads_own_state),
)  # fmt: skip

THINGS = (
    *STATE,
    Attack("plan deploys", "dev/plan", as_the_account(changes_the_service), "call", *_NO_UPDATE),
    Attack("plan deploys", "prod/plan", as_the_account(changes_the_service), "call", *_NO_UPDATE),
    Attack("plan pushes an image", "dev/plan", as_the_account(pushes_to("dev")), "call", *_NO_UPLOAD),
    Attack("dev's deploy pushes to prod", "dev/deploy", as_the_account(pushes_to("prod")), "call", *_NO_UPLOAD,
           right=pushes_rightly),
    *(
        Attack(f"deploy runs a service as {account}", f"{place}/deploy", as_the_account(deploys_as(account)), "call",
               *_NO_ACT_AS, right=deploys_rightly)
        for place, account in (("prod", "prod/plan"), ("prod", "prod/deploy"), ("dev", "default"),
                               ("dev", "prod/runtime"))
    ),
    Attack("deploy opens the service to everybody", "prod/deploy", as_the_account(opens_the_service), "call",
           *_NO_OPENING, right=deploys_rightly),
    Attack("deploy publishes beside its prefixes", "dev/deploy", as_the_account(publishes("dev", "data/x.json")),
           "call", *_NO_WRITE, right=publishes_rightly),
    Attack("dev's deploy publishes to prod", "dev/deploy", as_the_account(publishes("prod", "models/x.json")), "call",
           *_NO_WRITE, right=publishes_rightly),
    Attack("plan publishes", "dev/plan", as_the_account(publishes("dev", "models/x.json")), "call", *_NO_WRITE),
)  # fmt: skip
