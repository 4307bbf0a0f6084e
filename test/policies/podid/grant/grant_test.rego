package podid.grant_test

import data.podid.fixtures
import data.podid.grant

# Grants of 1 May 2026 for binding shop/nightly, made at 09:00; `active` and `pending` hold pairs of
# clock times on that day, or on the next where they have a plus sign.
test_of[note] if {
	some note, row in object.union_n([_plain, _approved, _dead, _malformed, _several])
	binding := object.union({"namespace": "shop", "name": "nightly"}, object.get(row, "binding", _binding({})))
	cluster := fixtures.granted_cluster(
		fixtures.binding({}),
		object.get(row, "grants", [fixtures.grant(object.get(row, "grant", {}))]),
		object.get(row, "approvals", {}),
	)
	found := grant.of(binding) with input as fixtures.question("2026-05-01T10:00:00Z", []) with data.cluster as cluster
	found == {"active": _stretches(row, "active"), "pending": _stretches(row, "pending")}
}

test_no_grants if {
	question := fixtures.question("2026-05-01T10:00:00Z", [])
	nothing := {"active": [], "pending": []}
	binding := object.union({"namespace": "shop", "name": "nightly"}, _binding({}))
	grant.of(binding) == nothing with input as question with data.cluster as fixtures.usual_cluster([])
	grant.of(binding) == nothing with input as question with data.cluster as {}
}

# Its deadline is on the next day at 10:00, when a day's approvals could still have come; it asks for 15 minutes.
test_what_is_over_is_left_out[note] if {
	binding := object.union({"namespace": "shop", "name": "nightly"}, _binding({}))
	cluster := fixtures.granted_cluster(fixtures.binding({}), [fixtures.grant({})], {})
	some note, row in {
		"the last second that it could be active": {"at": ["2026-05-02T10:14:59Z"], "listed": 1},
		"over": {"at": ["2026-05-02T10:15:00Z"], "listed": 0},
		"over now, not at a probe": {"at": ["2026-05-09T00:00:00Z", "2026-05-01T10:05:00Z"], "listed": 1},
		"over at a probe, not now": {"at": ["2026-05-01T10:05:00Z", "2026-05-09T00:00:00Z"], "listed": 1},
	}
	question := fixtures.question(row.at[0], array.slice(row.at, 1, 2))
	found := grant.of(binding) with input as question with data.cluster as cluster
	count(found.active) == row.listed
	count(found.pending) == row.listed
}

test_stretches_are_half_open if {
	grants := {"active": [[10, 20], [30, 40]], "pending": [[20, 30]]}
	[ns | some ns in [9, 10, 19, 20, 29, 30, 39, 40]; grant.active(grants, {"ns": ns})] == [10, 19, 30, 39]
	[ns | some ns in [9, 10, 19, 20, 29, 30, 39, 40]; grant.pending(grants, {"ns": ns})] == [20, 29]
}

_binding(jit) := {
	"created": "2026-05-01T09:00:00Z",
	"timeBox": {"jit": object.union({"maxDuration": "1h", "approvals": 0}, jit)},
}

_stretches(row, name) := [[_at(start), _at(end)] | some [start, end] in object.get(row, name, [])]

_at(clock) := time.parse_rfc3339_ns(concat("", [_day(clock), "T", trim_prefix(clock, "+"), "Z"]))

_day(clock) := "2026-05-01" if not startswith(clock, "+")

_day(clock) := "2026-05-02" if startswith(clock, "+")

_fix := [["10:00:00", "10:15:00"]]

# A grant that needs no approval waits for none.
_waiting(end) := [["10:00:00", end]]

_nobody := [["10:00:00", "10:00:00"]]

_plain := {
	"without approvals it starts when it is made": {"active": _fix, "pending": _nobody},
	"it ends after maxDuration at the latest": {
		"grant": {"for": "8h"},
		"active": [["10:00:00", "11:00:00"]],
		"pending": _nobody,
	},
	"maxDuration counts as it is today": {
		"binding": _binding({"maxDuration": "10m"}),
		"active": [["10:00:00", "10:10:00"]],
		"pending": _nobody,
	},
	"it starts at its notBefore": {
		"grant": {"notBefore": "2026-05-01T12:00:00+02:00"},
		"active": _fix,
		"pending": _nobody,
	},
	"it starts at its later notBefore": {
		"grant": {"notBefore": "2026-05-01T12:00:00Z"},
		"active": [["12:00:00", "12:15:00"]],
		"pending": _nobody,
	},
	"it does not start at an earlier notBefore": {
		"grant": {"notBefore": "2026-05-01T09:00:00Z"},
		"active": _fix,
		"pending": _nobody,
	},
	"fractions are dropped": {
		"grant": {"created": "2026-05-01T10:00:00.999Z"},
		"active": _fix,
		"pending": _nobody,
	},
	"it is for this pod": {"grant": {"podName": "web-0"}, "active": _fix, "pending": _nobody},
	"it was made in the same second as the binding": {
		"binding": object.union(_binding({}), {"created": "2026-05-01T10:00:00.5Z"}),
		"active": _fix,
		"pending": _nobody,
	},
}

