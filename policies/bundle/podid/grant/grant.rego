# METADATA
# title: Grant
# description: |
#   Just-in-time access: when the grants of a binding are active, by facts that only the API server sets
#   (reference/time-boxes.md §2.4, whose words are used here). A malformed grant or approval counts for
#   nothing, except that every Deny counts.
# schemas:
#   - input: schema.assign
package podid.grant

import data.podid.form
import data.podid.moment

# METADATA
# title: Grants of a binding
# description: |
#   For the pod of the input: `active`, when a grant opens the binding, and `pending`, when one waits for
#   approvals. Both are lists of [start, end) in nanoseconds since 1970. Never undefined. Facts do not
#   depend on the instant that is asked about, so this is worked out once for all of them.
of(binding) := {
	"active": [[start, start + grant.length] |
		some grant in live
		some ready in grant.ready
		ready <= grant.deadline # later is too late
		start := max([ready, grant.notBefore])
	],
	"pending": [[grant.created, until] |
		some grant in live
		until := min(grant.ready | {grant.deadline + _second}) # an approval at the deadline still counts
	],
} if {
	terms := _terms(binding)
	live := [live_grant |
		some grant in data.cluster.grants[concat("/", [binding.namespace, binding.name])]
		live_grant := _live(grant, terms)
	]
} else := {"active": [], "pending": []}

# METADATA
# title: Active
# description: True when one of `grants`, the answer of `of`, is active at the moment `m`. Overlapping ones are a union.
active(grants, m) if _within(grants.active, m.ns)

# METADATA
# title: Pending
# description: True when one of `grants`, the answer of `of`, waits for approvals at the moment `m`.
pending(grants, m) if _within(grants.pending, m.ns)

_within(stretches, ns) if {
	some [start, end] in stretches
	start <= ns
	ns < end
}

_second := 1000000000

# What a binding asks of all its grants, read once for them.
_terms(binding) := {
	"since": moment.instant(binding.created),
	"approvals": jit.approvals,
	"timeout": time.parse_duration_ns(object.get(jit, "approvalTimeout", "24h")),
	"longest": time.parse_duration_ns(jit.maxDuration),
} if {
	jit := binding.timeBox.jit
}

# What matters of a grant; undefined for one that is malformed, dead or over. `ready` is empty until it is ready.
_live(grant, terms) := {
	"created": created,
	"ready": _ready(created, _firsts(votes, grant.requester), terms.approvals),
	"deadline": deadline,
	"notBefore": not_before,
	"length": length,
} if {
	# Not dead, told in the positive: what is not known must not open.
	grant.revoked == false
	object.get(grant, "podName", input.pod.name) == input.pod.name
	created := moment.instant(grant.created)
	created >= terms.since

	# Most grants that there are have long been over, so that is found out before anything dear.
	length := min([time.parse_duration_ns(grant.for), terms.longest])
	deadline := created + terms.timeout
	not_before := _not_before(grant, created)
	max([deadline, not_before]) + length > _earliest
	form.is_duration(grant.for)
	_is_name(grant.requester)
	_is_name(grant.uid)
	votes := _votes(grant)
	not _denied(votes)
}

# The first instant that the question is about.
_earliest := min(array.concat([input.now], input.probes))

# A deleted and re-created grant has another uid, so that old approvals do not count for it.
_votes(grant) := [vote |
	some vote in data.cluster.approvals[concat("/", [grant.namespace, grant.name])]
	vote.grantUID == grant.uid
	vote.binding == grant.binding
]

# Anyone's, also the requester's.
_denied(votes) if {
	some vote in votes
	vote.decision == "Deny"
}

# When each approver first agreed, in order; nobody agrees to a request of their own.
_firsts(votes, requester) := sort([first |
	some approver in {vote.approver | some vote in votes}
	_is_name(approver)
	approver != requester
	first := min({moment.instant(vote.created) |
		some vote in votes
		vote.decision == "Approve"
		vote.approver == approver
	})
])

_ready(created, _, 0) := {created}

# Clocks of API servers differ a little: an approval stamped before its grant counts from the grant on.
_ready(created, firsts, approvals) := {max([created, nth]) | nth := firsts[approvals - 1]} if approvals > 0

_not_before(grant, created) := created if not _is_set(grant, "notBefore")

_not_before(grant, _) := time.parse_rfc3339_ns(grant.notBefore) if form.is_stamp(grant.notBefore)

_is_set(grant, field) if field in object.keys(grant)

_is_name(text) if {
	is_string(text)
	text != ""
}
