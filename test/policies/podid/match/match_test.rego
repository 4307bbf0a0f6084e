package podid.match_test

import data.podid.fixtures
import data.podid.match

test_selected[note] if {
	some note, row in object.union(_by_label, _by_match)
	cluster := fixtures.usual_cluster([fixtures.binding({"spec": row.spec})])
	question := _question(row)
	selected := match.selected with input as question with data.cluster as cluster
	selected == {"shop/nightly": cluster.bindings["shop/nightly"] | row.selects}
}

test_match_that_is_no_object_selects_nothing[note] if {
	cluster := fixtures.usual_cluster([fixtures.binding({})])
	some note, given in {"false": false, "null": null, "a number": 0, "text": "", "a list": []}
	broken := object.union(cluster, {"bindings": {"shop/nightly": {"match": given}}})
	selected := match.selected with input as _question({}) with data.cluster as broken
	selected == {}
}

test_bound_that_is_no_object_refuses[note] if {
	cluster := fixtures.cluster([fixtures.identity({})], [fixtures.binding({})])
	some note, given in {"false": false, "null": null, "a number": 0, "text": "", "a list": []}
	broken := object.union(cluster, {"identities": {"shop/reader": {"usableBy": given}}})
	refused := match.refused_by(broken.bindings["shop/nightly"]) with input as _question({})
		with data.cluster as broken
	refused == {{"code": "IdentityNotUsable", "params": {}}}
}

test_several_bindings_select if {
	cluster := fixtures.usual_cluster([
		fixtures.binding({"name": "label"}),
		fixtures.binding({"name": "other-label", "spec": {"selector": "api"}}),
		fixtures.binding({"name": "match", "spec": {"selector": "", "match": {"pods": ["web-0"]}}}),
		fixtures.binding({"name": "abroad", "namespace": "ops"}),
		fixtures.binding({"name": "match-abroad", "namespace": "ops", "spec": _alone({"pods": ["web-0"]})}),
		fixtures.binding({"name": "neither", "spec": {"selector": ""}}),
	])
	question := _question({})
	selected := match.selected with input as question with data.cluster as cluster
	object.keys(selected) == {"shop/label", "shop/match", "ops/abroad"}
}

test_nothing_selected_without_cluster_document if {
	question := _question({})
	selected := match.selected with input as question with data.cluster as {}
	selected == {}
}

test_refused_by[note] if {
	some note, row in object.union(_usable_by, _namespaced)
	identity := fixtures.identity(object.get(row, "identity", {}))
	cluster := object.union(
		fixtures.cluster([identity], [fixtures.binding({})]),
		{"namespaces": {"shop": {"labels": {"team": "web"}}}},
	)
	question := _question(row)
	refused := match.refused_by(cluster.bindings["shop/nightly"]) with input as question
		with data.cluster as cluster
	refused == {reason | some reason in fixtures.plain(row.refused)}
}

test_missing_identity_is_named if {
	cluster := fixtures.cluster([], [fixtures.binding({})])
	question := _question({})
	refused := match.refused_by(cluster.bindings["shop/nightly"]) with input as question
		with data.cluster as cluster
	refused == {{"code": "IdentityMissing", "params": {"identity": "shop/reader"}}}
}

test_finished[note] if {
	some note, row in {
		"Pending": {"finished": false},
		"Running": {"finished": false},
		"Unknown": {"finished": false},
		"Succeeded": {"finished": true},
		"Failed": {"finished": true},
	}
	question := _question({"pod": {"phase": note}})
	holds := count([1 | match.finished with input as question]) == 1
	holds == row.finished
}

test_labels_match[note] if {
	some note, row in object.union(_expressions, _selectors)
	holds := count([1 | match.labels_match(row.selector, {"app": "web", "tier": "front"})]) == 1
	holds == row.fits
}

# The usual question with the row's changes to pod and mode, and without the paths it names.
_question(row) := json.remove(
	object.union(
		fixtures.question("2026-06-15T10:00:00Z", []),
		object.filter(row, {"pod", "mode"}),
	),
	object.get(row, "without", []),
)

_alone(match_parts) := {"selector": "", "match": match_parts}