_one := _binding({"approvals": 1})

_two := _binding({"approvals": 2})

_day_long := _waiting("+10:00:01")

_bob := fixtures.approval("bob", "2026-05-01T10:05:00Z", {})

_carol := fixtures.approval("carol", "2026-05-01T10:12:00Z", {})

_approved := {
	"it waits for its approval": {"binding": _one, "pending": _day_long},
	"it starts with its approval": {
		"binding": _one,
		"approvals": {"fix": [_bob]},
		"active": [["10:05:00", "10:20:00"]],
		"pending": _waiting("10:05:00"),
	},
	"it starts with the second of two, whatever their order": {
		"binding": _two,
		"approvals": {"fix": [fixtures.approval("dave", "2026-05-01T10:13:00Z", {}), _carol, _bob]},
		"active": [["10:12:00", "10:27:00"]],
		"pending": _waiting("10:12:00"),
	},
	"one of two is not enough": {"binding": _two, "approvals": {"fix": [_bob]}, "pending": _day_long},
	"the same approver counts once": {
		"binding": _two,
		"approvals": {"fix": [_bob, fixtures.approval("bob", "2026-05-01T10:06:00Z", {"name": "again"})]},
		"pending": _day_long,
	},
	"the first approval of an approver counts": {
		"binding": _one,
		"approvals": {"fix": [fixtures.approval("bob", "2026-05-01T10:06:00Z", {"name": "again"}), _bob]},
		"active": [["10:05:00", "10:20:00"]],
		"pending": _waiting("10:05:00"),
	},
	"the requester does not count": {
		"binding": _two,
		"approvals": {"fix": [_bob, fixtures.approval("alice", "2026-05-01T10:06:00Z", {})]},
		"pending": _day_long,
	},
	"an approval after the start of notBefore": {
		"binding": _one,
		"grant": {"notBefore": "2026-05-01T10:04:00Z"},
		"approvals": {"fix": [_bob]},
		"active": [["10:05:00", "10:20:00"]],
		"pending": _waiting("10:05:00"),
	},
	"an approval before notBefore": {
		"binding": _one,
		"grant": {"notBefore": "2026-05-01T10:06:00Z"},
		"approvals": {"fix": [_bob]},
		"active": [["10:06:00", "10:21:00"]],
		"pending": _waiting("10:05:00"),
	},
	"an approval stamped a second before its grant": {
		"binding": _one,
		"approvals": {"fix": [fixtures.approval("bob", "2026-05-01T09:59:59Z", {})]},
		"active": _fix,
		"pending": _nobody,
	},
	"exactly at the deadline counts": {
		"binding": _one,
		"approvals": {"fix": [fixtures.approval("bob", "2026-05-02T10:00:00Z", {})]},
		"active": [["+10:00:00", "+10:15:00"]],
		"pending": _waiting("+10:00:00"),
	},
	"a second later is too late": {
		"binding": _one,
		"approvals": {"fix": [fixtures.approval("bob", "2026-05-02T10:00:01Z", {})]},
		"pending": _day_long,
	},
	"a deadline of its own": {
		"binding": _binding({"approvals": 1, "approvalTimeout": "5m"}),
		"approvals": {"fix": [_bob]},
		"active": [["10:05:00", "10:20:00"]],
		"pending": _waiting("10:05:00"),
	},
	"too late for a deadline of its own": {
		"binding": _binding({"approvals": 1, "approvalTimeout": "4m59s"}),
		"approvals": {"fix": [_bob]},
		"pending": _waiting("10:05:00"),
	},
	"no approval is needed, but one is there": {"approvals": {"fix": [_bob]}, "active": _fix, "pending": _nobody},
	"an approval of an older grant of this name": {
		"binding": _one,
		"approvals": {"fix": [object.union(_bob, {"grantUID": "uid-of-old"})]},
		"pending": _day_long,
	},
	"an approval for another binding": {
		"binding": _one,
		"approvals": {"fix": [object.union(_bob, {"binding": "daily"})]},
		"pending": _day_long,
	},
	"an approval of another grant": {"binding": _one, "approvals": {"other": [_bob]}, "pending": _day_long},
}

_deny := {"decision": "Deny"}

