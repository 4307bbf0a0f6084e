package podid.moment_test

import data.podid.moment

test_at[note] if {
	some note, row in _table
	ns := time.parse_rfc3339_ns(row.instant)
	moment.at(ns, row.zones, object.get(row, "nights", set())) == {"ns": ns, "zones": row.readings}
}

_table := {
	"no zone, no reading": {"instant": "2026-06-14T22:05:09Z", "zones": set(), "readings": {}},
	"one reading a zone": {
		"instant": "2026-06-14T22:05:09Z",
		"zones": {"Europe/Berlin", "UTC"},
		"readings": {
			"Europe/Berlin": {"time": "00:05", "today": {"year": 2026, "month": 6, "day": 15, "weekday": "Monday"}},
			"UTC": {"time": "22:05", "today": {"year": 2026, "month": 6, "day": 14, "weekday": "Sunday"}},
		},
	},
	"an unknown zone has no reading": {
		"instant": "2026-06-14T22:05:09Z",
		"zones": {"Mars/Phobos", "UTC"},
		"nights": {"Mars/Phobos"},
		"readings": {"UTC": {
			"time": "22:05",
			"today": {"year": 2026, "month": 6, "day": 14, "weekday": "Sunday"},
		}},
	},
	"the day before a day of 23 hours": {
		"instant": "2026-03-09T03:59:59Z",
		"zones": {"America/New_York"},
		"nights": {"America/New_York"},
		"readings": {"America/New_York": {
			"time": "23:59",
			"today": {"year": 2026, "month": 3, "day": 8, "weekday": "Sunday"},
			"yesterday": {"year": 2026, "month": 3, "day": 7, "weekday": "Saturday"},
		}},
	},
	"the first second after a day of 25 hours": {
		"instant": "2026-10-25T23:00:00Z",
		"zones": {"Europe/Berlin"},
		"nights": {"Europe/Berlin"},
		"readings": {"Europe/Berlin": {
			"time": "00:00",
			"today": {"year": 2026, "month": 10, "day": 26, "weekday": "Monday"},
			"yesterday": {"year": 2026, "month": 10, "day": 25, "weekday": "Sunday"},
		}},
	},
	"the day before, after a skipped day": {
		"instant": "2011-12-30T10:00:00Z",
		"zones": {"Pacific/Apia"},
		"nights": {"Pacific/Apia"},
		"readings": {"Pacific/Apia": {
			"time": "00:00",
			"today": {"year": 2011, "month": 12, "day": 31, "weekday": "Saturday"},
			"yesterday": {"year": 2011, "month": 12, "day": 29, "weekday": "Thursday"},
		}},
	},
}

test_two_digits if {
	[moment.two_digits(n) | some n in [0, 9, 10, 59]] == ["00", "09", "10", "59"]
}
