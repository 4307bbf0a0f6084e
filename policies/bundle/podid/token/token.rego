# METADATA
# title: Token
# description: |
#   Whether a pod may have a token now, and for which identity (DESIGN §4). Selection and time are
#   judged by podid.assign; this package only picks the identity and checks the rest.
# schemas:
#   - input: schema.token
package podid.token

import data.podid.assign as assignment
import data.podid.hook
import data.podid.match
import data.podid.reasons

# METADATA
# title: Token decision
# description: One answer to one request for a token; a refusal says whether waiting helps.
# entrypoint: true
default decision := {
	"allow": false,
	"outcome": "denied",
	"bindings": [],
	"reasons": [{"code": "PolicyError", "params": {}}],
	"probes": [],
}

decision := _refused("denied", {reasons.of("PodTerminated", {})}) if {
	match.finished
} else := _refused("unknown", {reasons.of("NoMatchingBinding", {})}) if {
	count(assignment.candidates) == 0
} else := _refused("denied", _ineligible_reasons) if {
	count(_eligible) == 0
} else := _refused("unknown", {reasons.of("IdentityNotFound", {})}) if {
	count(_requested) == 0
} else := _refused_identity("denied", _closed_reasons) if {
	not _in_force
} else := _refused_identity("denied", {reasons.of("UnsupportedIdentityType", {})}) if {
	not _supported
} else := _refused_identity("pending", {reasons.of("AssignmentPending", {})}) if {
	not _usable_now
} else := object.union(hook.hints, {
	"allow": true,
	"outcome": "allowed",
	"identity": _identity,
	"binding": _open_bindings[0].binding,
	"bindings": _bindings,
	"reasons": [],
	"probes": _probes,
	"limits": _limits,
})

_refused(outcome, why) := {
	"allow": false,
	"outcome": outcome,
	"bindings": [],
	"reasons": reasons.sorted(why),
	"probes": [],
}

_refused_identity(outcome, why) := object.union(_refused(outcome, why), _meant)

_meant := {
	"identity": _identity,
	"binding": _own[0].binding,
	"bindings": _bindings,
	"probes": _probes,
}

# A binding whose identity is missing or not meant for this pod has no say in which identity is the default.
_eligible := [candidate |
	some candidate in assignment.candidates
	count(match.refused_by(data.cluster.bindings[candidate.binding])) == 0
] if {
	assignment.candidates
}

_ineligible_reasons contains reason if {
	some candidate in assignment.candidates
	some reason in candidate.reasons
}

# Without an id in the request the strongest binding names the identity, whether it is in force or
# not: a closed box is a refusal, never a reason to hand out another identity.
_requested := [_eligible[0].identity] if count(_named) == 0

_requested := [candidate.identity | some candidate in _eligible; _is_meant(candidate.identity)] if count(_named) > 0

_named := object.keys(input.request) & {"clientID", "objectID", "resourceID"}

_is_meant(name) if {
	identity := data.cluster.identities[name]
	every field in _named {
		lower(identity[field]) == lower(input.request[field])
	}
}

# Several objects may describe the same identity: one whose box is open goes first.
_identity := [name | some name in _requested; _open_now(name)][0] if {
	_any_open
} else := _requested[0]

_any_open if {
	some name in _requested
	_open_now(name)
}

_open_now(name) if {
	some candidate in _eligible
	candidate.identity == name
	candidate.inForce
}

_own := [candidate | some candidate in _eligible; candidate.identity == _identity]

_open_bindings := [candidate | some candidate in _own; candidate.inForce]

_bindings := [candidate.binding | some candidate in _own]

_in_force if count(_open_bindings) > 0

_closed_reasons contains reason if {
	some candidate in _own
	some reason in candidate.reasons
}

# Bindings of one identity are a union at each instant (reference/time-boxes.md §2.3).
_probes := [open_then |
	some i in numbers.range(0, count(input.probes) - 1)
	count(input.probes) > 0
	open_then := count([1 | some candidate in _own; candidate.probes[i]]) > 0
]

_type := data.cluster.identities[_identity].type

_supported if _type in {0, 1, 2, 3}

# Only type 0 lives on the VM; the others need no assignment (DESIGN §3).
_usable_now if _type in {1, 2, 3}

_usable_now if {
	some entry in input.assigned
	entry.identity == _identity
	entry.state == "Assigned"
}

_token_rules := [object.get(object.get(data.cluster.bindings[candidate.binding], "timeBox", {}), "token", {}) |
	some candidate in _open_bindings
]

# Where several open bindings give the identity, or custom policy has limits of its own, each bound counts
# and the strictest wins.
_limits := {
	"clampResponse": _clamped,
	"minLifetimeSeconds": max(_min_lifetimes),
	"maxOverhangSeconds": _max_overhang_seconds,
} if {
	hook.limits # else malformed
}

default _clamped := false

_clamped if {
	some rules in _token_rules
	object.get(rules, "clampResponse", true) == true
}

_clamped if hook.limits.clampResponse

_min_lifetimes contains _seconds(object.get(rules, "minLifetime", "0s")) if some rules in _token_rules

_min_lifetimes contains hook.limits.minLifetimeSeconds

default _max_overhang_seconds := null

_max_overhang_seconds := min(_overhangs) if count(_overhangs) > 0

_overhangs contains _seconds(rules.maxOverhang) if some rules in _token_rules

_overhangs contains hook.limits.maxOverhangSeconds

_seconds(duration) := (ns - (ns % 1000000000)) / 1000000000 if ns := time.parse_duration_ns(duration)
