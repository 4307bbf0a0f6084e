# METADATA
# title: Window
# description: |
#   Whether a recurring window (or exclusion, which has the same shape) is open at a moment. The
#   fields of one window must all agree, the entries of one field are alternatives, and every
#   interval is half open (reference/time-boxes.md §2.2).
package podid.window

# METADATA
# scope: document
# title: Open
# description: |
#   True when the window `w` is open at the moment `m`, in the window's own zone or else in
#   `default_zone`. Expects a window that podid.validate accepted.
open(w, default_zone, m) if {
	reading := m.zones[zone_of(w, default_zone)]
	some range in w.times
	_within(w, range.start, range.end, reading)
}

open(w, default_zone, m) if {
	not w.times
	_on_day(w, m.zones[zone_of(w, default_zone)].today)
}

# METADATA
# title: Zone of a window
# description: The window's own zone, or else that of its time box.
zone_of(w, default_zone) := object.get(w, "timeZone", default_zone)

# METADATA
# title: Past midnight
# description: True when a range of the window runs past midnight, so that it also asks about the day before.
past_midnight(w) if {
	some range in w.times
	range.start > range.end
}

# "HH:MM" compares as text in the order of time; "24:00" stands after every minute of the day.
_within(w, start, end, reading) if {
	start < end
	start <= reading.time
	reading.time < end
	_on_day(w, reading.today)
}

_within(w, start, end, reading) if {
	start > end
	reading.time >= start
	_on_day(w, reading.today)
}

# The small hours belong to the day on which the window began.
_within(w, start, end, reading) if {
	start > end
	reading.time < end
	_on_day(w, reading.yesterday)
}

# One pass over the fields that there are, since most windows have few.
_on_day(w, day) if {
	every field, entries in w {
		_fits(field, entries, day)
	}
}

_fits("weekdays", entries, day) if {
	some entry in entries
	bounds := split(entry, "..")
	_cyclic(_weekday[bounds[0]], _weekday[_last(bounds)], _weekday[day.weekday])
}

_fits("daysOfMonth", entries, day) if {
	some entry in entries
	bounds := split(entry, "..")
	_day_number(bounds[0], day) <= to_number(day.day)
	to_number(day.day) <= _day_number(_last(bounds), day)
}

_fits("months", entries, day) if {
	some entry in entries
	bounds := split(entry, "..")
	_cyclic(_month[bounds[0]], _month[_last(bounds)], substring(day.date, 0, 2))
}

_fits("years", entries, day) if {
	some entry in entries
	bounds := split(entry, "..")
	_between(bounds[0], _last(bounds), day.year)
}

_fits("dates", entries, day) if {
	some entry in entries
	bounds := split(entry, "..")
	_date_in(bounds[0], _last(bounds), day)
}

# What does not narrow the days; podid.validate accepts no other field.
_fits("times", _, _)

_fits("timeZone", _, _)

_fits("name", _, _)

_fits("exemptGrants", _, _)

_date_in(first, last, day) if {
	count(first) == 5
	_cyclic(first, last, day.date)
}

_date_in(first, last, day) if {
	count(first) == 10
	_between(first, last, concat("-", [day.year, day.date]))
}

_between(first, last, value) if {
	first <= value
	value <= last
}

# Of one bound or two; arithmetic on their count would cost more than the rest (reference/opa-wasm.md §11).
_last([only]) := only

_last([_, last]) := last

# Both ends belong to the range, and a range may wrap: Fri..Mon, Nov..Feb, 12-24..01-02.
_cyclic(first, last, value) if {
	first <= last
	first <= value
	value <= last
}

_cyclic(first, last, value) if {
	first > last
	value >= first
}

_cyclic(first, last, value) if {
	first > last
	value <= last
}

# Negative days count from the month's real end: -1 is the last.
_day_number(text, _) := to_number(text) if not startswith(text, "-")

_day_number(text, day) := (_month_length(substring(day.date, 0, 2), to_number(day.year)) + 1) + to_number(text) if {
	startswith(text, "-")
}

_month_length(month, _) := 31 if month in {"01", "03", "05", "07", "08", "10", "12"}

_month_length(month, _) := 30 if month in {"04", "06", "09", "11"}

_month_length("02", year) := 29 if _leap(year)

_month_length("02", year) := 28 if not _leap(year)

_leap(year) if {
	year % 4 == 0
	year % 100 != 0
}

_leap(year) if year % 400 == 0

_weekday := {"Mon": 1, "Tue": 2, "Wed": 3, "Thu": 4, "Fri": 5, "Sat": 6, "Sun": 7}

_month := {
	"Jan": "01",
	"Feb": "02",
	"Mar": "03",
	"Apr": "04",
	"May": "05",
	"Jun": "06",
	"Jul": "07",
	"Aug": "08",
	"Sep": "09",
	"Oct": "10",
	"Nov": "11",
	"Dec": "12",
}
