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
			"Europe/Berlin": {"time": "00:05", "today": {"year": "2026", "day": "15", "date": "06-15", "weekday": "Mon"}},
			"UTC": {"time": "22:05", "today": {"year": "2026", "day": "14", "date": "06-14", "weekday": "Sun"}},
		},
	},
	"an unknown zone has no reading": {
		"instant": "2026-06-14T22:05:09Z",
		"zones": {"Mars/Phobos", "UTC"},
		"nights": {"Mars/Phobos"},
		"readings": {"UTC": {
			"time": "22:05",
			"today": {"year": "2026", "day": "14", "date": "06-14", "weekday": "Sun"},
		}},
	},
	"the day before a day of 23 hours": {
		"instant": "2026-03-09T03:59:59Z",
		"zones": {"America/New_York"},
		"nights": {"America/New_York"},
		"readings": {"America/New_York": {
			"time": "23:59",
			"today": {"year": "2026", "day": "8", "date": "03-08", "weekday": "Sun"},
			"yesterday": {"year": "2026", "day": "7", "date": "03-07", "weekday": "Sat"},
		}},
	},
	"the first second after a day of 25 hours": {
		"instant": "2026-10-25T23:00:00Z",
		"zones": {"Europe/Berlin"},
		"nights": {"Europe/Berlin"},
		"readings": {"Europe/Berlin": {
			"time": "00:00",
			"today": {"year": "2026", "day": "26", "date": "10-26", "weekday": "Mon"},
			"yesterday": {"year": "2026", "day": "25", "date": "10-25", "weekday": "Sun"},
		}},
	},
	"the day before, after a skipped day": {
		"instant": "2011-12-30T10:00:00Z",
		"zones": {"Pacific/Apia"},
		"nights": {"Pacific/Apia"},
		"readings": {"Pacific/Apia": {
			"time": "00:00",
			"today": {"year": "2011", "day": "31", "date": "12-31", "weekday": "Sat"},
			"yesterday": {"year": "2011", "day": "29", "date": "12-29", "weekday": "Thu"},
		}},
	},
}
