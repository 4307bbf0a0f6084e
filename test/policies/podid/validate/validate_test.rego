package podid.validate_test

import data.podid.fixtures
import data.podid.validate

test_valid_box[note] if {
	some note, box in _valid
	decision := validate.decision with input as _binding({"timeBox": box})
	[decision.valid, decision.reasons] == [true, []]
}

test_clocks_of_a_valid_box[note] if {
	some note, row in _clocks
	decision := validate.decision with input as _binding({"timeBox": row.box})
	decision == object.union({"valid": true, "reasons": []}, row.clocks)
}

_clocks := {
	"none without windows": {
		"box": {"notAfter": "2027-01-01T00:00:00Z"},
		"clocks": {"zones": [], "nightZones": []},
	},
	"each once, in order, and of the nights": {
		"box": {
			"openWhen": "Schedule",
			"timeZone": "UTC",
			"windows": [
				{"times": [{"start": "09:00", "end": "17:00"}]},
				{"times": [{"start": "22:00", "end": "02:00"}], "timeZone": "Europe/Berlin"},
				{"weekdays": ["Mon"], "timeZone": "Europe/Berlin"},
			],
			"exclusions": [{"dates": ["12-25"], "timeZone": "Asia/Kolkata"}],
		},
		"clocks": {"zones": ["Asia/Kolkata", "Europe/Berlin", "UTC"], "nightZones": ["Europe/Berlin"]},
	},
}

test_no_clocks_of_a_binding_without_box if {
	decision := validate.decision with input as _binding({"selector": "web"})
	decision == {"valid": true, "reasons": []}
}

test_invalid_box[note] if {
	some note, row in object.union_n([_fields, _modes, _lists, _parts])
	decision := validate.decision with input as _binding({"timeBox": row.box})
	decision == {"valid": false, "reasons": fixtures.box_problems(row.problems)}
}

test_selection[note] if {
	some note, row in _selections
	decision := validate.decision with input as {
		"kind": object.get(row, "kind", "AzureIdentityBinding"),
		"object": {"spec": row.spec},
	}
	decision == {"valid": count(row.reasons) == 0, "reasons": row.reasons}
}

test_no_object_is_not_valid[note] if {
	some note, question in {
		"nothing": {},
		"no object": {"kind": "AzureIdentityBinding"},
		"no spec": {"kind": "AzureIdentityBinding", "object": {}},
		"spec is text": {"kind": "AzureIdentityBinding", "object": {"spec": "web"}},
	}
	decision := validate.decision with input as question
	decision == {"valid": false, "reasons": fixtures.plain(["PolicyError"])}
}

_binding(changes) := {"kind": "AzureIdentityBinding", "object": {"spec": object.union(
	{"azureIdentity": "reader", "selector": "web", "weight": 0},
	changes,
)}}

_open_in(window) := {"openWhen": "Schedule", "timeZone": "UTC", "windows": [window]}

_stamp_form := `must be an RFC 3339 instant with Z or an offset, such as "2027-01-01T00:00:00Z"`

_duration_form := "must be a duration above zero in h, m and s, such as 90m or 1h30m"

_list_form := "must be a list with at least one entry"

_zone_form := "must be UTC or a known IANA zone with exact letter case, such as Europe/Berlin"

_filter_form := "needs at least one of times, weekdays, daysOfMonth, months, years, dates"

_mode_form := "must be one of Always, Grant, Schedule, ScheduleAndGrant, ScheduleOrGrant"

_limits_nothing := concat("", [
	"limits nothing: give at least one of ",
	"durations, exclusions, jit, notAfter, notBefore, suspend, windows",
])

_jit := {"maxDuration": "1h", "approvals": 0}

