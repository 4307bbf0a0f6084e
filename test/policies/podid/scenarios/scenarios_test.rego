package podid.scenarios_test

import data.podid.assign as assignment
import data.podid.fixtures

# Acceptance scenarios of reference/time-boxes.md §6, by number. Each row says for every instant which
# reasons close the binding; none means in force. Each instant is asked as `now` and as a probe.
test_bounds[note] if {
	some note, row in _bounds
	_as_expected(row)
}

test_weeks[note] if {
	some note, row in _weeks
	_as_expected(row)
}

test_clock_changes[note] if {
	some note, row in _clock_changes
	_as_expected(row)
}

test_dates[note] if {
	some note, row in _dates
	_as_expected(row)
}

test_refused_box[note] if {
	question := fixtures.question("2026-06-15T10:00:00Z", ["2026-06-15T10:00:01Z"])
	some note, row in object.union(_refused, _refused_lists)
	cluster := fixtures.usual_cluster([fixtures.boxed(row.box)])
	decision := assignment.decision with input as question with data.cluster as cluster
	decision == _expected(fixtures.box_problems(row.problems), [false])
}

_as_expected(row) if {
	cluster := fixtures.granted_cluster(
		object.union(fixtures.boxed(row.box), object.get(row, "binding", {})),
		object.get(row, "grants", []),
		object.get(row, "approvals", {}),
	)
	every instant, codes in row.at {
		question := json.remove(fixtures.question(instant, [instant]), object.get(row, "without", []))

		# regal ignore:with-outside-test-context
		decision := assignment.decision with input as question with data.cluster as cluster
		decision == _expected(fixtures.plain(codes), [count(codes) == 0])
	}
}

_expected(reasons, probes) := {
	"candidates": [{
		"binding": "shop/nightly",
		"identity": "shop/reader",
		"weight": 0,
		"inForce": count(reasons) == 0,
		"reasons": reasons,
		"probes": probes,
	}],
	"reasons": [],
}

_pod_start := {"from": "PodStart", "for": "10m"}

_bounds := {
	"1 notAfter": {
		"box": {"notAfter": "2019-01-01T00:00:00Z"},
		"at": {"2018-12-31T23:59:59Z": [], "2019-01-01T00:00:00Z": ["AfterNotAfter"]},
	},
	"2 notBefore": {
		"box": {"notBefore": "2026-03-01T09:00:00+01:00"},
		"at": {"2026-03-01T07:59:59Z": ["BeforeNotBefore"], "2026-03-01T08:00:00Z": []},
	},
	"3 BindingCreation": {
		"binding": {"created": "2026-05-01T12:00:00Z"},
		"box": {"durations": [{"from": "BindingCreation", "for": "10m"}]},
		"at": {
			"2026-05-01T11:59:59Z": ["DurationNotStarted"],
			"2026-05-01T12:00:00Z": [],
			"2026-05-01T12:09:59Z": [],
			"2026-05-01T12:10:00Z": ["DurationElapsed"],
		},
	},
	"4 PodStart": {
		"box": {"durations": [_pod_start]},
		"at": {
			"2026-05-01T11:59:59Z": ["DurationNotStarted"],
			"2026-05-01T12:00:00Z": [],
			"2026-05-01T12:09:59Z": [],
			"2026-05-01T12:10:00Z": ["DurationElapsed"],
		},
	},
	"5 PodStart without startTime": {
		"without": ["pod/startTime"],
		"box": {"durations": [_pod_start]},
		"at": {"2026-05-01T12:00:00Z": ["AnchorUnknown"]},
	},
	"6 the earliest bound wins": {
		"box": {"durations": [_pod_start], "notAfter": "2026-05-01T12:05:00Z"},
		"at": {
			"2026-05-01T12:04:59Z": [],
			"2026-05-01T12:05:00Z": ["AfterNotAfter"],
			"2026-05-01T12:10:00Z": ["AfterNotAfter", "DurationElapsed"],
		},
	},
}

_business_nights := {
	"openWhen": "Schedule",
	"timeZone": "Europe/Berlin",
	"windows": [{"weekdays": ["Mon..Fri"], "times": [{"start": "00:00", "end": "01:00"}]}],
}

