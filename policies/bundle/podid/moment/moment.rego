# METADATA
# title: Moment
# description: |
#   What clock and calendar read at an instant in each zone of interest. Read once per instant and
#   zone, because every reading is a call out of the WASM module (reference/time-boxes.md §2.7).
package podid.moment

# METADATA
# title: Instant of a stamp
# description: Nanoseconds since 1970 of RFC 3339 text; every instant is a whole second, fractions are floored.
instant(stamp) := ns - (ns % 1000000000) if ns := time.parse_rfc3339_ns(stamp)

# METADATA
# title: Moment of an instant
# description: |
#   `{"ns": …, "zones": {zone: reading}}` for nanoseconds since 1970. A zone that does not resolve
#   has no reading. Zones in `night_zones` also get `yesterday`, which windows past midnight need.
at(ns, zones, night_zones) := {"ns": ns, "zones": {zone: reading |
	some zone in zones
	reading := _reading(ns, zone, zone in night_zones)
}}

_reading(ns, zone, false) := {"time": read.time, "today": read.day} if read := _read(ns, zone)

_reading(ns, zone, true) := {"time": read.time, "today": read.day, "yesterday": _read(eve, zone).day} if {
	read := _read(ns, zone)
	clock := time.clock([ns, zone])

	# Twelve hours before local midnight lies in the day before, also after days of 23 or 25 hours
	# and after a skipped one (reference/time-boxes.md §2.2).
	seconds := (((clock[0] * 3600) + (clock[1] * 60)) + clock[2]) + 43200
	eve := ns - (seconds * 1000000000)
}

# All of it in one call, and as text, which compares in the order of time; few windows need numbers.
_read(ns, zone) := {
	"time": hhmm,
	"day": {"year": year, "day": day, "date": date, "weekday": weekday},
} if {
	[year, day, date, weekday, hhmm] := split(time.format([ns, zone, "2006 2 01-02 Mon 15:04"]), " ")
}