_valid := {
	"suspend": {"suspend": true},
	"bounds": {"notBefore": "2026-01-01T00:00:00Z", "notAfter": "2027-01-01T00:00:00+01:00"},
	"durations": {"durations": [{"from": "PodStart", "for": "10m"}, {"from": "BindingCreation", "for": "1h30m"}]},
	"exclusions alone": {"timeZone": "UTC", "exclusions": [{"dates": ["12-25"], "exemptGrants": false}]},
	"Grant": {"openWhen": "Grant", "jit": _jit},
	"ScheduleOrGrant": object.union(_open_in({"weekdays": ["Mon"]}), {"openWhen": "ScheduleOrGrant", "jit": _jit}),
	"ScheduleAndGrant": object.union(_open_in({"weekdays": ["Mon"]}), {"openWhen": "ScheduleAndGrant", "jit": _jit}),
	"every field": {
		"suspend": false,
		"notBefore": "2026-01-01T00:00:00Z",
		"notAfter": "2027-01-01T00:00:00+01:00",
		"durations": [{"from": "PodStart", "for": "10m"}],
		"openWhen": "ScheduleOrGrant",
		"timeZone": "Europe/Berlin",
		"windows": [{
			"name": "nightly",
			"times": [{"start": "00:00", "end": "01:00"}],
			"weekdays": ["Mon..Fri"],
			"daysOfMonth": ["1..5", "-1"],
			"months": ["Nov..Feb"],
			"years": ["2026..2027"],
			"dates": ["2026-12-24..2027-01-02", "12-25"],
			"timeZone": "Asia/Kolkata",
		}],
		"exclusions": [{"name": "holidays", "dates": ["12-25..12-26", "01-01"], "exemptGrants": false}],
		"jit": {"maxDuration": "1h", "approvals": 1, "approvalTimeout": "24h", "preProvision": "OnApproval"},
		"token": {"clampResponse": true, "minLifetime": "0s", "maxOverhang": "1h"},
		"assignment": {"leadTime": "180s", "keepIfReopensWithin": "26h"},
	},
}

_fields := {
	"not an object": {"box": "00:00", "problems": [["spec.timeBox", "must be an object"]]},
	"a list": {"box": [], "problems": [["spec.timeBox", "must be an object"]]},
	"empty": {"box": {}, "problems": [["spec.timeBox", _limits_nothing]]},
	"limits nothing": {
		"box": {"openWhen": "Always", "timeZone": "UTC", "token": {}, "assignment": {}},
		"problems": [["spec.timeBox", _limits_nothing]],
	},
	"unknown field": {
		"box": {"suspend": false, "timezone": "UTC"},
		"problems": [["spec.timeBox.timezone", "unknown field"]],
	},
	"bounds in wrong order": {
		"box": {"notBefore": "2027-01-01T00:00:00Z", "notAfter": "2026-01-01T00:00:00Z"},
		"problems": [["spec.timeBox.notAfter", "must be later than notBefore"]],
	},
	"bounds at one instant": {
		"box": {"notBefore": "2027-01-01T00:00:00Z", "notAfter": "2027-01-01T01:00:00+01:00"},
		"problems": [["spec.timeBox.notAfter", "must be later than notBefore"]],
	},
	"several problems": {
		"box": {"suspend": "no", "notBefore": "2027-01-01", "timezone": "UTC"},
		"problems": [
			["spec.timeBox.notBefore", _stamp_form],
			["spec.timeBox.suspend", "must be true or false"],
			["spec.timeBox.timezone", "unknown field"],
		],
	},
}

