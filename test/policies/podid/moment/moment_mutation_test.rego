package podid.moment_test

import data.podid.moment

# What planted changes (make mutate) showed to be untested: the day before, late on an ordinary day, on one
# of 25 hours and on one of 23, in the first and the last second of each.
test_yesterday[instant] if {
	some instant, day in {
		"2026-06-14T00:00:00Z": "13",
		"2026-06-14T12:00:00Z": "13",
		"2026-06-14T23:59:59Z": "13",
	}
	_yesterday(instant, "UTC") == day
}

test_yesterday_around_clock_changes[instant] if {
	some instant, day in {
		"2026-10-24T22:00:00Z": "24",
		"2026-10-25T22:59:59Z": "24",
		"2026-10-25T23:00:00Z": "25",
		"2026-10-26T22:59:59Z": "25",
		"2026-03-28T23:00:00Z": "28",
		"2026-03-29T21:59:59Z": "28",
		"2026-03-29T22:00:00Z": "29",
		"2026-03-30T21:59:59Z": "29",
	}
	_yesterday(instant, "Europe/Berlin") == day
}

# The nanoseconds are counted as they are: a stamp with a fraction is floored to its second.
test_instant[stamp] if {
	some stamp, ns in {
		"1970-01-01T00:00:01Z": 1000000000,
		"1970-01-01T00:00:01.999999999Z": 1000000000,
		"1970-01-01T01:00:02.5+01:00": 2000000000,
	}
	moment.instant(stamp) == ns
}

_yesterday(instant, zone) := moment.at(time.parse_rfc3339_ns(instant), {zone}, {zone}).zones[zone].yesterday.day
