package podid.hook_test

import data.podid.assign as assignment
import data.podid.fixtures
import data.podid.hook
import data.podid.token

_instant := "2026-06-15T10:30:00Z"

test_without_custom_rules if {
	decision := assignment.decision with input as fixtures.question(_instant, [_instant])
		with data.cluster as fixtures.usual_cluster([fixtures.binding({})])
	decision.candidates[0].probes == [true]
	object.keys(decision) == {"candidates", "reasons"}
	hook.limits == {}
}

test_deny[note] if {
	some note, row in _denials
	decision := assignment.decision with input as fixtures.question(_instant, [_instant])
		with data.cluster as fixtures.usual_cluster([fixtures.binding({"name": "a"}), fixtures.binding({"name": "b"})])
		with data.custom.deny as row.deny
	found := {candidate.binding: [reason.params.rule |
		some reason in candidate.reasons
		reason.code == "DeniedByPolicy"
	] |
		some candidate in decision.candidates
	}
	found == {"shop/a": row.a, "shop/b": row.b}
	every candidate in decision.candidates {
		is_open := count(found[candidate.binding]) == 0
		[candidate.inForce, candidate.probes] == [is_open, [is_open]]
	}
}

test_deny_wins_over_an_open_box if {
	decision := token.decision with input as fixtures.token_question(_instant, [], {})
		with data.cluster as fixtures.usual_cluster([fixtures.boxed(fixtures.daily("10:00", "11:00", "UTC"))])
		with data.custom.deny as {{"rule": "freeze"}}
	[decision.outcome, decision.reasons] == ["denied", [{"code": "DeniedByPolicy", "params": {"rule": "freeze"}}]]
}

test_deny_stands_beside_other_reasons if {
	decision := assignment.decision with input as fixtures.question(_instant, [])
		with data.cluster as fixtures.usual_cluster([fixtures.boxed({"suspend": true})])
		with data.custom.deny as {{"rule": "freeze"}}
	[reason.code | some reason in decision.candidates[0].reasons] == ["DeniedByPolicy", "Suspended"]
}

test_select[note] if {
	some note, row in _selections
	question := object.union(fixtures.question(_instant, []), object.filter(row, {"pod"}))
	decision := assignment.decision with input as question
		with data.cluster as _two_identities
		with data.custom.select as row.select
	[candidate.binding | some candidate in decision.candidates] == row.selected
}

test_selection_is_subject_to_the_time_box if {
	closed := object.union(fixtures.boxed(fixtures.daily("11:00", "12:00", "UTC")), {"spec": {"selector": "other"}})
	decision := assignment.decision with input as fixtures.question(_instant, [])
		with data.cluster as fixtures.usual_cluster([closed])
		with data.custom.select as {"shop/nightly"}
	decision.candidates[0].reasons == fixtures.plain(["OutsideSchedule"])
}

test_limits[note] if {
	some note, row in _limits
	decision := token.decision with input as fixtures.token_question(_instant, [], {})
		with data.cluster as fixtures.usual_cluster([fixtures.boxed(_box)])
		with data.custom.limits as row.limits
	decision.limits == row.strictest
}

test_malformed_limits_give_no_token[note] if {
	some note, limits in {
		"no object": [],
		"text": "strict",
		"unknown field": {"minLifetime": 60},
		"switch as text": {"clampResponse": "true"},
		"a duration": {"maxOverhangSeconds": "1h"},
		"null": {"maxOverhangSeconds": null},
		"below zero": {"minLifetimeSeconds": 0 - 1},
		"a fraction": {"minLifetimeSeconds": 1.5},
	}
	decision := token.decision with input as fixtures.token_question(_instant, [], {})
		with data.cluster as fixtures.usual_cluster([fixtures.binding({})])
		with data.custom.limits as limits
	[decision.outcome, decision.reasons] == ["denied", fixtures.plain(["PolicyError"])]
}

test_hints[note] if {
	some note, row in _hints
	decision := token.decision with input as fixtures.token_question(_instant, [], {})
		with data.cluster as fixtures.usual_cluster([fixtures.binding({})])
		with data.custom as row.custom
	object.filter(decision, {"hints"}) == row.hinted
}

