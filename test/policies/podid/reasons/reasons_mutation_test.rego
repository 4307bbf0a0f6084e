package podid.reasons_test

import data.podid.reasons

# What planted changes (make mutate) showed to be untested: a code that stands only in defaults.
test_policy_error_is_on_the_list if {
	reasons.of("PolicyError", {}) == {"code": "PolicyError", "params": {}}
}
