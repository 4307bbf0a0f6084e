package podid.timebox_test

import data.podid.fixtures
import data.podid.moment
import data.podid.timebox

test_closed_by[note] if {
	some note, row in object.union_n([_bounds, _modes, _exclusions, _grants, _stale])
	binding := _stored(object.union(fixtures.boxed(row.box), object.get(row, "binding", {})))
	every instant, codes in row.at {
		closed := timebox.closed_by(binding, _access(row), _moment(binding.timeBox, instant))
			with input as _question(row, instant)
		closed == {reason | some reason in fixtures.plain(codes)}
	}
}

# What admission, files or a faulty host may leave behind; nothing of it may open a binding.
test_unusual_facts_close[note] if {
	instant := "2026-06-15T10:30:00Z"
	some note, row in _unusual
	binding := json.remove(
		object.union(_stored(fixtures.boxed(row.box)), object.get(row, "facts", {})),
		object.get(row, "without", []),
	)
	closed := timebox.closed_by(binding, _access(row), _moment(row.box, instant)) with input as _question(row, instant)
	closed == {reason | some reason in row.reasons}
}

test_no_time_box_is_in_force if {
	binding := _stored(fixtures.binding({}))
	timebox.closed_by(binding, _access({}), _moment({}, "2026-06-15T10:30:00Z")) == set()
}

# Even when a faulty host calls it valid: what is no object limits nothing that we know of, so it closes.
test_box_that_is_no_object_closes[note] if {
	some note, box in {"false": false, "null": null, "a number": 0, "text": "", "a list": []}
	facts := {"timeBox": box, "timeBoxCheck": {"valid": true, "reasons": []}}
	binding := object.union(_stored(fixtures.binding({})), facts)
	closed := timebox.closed_by(binding, _access({}), _moment({}, "2026-06-15T10:30:00Z"))
	closed == {{"code": "InvalidTimeBox", "params": {}}}
}

test_zones if {
	timebox.zones({"notAfter": "2027-01-01T00:00:00Z"}) == set()
	timebox.zones(_many_zones) == {"UTC", "Europe/Berlin", "Asia/Kolkata"}
	timebox.zones({"windows": [{"weekdays": ["Mon"]}]}) == {""}
}

test_night_zones if {
	timebox.night_zones({"notAfter": "2027-01-01T00:00:00Z"}) == set()
	timebox.night_zones(_many_zones) == {"Europe/Berlin"}
}

_many_zones := {
	"timeZone": "UTC",
	"windows": [
		{"times": [{"start": "09:00", "end": "17:00"}]},
		{"times": [{"start": "22:00", "end": "02:00"}], "timeZone": "Europe/Berlin"},
	],
	"exclusions": [{"dates": ["12-25"], "timeZone": "Asia/Kolkata"}],
}

_stored(binding) := fixtures.usual_cluster([binding]).bindings["shop/nightly"]

_moment(box, instant) := moment.at(time.parse_rfc3339_ns(instant), timebox.zones(box), timebox.night_zones(box))

_question(row, instant) := object.union(fixtures.question(instant, []), object.filter(row, {"pod", "caches"}))

# As podid.grant answers, from stretches of hours on 15 June 2026.
_access(row) := {
	"active": [_stretch(hours) | some hours in object.get(row, "active", [])],
	"pending": [_stretch(hours) | some hours in object.get(row, "pending", [])],
}

_stretch(hours) := [ns | some hour in hours; ns := time.parse_rfc3339_ns(concat("", ["2026-06-15T", hour, ":00Z"]))]

_hour := {
	"timeZone": "UTC",
	"windows": [{"times": [{"start": "10:00", "end": "11:00"}]}],
}

_jit := {"jit": {"maxDuration": "1h", "approvals": 0}}

