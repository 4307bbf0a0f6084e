package podid.reasons_test

import data.podid.reasons

test_reason_of_the_list if {
	reasons.of("Excluded", {"name": "holidays"}) == {"code": "Excluded", "params": {"name": "holidays"}}
}

test_no_reason_beyond_the_list if {
	not reasons.of("excluded", {})
}

test_sorted_by_code_then_parameters if {
	found := {
		{"code": "Suspended", "params": {}},
		{"code": "InvalidTimeBox", "params": {"field": "b"}},
		{"code": "InvalidTimeBox", "params": {"field": "a"}},
		{"code": "AfterNotAfter", "params": {}},
	}
	reasons.sorted(found) == [
		{"code": "AfterNotAfter", "params": {}},
		{"code": "InvalidTimeBox", "params": {"field": "a"}},
		{"code": "InvalidTimeBox", "params": {"field": "b"}},
		{"code": "Suspended", "params": {}},
	]
}

test_nothing_sorted if {
	reasons.sorted(set()) == []
}