_modes := {
	"unknown mode": {
		"box": {"openWhen": "always", "suspend": false},
		"problems": [["spec.timeBox.openWhen", _mode_form]],
	},
	"mode is null": {
		"box": {"openWhen": null, "suspend": false},
		"problems": [["spec.timeBox.openWhen", _mode_form]],
	},
	"unknown mode with windows and jit": {
		"box": object.union(_open_in({"weekdays": ["Mon"]}), {"openWhen": "Never", "jit": _jit}),
		"problems": [
			["spec.timeBox.openWhen", "jit needs a mode with Grant in its name"],
			["spec.timeBox.openWhen", _mode_form],
			["spec.timeBox.openWhen", "windows need a mode with Schedule in its name"],
		],
	},
	"windows without a mode": {
		"box": {"timeZone": "UTC", "windows": [{"weekdays": ["Mon"]}]},
		"problems": [["spec.timeBox.openWhen", "windows need a mode with Schedule in its name"]],
	},
	"windows with Grant": {
		"box": object.union(_open_in({"weekdays": ["Mon"]}), {"openWhen": "Grant", "jit": _jit}),
		"problems": [["spec.timeBox.openWhen", "windows need a mode with Schedule in its name"]],
	},
	"Schedule without windows": {
		"box": {"openWhen": "Schedule", "suspend": false},
		"problems": [["spec.timeBox.windows", "openWhen asks for a schedule, but there are no windows"]],
	},
	"jit without a mode": {
		"box": {"jit": _jit},
		"problems": [["spec.timeBox.openWhen", "jit needs a mode with Grant in its name"]],
	},
	"Grant without jit": {
		"box": {"openWhen": "Grant", "suspend": false},
		"problems": [["spec.timeBox.jit", "openWhen asks for a grant, but there is no jit"]],
	},
	"ScheduleAndGrant with neither": {
		"box": {"openWhen": "ScheduleAndGrant", "suspend": false},
		"problems": [
			["spec.timeBox.jit", "openWhen asks for a grant, but there is no jit"],
			["spec.timeBox.windows", "openWhen asks for a schedule, but there are no windows"],
		],
	},
	"windows without a zone": {
		"box": {"openWhen": "Schedule", "windows": [{"weekdays": ["Mon"], "timeZone": "UTC"}]},
		"problems": [["spec.timeBox.timeZone", "is required with windows or exclusions"]],
	},
	"exclusions without a zone": {
		"box": {"exclusions": [{"weekdays": ["Mon"]}]},
		"problems": [["spec.timeBox.timeZone", "is required with windows or exclusions"]],
	},
}

_lists := {
	"no durations": {"box": {"durations": []}, "problems": [["spec.timeBox.durations", _list_form]]},
	"durations are no list": {"box": {"durations": {}}, "problems": [["spec.timeBox.durations", _list_form]]},
	"duration without anything": {
		"box": {"durations": [{"from": "PodStart", "for": "10m"}, {}]},
		"problems": [
			["spec.timeBox.durations[1].for", _duration_form],
			["spec.timeBox.durations[1].from", "must be PodStart or BindingCreation"],
		],
	},
	"duration is text": {
		"box": {"durations": ["10m"]},
		"problems": [
			["spec.timeBox.durations[0].for", _duration_form],
			["spec.timeBox.durations[0].from", "must be PodStart or BindingCreation"],
		],
	},
	"duration with an unknown field": {
		"box": {"durations": [{"from": "PodStart", "for": "10m", "until": "12:00"}]},
		"problems": [["spec.timeBox.durations[0].until", "unknown field"]],
	},
	"no windows": {
		"box": {"openWhen": "Schedule", "timeZone": "UTC", "windows": []},
		"problems": [["spec.timeBox.windows", _list_form]],
	},
	"exclusions are no list": {
		"box": {"timeZone": "UTC", "exclusions": "12-25"},
		"problems": [["spec.timeBox.exclusions", _list_form]],
	},
	"window with a name only": {
		"box": _open_in({"name": "always"}),
		"problems": [["spec.timeBox.windows[0]", _filter_form]],
	},
	"window is text": {"box": _open_in("12-25"), "problems": [["spec.timeBox.windows[0]", _filter_form]]},
	"exclusion with a name only": {
		"box": {"timeZone": "UTC", "exclusions": [{"dates": ["12-25"]}, {"name": "never"}]},
		"problems": [["spec.timeBox.exclusions[1]", _filter_form]],
	},
	"window with an unknown field": {
		"box": _open_in({"weekdays": ["Mon"], "days": ["1"]}),
		"problems": [["spec.timeBox.windows[0].days", "unknown field"]],
	},
	"window with exemptGrants": {
		"box": _open_in({"weekdays": ["Mon"], "exemptGrants": true}),
		"problems": [["spec.timeBox.windows[0].exemptGrants", "unknown field"]],
	},
	"exclusion with text for exemptGrants": {
		"box": {"timeZone": "UTC", "exclusions": [{"weekdays": ["Mon"], "exemptGrants": "yes"}]},
		"problems": [["spec.timeBox.exclusions[0].exemptGrants", "must be true or false"]],
	},
	"filter without entries": {
		"box": _open_in({"times": []}),
		"problems": [["spec.timeBox.windows[0].times", _list_form]],
	},
	"filter is no list": {
		"box": {"timeZone": "UTC", "exclusions": [{"dates": "12-25"}]},
		"problems": [["spec.timeBox.exclusions[0].dates", _list_form]],
	},
	"unknown zone of a window": {
		"box": _open_in({"weekdays": ["Mon"], "timeZone": "europe/berlin"}),
		"problems": [["spec.timeBox.windows[0].timeZone", _zone_form]],
	},
	"unknown zone of an exclusion": {
		"box": {"timeZone": "UTC", "exclusions": [{"weekdays": ["Mon"], "timeZone": "Mars/Phobos"}]},
		"problems": [["spec.timeBox.exclusions[0].timeZone", _zone_form]],
	},
	"second entry of a second exclusion": {
		"box": {"timeZone": "UTC", "exclusions": [{"dates": ["12-25"]}, {"weekdays": ["Mon", "Lun"]}]},
		"problems": [[
			"spec.timeBox.exclusions[1].weekdays[1]",
			"must be a weekday or a range, such as Mon or Mon..Fri",
		]],
	},
}

