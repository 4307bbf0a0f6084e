package podid.token_test

import data.podid.fixtures
import data.podid.token

test_decision[note] if {
	some note, row in object.union_n([_refusals, _ids, _defaults, _unions, _types, _bounds])
	cluster := fixtures.cluster(object.get(row, "identities", [fixtures.identity({})]), row.bindings)
	question := object.union(
		fixtures.token_question(
			"2026-06-15T10:30:00Z",
			object.get(row, "probes", []),
			object.get(row, "request", {}),
		),
		object.filter(row, {"pod", "mode", "assigned"}),
	)
	decision := token.decision with input as question with data.cluster as cluster
	decision == row.decision
}

test_incomplete_facts_give_no_token[note] if {
	question := fixtures.token_question("2026-06-15T10:30:00Z", [], {})
	cluster := fixtures.usual_cluster([fixtures.binding({"name": "a"}), fixtures.binding({"name": "b"})])
	some note, row in {
		"no instant": {"question": ["now"], "cluster": []},
		"no weight": {"question": [], "cluster": ["bindings/shop~1a/weight"]},
		"no identity": {"question": [], "cluster": ["bindings/shop~1a/identity"]},
		"no request": {"question": ["request"], "cluster": []},
	}
	decision := token.decision with input as json.remove(question, row.question)
		with data.cluster as json.remove(cluster, row.cluster)
	decision == _refused("denied", ["PolicyError"])
}

_allowed(changes) := object.union(
	{
		"allow": true,
		"outcome": "allowed",
		"identity": "shop/reader",
		"binding": "shop/nightly",
		"bindings": ["shop/nightly"],
		"reasons": [],
		"probes": [],
		"limits": {"clampResponse": true, "minLifetimeSeconds": 0, "maxOverhangSeconds": null},
	},
	changes,
)

_refused(outcome, codes) := {
	"allow": false,
	"outcome": outcome,
	"bindings": [],
	"reasons": fixtures.plain(codes),
	"probes": [],
}

_refused_nightly(outcome, codes) := object.union(
	_refused(outcome, codes),
	{"identity": "shop/reader", "binding": "shop/nightly", "bindings": ["shop/nightly"]},
)

_hour := fixtures.daily("10:00", "11:00", "UTC")

_closed := fixtures.daily("11:00", "12:00", "UTC")

_refusals := {
	"allowed": {"bindings": [fixtures.binding({})], "decision": _allowed({})},
	"allowed while the window is open": {
		"probes": ["2026-06-15T10:59:59Z", "2026-06-15T11:00:00Z"],
		"bindings": [fixtures.boxed(_hour)],
		"decision": _allowed({"probes": [true, false]}),
	},
	"denied to a finished pod": {
		"pod": {"phase": "Failed"},
		"bindings": [fixtures.binding({})],
		"decision": _refused("denied", ["PodTerminated"]),
	},
	"denied while the window is closed": {
		"probes": ["2026-06-15T10:59:59Z", "2026-06-15T11:00:00Z"],
		"bindings": [fixtures.boxed(_closed)],
		"decision": object.union(_refused_nightly("denied", ["OutsideSchedule"]), {"probes": [false, true]}),
	},
	"denied with every reason of the box": {
		"bindings": [fixtures.boxed(object.union(_closed, {"suspend": true}))],
		"decision": _refused_nightly("denied", ["OutsideSchedule", "Suspended"]),
	},
	"denied when no identity is for this pod": {
		"mode": {"namespaced": true},
		"pod": {"namespace": "ops"},
		"identities": [fixtures.identity({"usableBy": {"namespaces": ["shop"]}})],
		"bindings": [fixtures.binding({})],
		"decision": _refused("denied", ["IdentityNotUsable", "NamespaceMismatch"]),
	},
	"denied when the identity is missing": {
		"identities": [],
		"bindings": [fixtures.binding({})],
		"decision": object.union(
			_refused("denied", []),
			{"reasons": [{"code": "IdentityMissing", "params": {"identity": "shop/reader"}}]},
		),
	},
	"pending before anything is assigned": {
		"assigned": [],
		"bindings": [fixtures.binding({})],
		"decision": _refused_nightly("pending", ["AssignmentPending"]),
	},
	"pending until the state is Assigned": {
		"assigned": [{"identity": "shop/reader", "state": "Created"}],
		"bindings": [fixtures.binding({})],
		"decision": _refused_nightly("pending", ["AssignmentPending"]),
	},
	"pending while another identity is assigned": {
		"assigned": [{"identity": "shop/writer", "state": "Assigned"}],
		"bindings": [fixtures.binding({})],
		"decision": _refused_nightly("pending", ["AssignmentPending"]),
	},
	"denied at once, not pending, while the window is closed": {
		"assigned": [],
		"bindings": [fixtures.boxed(_closed)],
		"decision": _refused_nightly("denied", ["OutsideSchedule"]),
	},
	"unknown without a binding": {
		"bindings": [fixtures.binding({"spec": {"selector": "api"}})],
		"decision": _refused("unknown", ["NoMatchingBinding"]),
	},
}