_by_label := {
	"label fits": {"spec": {"selector": "web"}, "selects": true},
	"label fits in another namespace": {
		"spec": {"selector": "web"},
		"pod": {"namespace": "ops"},
		"selects": true,
	},
	"label in another letter case": {"spec": {"selector": "Web"}, "selects": false},
	"pod without the label": {
		"spec": {"selector": "web"},
		"without": ["pod/labels/aadpodidbinding"],
		"selects": false,
	},
	"pod with an empty label": {
		"spec": {"selector": ""},
		"pod": {"labels": {"aadpodidbinding": ""}},
		"selects": false,
	},
	"finished pod": {"spec": {"selector": "web"}, "pod": {"phase": "Succeeded"}, "selects": false},
	"label and match fit": {"spec": {"selector": "web", "match": {"pods": ["web-0"]}}, "selects": true},
	"label fits, match does not": {"spec": {"selector": "web", "match": {"pods": ["web-1"]}}, "selects": false},
	"match fits, label does not": {"spec": {"selector": "api", "match": {"pods": ["web-0"]}}, "selects": false},
	"label fits, match is empty": {"spec": {"selector": "web", "match": {}}, "selects": false},
}

_by_match := {
	"match of a pod's name": {"spec": _alone({"pods": ["db-0", "web-0"]}), "selects": true},
	"match of a service account": {"spec": _alone({"serviceAccounts": ["web"]}), "selects": true},
	"match of another service account": {"spec": _alone({"serviceAccounts": ["api"]}), "selects": false},
	"match of labels": {"spec": _alone({"podSelector": {"matchLabels": {"app": "web"}}}), "selects": true},
	"match of other labels": {"spec": _alone({"podSelector": {"matchLabels": {"app": "api"}}}), "selects": false},
	"match in another namespace": {
		"spec": _alone({"pods": ["web-0"]}),
		"pod": {"namespace": "ops"},
		"selects": false,
	},
	"finished pod": {"spec": _alone({"pods": ["web-0"]}), "pod": {"phase": "Failed"}, "selects": false},
	"all parts fit": {
		"spec": _alone({
			"pods": ["web-0"],
			"serviceAccounts": ["web"],
			"podSelector": {"matchLabels": {"app": "web"}},
		}),
		"selects": true,
	},
	"one part does not fit": {
		"spec": _alone({
			"pods": ["web-0"],
			"serviceAccounts": ["api"],
			"podSelector": {"matchLabels": {"app": "web"}},
		}),
		"selects": false,
	},
	"empty match": {"spec": _alone({}), "selects": false},
	"empty pod selector": {"spec": _alone({"podSelector": {}}), "selects": false},
	"empty list": {"spec": _alone({"pods": []}), "selects": false},
	"text instead of a list": {"spec": _alone({"pods": "web-0"}), "selects": false},
	"unknown part": {
		"spec": _alone({"pods": ["web-0"], "spiffeIDs": ["spiffe://shop/web"]}),
		"selects": false,
	},
}

_selectors := {
	"all labels": {"selector": {"matchLabels": {"app": "web", "tier": "front"}}, "fits": true},
	"one label differs": {"selector": {"matchLabels": {"app": "web", "tier": "back"}}, "fits": false},
	"one label is missing": {"selector": {"matchLabels": {"app": "web", "zone": "a"}}, "fits": false},
	"labels and expressions": {
		"selector": {
			"matchLabels": {"app": "web"},
			"matchExpressions": [{"key": "tier", "operator": "Exists"}],
		},
		"fits": true,
	},
	"labels fit, expressions do not": {
		"selector": {
			"matchLabels": {"app": "web"},
			"matchExpressions": [{"key": "zone", "operator": "Exists"}],
		},
		"fits": false,
	},
	"empty labels beside an expression": {
		"selector": {"matchLabels": {}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]},
		"fits": true,
	},
	"empty": {"selector": {}, "fits": false},
	"empty labels": {"selector": {"matchLabels": {}}, "fits": false},
	"empty expressions": {"selector": {"matchExpressions": []}, "fits": false},
	"unknown part": {"selector": {"matchLabels": {"app": "web"}, "matchNames": ["web"]}, "fits": false},
	"misspelt part": {"selector": {"matchlabels": {"app": "web"}}, "fits": false},
	"text instead of labels": {"selector": {"matchLabels": "web"}, "fits": false},
	"text instead of expressions": {"selector": {"matchExpressions": "web"}, "fits": false},
	"list instead of a selector": {"selector": ["app"], "fits": false},
	"text instead of a selector": {"selector": "app", "fits": false},
}