_weeks := {
	"7 business nights": {
		"box": _business_nights,
		"at": {
			"2026-06-14T21:59:59Z": ["OutsideSchedule"],
			"2026-06-14T22:00:00Z": [],
			"2026-06-14T22:59:59Z": [],
			"2026-06-14T23:00:00Z": ["OutsideSchedule"],
		},
	},
	"8 business nights, weekend": {
		"box": _business_nights,
		"at": {
			"2026-06-18T22:59:59Z": [],
			"2026-06-18T23:00:00Z": ["OutsideSchedule"],
			"2026-06-19T22:30:00Z": ["OutsideSchedule"],
			"2026-06-21T21:59:59Z": ["OutsideSchedule"],
			"2026-06-21T22:00:00Z": [],
		},
	},
	"9 business nights without Christmas": {
		"box": object.union(_business_nights, {"exclusions": [{"dates": ["12-25..12-26"]}]}),
		"at": {
			"2026-12-23T23:30:00Z": [],
			"2026-12-24T00:00:00Z": ["OutsideSchedule"],
			"2026-12-24T23:30:00Z": ["Excluded"],
			"2026-12-25T12:00:00Z": ["Excluded", "OutsideSchedule"],
			"2026-12-27T22:59:59Z": ["OutsideSchedule"],
			"2026-12-27T23:00:00Z": [],
		},
	},
	"10 past midnight": {
		"box": {
			"openWhen": "Schedule",
			"timeZone": "Europe/Berlin",
			"windows": [{"weekdays": ["Fri"], "times": [{"start": "22:00", "end": "02:00"}]}],
		},
		"at": {
			"2026-06-18T23:00:00Z": ["OutsideSchedule"],
			"2026-06-19T19:59:59Z": ["OutsideSchedule"],
			"2026-06-19T20:00:00Z": [],
			"2026-06-19T23:59:59Z": [],
			"2026-06-20T00:00:00Z": ["OutsideSchedule"],
			"2026-06-20T21:00:00Z": ["OutsideSchedule"],
		},
	},
	"11 weekdays wrap": {
		"box": {"openWhen": "Schedule", "timeZone": "UTC", "windows": [{"weekdays": ["Fri..Mon"]}]},
		"at": {
			"2026-06-18T23:59:59Z": ["OutsideSchedule"],
			"2026-06-19T00:00:00Z": [],
			"2026-06-21T12:00:00Z": [],
			"2026-06-22T23:59:59Z": [],
			"2026-06-23T00:00:00Z": ["OutsideSchedule"],
		},
	},
	"12 windows that touch": {
		"box": {
			"openWhen": "Schedule",
			"timeZone": "Europe/Berlin",
			"windows": [
				{"weekdays": ["Fri"], "times": [{"start": "18:00", "end": "24:00"}]},
				{"weekdays": ["Sat..Sun"]},
			],
		},
		"at": {
			"2026-06-19T15:59:59Z": ["OutsideSchedule"],
			"2026-06-19T16:00:00Z": [],
			"2026-06-19T21:59:59Z": [],
			"2026-06-19T22:00:00Z": [],
			"2026-06-21T21:59:59Z": [],
			"2026-06-21T22:00:00Z": ["OutsideSchedule"],
		},
	},
}

_sunday_night := {
	"openWhen": "Schedule",
	"timeZone": "America/New_York",
	"windows": [{"weekdays": ["Sun"], "times": [{"start": "22:00", "end": "06:00"}]}],
}

