package podid.window_test

import data.podid.moment
import data.podid.window

# Each row: instants inside and outside the window, whose zone is UTC unless the row says otherwise.
test_open[note] if {
	some note, row in object.union_n([_times, _days, _months, _dates])
	every instant in row.inside {
		_is_open(row, instant)
	}
	every instant in row.outside {
		not _is_open(row, instant)
	}
}

test_zone_of if {
	window.zone_of({"times": []}, "UTC") == "UTC"
	window.zone_of({"timeZone": "Asia/Kolkata"}, "UTC") == "Asia/Kolkata"
}

test_past_midnight[note] if {
	some note, row in {
		"whole day": {"window": {"weekdays": ["Mon"]}, "past": false},
		"inside one day": {"window": _window("09:00", "17:00"), "past": false},
		"to the end of the day": {"window": _window("22:00", "24:00"), "past": false},
		"to midnight": {"window": _window("22:00", "00:00"), "past": true},
		"past midnight": {"window": _window("22:00", "02:00"), "past": true},
		"of no length": {"window": _window("10:00", "10:00"), "past": false},
	}
	past := count([1 | window.past_midnight(row.window)]) == 1
	past == row.past
}

_is_open(row, instant) if {
	zone := window.zone_of(row.window, "UTC")
	window.open(row.window, "UTC", moment.at(time.parse_rfc3339_ns(instant), {zone}, {zone}))
}

_window(start, end) := {"times": [{"start": start, "end": end}]}

_times := {
	"inside one day": {
		"window": _window("09:00", "17:00"),
		"inside": ["2026-06-15T09:00:00Z", "2026-06-15T16:59:59Z"],
		"outside": ["2026-06-15T08:59:59Z", "2026-06-15T17:00:00Z"],
	},
	"what does not narrow the day": {
		"window": object.union(_window("09:00", "17:00"), {"name": "work", "timeZone": "UTC", "exemptGrants": true}),
		"inside": ["2026-06-15T09:00:00Z", "2026-06-14T09:00:00Z"],
		"outside": ["2026-06-15T08:59:59Z"],
	},
	"several ranges": {
		"window": {"times": [{"start": "08:00", "end": "09:00"}, {"start": "17:00", "end": "18:00"}]},
		"inside": ["2026-06-15T08:30:00Z", "2026-06-15T17:30:00Z"],
		"outside": ["2026-06-15T12:00:00Z"],
	},
	"22:00 to 24:00": {
		"window": _window("22:00", "24:00"),
		"inside": ["2026-06-15T22:00:00Z", "2026-06-15T23:59:59Z"],
		"outside": ["2026-06-15T21:59:59Z", "2026-06-16T00:00:00Z"],
	},
	"22:00 to 00:00 is the same": {
		"window": _window("22:00", "00:00"),
		"inside": ["2026-06-15T22:00:00Z", "2026-06-15T23:59:59Z"],
		"outside": ["2026-06-15T21:59:59Z", "2026-06-16T00:00:00Z"],
	},
	"past midnight": {
		"window": _window("22:00", "02:00"),
		"inside": ["2026-06-15T22:00:00Z", "2026-06-16T01:59:59Z"],
		"outside": ["2026-06-15T21:59:59Z", "2026-06-16T02:00:00Z"],
	},
	"of no length, which podid.validate refuses": {
		"window": _window("10:00", "10:00"),
		"inside": [],
		"outside": [
			"2026-06-15T09:59:59Z",
			"2026-06-15T10:00:00Z",
			"2026-06-15T10:00:01Z",
			"2026-06-15T23:59:59Z",
			"2026-06-15T00:00:00Z",
		],
	},
	"in a zone of its own": {
		"window": object.union(_window("09:00", "10:00"), {"timeZone": "Asia/Kolkata"}),
		"inside": ["2026-06-15T03:30:00Z", "2026-06-15T04:29:59Z"],
		"outside": ["2026-06-15T03:29:59Z", "2026-06-15T04:30:00Z", "2026-06-15T09:30:00Z"],
	},
	"in an unknown zone": {
		"window": object.union(_window("00:00", "24:00"), {"timeZone": "Mars/Phobos"}),
		"inside": [],
		"outside": ["2026-06-15T03:30:00Z"],
	},
	"in an unknown zone, whole day": {
		"window": {"weekdays": ["Mon..Sun"], "timeZone": "Mars/Phobos"},
		"inside": [],
		"outside": ["2026-06-15T03:30:00Z"],
	},
	"no range at all": {
		"window": {"times": [], "weekdays": ["Mon..Sun"]},
		"inside": [],
		"outside": ["2026-06-15T00:00:00Z", "2026-06-15T12:00:00Z"],
	},
}