_expressions := {
	"In": {"selector": _expression({"key": "app", "operator": "In", "values": ["api", "web"]}), "fits": true},
	"In other values": {"selector": _expression({"key": "app", "operator": "In", "values": ["api"]}), "fits": false},
	"In, label missing": {"selector": _expression({"key": "x", "operator": "In", "values": ["web"]}), "fits": false},
	"In without values": {"selector": _expression({"key": "app", "operator": "In"}), "fits": false},
	"NotIn": {"selector": _expression({"key": "app", "operator": "NotIn", "values": ["api"]}), "fits": true},
	"NotIn, label missing": {
		"selector": _expression({"key": "x", "operator": "NotIn", "values": ["web"]}),
		"fits": true,
	},
	"NotIn same value": {
		"selector": _expression({"key": "app", "operator": "NotIn", "values": ["web"]}),
		"fits": false,
	},
	"NotIn without values": {"selector": _expression({"key": "app", "operator": "NotIn"}), "fits": false},
	"NotIn of no values": {
		"selector": _expression({"key": "app", "operator": "NotIn", "values": []}),
		"fits": false,
	},
	"NotIn of text": {
		"selector": _expression({"key": "app", "operator": "NotIn", "values": "api"}),
		"fits": false,
	},
	"NotIn without key": {"selector": _expression({"operator": "NotIn", "values": ["api"]}), "fits": false},
	"Exists": {"selector": _expression({"key": "app", "operator": "Exists"}), "fits": true},
	"Exists, label missing": {"selector": _expression({"key": "x", "operator": "Exists"}), "fits": false},
	"DoesNotExist": {"selector": _expression({"key": "x", "operator": "DoesNotExist"}), "fits": true},
	"DoesNotExist, label there": {
		"selector": _expression({"key": "app", "operator": "DoesNotExist"}),
		"fits": false,
	},
	"DoesNotExist without key": {"selector": _expression({"operator": "DoesNotExist"}), "fits": false},
	"unknown operator": {"selector": _expression({"key": "app", "operator": "Gt", "values": ["1"]}), "fits": false},
	"operator in another letter case": {
		"selector": _expression({"key": "app", "operator": "exists"}),
		"fits": false,
	},
	"no operator": {"selector": _expression({"key": "app"}), "fits": false},
	"text instead of an expression": {"selector": _expression("app"), "fits": false},
}

_expression(expression) := {"matchExpressions": [expression]}

_usable_by := {
	"no usableBy": {"refused": []},
	"namespace listed": {"identity": {"usableBy": {"namespaces": ["ops", "shop"]}}, "refused": []},
	"namespace not listed": {"identity": {"usableBy": {"namespaces": ["ops"]}}, "refused": ["IdentityNotUsable"]},
	"namespace's labels fit": {
		"identity": {"usableBy": {"namespaceSelector": {"matchLabels": {"team": "web"}}}},
		"refused": [],
	},
	"namespace's labels do not fit": {
		"identity": {"usableBy": {"namespaceSelector": {"matchLabels": {"team": "api"}}}},
		"refused": ["IdentityNotUsable"],
	},
	"namespace is not known": {
		"pod": {"namespace": "ops"},
		"identity": {"usableBy": {"namespaceSelector": {"matchExpressions": [{
			"key": "team",
			"operator": "DoesNotExist",
		}]}}},
		"refused": ["IdentityNotUsable"],
	},
	"namespace selector is empty": {
		"identity": {"usableBy": {"namespaceSelector": {}}},
		"refused": ["IdentityNotUsable"],
	},
	"service account by name": {"identity": {"usableBy": {"serviceAccounts": ["web"]}}, "refused": []},
	"service account with its namespace": {
		"identity": {"usableBy": {"serviceAccounts": ["shop/web"]}},
		"refused": [],
	},
	"service account of another namespace": {
		"identity": {"usableBy": {"serviceAccounts": ["ops/web"]}},
		"refused": ["IdentityNotUsable"],
	},
	"one part does not fit": {
		"identity": {"usableBy": {"namespaces": ["shop"], "serviceAccounts": ["api"]}},
		"refused": ["IdentityNotUsable"],
	},
	"usableBy is empty": {"identity": {"usableBy": {}}, "refused": ["IdentityNotUsable"]},
	"unknown part": {
		"identity": {"usableBy": {"namespaces": ["shop"], "users": ["jane"]}},
		"refused": ["IdentityNotUsable"],
	},
}

_namespaced := {
	"another namespace": {"pod": {"namespace": "ops"}, "refused": []},
	"namespaced mode, same namespace": {"mode": {"namespaced": true}, "refused": []},
	"namespaced mode, another namespace": {
		"mode": {"namespaced": true},
		"pod": {"namespace": "ops"},
		"refused": ["NamespaceMismatch"],
	},
	"namespaced identity, same namespace": {"identity": {"namespaced": true}, "refused": []},
	"namespaced identity, another namespace": {
		"identity": {"namespaced": true},
		"pod": {"namespace": "ops"},
		"refused": ["NamespaceMismatch"],
	},
	"every condition is told": {
		"identity": {"namespaced": true, "usableBy": {"namespaces": ["shop"]}},
		"mode": {"namespaced": true},
		"pod": {"namespace": "ops"},
		"refused": ["IdentityNotUsable", "NamespaceMismatch"],
	},
}
