package podid.assign_test

import data.podid.assign as assignment
import data.podid.fixtures

test_decision[note] if {
	some note, row in object.union(_order, _reasons)
	question := object.union(
		fixtures.question("2026-06-15T10:30:00Z", object.get(row, "probes", [])),
		object.filter(row, {"pod", "mode"}),
	)
	cluster := fixtures.usual_cluster(row.bindings)
	decision := assignment.decision with input as question with data.cluster as cluster
	decision == row.decision
}

# A binding that cannot be judged must not vanish: the next one would become the default.
test_incomplete_facts_give_no_answer[note] if {
	question := fixtures.question("2026-06-15T10:30:00Z", [])
	cluster := fixtures.usual_cluster([fixtures.binding({"name": "a"}), fixtures.binding({"name": "b"})])
	some note, row in {
		"no instant": {"question": ["now"], "cluster": []},
		"no weight": {"question": [], "cluster": ["bindings/shop~1a/weight"]},
		"no identity": {"question": [], "cluster": ["bindings/shop~1a/identity"]},
	}
	decision := assignment.decision with input as json.remove(question, row.question)
		with data.cluster as json.remove(cluster, row.cluster)
	decision == {"candidates": [], "reasons": [{"code": "PolicyError", "params": {}}]}
}

_decided(candidates) := {"candidates": candidates, "reasons": []}

_candidate(changes) := object.union(
	{
		"binding": "shop/nightly",
		"identity": "shop/reader",
		"weight": 0,
		"inForce": true,
		"reasons": [],
		"probes": [],
	},
	changes,
)

_order := {
	"no binding": {"bindings": [], "decision": _decided([])},
	"no binding that selects": {
		"bindings": [fixtures.binding({"spec": {"selector": "api"}})],
		"decision": _decided([]),
	},
	"strongest first": {
		"bindings": [
			fixtures.binding({"name": "a", "spec": {"weight": 1}}),
			fixtures.binding({"name": "b", "spec": {"weight": 10}}),
			fixtures.binding({"name": "c", "spec": {"weight": 0 - 1}}),
			fixtures.binding({"name": "d", "spec": {"weight": 9}}),
		],
		"decision": _decided([
			_candidate({"binding": "shop/b", "weight": 10}),
			_candidate({"binding": "shop/d", "weight": 9}),
			_candidate({"binding": "shop/a", "weight": 1}),
			_candidate({"binding": "shop/c", "weight": 0 - 1}),
		]),
	},
	"equal weights by namespace and name": {
		"bindings": [
			fixtures.binding({"name": "b"}),
			fixtures.binding({"name": "a"}),
			fixtures.binding({"name": "c", "namespace": "ops"}),
		],
		"decision": _decided([
			_candidate({
				"binding": "ops/c",
				"identity": "ops/reader",
				"inForce": false,
				"reasons": [{"code": "IdentityMissing", "params": {"identity": "ops/reader"}}],
			}),
			_candidate({"binding": "shop/a"}),
			_candidate({"binding": "shop/b"}),
		]),
	},
}

_hour := fixtures.daily("10:00", "11:00", "UTC")

_reasons := {
	"every probe has its answer": {
		"probes": ["2026-06-15T09:59:59Z", "2026-06-15T10:00:00Z", "2026-06-15T10:59:59Z", "2026-06-15T11:00:00Z"],
		"bindings": [fixtures.boxed(_hour)],
		"decision": _decided([_candidate({"probes": [false, true, true, false]})]),
	},
	"each binding in its own zone": {
		"probes": ["2026-06-15T22:00:00Z"],
		"bindings": [
			object.union(fixtures.boxed(_hour), {"name": "a"}),
			object.union(fixtures.boxed(fixtures.daily("22:00", "02:00", "Europe/Berlin")), {"name": "b"}),
		],
		"decision": _decided([
			_candidate({"binding": "shop/a", "probes": [false]}),
			_candidate({
				"binding": "shop/b",
				"inForce": false,
				"reasons": [{"code": "OutsideSchedule", "params": {}}],
				"probes": [true],
			}),
		]),
	},
	"a closed binding stays in the list": {
		"bindings": [
			object.union(fixtures.boxed({"suspend": true}), {"name": "a"}),
			fixtures.binding({"name": "b"}),
		],
		"decision": _decided([
			_candidate({
				"binding": "shop/a",
				"inForce": false,
				"reasons": [{"code": "Suspended", "params": {}}],
			}),
			_candidate({"binding": "shop/b"}),
		]),
	},
	"an invalid box does not close another binding": {
		"bindings": [object.union(fixtures.boxed({"openWhen": "Always"}), {"name": "a"}), fixtures.binding({"name": "b"})],
		"decision": _decided([
			_candidate({
				"binding": "shop/a",
				"inForce": false,
				"reasons": fixtures.box_problems([[
					"spec.timeBox",
					"limits nothing: give at least one of durations, exclusions, jit, notAfter, notBefore, suspend, windows",
				]]),
			}),
			_candidate({"binding": "shop/b"}),
		]),
	},
	"a refused binding is closed at every probe": {
		"probes": ["2026-06-15T10:00:00Z", "2026-06-15T11:00:00Z"],
		"mode": {"namespaced": true},
		"pod": {"namespace": "ops"},
		"bindings": [fixtures.boxed(_hour)],
		"decision": _decided([_candidate({
			"inForce": false,
			"reasons": [{"code": "NamespaceMismatch", "params": {}}],
			"probes": [false, false],
		})]),
	},
	"reasons of selection and time together": {
		"mode": {"namespaced": true},
		"pod": {"namespace": "ops"},
		"bindings": [fixtures.boxed({"suspend": true})],
		"decision": _decided([_candidate({
			"inForce": false,
			"reasons": [{"code": "NamespaceMismatch", "params": {}}, {"code": "Suspended", "params": {}}],
		})]),
	},
	"a finished pod": {
		"pod": {"phase": "Succeeded"},
		"bindings": [fixtures.binding({})],
		"decision": {"candidates": [], "reasons": [{"code": "PodTerminated", "params": {}}]},
	},
}
