# METADATA
# title: Match
# description: |
#   Which bindings select a pod, and whether the identity's owner lets the pod have it
#   (DESIGN §3). Facts come from `data.cluster`, indexed by the host so that they are found fast.
# schemas:
#   - input: schema.assign
package podid.match

import data.podid.hook
import data.podid.reasons

# METADATA
# scope: document
# title: Selected bindings
# description: |
#   The bindings that select the pod of the input, by name: by the classic label (any namespace,
#   as aad-pod-identity did), by `match` alone (the pod's own namespace), or by custom policy, which
#   can only add bindings that exist and whose identity the pod may use.
selected[name] := binding if {
	_live
	some name in data.cluster.bindings_by_selector[input.pod.labels.aadpodidbinding]
	binding := data.cluster.bindings[name]
	_matches(binding)
}

selected[name] := binding if {
	_live
	some name in data.cluster.bindings_by_namespace[input.pod.namespace]
	binding := data.cluster.bindings[name]
	_matches(binding)
}

selected[name] := binding if {
	_live
	some name in hook.selected
	binding := data.cluster.bindings[name]
	count(refused_by(binding)) == 0
}

# METADATA
# title: Finished pod
# description: A pod that has finished holds its address and labels for a while, but gets nothing more.
finished if input.pod.phase in {"Succeeded", "Failed"}

_live if not finished

# METADATA
# scope: document
# title: Why a selected binding gives nothing
# description: Reasons that do not depend on time; the empty set means that the pod may have the identity.
refused_by(binding) := {reasons.of(code, {}) | some code in _conditions; _fails(code, binding, identity)} if {
	identity := data.cluster.identities[binding.identity]
	is_object(identity)
} else := {reasons.of("IdentityMissing", {"identity": binding.identity})}

_conditions := {"IdentityNotUsable", "NamespaceMismatch"}

_fails("NamespaceMismatch", binding, identity) if {
	_namespaced(identity)
	binding.namespace != input.pod.namespace
}

_fails("IdentityNotUsable", _, identity) if not _usable(identity)

_namespaced(identity) if identity.namespaced

_namespaced(_) if input.mode.namespaced

# Without usableBy the identity's owner has set no bound, as in aad-pod-identity.
_usable(identity) if {
	not _bounded(identity)
} else if {
	count(identity.usableBy) > 0
	every part, allowed in identity.usableBy {
		_usable_part(part, allowed)
	}
}

# By unification, as below, because what is `false` would read as absent, and open.
_bounded(identity) if _ = identity.usableBy

_narrowed(binding) if _ = binding.match

_usable_part("namespaces", allowed) if input.pod.namespace in allowed

_usable_part("namespaceSelector", allowed) if {
	labels_match(allowed, data.cluster.namespaces[input.pod.namespace].labels)
}

_usable_part("serviceAccounts", allowed) if {
	pod := input.pod
	some name in {pod.serviceAccount, concat("/", [pod.namespace, pod.serviceAccount])}
	name in allowed
}

# All given parts must match; a part that is not known here matches nothing.
_matches(binding) if {
	count(binding.match) > 0
	every part, wanted in binding.match {
		_match_part(part, wanted)
	}
} else if not _narrowed(binding)

_match_part("podSelector", wanted) if labels_match(wanted, input.pod.labels)

_match_part("serviceAccounts", wanted) if input.pod.serviceAccount in wanted

_match_part("pods", wanted) if input.pod.name in wanted

# METADATA
# title: Labels match
# description: |
#   A Kubernetes label selector (matchLabels and matchExpressions, all of them) against labels. A
#   selector of any other shape, or with an unknown operator, matches nothing; so does an empty one,
#   which in Kubernetes would mean "everything".
labels_match(selector, labels) if {
	some requirements in selector
	count(requirements) > 0
	every part, wanted in selector {
		_requirements_hold(part, wanted, labels)
	}
}

_requirements_hold("matchLabels", wanted, labels) if {
	every key, value in wanted {
		labels[key] == value
	}
}

_requirements_hold("matchExpressions", wanted, labels) if {
	every expression in wanted {
		_expression_holds(expression.operator, expression, labels)
	}
}

_expression_holds("In", expression, labels) if _value_listed(expression, labels)

_expression_holds("NotIn", expression, labels) if {
	is_string(expression.key)
	is_array(expression.values)
	count(expression.values) > 0
	not _value_listed(expression, labels)
}

_expression_holds("Exists", expression, labels) if _label_set(expression, labels)

_expression_holds("DoesNotExist", expression, labels) if {
	is_string(expression.key)
	not _label_set(expression, labels)
}

# Rules of their own, because an undefined argument makes a negated call undefined instead of true.
_value_listed(expression, labels) if labels[expression.key] in expression.values

_label_set(expression, labels) if labels[expression.key]
