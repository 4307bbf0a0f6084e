package podid.exempt_test

import data.podid.exempt
import data.podid.fixtures

test_exempt[note] if {
	pod := object.union(fixtures.question("2026-06-15T10:00:00Z", []).pod, {"labels": {"stage": "Prod"}})
	some note, row in _table
	decision := exempt.decision with input as {"pod": pod} with data.cluster.exceptions as row.exceptions
	decision == row.decision
}

_passed(exception) := {"exempt": true, "exception": exception, "reasons": []}

_kept := {"exempt": false, "reasons": []}

_table := {
	"no exception": {"exceptions": {}, "decision": _kept},
	"label pair fits": {
		"exceptions": {"shop": [{"name": "mic", "podLabels": {"app": "web"}}]},
		"decision": _passed("shop/mic"),
	},
	"value in another letter case fits": {
		"exceptions": {"shop": [{"name": "mic", "podLabels": {"app": "WEB"}}]},
		"decision": _passed("shop/mic"),
	},
	"value in lower case fits a label in mixed case": {
		"exceptions": {"shop": [{"name": "mic", "podLabels": {"stage": "prod"}}]},
		"decision": _passed("shop/mic"),
	},
	"key in another letter case does not fit": {
		"exceptions": {"shop": [{"name": "mic", "podLabels": {"App": "web"}}]},
		"decision": _kept,
	},
	"one pair of several is enough": {
		"exceptions": {"shop": [{"name": "mic", "podLabels": {"app": "web", "tier": "front"}}]},
		"decision": _passed("shop/mic"),
	},
	"other value": {
		"exceptions": {"shop": [{"name": "mic", "podLabels": {"app": "webs"}}]},
		"decision": _kept,
	},
	"no pairs fit no pod": {
		"exceptions": {"shop": [{"name": "mic", "podLabels": {}}]},
		"decision": _kept,
	},
	"exception of another namespace": {
		"exceptions": {"ops": [{"name": "mic", "podLabels": {"app": "web"}}]},
		"decision": _kept,
	},
	"the first by name is told": {
		"exceptions": {"shop": [
			{"name": "nmi", "podLabels": {"app": "web"}},
			{"name": "mic", "podLabels": {"app": "web"}},
		]},
		"decision": _passed("shop/mic"),
	},
}
