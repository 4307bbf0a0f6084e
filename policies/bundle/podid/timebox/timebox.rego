# METADATA
# title: Time box
# description: |
#   Whether a binding is in force at a moment: the one formula of reference/time-boxes.md §2.3.
# schemas:
#   - input: schema.assign
package podid.timebox

import data.podid.reasons
import data.podid.window

# METADATA
# scope: document
# title: What closes a binding
# description: |
#   The reasons why `binding` is not in force at the moment `m`; the empty set means in force.
#   A box that podid.validate did not accept, or whose zones have no reading, is closed before
#   anything below is asked: an exclusion that cannot be judged must not count as "not excluded".
closed_by(binding, _) := set() if not binding.timeBox

closed_by(binding, m) := _invalid(binding) if {
	binding.timeBox
	not _judgeable(binding, m)
}

closed_by(binding, m) := {reasons.of(code, {}) | some code in _conditions; _fails(code, binding, m)} if {
	_judgeable(binding, m)
}

# METADATA
# title: Zones of a time box
# description: Every zone whose clock the box's windows and exclusions are read on.
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

_judgeable(binding, m) if {
	binding.timeBoxCheck.valid == true
	is_array(_calendar(binding.timeBox))
	every zone in zones(binding.timeBox) {
		zone != "" # which would read as UTC
		m.zones[zone]
	}
}

_invalid(binding) := found if {
	found := {reason | some reason in binding.timeBoxCheck.reasons; reason.code == "InvalidTimeBox"}
	count(found) > 0
} else := {reasons.of("InvalidTimeBox", {})}

_conditions := {
	"AfterNotAfter",
	"AnchorUnknown",
	"BeforeNotBefore",
	"DurationElapsed",
	"DurationNotStarted",
	"Excluded",
	"InvalidTimeBox",
	"NoActiveGrant",
	"OutsideSchedule",
	"Suspended",
}

_fails("Suspended", binding, _) if binding.timeBox.suspend

_fails("BeforeNotBefore", binding, m) if {
	binding.timeBox.notBefore
	not _begun(binding.timeBox, m)
}

_fails("AfterNotAfter", binding, m) if {
	binding.timeBox.notAfter
	not _unended(binding.timeBox, m)
}

_fails("AnchorUnknown", binding, _) if {
	some duration in binding.timeBox.durations
	not _anchored(duration, binding)
}

_fails("DurationNotStarted", binding, m) if {
	some duration in binding.timeBox.durations
	m.ns < _anchor(duration, binding)
}

_fails("DurationElapsed", binding, m) if {
	some duration in binding.timeBox.durations
	m.ns >= _anchor(duration, binding)
	not _unelapsed(duration, binding, m)
}

_fails("Excluded", binding, m) if {
	some exclusion in binding.timeBox.exclusions
	window.open(exclusion, _zone(binding.timeBox), m)
}

_fails("OutsideSchedule", binding, m) if {
	_mode(binding) in {"Schedule", "ScheduleOrGrant", "ScheduleAndGrant"}
	not _scheduled(binding.timeBox, m)
}

# Grants are not judged yet: what needs one is not open.
_fails("NoActiveGrant", binding, _) if _mode(binding) in {"Grant", "ScheduleAndGrant"}

_fails("NoActiveGrant", binding, m) if {
	_mode(binding) == "ScheduleOrGrant"
	not _scheduled(binding.timeBox, m)
}

_fails("InvalidTimeBox", binding, _) if {
	not _mode(binding) in {"Always", "Schedule", "Grant", "ScheduleOrGrant", "ScheduleAndGrant"}
}

_mode(binding) := object.get(binding.timeBox, "openWhen", "Always")

_scheduled(box, m) if {
	some w in box.windows
	window.open(w, _zone(box), m)
}

_begun(box, m) if time.parse_rfc3339_ns(box.notBefore) <= m.ns

_unended(box, m) if m.ns < time.parse_rfc3339_ns(box.notAfter)

_unelapsed(duration, binding, m) if m.ns < _anchor(duration, binding) + time.parse_duration_ns(duration.for)

_anchored(duration, binding) if _anchor(duration, binding)

_anchor(duration, _) := _whole_seconds(time.parse_rfc3339_ns(input.pod.startTime)) if duration.from == "PodStart"

_anchor(duration, binding) := _whole_seconds(time.parse_rfc3339_ns(binding.created)) if {
	duration.from == "BindingCreation"
}

# Every instant is a whole second, fractions are floored (reference/time-boxes.md §2.2).
_whole_seconds(ns) := ns - (ns % 1000000000)
