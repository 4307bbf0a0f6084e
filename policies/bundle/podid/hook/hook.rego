# METADATA
# title: Hook
# description: |
#   Where custom policy takes part: rules of package `custom`, compiled into the same bundle. All of
#   them may be absent, as in the bundle that ships. They may refuse anything; what they allow must still
#   pass every rule of podid.
package podid.hook

import data.podid.reasons

# METADATA
# title: Custom selection
# description: Names of bindings (`namespace/name`) in the set `data.custom.select`. It must not depend on the time.
selected contains name if some name in data.custom.select

# METADATA
# title: Custom denials
# description: |
#   The members of the set `data.custom.deny` at the instant `ns`, for `denied_by`; none when it is
#   undefined then. A `deny` that is no set counts as its only member.
denials(ns) := _members(found) if {
	# Probes are asked at their own instant.
	# regal ignore:with-outside-test-context
	found := data.custom.deny with input.now as ns
} else := set()

# METADATA
# title: Custom refusals
# description: |
#   Reasons `DeniedByPolicy` that close `binding`, of the `denials` at an instant. Each gives one: an object
#   with the text `rule`, and with `binding` (`namespace/name`) where it concerns that binding alone. One
#   of any other form refuses all bindings.
denied_by(binding, denied) := {reasons.of("DeniedByPolicy", {"rule": _rule(denial)}) |
	some denial in denied
	_concerns(denial, concat("/", [binding.namespace, binding.name]))
}

# METADATA
# scope: document
# title: Custom limits
# description: |
#   The object `data.custom.limits`, with fields as in the limits of a token decision. Undefined when
#   it is malformed, so that no token is given.
limits := {} if not data.custom.limits

limits := _checked(data.custom.limits)

# METADATA
# scope: document
# title: Hints
# description: |
#   The part of a decision that says what custom policy knows of its own boundaries, which the host
#   cannot: `validUntil` and `nextTransition` (instants), `recheckAfter` (a span), all in nanoseconds and
#   optional. Without them a host that runs any rules but podid's own asks again every minute.
default hints := {}

hints := {"hints": {name: value |
	some name in {"nextTransition", "recheckAfter", "validUntil"}
	value := data.custom.hints[name]
	is_number(value)
}} if {
	is_object(data.custom.hints)
}

_members(denials) := denials if is_set(denials)

_members(denials) := {denials} if not is_set(denials)

_rule(denial) := denial.rule if {
	is_string(denial.rule)
} else := "unnamed"

_concerns(denial, name) if object.get(denial, "binding", name) == name

_concerns(denial, _) if not _names_binding(denial)

_names_binding(denial) if is_string(denial.binding)

# Functions, because the compiler infers what a user's rules look like, and then takes our references to
# anything else that they might have for mistakes.
_checked(limits) := limits if {
	is_object(limits)
	every field, value in limits {
		_is_limit(field, value)
	}
}

_is_limit("clampResponse", value) if is_boolean(value)

_is_limit(field, value) if {
	field in {"minLifetimeSeconds", "maxOverhangSeconds"}
	floor(value) == value
	value >= 0
}
