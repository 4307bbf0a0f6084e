package podid.token_test

import data.podid.fixtures
import data.podid.token

# What planted changes (make mutate) showed to be untested: a single probe is answered.
test_one_probe[probe] if {
	cluster := fixtures.usual_cluster([fixtures.boxed(fixtures.daily("10:00", "11:00", "UTC"))])
	some probe, open_then in {"2026-06-15T10:30:00Z": true, "2026-06-15T11:00:00Z": false}
	decision := token.decision with input as fixtures.token_question("2026-06-15T10:00:00Z", [probe], {})
		with data.cluster as cluster
	decision.probes == [open_then]
}

# And what only a faulty host can bring about: spans with a fraction, which are floored.
test_limits_are_whole_seconds if {
	box := {"suspend": false, "token": {"minLifetime": "1500ms", "maxOverhang": "1h0.5s"}}
	facts := {"timeBox": box, "timeBoxCheck": {"valid": true, "reasons": [], "zones": [], "nightZones": []}}
	usual := fixtures.usual_cluster([fixtures.binding({})])
	cluster := object.union(usual, {"bindings": {"shop/nightly": object.union(usual.bindings["shop/nightly"], facts)}})
	decision := token.decision with input as fixtures.token_question("2026-06-15T10:00:00Z", [], {})
		with data.cluster as cluster
	decision.limits == {"clampResponse": true, "minLifetimeSeconds": 1, "maxOverhangSeconds": 3600}
}