_bounds := {
	"a switch that is off": {"box": {"suspend": false}, "at": {"2026-06-15T10:30:00Z": []}},
	"suspended": {"box": {"suspend": true}, "at": {"2026-06-15T10:30:00Z": ["Suspended"]}},
	"between the bounds": {
		"box": {"notBefore": "2026-06-15T10:00:00Z", "notAfter": "2026-06-15T11:00:00Z"},
		"at": {
			"2026-06-15T09:59:59Z": ["BeforeNotBefore"],
			"2026-06-15T10:00:00Z": [],
			"2026-06-15T10:59:59Z": [],
			"2026-06-15T11:00:00Z": ["AfterNotAfter"],
		},
	},
	"every duration must run": {
		"binding": {"created": "2026-06-15T10:05:00Z"},
		"pod": {"startTime": "2026-06-15T10:00:00Z"},
		"box": {"durations": [{"from": "PodStart", "for": "1h30m"}, {"from": "BindingCreation", "for": "90s"}]},
		"at": {
			"2026-06-15T09:59:59Z": ["DurationNotStarted"],
			"2026-06-15T10:04:59Z": ["DurationNotStarted"],
			"2026-06-15T10:05:00Z": [],
			"2026-06-15T10:06:29Z": [],
			"2026-06-15T10:06:30Z": ["DurationElapsed"],
			"2026-06-15T11:30:00Z": ["DurationElapsed"],
		},
	},
	"a fraction in an anchor is dropped": {
		"pod": {"startTime": "2026-06-15T10:00:00.999Z"},
		"box": {"durations": [{"from": "PodStart", "for": "1m"}]},
		"at": {
			"2026-06-15T09:59:59Z": ["DurationNotStarted"],
			"2026-06-15T10:00:00Z": [],
			"2026-06-15T10:00:59Z": [],
			"2026-06-15T10:01:00Z": ["DurationElapsed"],
		},
	},
	"an anchor that is no instant": {
		"pod": {"startTime": "yesterday"},
		"box": {"durations": [{"from": "PodStart", "for": "1m"}]},
		"at": {"2026-06-15T10:00:00Z": ["AnchorUnknown"]},
	},
	"a binding of unknown age": {
		"box": {"durations": [{"from": "BindingCreation", "for": "1m"}]},
		"at": {"2026-06-15T10:00:00Z": ["AnchorUnknown"]},
	},
	"one anchor of two is known": {
		"pod": {"startTime": "2026-06-15T10:00:00Z"},
		"box": {"durations": [{"from": "PodStart", "for": "1m"}, {"from": "BindingCreation", "for": "1m"}]},
		"at": {
			"2026-06-15T10:00:30Z": ["AnchorUnknown"],
			"2026-06-15T10:01:00Z": ["AnchorUnknown", "DurationElapsed"],
		},
	},
	"everything that fails is told": {
		"box": {
			"suspend": true,
			"notAfter": "2026-06-15T10:00:00Z",
			"openWhen": "Schedule",
			"timeZone": "UTC",
			"windows": [{"weekdays": ["Tue"]}],
			"exclusions": [{"weekdays": ["Mon"]}],
		},
		"at": {"2026-06-15T10:30:00Z": ["Suspended", "AfterNotAfter", "Excluded", "OutsideSchedule"]},
	},
}

_modes := {
	"Always": {
		"box": {"openWhen": "Always", "suspend": false},
		"at": {"2026-06-15T10:30:00Z": []},
	},
	"Schedule": {
		"box": object.union(_hour, {"openWhen": "Schedule"}),
		"at": {"2026-06-15T09:59:59Z": ["OutsideSchedule"], "2026-06-15T10:30:00Z": []},
	},
	"Grant is not open without grants": {
		"box": object.union(_jit, {"openWhen": "Grant"}),
		"at": {"2026-06-15T10:30:00Z": ["NoActiveGrant"]},
	},
	"ScheduleOrGrant opens with its window": {
		"box": object.union_n([_hour, _jit, {"openWhen": "ScheduleOrGrant"}]),
		"at": {"2026-06-15T09:59:59Z": ["OutsideSchedule", "NoActiveGrant"], "2026-06-15T10:30:00Z": []},
	},
	"ScheduleAndGrant lists the half that fails": {
		"box": object.union_n([_hour, _jit, {"openWhen": "ScheduleAndGrant"}]),
		"at": {
			"2026-06-15T09:59:59Z": ["OutsideSchedule", "NoActiveGrant"],
			"2026-06-15T10:30:00Z": ["NoActiveGrant"],
		},
	},
}