_writer := fixtures.identity({
	"name": "writer",
	"clientID": "00000000-0000-4000-8000-00000000000c",
	"objectID": "00000000-0000-4000-8000-00000000000d",
	"resourceID": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/writer",
})

_two := [fixtures.identity({}), _writer]

_to_writer(changes) := object.union(
	fixtures.binding({"name": "writing", "spec": {"azureIdentity": "writer"}}),
	changes,
)

_allowed_writer := _allowed({"identity": "shop/writer", "binding": "shop/writing", "bindings": ["shop/writing"]})

_both_assigned := [
	{"identity": "shop/reader", "state": "Assigned"},
	{"identity": "shop/writer", "state": "Assigned"},
]

_ids[note] := object.union(row, {"identities": _two, "bindings": bindings, "assigned": _both_assigned}) if {
	bindings := [fixtures.binding({}), _to_writer({})]
	some note, row in _requests
}

_requests := {
	"by client id": {"request": {"clientID": _writer.clientID}, "decision": _allowed_writer},
	"by client id in another letter case": {
		"request": {"clientID": upper(_writer.clientID)},
		"decision": _allowed_writer,
	},
	"by object id": {"request": {"objectID": _writer.objectID}, "decision": _allowed_writer},
	"by object id in another letter case": {
		"request": {"objectID": upper(_writer.objectID)},
		"decision": _allowed_writer,
	},
	"by resource id": {"request": {"resourceID": _writer.resourceID}, "decision": _allowed_writer},
	"by resource id in another letter case": {
		"request": {"resourceID": lower(_writer.resourceID)},
		"decision": _allowed_writer,
	},
	"by all ids": {
		"request": object.filter(_writer, {"clientID", "objectID", "resourceID"}),
		"decision": _allowed_writer,
	},
	"ids of two identities": {
		"request": {"clientID": _writer.clientID, "objectID": fixtures.identity({}).objectID},
		"decision": _refused("unknown", ["IdentityNotFound"]),
	},
	"an id of no identity": {
		"request": {"clientID": "00000000-0000-4000-8000-0000000000ff"},
		"decision": _refused("unknown", ["IdentityNotFound"]),
	},
}

_defaults := {
	"the strongest binding names the identity": {
		"identities": _two,
		"assigned": _both_assigned,
		"bindings": [fixtures.binding({}), _to_writer({"spec": {"weight": 1}})],
		"decision": _allowed_writer,
	},
	"equal weights: the first by name": {
		"identities": _two,
		"assigned": _both_assigned,
		"bindings": [fixtures.binding({}), _to_writer({})],
		"decision": _allowed({}),
	},
	"the strongest also when it is closed": {
		"identities": _two,
		"assigned": _both_assigned,
		"bindings": [
			fixtures.boxed(object.union(_closed, {"suspend": false})),
			_to_writer({"spec": {"weight": 0 - 1}}),
		],
		"decision": _refused_nightly("denied", ["OutsideSchedule"]),
	},
	"the strongest also when it is not assigned": {
		"identities": _two,
		"assigned": [{"identity": "shop/writer", "state": "Assigned"}],
		"bindings": [fixtures.binding({}), _to_writer({"spec": {"weight": 0 - 1}})],
		"decision": _refused_nightly("pending", ["AssignmentPending"]),
	},
	"the strongest that the pod may use": {
		"identities": [fixtures.identity({"usableBy": {"namespaces": ["ops"]}}), _writer],
		"assigned": _both_assigned,
		"bindings": [fixtures.binding({"spec": {"weight": 1}}), _to_writer({})],
		"decision": _allowed_writer,
	},
	"another one by its id while the strongest is closed": {
		"identities": _two,
		"assigned": _both_assigned,
		"request": {"clientID": _writer.clientID},
		"bindings": [fixtures.boxed(_closed), _to_writer({"spec": {"weight": 0 - 1}})],
		"decision": _allowed_writer,
	},
	"an id of an identity that the pod may not use": {
		"identities": [fixtures.identity({"usableBy": {"namespaces": ["ops"]}}), _writer],
		"assigned": _both_assigned,
		"request": {"clientID": fixtures.identity({}).clientID},
		"bindings": [fixtures.binding({}), _to_writer({})],
		"decision": _refused("unknown", ["IdentityNotFound"]),
	},
}

_twin := fixtures.identity({"name": "twin"})

_to_twin(box) := object.union(fixtures.boxed(box), {
	"name": "twin",
	"spec": {"azureIdentity": "twin"},
})