_parts := {
	"jit is text": {
		"box": {"openWhen": "Grant", "jit": "1h"},
		"problems": [
			["spec.timeBox.jit", "must be an object"],
			["spec.timeBox.jit.approvals", "must be a whole number from 0 to 8"],
			["spec.timeBox.jit.maxDuration", _duration_form],
		],
	},
	"jit is empty": {
		"box": {"openWhen": "Grant", "jit": {}},
		"problems": [
			["spec.timeBox.jit.approvals", "must be a whole number from 0 to 8"],
			["spec.timeBox.jit.maxDuration", _duration_form],
		],
	},
	"jit with an unknown field": {
		"box": {"openWhen": "Grant", "jit": object.union(_jit, {"approvers": ["bob"]})},
		"problems": [["spec.timeBox.jit.approvers", "unknown field"]],
	},
	"token is a list": {
		"box": {"suspend": false, "token": []},
		"problems": [["spec.timeBox.token", "must be an object"]],
	},
	"token with a misspelt limit": {
		"box": {"suspend": false, "token": {"maxoverhang": "1h"}},
		"problems": [["spec.timeBox.token.maxoverhang", "unknown field"]],
	},
	"assignment is text": {
		"box": {"suspend": false, "assignment": "180s"},
		"problems": [["spec.timeBox.assignment", "must be an object"]],
	},
	"assignment with an unknown field": {
		"box": {"suspend": false, "assignment": {"lead": "180s"}},
		"problems": [["spec.timeBox.assignment.lead", "unknown field"]],
	},
}

_invalid_match(field) := {"code": "InvalidMatch", "params": {"field": field}}

_selections := {
	"selector": {"spec": {"selector": "web"}, "reasons": []},
	"match": {"spec": {"selector": "", "match": {"podSelector": {"matchLabels": {"app": "web"}}}}, "reasons": []},
	"neither": {"spec": {"azureIdentity": "reader"}, "reasons": fixtures.plain(["NothingSelected"])},
	"an empty selector": {"spec": {"selector": ""}, "reasons": fixtures.plain(["NothingSelected"])},
	"an empty match": {"spec": {"match": {}}, "reasons": [_invalid_match("spec.match")]},
	"match is a list": {"spec": {"match": ["web-0"]}, "reasons": [_invalid_match("spec.match")]},
	"an empty pod selector": {
		"spec": {"match": {"podSelector": {}}},
		"reasons": [_invalid_match("spec.match.podSelector")],
	},
	"selection and time box": {
		"spec": {"selector": "", "timeBox": {}},
		"reasons": array.concat(
			fixtures.box_problems([["spec.timeBox", _limits_nothing]]),
			fixtures.plain(["NothingSelected"]),
		),
	},
	"an identity for all": {"kind": "AzureIdentity", "spec": {"type": 0}, "reasons": []},
	"an identity for some": {
		"kind": "AzureIdentity",
		"spec": {"usableBy": {"namespaceSelector": {"matchLabels": {"team": "web"}}}},
		"reasons": [],
	},
	"an empty usableBy": {
		"kind": "AzureIdentity",
		"spec": {"usableBy": {}},
		"reasons": [_invalid_match("spec.usableBy")],
	},
	"an empty namespace selector": {
		"kind": "AzureIdentity",
		"spec": {"usableBy": {"namespaceSelector": {}}},
		"reasons": [_invalid_match("spec.usableBy.namespaceSelector")],
	},
}