_grants := {
	"Grant is open while one is active": {
		"box": _in_mode("Grant", {}),
		"active": [["10:00", "10:15"], ["10:10", "10:40"]],
		"at": {
			"2026-06-15T09:59:59Z": ["NoActiveGrant"],
			"2026-06-15T10:00:00Z": [],
			"2026-06-15T10:15:00Z": [],
			"2026-06-15T10:39:59Z": [],
			"2026-06-15T10:40:00Z": ["NoActiveGrant"],
		},
	},
	"Grant tells that one waits": {
		"box": _in_mode("Grant", {}),
		"active": [["11:00", "12:00"]],
		"pending": [["10:00", "11:30"]],
		"at": {
			"2026-06-15T09:59:59Z": ["NoActiveGrant"],
			"2026-06-15T10:00:00Z": ["GrantPendingApproval"],
			"2026-06-15T10:59:59Z": ["GrantPendingApproval"],
			"2026-06-15T11:00:00Z": [],
			"2026-06-15T12:00:00Z": ["NoActiveGrant"],
		},
	},
	"ScheduleOrGrant opens with either": {
		"box": _in_mode("ScheduleOrGrant", _hour),
		"active": [["09:30", "10:30"]],
		"pending": [["11:30", "12:00"]],
		"at": {
			"2026-06-15T09:29:59Z": ["OutsideSchedule", "NoActiveGrant"],
			"2026-06-15T09:30:00Z": [],
			"2026-06-15T10:29:59Z": [],
			"2026-06-15T10:59:59Z": [],
			"2026-06-15T11:00:00Z": ["OutsideSchedule", "NoActiveGrant"],
			"2026-06-15T11:30:00Z": ["OutsideSchedule", "GrantPendingApproval"],
		},
	},
	"ScheduleAndGrant opens with both": {
		"box": _in_mode("ScheduleAndGrant", _hour),
		"active": [["09:30", "10:30"]],
		"pending": [["10:45", "12:00"]],
		"at": {
			"2026-06-15T09:29:59Z": ["OutsideSchedule", "NoActiveGrant"],
			"2026-06-15T09:30:00Z": ["OutsideSchedule"],
			"2026-06-15T09:59:59Z": ["OutsideSchedule"],
			"2026-06-15T10:00:00Z": [],
			"2026-06-15T10:29:59Z": [],
			"2026-06-15T10:30:00Z": ["NoActiveGrant"],
			"2026-06-15T10:45:00Z": ["GrantPendingApproval"],
		},
	},
	"no other mode asks for grants": {
		"box": _hour_only,
		"active": [["09:00", "12:00"]],
		"at": {"2026-06-15T09:59:59Z": ["OutsideSchedule"], "2026-06-15T10:30:00Z": []},
	},
	"a grant opens nothing that another limit closes": {
		"box": object.union(_in_mode("Grant", {}), {"suspend": true, "notAfter": "2026-06-15T10:00:00Z"}),
		"active": [["09:00", "12:00"]],
		"at": {"2026-06-15T10:00:00Z": ["Suspended", "AfterNotAfter"]},
	},
	"an exclusion beats a grant": {
		"box": _in_mode("Grant", {"timeZone": "UTC", "exclusions": [{"weekdays": ["Mon"]}]}),
		"active": [["10:00", "11:00"]],
		"at": {"2026-06-15T10:30:00Z": ["Excluded"]},
	},
	"exemptGrants lets a grant through": {
		"box": _in_mode("Grant", _exempting),
		"active": [["10:00", "11:00"]],
		"at": {
			"2026-06-15T09:59:59Z": ["Excluded", "NoActiveGrant"],
			"2026-06-15T10:00:00Z": [],
			"2026-06-15T11:00:00Z": ["Excluded", "NoActiveGrant"],
		},
	},
	"exemptGrants in ScheduleOrGrant exempts while a grant is active, not while a window is open": {
		"box": _in_mode("ScheduleOrGrant", object.union(_hour, _exempting)),
		"active": [["10:30", "11:30"]],
		"at": {
			"2026-06-15T10:29:59Z": ["Excluded"],
			"2026-06-15T10:30:00Z": [],
			"2026-06-15T11:00:00Z": [],
			"2026-06-15T11:30:00Z": ["Excluded", "OutsideSchedule", "NoActiveGrant"],
		},
	},
	"one exclusion of two exempts": {
		"box": _in_mode("Grant", {
			"timeZone": "UTC",
			"exclusions": [{"weekdays": ["Mon"], "exemptGrants": true}, {"dates": ["06-15"], "exemptGrants": false}],
		}),
		"active": [["10:00", "11:00"]],
		"at": {"2026-06-15T10:30:00Z": ["Excluded"]},
	},
}

