package podid.grant_test

import data.podid.fixtures
import data.podid.grant

# What planted changes (make mutate) showed to be untested: OPA reads these stamps, the form of a stamp does
# not allow them.
test_not_before_must_have_the_form_of_a_stamp[stamp] if {
	binding := object.union({"namespace": "shop", "name": "nightly"}, _binding({}))
	some stamp in ["2026-05-01T10:05:00.5Z", "2026-05-01T10:05:00+15:00", "1999-05-01T10:05:00Z"]
	grants := [fixtures.grant({"notBefore": stamp})]
	cluster := fixtures.granted_cluster(fixtures.binding({}), grants, {})
	found := grant.of(binding) with input as fixtures.question("2026-05-01T10:00:00Z", []) with data.cluster as cluster
	found == {"active": [], "pending": []}
}
