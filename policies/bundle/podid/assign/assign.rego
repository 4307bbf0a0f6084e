# METADATA
# title: Assign
# description: Which identities a pod may have, through which bindings, and when (DESIGN §4).
# schemas:
#   - input: schema.assign
package podid.assign

import data.podid.grant
import data.podid.hook
import data.podid.match
import data.podid.moment
import data.podid.reasons
import data.podid.timebox

# METADATA
# title: Assignment decision
# description: Every binding that selects the pod, strongest first, each with its answer now and at every probe.
# entrypoint: true
default decision := {"candidates": [], "reasons": [{"code": "PolicyError", "params": {}}]}

decision := object.union(hook.hints, {"candidates": candidates, "reasons": _pod_reasons})

# METADATA
# title: Candidates
# description: |
#   One entry per selecting binding, by weight (highest first), then by name. A binding that the
#   pod may not use stays in the list with its reasons, and is never in force. Undefined when the
#   facts about one of them do not suffice for an answer.
candidates := found if {
	found := [_candidate(match.selected[name], name) |
		some weight in array.reverse(sort([weight | some weight, _ in _names]))
		some name in sort(_names[weight])
	]

	# One that cannot be judged must not vanish: the next one would become the pod's default.
	count(found) == count(match.selected)
}

# By weight, since sorting text is cheap and sorting pairs is not.
_names[binding.weight] contains name if some name, binding in match.selected

_pod_reasons := [reasons.of("PodTerminated", {}) | match.finished]

_candidate(binding, name) := {
	"binding": name,
	"identity": binding.identity,
	"weight": binding.weight,
	"inForce": count(closed) == 0,
	"reasons": reasons.sorted(closed),
	"probes": [open_then | some at in _instants; open_then := count(_closed_by(binding, refused, grants, at)) == 0],
} if {
	refused := match.refused_by(binding)
	grants := grant.of(binding)
	closed := _closed_by(binding, refused, grants, _now)
}

_closed_by(binding, refused, grants, at) := (refused | closed) | denied if {
	closed := timebox.closed_by(binding, grants, at.moment)
	denied := hook.denied_by(binding, at.denials)
}

_now := _instant(input.now)

_instants := [_instant(ns) | some ns in input.probes]

# What all bindings share at an instant, worked out once for them.
_instant(ns) := {"moment": moment.at(ns, _zones, _night_zones), "denials": hook.denials(ns)}

_zones contains zone if {
	some binding in match.selected
	some zone in binding.timeBoxCheck.zones
}

_night_zones contains zone if {
	some binding in match.selected
	some zone in binding.timeBoxCheck.nightZones
}