_unions := {
	"bindings of one identity are a union": {
		"probes": [
			"2026-06-15T10:59:59Z",
			"2026-06-15T11:00:00Z",
			"2026-06-15T11:59:59Z",
			"2026-06-15T12:00:00Z",
			"2026-06-15T13:00:00Z",
		],
		"bindings": [
			object.union(fixtures.boxed(_hour), {"name": "a"}),
			object.union(fixtures.boxed(fixtures.daily("12:00", "13:00", "UTC")), {"name": "b"}),
		],
		"decision": _allowed({
			"binding": "shop/a",
			"bindings": ["shop/a", "shop/b"],
			"probes": [true, false, false, true, false],
		}),
	},
	"windows that touch leave no hole": {
		"probes": ["2026-06-15T10:59:59Z", "2026-06-15T11:00:00Z", "2026-06-15T12:00:00Z"],
		"bindings": [
			object.union(fixtures.boxed(_hour), {"name": "a"}),
			object.union(fixtures.boxed(_closed), {"name": "b"}),
		],
		"decision": _allowed({
			"binding": "shop/a",
			"bindings": ["shop/a", "shop/b"],
			"probes": [true, true, false],
		}),
	},
	"the open binding gives the identity, also a weaker one": {
		"bindings": [
			object.union(fixtures.boxed(object.union(_hour, {"suspend": true})), {"name": "a", "spec": {"weight": 9}}),
			object.union(fixtures.boxed(_hour), {"name": "b"}),
		],
		"decision": _allowed({"binding": "shop/b", "bindings": ["shop/a", "shop/b"]}),
	},
	"all closed: the reasons of all": {
		"bindings": [
			object.union(fixtures.boxed({"suspend": true}), {"name": "a"}),
			object.union(fixtures.boxed(_closed), {"name": "b"}),
		],
		"decision": object.union(
			_refused("denied", ["OutsideSchedule", "Suspended"]),
			{"identity": "shop/reader", "binding": "shop/a", "bindings": ["shop/a", "shop/b"]},
		),
	},
	"two objects with one client id: the open one goes first": {
		"identities": [fixtures.identity({}), _twin],
		"assigned": [{"identity": "shop/twin", "state": "Assigned"}],
		"request": {"clientID": _twin.clientID},
		"bindings": [fixtures.boxed(_closed), _to_twin(_hour)],
		"decision": _allowed({"identity": "shop/twin", "binding": "shop/twin", "bindings": ["shop/twin"]}),
	},
	"two objects with one client id, both closed: the first": {
		"identities": [fixtures.identity({}), _twin],
		"request": {"clientID": _twin.clientID},
		"bindings": [fixtures.boxed(_closed), _to_twin({"suspend": true})],
		"decision": _refused_nightly("denied", ["OutsideSchedule"]),
	},
}

_types := {
	"a secret needs no assignment": {
		"assigned": [],
		"identities": [fixtures.identity({"type": 1})],
		"bindings": [fixtures.binding({})],
		"decision": _allowed({}),
	},
	"a certificate needs no assignment": {
		"assigned": [],
		"identities": [fixtures.identity({"type": 2})],
		"bindings": [fixtures.binding({})],
		"decision": _allowed({}),
	},
	"a federated identity needs no assignment": {
		"assigned": [],
		"identities": [fixtures.identity({"type": 3})],
		"bindings": [fixtures.binding({})],
		"decision": _allowed({}),
	},
	"a type that podid does not serve": {
		"identities": [fixtures.identity({"type": 7})],
		"bindings": [fixtures.binding({})],
		"decision": _refused_nightly("denied", ["UnsupportedIdentityType"]),
	},
}

_bounded(name, rules) := object.union(
	fixtures.boxed(object.union(_hour, {"token": rules})),
	{"name": name},
)

_bounds := {
	"limits of the box": {
		"bindings": [_bounded("a", {"clampResponse": false, "minLifetime": "1m30s", "maxOverhang": "1h"})],
		"decision": _allowed({
			"binding": "shop/a",
			"bindings": ["shop/a"],
			"limits": {"clampResponse": false, "minLifetimeSeconds": 90, "maxOverhangSeconds": 3600},
		}),
	},
	"the strictest limit of several open bindings": {
		"bindings": [
			_bounded("a", {"clampResponse": false, "minLifetime": "0s", "maxOverhang": "2h"}),
			_bounded("b", {"minLifetime": "45s", "maxOverhang": "30m"}),
			_bounded("c", {"clampResponse": false, "minLifetime": "30s"}),
		],
		"decision": _allowed({
			"binding": "shop/a",
			"bindings": ["shop/a", "shop/b", "shop/c"],
			"limits": {"clampResponse": true, "minLifetimeSeconds": 45, "maxOverhangSeconds": 1800},
		}),
	},
	"no overhang at all": {
		"bindings": [_bounded("a", {"maxOverhang": "0s"})],
		"decision": _allowed({
			"binding": "shop/a",
			"bindings": ["shop/a"],
			"limits": {"maxOverhangSeconds": 0},
		}),
	},
	"a closed binding does not limit": {
		"bindings": [
			_bounded("a", {"clampResponse": false}),
			object.union(
				fixtures.boxed(object.union(_closed, {"token": {"minLifetime": "45s", "maxOverhang": "30m"}})),
				{"name": "b"},
			),
		],
		"decision": _allowed({
			"binding": "shop/a",
			"bindings": ["shop/a", "shop/b"],
			"limits": {"clampResponse": false},
		}),
	},
}
