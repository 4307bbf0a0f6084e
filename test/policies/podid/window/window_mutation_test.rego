package podid.window_test

# What planted changes (make mutate) showed to be untested.

# The last day of each month of 2026: the window is open then, and on no other month's last day.
test_every_month_by_name_and_length[name] if {
	some name, last in _last_days
	row := {"window": {"months": [name], "daysOfMonth": ["-1"]}}
	_is_open(row, last)
	every other, day in _last_days {
		count([1 | _is_open(row, day)]) == count([1 | other == name])
	}
}

_last_days := {
	"Jan": "2026-01-31T12:00:00Z",
	"Feb": "2026-02-28T12:00:00Z",
	"Mar": "2026-03-31T12:00:00Z",
	"Apr": "2026-04-30T12:00:00Z",
	"May": "2026-05-31T12:00:00Z",
	"Jun": "2026-06-30T12:00:00Z",
	"Jul": "2026-07-31T12:00:00Z",
	"Aug": "2026-08-31T12:00:00Z",
	"Sep": "2026-09-30T12:00:00Z",
	"Oct": "2026-10-31T12:00:00Z",
	"Nov": "2026-11-30T12:00:00Z",
	"Dec": "2026-12-31T12:00:00Z",
}
