package podid.validate_test

import data.podid.fixtures
import data.podid.validate

# Each row: values of one place, good and bad; a bad one is named by that place alone.
test_values[note] if {
	some note, row in object.union(_values, _entries)
	every value in row.good {
		decision := validate.decision with input as _binding({"timeBox": _put(row, value)})
		[decision.valid, decision.reasons] == [true, []]
	}
	every value in row.bad {
		decision := validate.decision with input as _binding({"timeBox": _put(row, value)})
		decision == {"valid": false, "reasons": fixtures.box_problems([row.problem])}
	}
}

# A box that is valid but for the value in the row's place.
_put(row, value) := {"suspend": false, row.field: value} if not row.part

_put(row, value) := object.union(row.box, {row.part: {row.field: value}}) if row.box

_put(row, value) := _open_in({row.field: [value]}) if row.part == "windows"

_put(row, value) := {"durations": [object.union({"from": "PodStart", "for": "10m"}, {row.field: value})]} if {
	row.part == "durations"
}

_span_form := "must be a duration such as 0s, 45s, 1h30m"

_good_durations := ["1s", "45s", "90m", "1h30m", "1h30m45s", "8784h"]

_bad_durations := ["", "0s", "1.5h", "1d", "1w", "3 weeks", "1m1h", "1m1m", "-1h", "10", "1H", "1234567h", 10, null]

_good_spans := ["0s", "0h0m", "45s", "1h30m"]

_bad_spans := ["", "0", "1.5h", "1d", "-1s", "soon", 45, null]

_values := {
	"suspend": {
		"field": "suspend",
		"good": [true, false],
		"bad": ["true", 0, null, {}],
		"problem": ["spec.timeBox.suspend", "must be true or false"],
	},
	"notBefore": {
		"field": "notBefore",
		"good": [
			"2000-01-01T00:00:00Z",
			"2026-02-28T23:59:59Z",
			"2028-02-29T00:00:00+14:59",
			"2099-12-31T23:59:59-14:59",
		],
		"bad": [
			"1999-12-31T23:59:59Z",
			"2100-01-01T00:00:00Z",
			"9999-12-31T23:59:59Z",
			"2026-01-01",
			"2026-02-29T00:00:00Z",
			"2026-04-31T00:00:00Z",
			"2026-13-01T00:00:00Z",
			"2026-01-01T24:00:00Z",
			"2026-01-01T00:00:60Z",
			"2026-01-01T0:00:00Z",
			"2026-01-01T00:00:00",
			"2026-01-01t00:00:00Z",
			"2026-01-01T00:00:00z",
			"2026-01-01 00:00:00Z",
			"2026-01-01T00:00:00.5Z",
			"2026-01-01T00:00:00+15:00",
			"2026-01-01T00:00:00+01:60",
			"2026-01-01T00:00:00+0100",
			1767225600,
			null,
		],
		"problem": ["spec.timeBox.notBefore", _stamp_form],
	},
	"notAfter": {
		"field": "notAfter",
		"good": ["2027-01-01T00:00:00Z"],
		"bad": ["2019-01-01", "9999-12-31T23:59:59Z"],
		"problem": ["spec.timeBox.notAfter", _stamp_form],
	},
	"timeZone": {
		"field": "timeZone",
		"good": ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Argentina/Buenos_Aires", "Etc/GMT+5"],
		"bad": [
			"",
			"Local",
			"GMT",
			"EST5EDT",
			"utc",
			"europe/berlin",
			"Mars/Phobos",
			"America/Argentina//Buenos_Aires",
			"+05:30",
			"posix/UTC",
			1,
			null,
		],
		"problem": ["spec.timeBox.timeZone", _zone_form],
	},
	"durations from": {
		"part": "durations",
		"field": "from",
		"good": ["PodStart", "BindingCreation"],
		"bad": ["podStart", "Boot", "", 1, null],
		"problem": ["spec.timeBox.durations[0].from", "must be PodStart or BindingCreation"],
	},
	"durations for": {
		"part": "durations",
		"field": "for",
		"good": _good_durations,
		"bad": _bad_durations,
		"problem": ["spec.timeBox.durations[0].for", _duration_form],
	},
	"approvals": {
		"part": "jit",
		"box": {"openWhen": "Grant", "jit": _jit},
		"field": "approvals",
		"good": [0, 1, 8],
		"bad": [9, 0 - 1, 1.5, "1", true, null, [0]],
		"problem": ["spec.timeBox.jit.approvals", "must be a whole number from 0 to 8"],
	},
	"maxDuration": {
		"part": "jit",
		"box": {"openWhen": "Grant", "jit": _jit},
		"field": "maxDuration",
		"good": _good_durations,
		"bad": _bad_durations,
		"problem": ["spec.timeBox.jit.maxDuration", _duration_form],
	},
	"approvalTimeout": {
		"part": "jit",
		"box": {"openWhen": "Grant", "jit": _jit},
		"field": "approvalTimeout",
		"good": _good_durations,
		"bad": _bad_durations,
		"problem": ["spec.timeBox.jit.approvalTimeout", _duration_form],
	},
	"clampResponse": {
		"part": "token",
		"box": {"suspend": false},
		"field": "clampResponse",
		"good": [true, false],
		"bad": ["true", 1, null],
		"problem": ["spec.timeBox.token.clampResponse", "must be true or false"],
	},
	"minLifetime": {
		"part": "token",
		"box": {"suspend": false},
		"field": "minLifetime",
		"good": _good_spans,
		"bad": _bad_spans,
		"problem": ["spec.timeBox.token.minLifetime", _span_form],
	},
	"maxOverhang": {
		"part": "token",
		"box": {"suspend": false},
		"field": "maxOverhang",
		"good": _good_spans,
		"bad": _bad_spans,
		"problem": ["spec.timeBox.token.maxOverhang", _span_form],
	},
	"leadTime": {
		"part": "assignment",
		"box": {"suspend": false},
		"field": "leadTime",
		"good": _good_spans,
		"bad": _bad_spans,
		"problem": ["spec.timeBox.assignment.leadTime", _span_form],
	},
	"keepIfReopensWithin": {
		"part": "assignment",
		"box": {"suspend": false},
		"field": "keepIfReopensWithin",
		"good": _good_spans,
		"bad": _bad_spans,
		"problem": ["spec.timeBox.assignment.keepIfReopensWithin", _span_form],
	},
}