_denials := {
	"nothing": {"deny": set(), "a": [], "b": []},
	"all bindings": {"deny": {{"rule": "freeze"}}, "a": ["freeze"], "b": ["freeze"]},
	"one binding": {"deny": {{"rule": "freeze", "binding": "shop/a"}}, "a": ["freeze"], "b": []},
	"two rules": {"deny": {{"rule": "z"}, {"rule": "y", "binding": "shop/b"}}, "a": ["z"], "b": ["y", "z"]},
	"a rule without a name": {"deny": {{"reason": "freeze"}}, "a": ["unnamed"], "b": ["unnamed"]},
	"a rule whose name is no text": {"deny": {{"rule": 1}}, "a": ["unnamed"], "b": ["unnamed"]},
	"text": {"deny": {"freeze"}, "a": ["unnamed"], "b": ["unnamed"]},
	"a binding that is no name": {"deny": {{"rule": "freeze", "binding": 1}}, "a": ["freeze"], "b": ["freeze"]},
	"no set, but true": {"deny": true, "a": ["unnamed"], "b": ["unnamed"]},
	"no set, but a list": {"deny": [{"rule": "freeze"}], "a": ["unnamed"], "b": ["unnamed"]},
}

_two_identities := fixtures.cluster(
	[fixtures.identity({}), fixtures.identity({"name": "secret", "usableBy": {"namespaces": ["ops"]}})],
	[
		fixtures.binding({"name": "classic"}),
		fixtures.binding({"name": "elsewhere", "spec": {"selector": "other"}}),
		fixtures.binding({"name": "orphan", "spec": {"selector": "other", "azureIdentity": "nobody"}}),
		fixtures.binding({"name": "secret", "spec": {"selector": "other", "azureIdentity": "secret"}}),
	],
)

_selections := {
	"nothing": {"select": set(), "selected": ["shop/classic"]},
	"a binding that exists": {"select": {"shop/elsewhere"}, "selected": ["shop/classic", "shop/elsewhere"]},
	"one that is selected already": {"select": {"shop/classic"}, "selected": ["shop/classic"]},
	"a binding that does not exist": {"select": {"shop/none"}, "selected": ["shop/classic"]},
	"no name": {"select": {1, {"binding": "shop/elsewhere"}}, "selected": ["shop/classic"]},
	"a binding without identity": {"select": {"shop/orphan"}, "selected": ["shop/classic"]},
	"an identity that is not for this pod": {"select": {"shop/secret"}, "selected": ["shop/classic"]},
	"for a pod that has finished": {"pod": {"phase": "Failed"}, "select": {"shop/elsewhere"}, "selected": []},
}

_box := {"suspend": false, "token": {"clampResponse": false, "minLifetime": "30s", "maxOverhang": "1h"}}

_box_limits := {"clampResponse": false, "minLifetimeSeconds": 30, "maxOverhangSeconds": 3600}

_limits := {
	"nothing": {"limits": {}, "strictest": _box_limits},
	"stricter": {
		"limits": {"clampResponse": true, "minLifetimeSeconds": 60, "maxOverhangSeconds": 0},
		"strictest": {"clampResponse": true, "minLifetimeSeconds": 60, "maxOverhangSeconds": 0},
	},
	"looser": {
		"limits": {"clampResponse": false, "minLifetimeSeconds": 0, "maxOverhangSeconds": 7200},
		"strictest": _box_limits,
	},
	"one of them": {
		"limits": {"minLifetimeSeconds": 45},
		"strictest": object.union(_box_limits, {"minLifetimeSeconds": 45}),
	},
}

_all_hints := {"nextTransition": 1781475000000000000, "validUntil": 1781475000000000000, "recheckAfter": 60000000000}

_hints := {
	"no custom rules": {"custom": {}, "hinted": {}},
	"rules without hints": {"custom": {"deny": set(), "limits": {"clampResponse": true}}, "hinted": {}},
	"hints that are no object": {"custom": {"hints": true}, "hinted": {}},
	"no hints": {"custom": {"hints": {}}, "hinted": {"hints": {}}},
	"all hints": {"custom": {"hints": _all_hints}, "hinted": {"hints": _all_hints}},
	"what is no number is no hint": {
		"custom": {"hints": {"validUntil": "2027-01-01T00:00:00Z", "recheckAfter": 60000000000}},
		"hinted": {"hints": {"recheckAfter": 60000000000}},
	},
	"unknown hints": {"custom": {"hints": {"nextState": 1}}, "hinted": {"hints": {}}},
}