_days := {
	"one weekday": {
		"window": {"weekdays": ["Mon"]},
		"inside": ["2026-06-15T00:00:00Z", "2026-06-15T23:59:59Z"],
		"outside": ["2026-06-14T23:59:59Z", "2026-06-16T00:00:00Z"],
	},
	"Mon..Mon is one day": {
		"window": {"weekdays": ["Mon..Mon"]},
		"inside": ["2026-06-15T12:00:00Z"],
		"outside": ["2026-06-14T12:00:00Z", "2026-06-16T12:00:00Z"],
	},
	"Sun..Fri is six days": {
		"window": {"weekdays": ["Sun..Fri"]},
		"inside": ["2026-06-14T12:00:00Z", "2026-06-15T12:00:00Z", "2026-06-19T12:00:00Z"],
		"outside": ["2026-06-20T12:00:00Z"],
	},
	"several weekdays": {
		"window": {"weekdays": ["Tue", "Thu"]},
		"inside": ["2026-06-16T12:00:00Z", "2026-06-18T12:00:00Z"],
		"outside": ["2026-06-15T12:00:00Z", "2026-06-17T12:00:00Z"],
	},
	"first days of the month": {
		"window": {"daysOfMonth": ["1..5"]},
		"inside": ["2026-06-01T00:00:00Z", "2026-06-05T23:59:59Z"],
		"outside": ["2026-05-31T23:59:59Z", "2026-06-06T00:00:00Z"],
	},
	"from the 20th to the end": {
		"window": {"daysOfMonth": ["20..-1"]},
		"inside": ["2026-04-20T12:00:00Z", "2026-04-30T12:00:00Z", "2026-05-31T12:00:00Z"],
		"outside": ["2026-04-19T12:00:00Z", "2026-05-01T12:00:00Z"],
	},
	"last three days": {
		"window": {"daysOfMonth": ["-3..-1"]},
		"inside": ["2026-02-26T12:00:00Z", "2026-02-28T12:00:00Z", "2028-02-27T12:00:00Z"],
		"outside": ["2026-02-25T12:00:00Z", "2026-03-01T12:00:00Z", "2028-02-26T12:00:00Z"],
	},
	"the 31st is never in April": {
		"window": {"daysOfMonth": ["31"]},
		"inside": ["2026-05-31T12:00:00Z"],
		"outside": ["2026-04-30T12:00:00Z", "2026-05-01T12:00:00Z"],
	},
	"29..31 is empty in a short February": {
		"window": {"daysOfMonth": ["29..31"]},
		"inside": ["2028-02-29T12:00:00Z", "2026-04-30T12:00:00Z"],
		"outside": ["2026-02-28T12:00:00Z", "2026-03-01T12:00:00Z"],
	},
	"-31 is the first of a long month": {
		"window": {"daysOfMonth": ["-31"]},
		"inside": ["2026-05-01T12:00:00Z"],
		"outside": ["2026-04-01T12:00:00Z", "2026-04-30T12:00:00Z"],
	},
	"second Tuesday": {
		"window": {"daysOfMonth": ["8..14"], "weekdays": ["Tue"]},
		"inside": ["2026-06-09T12:00:00Z"],
		"outside": ["2026-06-02T12:00:00Z", "2026-06-10T12:00:00Z", "2026-06-16T12:00:00Z"],
	},
}

