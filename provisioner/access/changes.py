"""What a change does to access, in sentences: which jobs reach which account afterwards, which roles come and go.

    change = compare(AccessModel.from_state(plan.prior_state), AccessModel.from_plan(plan), cases(team, repository))

A pure function over two models. What no known job shows (a condition that lets in a repository nobody asked about, a
role of a stranger) is told as well, by the grant or the rewritten provider itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from provisioner.access.claims import JobContext
from provisioner.access.contexts import Case
from provisioner.access.decision import Decision, Exchange, decide_among, exchange
from provisioner.access.model import AccessModel, Grant, Provider

NOTHING = "access stays as it is: this change lets nobody reach or do more or less than before"

_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class AccessChange:
    """Sentences for people. ``gained`` is what a reviewer has to agree to, ``lost`` what stops working."""

    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    def document(self) -> dict[str, list[str]]:
        """Return the JSON shape: ``gained`` and ``lost``."""
        return {"gained": list(self.gained), "lost": list(self.lost)}


@dataclass(frozen=True, slots=True)
class _Way:
    """One question with its answers before and after."""

    case: Case
    before: Decision
    after: Decision


def marked(document: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the sentences of an AccessChange's document for people, ``+`` before what is gained; never nothing."""
    gained = (f"+ {sentence}" for sentence in document["gained"])
    return (*gained, *(f"- {sentence}" for sentence in document["lost"])) or (f"= {NOTHING}",)


def compare(before: AccessModel, after: AccessModel, cases: Iterable[Case] = ()) -> AccessChange:
    """Say what changes between two models for these jobs, and for everybody who holds a role.

    A value that a plan does not know yet never counts as harmless: it *may* let a job in.
    """
    asked = tuple(case for case in cases if case.act is None)
    ways = tuple(_ways(before, after, asked))
    told = {way.before.detail for way in ways if _lost(way)} | {way.after.detail for way in ways if _gained(way)}
    names = {f"serviceAccount:{case.identity.email}": case.identity.name for case in asked}
    gained = (*map(_let_in, filter(_gained, ways)), *_exchanged(before, after, asked), *_trust(before, after))
    lost = (*map(_shut_out, filter(_lost, ways)), *_untrusted(before, after))
    given, taken = _difference(before, after, told), _difference(after, before, told)
    return AccessChange(
        tuple(dict.fromkeys((*gained, *(f"this change gives {_who(each, names)} {_what(each)}" for each in given)))),
        tuple(dict.fromkeys((*lost, *(f"this change takes {_what(each)} from {_who(each, names)}" for each in taken)))),
    )


def _ways(before: AccessModel, after: AccessModel, cases: Iterable[Case]) -> Iterator[_Way]:
    made: dict[tuple[int, JobContext], tuple[Exchange, ...]] = {}
    for case in cases:
        decided = []
        for side, model in enumerate((before, after)):
            if (side, case.job) not in made:
                made[side, case.job] = tuple(exchange(case.job, provider) for provider in model.providers)
            decided.append(decide_among(model, made[side, case.job], case.identity.email))
        yield _Way(case, *decided)


def _gained(way: _Way) -> bool:
    return way.after.reached is not False and way.before.reached is False


def _lost(way: _Way) -> bool:
    return way.before.reached is not False and way.after.reached is not True


def _let_in(way: _Way) -> str:
    who = f"'{way.case.context}' reach {way.case.identity.name}"
    if way.after.reached:
        return f"this change lets {who}"
    return f"this change may let {who}: {way.after.detail} is known only after the apply"


def _shut_out(way: _Way) -> str:
    may = "may no longer let" if way.after.reached is None else "no longer lets"
    return f"this change {may} '{way.case.context}' reach {way.case.identity.name}"


def _exchanged(before: AccessModel, after: AccessModel, cases: Iterable[Case]) -> Iterator[str]:
    """Tell a fence that comes down although the next one still stands: Google takes a token that it refused."""
    earlier = {_place(each): each for each in before.providers}
    pairs = [(earlier[_place(each)], each) for each in after.providers if _place(each) in earlier]
    changed = [(old, new) for old, new in pairs if _demands(old) != _demands(new)]
    for case in cases:
        for old, new in changed:
            own = new.pool == case.identity.environment.names.pool
            if own and exchange(case.job, old).refusal and not exchange(case.job, new).refusal:
                yield f"this change lets '{case.context}' exchange its token at {new.pool}/{new.id}"


def _trust(before: AccessModel, after: AccessModel) -> Iterator[str]:
    earlier = {_place(each): each for each in before.providers}
    for provider in after.providers:
        old = earlier.get(_place(provider))
        name = f"{provider.pool}/{provider.id} of {provider.project}"
        if old is None:
            yield f"this change lets tokens of {provider.issuer} be exchanged at {name}, where its condition holds"
        elif _demands(old) != _demands(provider):
            yield f"this change rewrites what {name} demands of a token: {_rewritten(old, provider)}"


def _untrusted(before: AccessModel, after: AccessModel) -> Iterator[str]:
    staying = {_place(each) for each in after.providers}
    for each in before.providers:
        if _place(each) not in staying:
            yield f"this change no longer lets tokens of {each.issuer} be exchanged at {each.pool}/{each.id}"


def _place(provider: Provider) -> tuple[str, str, str]:
    return provider.project, provider.pool, provider.id


def _demands(provider: Provider) -> tuple[object, ...]:
    audiences = tuple(sorted(provider.audiences))
    return provider.issuer, audiences, dict(provider.mapping), provider.condition, provider.disabled


def _rewritten(old: Provider, new: Provider) -> str:
    if old.condition != new.condition:
        return f"the condition becomes {new.condition or 'none at all'}"
    parts = {
        "its issuer": (old.issuer, new.issuer),
        "its audiences": (set(old.audiences), set(new.audiences)),
        "its mapping": (dict(old.mapping), dict(new.mapping)),
        "whether it is disabled": (old.disabled, new.disabled),
    }
    return " and ".join(name for name, (one, other) in parts.items() if one != other)


def _difference(old: AccessModel, new: AccessModel, told: set[str]) -> list[Grant]:
    """Return the grants of ``new`` that ``old`` lacks; a pool's grant that a sentence about a job names is left out."""
    held = {_key(each) for each in old.grants}
    found = {_key(each): each for each in new.grants if _key(each) not in held}
    return [found[key] for key in sorted(found) if found[key].member not in told]


def _key(grant: Grant) -> _Key:
    return grant.member, grant.scope, grant.role, grant.condition or str(grant.conditional)


def _who(grant: Grant, names: dict[str, str]) -> str:
    return names.get(grant.member, grant.member)


def _what(grant: Grant) -> str:
    kind, _, name = grant.scope.partition(":")
    where = f"{grant.role} on {kind} {name}"
    return f"{where} under a condition" if grant.conditional else where
