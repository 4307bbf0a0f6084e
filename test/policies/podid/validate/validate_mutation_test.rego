package podid.validate_test

import data.podid.fixtures
import data.podid.validate

# What planted changes (make mutate) showed to be untested: values at the very edge of their form.
test_days_of_month_at_the_edge[entry] if {
	some entry in ["1..-1", "1..1", "-1..-1", "31..-31"]
	decision := validate.decision with input as _binding({"timeBox": _open_in({"daysOfMonth": [entry]})})
	[decision.valid, decision.reasons] == [true, []]
}

# More than a time, with a time at one end.
test_end_of_times_is_a_time_and_nothing_else[value] if {
	some value in ["12:000", "112:00", "24:000", "124:00", "24:00Z"]
	window := {"times": [{"start": "10:00", "end": value}]}
	decision := validate.decision with input as _binding({"timeBox": _open_in(window)})
	decision == {"valid": false, "reasons": fixtures.box_problems([[
		"spec.timeBox.windows[0].times[0]",
		`must have start and end as "HH:MM" with different values; end may be "24:00"`,
	]])}
}

test_exclusions_have_no_unknown_field if {
	box := {"timeZone": "UTC", "exclusions": [{"weekdays": ["Mon"], "weekday": ["Tue"]}]}
	decision := validate.decision with input as _binding({"timeBox": box})
	decision == {
		"valid": false,
		"reasons": fixtures.box_problems([["spec.timeBox.exclusions[0].weekday", "unknown field"]]),
	}
}
