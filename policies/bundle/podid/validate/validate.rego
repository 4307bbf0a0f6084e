# METADATA
# title: Validate
# description: |
#   Shape and zone checks of one object, asked once when it changes; the host keeps the answer beside
#   the object in `data.cluster`, so that a decision does not repeat it (DESIGN §4). Admission checks
#   the same earlier, but files, old objects and bypassed webhooks exist (reference/time-boxes.md §2.3).
# schemas:
#   - input: schema.validate
package podid.validate

import data.podid.form
import data.podid.reasons
import data.podid.timebox

# METADATA
# title: Validation decision
# description: |
#   Valid when nothing was found; every reason names the field and what is wrong with it. Of a valid time box
#   also the zones whose clocks decisions must read, and those of them in which the day before is needed.
# entrypoint: true
default decision := {"valid": false, "reasons": [{"code": "PolicyError", "params": {}}]}

decision := object.union({"valid": count(_found) == 0, "reasons": reasons.sorted(_found)}, _clocks) if {
	is_object(input.object.spec)
}

default _clocks := {}

_clocks := {"zones": sort(timebox.zones(_box)), "nightZones": sort(timebox.night_zones(_box))} if {
	is_object(_box)
	count(_found) == 0
}

_found contains reasons.of("InvalidTimeBox", {"field": field, "problem": problem}) if {
	some [field, problem] in _box_problems
}

_found contains reasons.of("NothingSelected", {}) if {
	input.kind == "AzureIdentityBinding"
	object.get(input.object.spec, "selector", "") == ""
	not _has(input.object.spec, "match")
}

_found contains reasons.of("InvalidMatch", {"field": field}) if some field in _unselective

_box := input.object.spec.timeBox

_box_problems contains ["spec.timeBox", "must be an object"] if {
	_has(input.object.spec, "timeBox")
	not is_object(_box)
}

_box_problems contains [_path([field]), "unknown field"] if {
	some field in object.keys(_box)
	not field in _box_fields
}

_box_problems contains ["spec.timeBox", problem] if {
	is_object(_box)
	not _limits_something
	problem := concat("", ["limits nothing: give at least one of ", concat(", ", sort(_limiting_fields))])
}

_box_problems contains ["spec.timeBox.suspend", "must be true or false"] if {
	_has(_box, "suspend")
	not is_boolean(_box.suspend)
}

_box_problems contains [_path([field]), _stamp_form] if {
	some field in {"notBefore", "notAfter"}
	_has(_box, field)
	not form.is_stamp(_box[field])
}

_box_problems contains ["spec.timeBox.notAfter", "must be later than notBefore"] if {
	form.is_stamp(_box.notBefore)
	form.is_stamp(_box.notAfter)
	not _ordered_stamps(_box)
}

_box_problems contains [_path(["durations"]), "must be a list with at least one entry"] if {
	_has(_box, "durations")
	not _filled(_box.durations)
}

_box_problems contains [_path(["durations", i, "from"]), "must be PodStart or BindingCreation"] if {
	some i, duration in _box.durations
	not _is_anchor(duration)
}

_box_problems contains [_path(["durations", i, "for"]), _duration_form] if {
	some i, duration in _box.durations
	not _gives_duration(duration, "for")
}

_box_problems contains [_path(["durations", i, field]), "unknown field"] if {
	some i, duration in _box.durations
	some field in object.keys(duration)
	not field in {"from", "for"}
}

_box_problems contains ["spec.timeBox.openWhen", problem] if {
	is_object(_box)
	not _mode in _modes
	problem := concat("", ["must be one of ", concat(", ", sort(_modes))])
}

_box_problems contains ["spec.timeBox.openWhen", "windows need a mode with Schedule in its name"] if {
	_has(_box, "windows")
	not _mode in _schedule_modes
}

_box_problems contains ["spec.timeBox.windows", "openWhen asks for a schedule, but there are no windows"] if {
	_mode in _schedule_modes
	not _has(_box, "windows")
}

_box_problems contains ["spec.timeBox.openWhen", "jit needs a mode with Grant in its name"] if {
	_has(_box, "jit")
	not _mode in _grant_modes
}

_box_problems contains ["spec.timeBox.jit", "openWhen asks for a grant, but there is no jit"] if {
	_mode in _grant_modes
	not _has(_box, "jit")
}

_box_problems contains ["spec.timeBox.timeZone", "is required with windows or exclusions"] if {
	count(object.keys(_box) & {"windows", "exclusions"}) > 0
	not _has(_box, "timeZone")
}