_clock_changes := {
	"13 the hour is missing": {
		"box": fixtures.daily("02:00", "03:00", "Europe/Berlin"),
		"at": {
			"2026-03-28T01:59:59Z": [],
			"2026-03-28T02:00:00Z": ["OutsideSchedule"],
			"2026-03-29T00:59:59Z": ["OutsideSchedule"],
			"2026-03-29T01:00:00Z": ["OutsideSchedule"],
			"2026-03-29T02:00:00Z": ["OutsideSchedule"],
			"2026-03-29T23:59:59Z": ["OutsideSchedule"],
			"2026-03-30T00:00:00Z": [],
		},
	},
	"14 half of the hour is missing": {
		"box": fixtures.daily("01:30", "02:30", "Europe/Berlin"),
		"at": {
			"2026-03-29T00:29:59Z": ["OutsideSchedule"],
			"2026-03-29T00:30:00Z": [],
			"2026-03-29T00:59:59Z": [],
			"2026-03-29T01:00:00Z": ["OutsideSchedule"],
			"2026-03-29T01:30:00Z": ["OutsideSchedule"],
		},
	},
	"15 the hour is repeated": {
		"box": fixtures.daily("02:00", "03:00", "Europe/Berlin"),
		"at": {
			"2026-10-24T23:59:59Z": ["OutsideSchedule"],
			"2026-10-25T00:00:00Z": [],
			"2026-10-25T00:59:59Z": [],
			"2026-10-25T01:00:00Z": [],
			"2026-10-25T01:59:59Z": [],
			"2026-10-25T02:00:00Z": ["OutsideSchedule"],
		},
	},
	"16 the end is repeated": {
		"box": fixtures.daily("01:30", "02:30", "Europe/Berlin"),
		"at": {
			"2026-10-24T23:29:59Z": ["OutsideSchedule"],
			"2026-10-24T23:30:00Z": [],
			"2026-10-25T00:29:59Z": [],
			"2026-10-25T00:30:00Z": ["OutsideSchedule"],
			"2026-10-25T00:59:59Z": ["OutsideSchedule"],
			"2026-10-25T01:00:00Z": [],
			"2026-10-25T01:29:59Z": [],
			"2026-10-25T01:30:00Z": ["OutsideSchedule"],
		},
	},
	"17 a short and a long night": {
		"box": fixtures.daily("22:00", "06:00", "America/New_York"),
		"at": {
			"2026-03-08T02:59:59Z": ["OutsideSchedule"],
			"2026-03-08T03:00:00Z": [],
			"2026-03-08T09:59:59Z": [],
			"2026-03-08T10:00:00Z": ["OutsideSchedule"],
			"2026-11-01T01:59:59Z": ["OutsideSchedule"],
			"2026-11-01T02:00:00Z": [],
			"2026-11-01T10:59:59Z": [],
			"2026-11-01T11:00:00Z": ["OutsideSchedule"],
		},
	},
	"18 the night after a Sunday of 23 hours": {
		"box": _sunday_night,
		"at": {
			"2026-03-09T01:59:59Z": ["OutsideSchedule"],
			"2026-03-09T02:00:00Z": [],
			"2026-03-09T04:30:00Z": [],
			"2026-03-09T09:59:59Z": [],
			"2026-03-09T10:00:00Z": ["OutsideSchedule"],
		},
	},
	"20 half an hour is repeated": {
		"box": fixtures.daily("01:30", "02:00", "Australia/Lord_Howe"),
		"at": {
			"2026-04-04T14:29:59Z": ["OutsideSchedule"],
			"2026-04-04T14:30:00Z": [],
			"2026-04-04T15:00:00Z": [],
			"2026-04-04T15:29:59Z": [],
			"2026-04-04T15:30:00Z": ["OutsideSchedule"],
		},
	},
	"21 half an hour is missing": {
		"box": fixtures.daily("02:00", "02:30", "Australia/Lord_Howe"),
		"at": {
			"2026-10-03T15:29:59Z": ["OutsideSchedule"],
			"2026-10-03T15:30:00Z": ["OutsideSchedule"],
			"2026-10-04T14:59:59Z": ["OutsideSchedule"],
			"2026-10-04T15:00:00Z": [],
		},
	},
	"27 midnight is missing": {
		"box": fixtures.daily("00:00", "01:00", "America/Santiago"),
		"at": {
			"2026-09-05T04:59:59Z": [],
			"2026-09-05T05:00:00Z": ["OutsideSchedule"],
			"2026-09-06T04:00:00Z": ["OutsideSchedule"],
			"2026-09-07T02:59:59Z": ["OutsideSchedule"],
			"2026-09-07T03:00:00Z": [],
		},
	},
}

