# METADATA
# title: Time box
# description: |
#   Whether a binding is in force at a moment: the one formula of reference/time-boxes.md §2.3.
# schemas:
#   - input: schema.assign
package podid.timebox

import data.podid.grant
import data.podid.moment
import data.podid.reasons
import data.podid.window

# METADATA
# scope: document
# title: What closes a binding
# description: |
#   The reasons why `binding`, with its `grants` (the answer of podid.grant), is not in force at the
#   moment `m`; the empty set means in force. Without a time box it always is. With one, guards come first:
#   below them anything undefined would read as "not suspended", "not excluded". Then the formula: nothing
#   of `_conditions` fails, and nothing is missing of what the mode opens by.
closed_by(binding, grants, m) := set() if {
	not _limited(binding)
} else := {reasons.of(code, {}) | some code in (failed | missing)} if {
	box := binding.timeBox
	_judgeable(binding.timeBoxCheck, m)
	open := {half | some half in _halves; _opens(half, box, grants, m)}
	lacking := _lacking(object.get(box, "openWhen", "Always"), open)
	failed := {code |
		some field, _ in box # most boxes have few
		some code in _conditions[field]
		_fails(code, binding, open, m)
	}
	missing := {_missing(half, grants, m) | some half in lacking}
} else := _invalid(binding)

_halves := {"Schedule", "Grant"}

# By unification, because a box that is `false` would read as none.
_limited(binding) if _ = binding.timeBox

# METADATA
# title: Zones of a time box
# description: |
#   Every zone whose clock the box's windows and exclusions are read on; podid.validate answers with them, so
#   that they are looked for once per change of the box.
zones(box) := {window.zone_of(w, _zone(box)) | some w in _calendar(box)}

# METADATA
# title: Night zones of a time box
# description: The zones in which a window runs past midnight, so that the day before is needed too.
night_zones(box) := {window.zone_of(w, _zone(box)) |
	some w in _calendar(box)
	window.past_midnight(w)
}

_zone(box) := object.get(box, "timeZone", "")

_calendar(box) := array.concat(object.get(box, "windows", []), object.get(box, "exclusions", []))

_judgeable(check, m) if {
	check.valid == true
	every zone in check.zones { # undefined, were they not told
		zone != "" # which would read as UTC
		m.zones[zone]
	}
}

_invalid(binding) := found if {
	found := {reason | some reason in binding.timeBoxCheck.reasons; reason.code == "InvalidTimeBox"}
	count(found) > 0
} else := {reasons.of("InvalidTimeBox", {})}

# What each mode lacks of the halves that are open: the last lines of the formula. An unknown mode has no answer.
_lacking("Always", _) := set()

_lacking("Schedule", open) := {"Schedule"} - open

_lacking("Grant", open) := {"Grant"} - open

_lacking("ScheduleAndGrant", open) := {"Schedule", "Grant"} - open

_lacking("ScheduleOrGrant", open) := {"Schedule", "Grant"} if count(open) == 0

_lacking("ScheduleOrGrant", open) := set() if count(open) > 0

_opens("Schedule", box, _, m) if {
	some w in box.windows
	window.open(w, _zone(box), m)
}

_opens("Grant", _, grants, m) if {
	grant.active(grants, m)
	not _stale
}

# Windows are a function of the binding alone; grants and revocations need fresh facts, where their age
# is told, as it is for tokens (reference/time-boxes.md §3.6).
_stale if object.get(input, ["caches", "ageSeconds"], 0) > 60

_missing("Schedule", _, _) := "OutsideSchedule"

_missing("Grant", grants, m) := "StaleCache" if {
	grant.active(grants, m) # and yet not open
} else := "GrantPendingApproval" if {
	grant.pending(grants, m)
} else := "NoActiveGrant"

# By the field of the box that they are about.
_conditions := {
	"durations": {"AnchorUnknown", "DurationElapsed", "DurationNotStarted"},
	"exclusions": {"Excluded"},
	"notAfter": {"AfterNotAfter"},
	"notBefore": {"BeforeNotBefore"},
	"suspend": {"Suspended"},
}

_fails("Suspended", binding, _, _) if binding.timeBox.suspend

_fails("BeforeNotBefore", binding, _, m) if not _begun(binding.timeBox, m)

_fails("AfterNotAfter", binding, _, m) if not _unended(binding.timeBox, m)

_fails("AnchorUnknown", binding, _, _) if {
	some duration in binding.timeBox.durations
	not _anchored(duration, binding)
}

_fails("DurationNotStarted", binding, _, m) if {
	some duration in binding.timeBox.durations
	m.ns < _anchor(duration, binding)
}

_fails("DurationElapsed", binding, _, m) if {
	some duration in binding.timeBox.durations
	m.ns >= _anchor(duration, binding)
	not _unelapsed(duration, binding, m)
}

_fails("Excluded", binding, open, m) if {
	some exclusion in binding.timeBox.exclusions
	window.open(exclusion, _zone(binding.timeBox), m)
	not _exempt(exclusion, open)
}

# Whose clock is unknown might be now.
_fails("Excluded", binding, _, m) if {
	some exclusion in binding.timeBox.exclusions
	not m.zones[window.zone_of(exclusion, _zone(binding.timeBox))]
}

_exempt(exclusion, open) if {
	exclusion.exemptGrants == true
	"Grant" in open
}

_begun(box, m) if time.parse_rfc3339_ns(box.notBefore) <= m.ns

_unended(box, m) if m.ns < time.parse_rfc3339_ns(box.notAfter)

_unelapsed(duration, binding, m) if m.ns < _anchor(duration, binding) + time.parse_duration_ns(duration.for)

_anchored(duration, binding) if _anchor(duration, binding)

_anchor(duration, _) := moment.instant(input.pod.startTime) if duration.from == "PodStart"

_anchor(duration, binding) := moment.instant(binding.created) if duration.from == "BindingCreation"