_box_problems contains ["spec.timeBox.timeZone", _zone_form] if {
	_has(_box, "timeZone")
	not _is_zone(_box.timeZone)
}

_box_problems contains [_path([field]), "must be a list with at least one entry"] if {
	some field in {"windows", "exclusions"}
	_has(_box, field)
	not _filled(_box[field])
}

_box_problems contains [_path([field, i]), _no_filter_form] if {
	some field in {"windows", "exclusions"}
	some i, window in _box[field]
	not _selects_time(window)
}

_box_problems contains [_path([field, i, name]), "unknown field"] if {
	some field in {"windows", "exclusions"}
	some i, window in _box[field]
	some name in object.keys(window)
	not name in _window_fields[field]
}

_box_problems contains [_path([field, i, "timeZone"]), _zone_form] if {
	some field in {"windows", "exclusions"}
	some i, window in _box[field]
	_has(window, "timeZone")
	not _is_zone(window.timeZone)
}

_box_problems contains [_path(["exclusions", i, "exemptGrants"]), "must be true or false"] if {
	some i, exclusion in _box.exclusions
	_has(exclusion, "exemptGrants")
	not is_boolean(exclusion.exemptGrants)
}

_box_problems contains [_path([field, i, filter]), "must be a list with at least one entry"] if {
	some field in {"windows", "exclusions"}
	some i, window in _box[field]
	some filter in _filters
	_has(window, filter)
	not _filled(window[filter])
}

_box_problems contains [_path([field, i, filter, j]), problem] if {
	some field in {"windows", "exclusions"}
	some i, window in _box[field]
	some filter, problem in _entry_form
	some j, entry in window[filter]
	not _is_entry(filter, entry)
}

_box_problems contains [_path([part]), "must be an object"] if {
	some part in object.keys(_part_fields)
	_has(_box, part)
	not is_object(_box[part])
}

_box_problems contains [_path([part, field]), "unknown field"] if {
	some part, fields in _part_fields
	some field in object.keys(_box[part])
	not field in fields
}

_box_problems contains ["spec.timeBox.jit.approvals", "must be a whole number from 0 to 8"] if {
	_has(_box, "jit")
	not _gives_count(_box.jit, "approvals")
}

_box_problems contains ["spec.timeBox.jit.maxDuration", _duration_form] if {
	_has(_box, "jit")
	not _gives_duration(_box.jit, "maxDuration")
}

_box_problems contains [_path([part, field]), _duration_form] if {
	some part, fields in _optional_durations
	some field in fields
	_has(_box[part], field)
	not form.is_duration(_box[part][field])
}

_box_problems contains [_path([part, field]), "must be a duration such as 0s, 45s, 1h30m"] if {
	some part, fields in _optional_spans
	some field in fields
	_has(_box[part], field)
	not form.is_span(_box[part][field])
}

_box_problems contains ["spec.timeBox.token.clampResponse", "must be true or false"] if {
	_has(_box.token, "clampResponse")
	not is_boolean(_box.token.clampResponse)
}

_limits_something if count(object.keys(_box) & _limiting_fields) > 0

_limiting_fields := {"suspend", "notBefore", "notAfter", "durations", "windows", "exclusions", "jit"}

_box_fields := _limiting_fields | {"openWhen", "timeZone", "token", "assignment"}

_filters := {"times", "weekdays", "daysOfMonth", "months", "years", "dates"}

_window_fields := {
	"windows": (_filters | {"name", "timeZone"}),
	"exclusions": (_filters | {"name", "timeZone", "exemptGrants"}),
}

_part_fields := {
	"jit": {"maxDuration", "approvals", "approvalTimeout", "preProvision"},
	"token": {"clampResponse", "minLifetime", "maxOverhang"},
	"assignment": {"leadTime", "keepIfReopensWithin"},
}

_modes := {"Always"} | (_schedule_modes | _grant_modes)

_schedule_modes := {"Schedule", "ScheduleOrGrant", "ScheduleAndGrant"}

_grant_modes := {"Grant", "ScheduleOrGrant", "ScheduleAndGrant"}

_mode := object.get(_box, "openWhen", "Always")

_optional_durations := {"jit": {"approvalTimeout"}}

_optional_spans := {
	"token": {"minLifetime", "maxOverhang"},
	"assignment": {"leadTime", "keepIfReopensWithin"},
}

_stamp_form := `must be an RFC 3339 instant with Z or an offset, such as "2027-01-01T00:00:00Z"`

_duration_form := "must be a duration above zero in h, m and s, such as 90m or 1h30m"