_dates := {
	"19 last day of the month": {
		"box": {"openWhen": "Schedule", "timeZone": "America/New_York", "windows": [{"daysOfMonth": ["-1"]}]},
		"at": {"2026-03-30T16:00:00Z": ["OutsideSchedule"], "2026-03-31T16:00:00Z": []},
	},
	"22 a zone with half an hour": {
		"box": {
			"openWhen": "Schedule",
			"timeZone": "Asia/Kolkata",
			"windows": [{"weekdays": ["Mon..Fri"], "times": [{"start": "09:00", "end": "18:00"}]}],
		},
		"at": {
			"2026-06-15T03:29:59Z": ["OutsideSchedule"],
			"2026-06-15T03:30:00Z": [],
			"2026-06-15T12:29:59Z": [],
			"2026-06-15T12:30:00Z": ["OutsideSchedule"],
			"2026-12-14T03:30:00Z": [],
		},
	},
	"23 leap day": {
		"box": {"openWhen": "Schedule", "timeZone": "UTC", "windows": [{"dates": ["02-29"]}]},
		"at": {
			"2027-02-28T12:00:00Z": ["OutsideSchedule"],
			"2027-03-01T12:00:00Z": ["OutsideSchedule"],
			"2028-02-29T12:00:00Z": [],
		},
	},
	"23 last day of February": {
		"box": {
			"openWhen": "Schedule",
			"timeZone": "UTC",
			"windows": [{"months": ["Feb"], "daysOfMonth": ["-1"]}],
		},
		"at": {
			"2027-02-27T23:59:59Z": ["OutsideSchedule"],
			"2027-02-28T00:00:00Z": [],
			"2028-02-28T23:59:59Z": ["OutsideSchedule"],
			"2028-02-29T00:00:00Z": [],
			"2100-02-27T23:59:59Z": ["OutsideSchedule"],
			"2100-02-28T00:00:00Z": [],
			"2100-03-01T00:00:00Z": ["OutsideSchedule"],
		},
	},
	"24 a night belongs to the year in which it began": {
		"box": {
			"openWhen": "Schedule",
			"timeZone": "Europe/Berlin",
			"windows": [{"years": ["2026"], "times": [{"start": "22:00", "end": "02:00"}]}],
		},
		"at": {
			"2026-01-01T00:30:00Z": ["OutsideSchedule"],
			"2027-01-01T00:59:59Z": [],
			"2027-01-01T01:00:00Z": ["OutsideSchedule"],
			"2027-01-01T22:00:00Z": ["OutsideSchedule"],
		},
	},
	"25 a skipped Friday": {
		"box": {"openWhen": "Schedule", "timeZone": "Pacific/Apia", "windows": [{"weekdays": ["Fri"]}]},
		"at": {
			"2011-12-30T09:59:59Z": ["OutsideSchedule"],
			"2011-12-30T10:00:00Z": ["OutsideSchedule"],
			"2012-01-05T09:59:59Z": ["OutsideSchedule"],
			"2012-01-05T10:00:00Z": [],
		},
	},
	"26 a night across a skipped day": {
		"box": {
			"openWhen": "Schedule",
			"timeZone": "Pacific/Apia",
			"windows": [{"weekdays": ["Thu"], "times": [{"start": "22:00", "end": "02:00"}]}],
		},
		"at": {
			"2011-12-30T07:59:59Z": ["OutsideSchedule"],
			"2011-12-30T08:00:00Z": [],
			"2011-12-30T10:00:00Z": [],
			"2011-12-30T11:59:59Z": [],
			"2011-12-30T12:00:00Z": ["OutsideSchedule"],
		},
	},
	"26 the night of the skipped day": {
		"box": {
			"openWhen": "Schedule",
			"timeZone": "Pacific/Apia",
			"windows": [{"weekdays": ["Fri"], "times": [{"start": "22:00", "end": "02:00"}]}],
		},
		"at": {
			"2011-12-30T08:00:00Z": ["OutsideSchedule"],
			"2011-12-30T11:00:00Z": ["OutsideSchedule"],
			"2012-01-06T07:59:59Z": ["OutsideSchedule"],
			"2012-01-06T08:00:00Z": [],
		},
	},
}

