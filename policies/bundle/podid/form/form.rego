# METADATA
# title: Form
# description: |
#   The forms that text in a spec must have. A pattern stands before each built-in, which accepts more
#   than we do (reference/time-boxes.md §2.7).
package podid.form

# METADATA
# title: Stamp
# description: RFC 3339 with Z or an offset, whole seconds, of the years 2000 to 2099, and of a day that exists.
is_stamp(text) if {
	regex.match(
		`^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(Z|[+-](0\d|1[0-4]):[0-5]\d)$`,
		text,
	)
	is_number(time.parse_rfc3339_ns(text))
}

# METADATA
# title: Span
# description: Hours, minutes and seconds in this order, such as 90m, 1h30m or 0s.
is_span(text) if {
	count(text) >= 2
	regex.match(`^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$`, text)
	is_number(time.parse_duration_ns(text))
}

# METADATA
# title: Duration
# description: A span above zero.
is_duration(text) if {
	is_span(text)
	time.parse_duration_ns(text) > 0
}