_no_filter_form := "needs at least one of times, weekdays, daysOfMonth, months, years, dates"

_zone_form := "must be UTC or a known IANA zone with exact letter case, such as Europe/Berlin"

_entry_form := {
	"times": `must have start and end as "HH:MM" with different values; end may be "24:00"`,
	"weekdays": "must be a weekday or a range, such as Mon or Mon..Fri",
	"daysOfMonth": `must be a day or an ordered range, such as "1", "-1" or "8..14"`,
	"months": "must be a month or a range, such as Jan or Nov..Feb",
	"years": `must be a year or an ordered range from 2000 to 2099, such as "2026..2027"`,
	"dates": "must be existing dates of one form, such as 12-25, 12-24..01-02 or 2026-12-24..2027-01-02",
}

_has(object_value, field) if field in object.keys(object_value)

_filled(list) if {
	is_array(list)
	count(list) > 0
}

_selects_time(window) if count(object.keys(window) & _filters) > 0

_is_anchor(duration) if duration.from in {"PodStart", "BindingCreation"}

# Given a field, because an undefined argument makes a negated call undefined instead of true.
_gives_count(fields, field) if fields[field] in numbers.range(0, 8)

_gives_duration(fields, field) if form.is_duration(fields[field])

_ordered_stamps(box) if time.parse_rfc3339_ns(box.notBefore) < time.parse_rfc3339_ns(box.notAfter)

_is_zone(zone) if {
	regex.match(`^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$`, zone)
	is_array(time.clock([0, zone]))
}

_is_entry("times", entry) if {
	object.keys(entry) == {"start", "end"}
	regex.match(`^([01][0-9]|2[0-3]):[0-5][0-9]$`, entry.start)
	regex.match(`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`, entry.end)
	entry.start != entry.end
}

_is_entry("weekdays", entry) if {
	day := "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
	regex.match(concat("", ["^", day, `(\.\.`, day, ")?$"]), entry)
}

_is_entry("months", entry) if {
	month := "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
	regex.match(concat("", ["^", month, `(\.\.`, month, ")?$"]), entry)
}

_is_entry("daysOfMonth", entry) if {
	regex.match(`^-?([1-9]|[12][0-9]|3[01])(\.\.-?([1-9]|[12][0-9]|3[01]))?$`, entry)
	bounds := split(entry, "..")
	_days_ordered(to_number(bounds[0]), to_number(bounds[count(bounds) - 1]))
}

_is_entry("years", entry) if {
	regex.match(`^20[0-9]{2}(\.\.20[0-9]{2})?$`, entry)
	bounds := split(entry, "..")
	bounds[0] <= bounds[count(bounds) - 1]
}

_is_entry("dates", entry) if {
	regex.match(`^[0-9]{2}-[0-9]{2}(\.\.[0-9]{2}-[0-9]{2})?$`, entry)
	every day in split(entry, "..") {
		_exists(concat("-", ["2024", day]))
	}
}

_is_entry("dates", entry) if {
	regex.match(`^20[0-9]{2}-[0-9]{2}-[0-9]{2}(\.\.20[0-9]{2}-[0-9]{2}-[0-9]{2})?$`, entry)
	bounds := split(entry, "..")
	every day in bounds {
		_exists(day)
	}
	bounds[0] <= bounds[count(bounds) - 1]
}

# From the first to the last day of the month is a range, the other way round is not.
_days_ordered(first, last) if {
	first > 0
	last < 0
}

_days_ordered(first, last) if {
	first * last > 0
	first <= last
}

_exists(date) if is_number(time.parse_rfc3339_ns(concat("", [date, "T00:00:00Z"])))

_path(parts) := concat("", array.concat(["spec.timeBox"], [text | some part in parts; text := _step(part)]))

_step(part) := concat("", [".", part]) if is_string(part)

_step(part) := concat("", ["[", format_int(part, 10), "]"]) if is_number(part)

_unselective contains "spec.match" if {
	_has(input.object.spec, "match")
	not _selective(input.object.spec.match)
}

_unselective contains "spec.match.podSelector" if {
	_has(input.object.spec.match, "podSelector")
	not _selective(input.object.spec.match.podSelector)
}

_unselective contains "spec.usableBy" if {
	_has(input.object.spec, "usableBy")
	not _selective(input.object.spec.usableBy)
}

_unselective contains "spec.usableBy.namespaceSelector" if {
	_has(input.object.spec.usableBy, "namespaceSelector")
	not _selective(input.object.spec.usableBy.namespaceSelector)
}

_selective(selector) if {
	is_object(selector)
	count(selector) > 0
}