_in_mode(mode, more) := object.union_n([more, _jit, {"openWhen": mode}])

_hour_only := object.union(_hour, {"openWhen": "Schedule"})

_exempting := {"timeZone": "UTC", "exclusions": [{"weekdays": ["Mon"], "exemptGrants": true}]}

_stale := {
	"facts of a minute are fresh enough for a grant": {
		"caches": {"ageSeconds": 60},
		"box": _in_mode("Grant", {}),
		"active": [["10:00", "11:00"]],
		"at": {"2026-06-15T10:30:00Z": []},
	},
	"older facts are not": {
		"caches": {"ageSeconds": 61},
		"box": _in_mode("Grant", {}),
		"active": [["10:00", "11:00"]],
		"pending": [["10:00", "12:00"]],
		"at": {
			"2026-06-15T09:59:59Z": ["NoActiveGrant"],
			"2026-06-15T10:30:00Z": ["StaleCache"],
			"2026-06-15T11:00:00Z": ["GrantPendingApproval"],
		},
	},
	"older facts are good enough for windows": {
		"caches": {"ageSeconds": 61},
		"box": _in_mode("ScheduleOrGrant", _hour),
		"active": [["10:30", "11:30"]],
		"at": {"2026-06-15T10:30:00Z": [], "2026-06-15T11:00:00Z": ["OutsideSchedule", "StaleCache"]},
	},
	"older facts close what needs both": {
		"caches": {"ageSeconds": 61},
		"box": _in_mode("ScheduleAndGrant", _hour),
		"active": [["10:30", "11:30"]],
		"at": {"2026-06-15T10:30:00Z": ["StaleCache"]},
	},
	"older facts exempt nothing": {
		"caches": {"ageSeconds": 61},
		"box": _in_mode("Grant", _exempting),
		"active": [["10:00", "11:00"]],
		"at": {"2026-06-15T10:30:00Z": ["Excluded", "StaleCache"]},
	},
}

_exclusions := {
	"an exclusion acts on instants": {
		"box": object.union(
			fixtures.daily("22:00", "02:00", "UTC"),
			{"exclusions": [{"dates": ["12-25"]}]},
		),
		"at": {
			"2026-12-25T00:00:00Z": ["Excluded"],
			"2026-12-25T23:59:59Z": ["Excluded"],
			"2026-12-26T00:00:00Z": [],
			"2026-12-26T02:00:00Z": ["OutsideSchedule"],
		},
	},
	"an exclusion of a whole night": {
		"box": object.union(
			fixtures.daily("22:00", "02:00", "UTC"),
			{"exclusions": [{"dates": ["12-25"], "times": [{"start": "12:00", "end": "11:59"}]}]},
		),
		"at": {
			"2026-12-25T00:00:00Z": [],
			"2026-12-25T22:00:00Z": ["Excluded"],
			"2026-12-26T00:00:00Z": ["Excluded"],
			"2026-12-26T22:00:00Z": [],
		},
	},
	"an exclusion in a zone of its own": {
		"box": {
			"timeZone": "UTC",
			"exclusions": [{"weekdays": ["Mon"], "timeZone": "Asia/Kolkata"}],
		},
		"at": {
			"2026-06-14T18:29:59Z": [],
			"2026-06-14T18:30:00Z": ["Excluded"],
			"2026-06-15T18:29:59Z": ["Excluded"],
			"2026-06-15T18:30:00Z": [],
		},
	},
	"exemptGrants exempts nothing without a grant": {
		"box": {
			"openWhen": "ScheduleOrGrant",
			"timeZone": "UTC",
			"windows": [{"weekdays": ["Mon"]}],
			"exclusions": [{"weekdays": ["Mon"], "exemptGrants": true}],
			"jit": {"maxDuration": "1h", "approvals": 0},
		},
		"at": {"2026-06-15T10:30:00Z": ["Excluded"]},
	},
	"one exclusion of two": {
		"box": {"timeZone": "UTC", "exclusions": [{"weekdays": ["Tue"]}, {"weekdays": ["Mon"]}]},
		"at": {"2026-06-15T10:30:00Z": ["Excluded"]},
	},
}

