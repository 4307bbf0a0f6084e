# METADATA
# title: Window
# description: |
#   Whether a recurring window (or exclusion, which has the same shape) is open at a moment. The
#   fields of one window must all agree, the entries of one field are alternatives, and every
#   interval is half open (reference/time-boxes.md §2.2).
package podid.window

import data.podid.moment

# METADATA
# scope: document
# title: Open
# description: |
#   True when the window `w` is open at the moment `m`, in the window's own zone or else in
#   `default_zone`. Expects a window that podid.validate accepted.
open(w, default_zone, m) if {
	not w.times
	reading := m.zones[zone_of(w, default_zone)]
	_on_day(w, reading.today)
}

open(w, default_zone, m) if {
	reading := m.zones[zone_of(w, default_zone)]
	some range in w.times
	_within(w, range, reading)
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
_within(w, range, reading) if {
	range.start < range.end
	range.start <= reading.time
	reading.time < range.end
	_on_day(w, reading.today)
}

_within(w, range, reading) if {
	range.start > range.end
	reading.time >= range.start
	_on_day(w, reading.today)
}

# The small hours belong to the day on which the window began.
_within(w, range, reading) if {
	range.start > range.end
	reading.time < range.end
	_on_day(w, reading.yesterday)
}

_on_day(w, day) if {
	_weekday_fits(w, day)
	_day_of_month_fits(w, day)
	_month_fits(w, day)
	_year_fits(w, day)
	_date_fits(w, day)
}

_weekday_fits(w, _) if not w.weekdays

_weekday_fits(w, day) if {
	some entry in w.weekdays
	bounds := split(entry, "..")
	_cyclic(_weekday[bounds[0]], _weekday[_last(bounds)], _weekday[substring(day.weekday, 0, 3)])
}

_day_of_month_fits(w, _) if not w.daysOfMonth

_day_of_month_fits(w, day) if {
	some entry in w.daysOfMonth
	bounds := split(entry, "..")
	_day_number(bounds[0], day) <= day.day
	day.day <= _day_number(_last(bounds), day)
}

_month_fits(w, _) if not w.months

_month_fits(w, day) if {
	some entry in w.months
	bounds := split(entry, "..")
	_cyclic(_month[bounds[0]], _month[_last(bounds)], day.month)
}

_year_fits(w, _) if not w.years

_year_fits(w, day) if {
	some entry in w.years
	bounds := split(entry, "..")
	_between(bounds[0], _last(bounds), format_int(day.year, 10))
}

_date_fits(w, _) if not w.dates

_date_fits(w, day) if {
	some entry in w.dates
	bounds := split(entry, "..")
	_date_in(bounds[0], _last(bounds), _month_day(day), day)
}

_date_in(first, last, month_day, _) if {
	count(first) == 5
	_cyclic(first, last, month_day)
}

_date_in(first, last, month_day, day) if {
	count(first) == 10
	_between(first, last, concat("-", [format_int(day.year, 10), month_day]))
}

_month_day(day) := concat("-", [moment.two_digits(day.month), moment.two_digits(day.day)])

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

_day_number(text, day) := (_month_length(day.year, day.month) + 1) + to_number(text) if startswith(text, "-")

_month_length(_, month) := 31 if month in {1, 3, 5, 7, 8, 10, 12}

_month_length(_, month) := 30 if month in {4, 6, 9, 11}

_month_length(year, 2) := 29 if _leap(year)

_month_length(year, 2) := 28 if not _leap(year)

_leap(year) if {
	year % 4 == 0
	year % 100 != 0
}

_leap(year) if year % 400 == 0

_weekday := {"Mon": 1, "Tue": 2, "Wed": 3, "Thu": 4, "Fri": 5, "Sat": 6, "Sun": 7}

_month := {
	"Jan": 1,
	"Feb": 2,
	"Mar": 3,
	"Apr": 4,
	"May": 5,
	"Jun": 6,
	"Jul": 7,
	"Aug": 8,
	"Sep": 9,
	"Oct": 10,
	"Nov": 11,
	"Dec": 12,
}