_dead := {
	"revoked": {"grant": {"revoked": true}},
	"denied": {"approvals": {"fix": [object.union(_bob, _deny)]}},
	"denied by one, approved by enough": {
		"binding": _one,
		"approvals": {"fix": [_bob, object.union(_carol, _deny)]},
	},
	"denied by the requester": {"approvals": {"fix": [fixtures.approval("alice", "2026-05-01T10:05:00Z", _deny)]}},
	"denied after its deadline": {"approvals": {"fix": [fixtures.approval("bob", "2026-05-09T10:05:00Z", _deny)]}},
	"a Deny for an older grant of this name does not count": {
		"approvals": {"fix": [object.union(_bob, {"decision": "Deny", "grantUID": "uid-of-old"})]},
		"active": _fix,
		"pending": _nobody,
	},
	"older than the binding": {"binding": object.union(_binding({}), {"created": "2026-05-01T10:00:01Z"})},
	"of a binding of unknown age": {"binding": object.remove(_binding({}), ["created"])},
	"for another pod": {"grant": {"podName": "web-1"}},
	"for a binding without time box": {"binding": {"created": "2026-05-01T09:00:00Z"}},
	"for a binding without jit": {"binding": {"created": "2026-05-01T09:00:00Z", "timeBox": {"suspend": false}}},
}

_malformed := {
	"for is no duration": {"grant": {"for": "3 weeks"}},
	"for is a duration to OPA alone": {"grant": {"for": "1d"}},
	"for is nothing": {"grant": {"for": "0s"}},
	"for is missing": {"grants": [object.remove(fixtures.grant({}), ["for"])]},
	"notBefore is a date": {"grant": {"notBefore": "2026-05-01"}},
	"notBefore is null": {"grant": {"notBefore": null}},
	"created is no instant": {"grant": {"created": "today"}},
	"created is missing": {"grants": [object.remove(fixtures.grant({}), ["created"])]},
	"requester is missing": {"grants": [object.remove(fixtures.grant({}), ["requester"])]},
	"requester is empty": {"grant": {"requester": ""}},
	"requester is no text": {"grant": {"requester": 1}},
	"uid is empty": {"grant": {"uid": ""}},
	"revoked is text": {"grant": {"revoked": "false"}},
	"revoked is missing": {"grants": [object.remove(fixtures.grant({}), ["revoked"])]},
	"podName is null": {"grant": {"podName": null}},
	"maxDuration of the box is no duration": {"binding": _binding({"maxDuration": "soon"})},
	"approvalTimeout of the box is no duration": {"binding": _binding({"approvalTimeout": "soon"})},
	"approvals of the box is missing": {
		"binding": {"created": "2026-05-01T09:00:00Z", "timeBox": {"jit": {"maxDuration": "1h"}}},
	},
	"approvals of the box is text": {"binding": _binding({"approvals": "0"}), "pending": _day_long},
	"approvals of the box is a fraction": {
		"binding": _binding({"approvals": 1.5}),
		"approvals": {"fix": [_bob, _carol]},
		"pending": _day_long,
	},
	"an approval without an instant": {
		"binding": _one,
		"approvals": {"fix": [object.remove(_bob, ["created"])]},
		"pending": _day_long,
	},
	"an approval with a malformed instant": {
		"binding": _one,
		"approvals": {"fix": [object.union(_bob, {"created": "2026-05-01"})]},
		"pending": _day_long,
	},
	"an approval by nobody": {
		"binding": _one,
		"approvals": {"fix": [object.union(_bob, {"approver": ""})]},
		"pending": _day_long,
	},
	"a decision of another word": {
		"binding": _one,
		"approvals": {"fix": [object.union(_bob, {"decision": "approve"})]},
		"pending": _day_long,
	},
	"a malformed approval does not spoil another": {
		"binding": _one,
		"approvals": {"fix": [{"name": "x", "grantUID": "uid-of-fix", "binding": "nightly"}, _bob]},
		"active": [["10:05:00", "10:20:00"]],
		"pending": _waiting("10:05:00"),
	},
	"a Deny without an instant is a Deny": {
		"approvals": {"fix": [object.remove(object.union(_bob, _deny), ["created"])]},
	},
	"a malformed grant does not spoil another": {
		"grants": [fixtures.grant({"name": "a", "for": "1.5h"}), fixtures.grant({})],
		"active": _fix,
		"pending": _nobody,
	},
}

_several := {"several, each with its own approvals": {
	"binding": _one,
	"grants": [
		fixtures.grant({}),
		fixtures.grant({"name": "more", "uid": "uid-of-more", "created": "2026-05-01T10:10:00Z", "for": "30m"}),
	],
	"approvals": {"fix": [_bob], "more": [object.union(_carol, {"grantUID": "uid-of-more"})]},
	"active": [["10:05:00", "10:20:00"], ["10:12:00", "10:42:00"]],
	"pending": [["10:00:00", "10:05:00"], ["10:10:00", "10:12:00"]],
}}