_invalid := {"code": "InvalidTimeBox", "params": {}}

_accepted_on(zones) := {"timeBoxCheck": {"valid": true, "reasons": [], "zones": zones, "nightZones": []}}

_unusual := {
	"the check is missing": {
		"box": {"suspend": false},
		"without": ["timeBoxCheck"],
		"reasons": [_invalid],
	},
	"the check is not a yes": {
		"box": {"suspend": false},
		"facts": {"timeBoxCheck": {"valid": "yes"}},
		"reasons": [_invalid],
	},
	"the check found a fault elsewhere": {
		"box": {"suspend": false},
		"facts": {"timeBoxCheck": {"valid": false, "reasons": [{"code": "PolicyError", "params": {}}]}},
		"reasons": [_invalid],
	},
	"the check found faults of the box": {
		"box": {"suspend": "no", "timezone": "UTC"},
		"reasons": fixtures.box_problems([
			["spec.timeBox.suspend", "must be true or false"],
			["spec.timeBox.timezone", "unknown field"],
		]),
	},
	"accepted without its clocks": {
		"box": {"suspend": false},
		"without": ["timeBoxCheck/zones"],
		"reasons": [_invalid],
	},
	"accepted, but the exclusion's zone has no reading": {
		"box": {"timeZone": "UTC", "exclusions": [{"weekdays": ["Tue"], "timeZone": "Mars/Phobos"}]},
		"facts": _accepted_on(["Mars/Phobos", "UTC"]),
		"reasons": [_invalid],
	},
	"accepted, but the exclusion's zone is not told": {
		"box": {"timeZone": "UTC", "exclusions": [{"weekdays": ["Tue"], "timeZone": "Mars/Phobos"}]},
		"facts": _accepted_on([]),
		"reasons": [{"code": "Excluded", "params": {}}],
	},
	"accepted, but the window's zone has no reading": {
		"box": {"openWhen": "Schedule", "timeZone": "Mars/Phobos", "windows": [{"weekdays": ["Mon"]}]},
		"facts": _accepted_on(["Mars/Phobos"]),
		"reasons": [_invalid],
	},
	"accepted, but the window's zone is not told": {
		"box": {"openWhen": "Schedule", "timeZone": "Mars/Phobos", "windows": [{"weekdays": ["Mon"]}]},
		"facts": _accepted_on([]),
		"reasons": [{"code": "OutsideSchedule", "params": {}}],
	},
	"accepted, but the zone is missing": {
		"box": {"exclusions": [{"weekdays": ["Tue"]}]},
		"facts": _accepted_on([""]),
		"reasons": [_invalid],
	},
	"accepted, and the exclusion has a zone of its own": {
		"box": {"exclusions": [{"weekdays": ["Mon"], "timeZone": "UTC"}]},
		"facts": _accepted_on(["UTC"]),
		"reasons": [{"code": "Excluded", "params": {}}],
	},
	"accepted, but the mode is not known": {
		"box": {"openWhen": "always"},
		"facts": _accepted_on([]),
		"reasons": [_invalid],
	},
	"accepted, but notBefore is no instant": {
		"box": {"notBefore": "2026-01-01"},
		"facts": _accepted_on([]),
		"reasons": [{"code": "BeforeNotBefore", "params": {}}],
	},
	"accepted, but notAfter is no instant": {
		"box": {"notAfter": "2027-01-01"},
		"facts": _accepted_on([]),
		"reasons": [{"code": "AfterNotAfter", "params": {}}],
	},
	"accepted, but the anchor is not known": {
		"box": {"durations": [{"from": "Boot", "for": "1m"}]},
		"facts": _accepted_on([]),
		"reasons": [{"code": "AnchorUnknown", "params": {}}],
	},
	"accepted, but the duration has no length": {
		"pod": {"startTime": "2026-06-15T10:30:00Z"},
		"box": {"durations": [{"from": "PodStart"}]},
		"facts": _accepted_on([]),
		"reasons": [{"code": "DurationElapsed", "params": {}}],
	},
	"accepted, but a window has no times": {
		"box": {"openWhen": "Schedule", "timeZone": "UTC", "windows": [{"times": []}]},
		"facts": _accepted_on(["UTC"]),
		"reasons": [{"code": "OutsideSchedule", "params": {}}],
	},
}