_months := {
	"one month": {
		"window": {"months": ["Jun"]},
		"inside": ["2026-06-01T00:00:00Z", "2026-06-30T23:59:59Z"],
		"outside": ["2026-05-31T23:59:59Z", "2026-07-01T00:00:00Z"],
	},
	"months wrap": {
		"window": {"months": ["Nov..Feb"]},
		"inside": ["2026-11-01T00:00:00Z", "2026-12-15T12:00:00Z", "2027-02-28T23:59:59Z"],
		"outside": ["2026-10-31T23:59:59Z", "2027-03-01T00:00:00Z"],
	},
	"one year": {
		"window": {"years": ["2026"]},
		"inside": ["2026-01-01T00:00:00Z", "2026-12-31T23:59:59Z"],
		"outside": ["2025-12-31T23:59:59Z", "2027-01-01T00:00:00Z"],
	},
	"years": {
		"window": {"years": ["2026..2027"]},
		"inside": ["2026-01-01T00:00:00Z", "2027-12-31T23:59:59Z"],
		"outside": ["2025-12-31T23:59:59Z", "2028-01-01T00:00:00Z"],
	},
	"every fourth year is a leap year": {
		"window": {"months": ["Feb"], "daysOfMonth": ["-1"], "years": ["2024"]},
		"inside": ["2024-02-29T12:00:00Z"],
		"outside": ["2024-02-28T12:00:00Z"],
	},
	"every fourth century is one": {
		"window": {"months": ["Feb"], "daysOfMonth": ["-1"]},
		"inside": ["2000-02-29T12:00:00Z"],
		"outside": ["2000-02-28T12:00:00Z"],
	},
	"other centuries are not": {
		"window": {"months": ["Feb"], "daysOfMonth": ["-1"]},
		"inside": ["2100-02-28T12:00:00Z", "1900-02-28T12:00:00Z"],
		"outside": ["2100-02-27T12:00:00Z", "2100-03-01T12:00:00Z"],
	},
	"a night belongs to the month in which it began": {
		"window": object.union(_window("22:00", "02:00"), {"months": ["Jun"]}),
		"inside": ["2026-06-01T22:00:00Z", "2026-07-01T01:59:59Z"],
		"outside": ["2026-06-01T01:59:59Z", "2026-07-01T22:00:00Z"],
	},
}

_dates := {
	"one date": {
		"window": {"dates": ["2026-12-24"]},
		"inside": ["2026-12-24T00:00:00Z", "2026-12-24T23:59:59Z"],
		"outside": ["2026-12-23T23:59:59Z", "2026-12-25T00:00:00Z", "2027-12-24T12:00:00Z"],
	},
	"dates over new year": {
		"window": {"dates": ["2026-12-24..2027-01-02"]},
		"inside": ["2026-12-24T00:00:00Z", "2026-12-31T12:00:00Z", "2027-01-02T23:59:59Z"],
		"outside": ["2026-12-23T23:59:59Z", "2027-01-03T00:00:00Z", "2027-12-31T12:00:00Z"],
	},
	"one day of every year": {
		"window": {"dates": ["12-25"]},
		"inside": ["2026-12-25T12:00:00Z", "2027-12-25T12:00:00Z"],
		"outside": ["2026-12-24T23:59:59Z", "2026-12-26T00:00:00Z"],
	},
	"days of every year over new year": {
		"window": {"dates": ["12-24..01-02"]},
		"inside": ["2026-12-24T00:00:00Z", "2027-01-02T23:59:59Z", "2027-12-31T12:00:00Z"],
		"outside": ["2026-12-23T23:59:59Z", "2027-01-03T00:00:00Z"],
	},
	"leap day to 1 March": {
		"window": {"dates": ["02-29..03-01"]},
		"inside": ["2027-03-01T12:00:00Z", "2028-02-29T12:00:00Z", "2028-03-01T12:00:00Z"],
		"outside": ["2027-02-28T12:00:00Z", "2027-03-02T12:00:00Z", "2028-02-28T12:00:00Z"],
	},
	"several entries": {
		"window": {"dates": ["12-25..12-26", "01-01"]},
		"inside": ["2026-12-26T12:00:00Z", "2027-01-01T12:00:00Z"],
		"outside": ["2026-12-27T12:00:00Z", "2027-01-02T12:00:00Z"],
	},
	"a date and its night": {
		"window": object.union(_window("22:00", "02:00"), {"dates": ["12-24"]}),
		"inside": ["2026-12-24T22:00:00Z", "2026-12-25T01:59:59Z"],
		"outside": ["2026-12-24T01:59:59Z", "2026-12-25T22:00:00Z"],
	},
}