_entries := {
	"times": {
		"part": "windows",
		"field": "times",
		"good": [
			{"start": "00:00", "end": "24:00"},
			{"start": "22:00", "end": "02:00"},
			{"start": "22:00", "end": "00:00"},
			{"start": "23:59", "end": "24:00"},
		],
		"bad": [
			{"start": "01:00", "end": "01:00"},
			{"start": "24:00", "end": "01:00"},
			{"start": "9:00", "end": "17:00"},
			{"start": "09:00", "end": "25:00"},
			{"start": "09:60", "end": "17:00"},
			{"start": "09:00:00", "end": "17:00"},
			{"start": "09:00"},
			{"end": "17:00"},
			{"start": 540, "end": 1020},
			{"start": "09:00", "end": "17:00", "zone": "UTC"},
			"09:00-17:00",
			null,
		],
		"problem": [
			"spec.timeBox.windows[0].times[0]",
			`must have start and end as "HH:MM" with different values; end may be "24:00"`,
		],
	},
	"weekdays": {
		"part": "windows",
		"field": "weekdays",
		"good": ["Mon", "Mon..Fri", "Fri..Mon", "Sun..Fri", "Mon..Mon"],
		"bad": ["mon", "Monday", "Mon-Fri", "Mon..", "..Fri", "Mon..Fri..Sun", "Mo", "1", "", 1, null],
		"problem": [
			"spec.timeBox.windows[0].weekdays[0]",
			"must be a weekday or a range, such as Mon or Mon..Fri",
		],
	},
	"daysOfMonth": {
		"part": "windows",
		"field": "daysOfMonth",
		"good": ["1", "31", "-1", "-31", "8..14", "-3..-1", "20..-1", "5..5"],
		"bad": ["0", "32", "-32", "01", "25..5", "-1..-3", "-3..3", "1.5", "+1", "1..", "1..2..3", "last", "", 1, null],
		"problem": [
			"spec.timeBox.windows[0].daysOfMonth[0]",
			`must be a day or an ordered range, such as "1", "-1" or "8..14"`,
		],
	},
	"months": {
		"part": "windows",
		"field": "months",
		"good": ["Jan", "Nov..Feb", "Jan..Dec"],
		"bad": ["jan", "January", "Jan-Feb", "1", "Jan..", "Jan..Feb..Mar", "", 1, null],
		"problem": ["spec.timeBox.windows[0].months[0]", "must be a month or a range, such as Jan or Nov..Feb"],
	},
	"years": {
		"part": "windows",
		"field": "years",
		"good": ["2000", "2026", "2026..2027", "2099"],
		"bad": ["1999", "2100", "2027..2026", "26", "2026-2027", "2026..", "2026..2027..2028", "", 2026, null],
		"problem": [
			"spec.timeBox.windows[0].years[0]",
			`must be a year or an ordered range from 2000 to 2099, such as "2026..2027"`,
		],
	},
	"dates": {
		"part": "windows",
		"field": "dates",
		"good": [
			"12-25",
			"02-29",
			"02-29..03-01",
			"12-24..01-02",
			"2028-02-29",
			"2026-12-24..2027-01-02",
			"2026-12-24..2026-12-24",
		],
		"bad": [
			"02-30",
			"13-01",
			"00-10",
			"1-1",
			"12-25..",
			"12-25..12-26..12-27",
			"2026-12-24..2026-12-25..2026-12-26",
			"2026-02-29",
			"2026-02-30",
			"2026-04-31..2026-05-01",
			"2027-01-02..2026-12-24",
			"12-24..2027-01-02",
			"2026-12-24..01-02",
			"1999-12-31",
			"2100-01-01",
			"2026/12/24",
			"",
			20261224,
			null,
		],
		"problem": [
			"spec.timeBox.windows[0].dates[0]",
			"must be existing dates of one form, such as 12-25, 12-24..01-02 or 2026-12-24..2027-01-02",
		],
	},
}