_zone_form := "must be UTC or a known IANA zone with exact letter case, such as Europe/Berlin"

_stamp_form := `must be an RFC 3339 instant with Z or an offset, such as "2027-01-01T00:00:00Z"`

_refused := {
	"36 exclusion with an unknown zone": {
		"box": {
			"suspend": false,
			"timeZone": "UTC",
			"exclusions": [{"dates": ["12-25"], "timeZone": "Mars/Phobos"}],
		},
		"problems": [["spec.timeBox.exclusions[0].timeZone", _zone_form]],
	},
	"37 timeZone missing": {
		"box": object.remove(fixtures.daily("00:00", "01:00", "UTC"), {"timeZone"}),
		"problems": [["spec.timeBox.timeZone", "is required with windows or exclusions"]],
	},
	"37 zone in wrong case": {
		"box": fixtures.daily("00:00", "01:00", "europe/berlin"),
		"problems": [["spec.timeBox.timeZone", _zone_form]],
	},
	"37 zone empty": {
		"box": fixtures.daily("00:00", "01:00", ""),
		"problems": [["spec.timeBox.timeZone", _zone_form]],
	},
	"37 zone Local": {
		"box": fixtures.daily("00:00", "01:00", "Local"),
		"problems": [["spec.timeBox.timeZone", _zone_form]],
	},
	"37 zone +05:30": {
		"box": fixtures.daily("00:00", "01:00", "+05:30"),
		"problems": [["spec.timeBox.timeZone", _zone_form]],
	},
	"37 duration in words": {
		"box": {"durations": [{"from": "PodStart", "for": "3 weeks"}]},
		"problems": [[
			"spec.timeBox.durations[0].for",
			"must be a duration above zero in h, m and s, such as 90m or 1h30m",
		]],
	},
	"37 Grant without jit": {
		"box": {"openWhen": "Grant", "suspend": false},
		"problems": [["spec.timeBox.jit", "openWhen asks for a grant, but there is no jit"]],
	},
	"37 windows without openWhen": {
		"box": object.remove(fixtures.daily("00:00", "01:00", "UTC"), {"openWhen"}),
		"problems": [["spec.timeBox.openWhen", "windows need a mode with Schedule in its name"]],
	},
	"37 empty": {
		"box": {},
		"problems": [[
			"spec.timeBox",
			"limits nothing: give at least one of durations, exclusions, jit, notAfter, notBefore, suspend, windows",
		]],
	},
	"37 notAfter too far away": {
		"box": {"notAfter": "9999-12-31T23:59:59Z"},
		"problems": [["spec.timeBox.notAfter", _stamp_form]],
	},
}

_refused_lists := {
	"37 start is end": {
		"box": fixtures.daily("01:00", "01:00", "UTC"),
		"problems": [[
			"spec.timeBox.windows[0].times[0]",
			`must have start and end as "HH:MM" with different values; end may be "24:00"`,
		]],
	},
	"37 date that does not exist": {
		"box": _open_in({"dates": ["2026-02-30"]}),
		"problems": [["spec.timeBox.windows[0].dates[0]", _date_form]],
	},
	"37 dates of two forms": {
		"box": _open_in({"dates": ["12-24..2027-01-02"]}),
		"problems": [["spec.timeBox.windows[0].dates[0]", _date_form]],
	},
	"37 window with a name only": {
		"box": _open_in({"name": "always"}),
		"problems": [[
			"spec.timeBox.windows[0]",
			"needs at least one of times, weekdays, daysOfMonth, months, years, dates",
		]],
	},
	"37 days in wrong order": {
		"box": _open_in({"daysOfMonth": ["25..5"]}),
		"problems": [[
			"spec.timeBox.windows[0].daysOfMonth[0]",
			`must be a day or an ordered range, such as "1", "-1" or "8..14"`,
		]],
	},
}

_date_form := "must be existing dates of one form, such as 12-25, 12-24..01-02 or 2026-12-24..2027-01-02"

_open_in(window) := {"openWhen": "Schedule", "timeZone": "UTC", "windows": [window]}
