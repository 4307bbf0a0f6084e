package podid.scenarios_test

import data.podid.fixtures

test_grants[note] if {
	some note, row in _grants
	_as_expected(row)
}

_made := {"created": "2026-05-01T09:00:00Z"}

_grant_mode(jit) := {"openWhen": "Grant", "jit": object.union({"maxDuration": "1h", "approvals": 0}, jit)}

_approval(approver, clock) := fixtures.approval(approver, concat("", ["2026-05-01T", clock, "Z"]), {})

_grants := {
	"28 a grant without approvals": {
		"binding": _made,
		"box": _grant_mode({}),
		"grants": [fixtures.grant({})],
		"at": {
			"2026-05-01T09:59:59Z": ["NoActiveGrant"],
			"2026-05-01T10:00:00Z": [],
			"2026-05-01T10:14:59Z": [],
			"2026-05-01T10:15:00Z": ["NoActiveGrant"],
		},
	},
	"29 the second approval starts it": {
		"binding": _made,
		"box": _grant_mode({"approvals": 2}),
		"grants": [fixtures.grant({})],
		"approvals": {"fix": [
			_approval("bob", "10:05:00"),
			_approval("carol", "10:12:00"),
			_approval("dave", "10:13:00"),
		]},
		"at": {
			"2026-05-01T10:11:59Z": ["GrantPendingApproval"],
			"2026-05-01T10:12:00Z": [],
			"2026-05-01T10:26:59Z": [],
			"2026-05-01T10:27:00Z": ["NoActiveGrant"],
		},
	},
	"30 bob twice and the requester": {
		"binding": _made,
		"box": _grant_mode({"approvals": 2}),
		"grants": [fixtures.grant({})],
		"approvals": {"fix": [
			_approval("bob", "10:05:00"),
			object.union(_approval("bob", "10:06:00"), {"name": "fix-bob-2"}),
			_approval("alice", "10:07:00"),
		]},
		"at": {"2026-05-01T10:10:00Z": ["GrantPendingApproval"], "2026-05-02T10:00:00Z": ["GrantPendingApproval"]},
	},
	"30 one Deny": {
		"binding": _made,
		"box": _grant_mode({"approvals": 2}),
		"grants": [fixtures.grant({})],
		"approvals": {"fix": [
			_approval("bob", "10:05:00"),
			_approval("carol", "10:06:00"),
			object.union(_approval("dave", "10:07:00"), {"decision": "Deny"}),
		]},
		"at": {"2026-05-01T10:06:30Z": ["NoActiveGrant"], "2026-05-01T10:10:00Z": ["NoActiveGrant"]},
	},
	"30 exactly 24 hours later": {
		"binding": _made,
		"box": _grant_mode({"approvals": 2}),
		"grants": [fixtures.grant({})],
		"approvals": {"fix": [_approval("bob", "10:05:00"), fixtures.approval("carol", "2026-05-02T10:00:00Z", {})]},
		"at": {
			"2026-05-02T09:59:59Z": ["GrantPendingApproval"],
			"2026-05-02T10:00:00Z": [],
			"2026-05-02T10:14:59Z": [],
			"2026-05-02T10:15:00Z": ["NoActiveGrant"],
		},
	},
	"30 a second later": {
		"binding": _made,
		"box": _grant_mode({"approvals": 2}),
		"grants": [fixtures.grant({})],
		"approvals": {"fix": [_approval("bob", "10:05:00"), fixtures.approval("carol", "2026-05-02T10:00:01Z", {})]},
		"at": {"2026-05-02T10:00:00Z": ["GrantPendingApproval"], "2026-05-02T10:00:01Z": ["NoActiveGrant"]},
	},
	"31 maxDuration bounds it": {
		"binding": _made,
		"box": _grant_mode({}),
		"grants": [fixtures.grant({"for": "8h"})],
		"at": {"2026-05-01T10:59:59Z": [], "2026-05-01T11:00:00Z": ["NoActiveGrant"]},
	},
	"31 maxDuration lowered": {
		"binding": _made,
		"box": _grant_mode({"maxDuration": "20m"}),
		"grants": [fixtures.grant({"for": "8h"})],
		"at": {"2026-05-01T10:19:59Z": [], "2026-05-01T10:30:00Z": ["NoActiveGrant"]},
	},
	"32 overlapping grants": {
		"binding": _made,
		"box": _grant_mode({}),
		"grants": [
			fixtures.grant({}),
			fixtures.grant({"name": "more", "uid": "uid-of-more", "created": "2026-05-01T10:10:00Z", "for": "30m"}),
		],
		"at": {
			"2026-05-01T10:14:59Z": [],
			"2026-05-01T10:15:00Z": [],
			"2026-05-01T10:39:59Z": [],
			"2026-05-01T10:40:00Z": ["NoActiveGrant"],
		},
	},
	"33 revoked": {
		"binding": _made,
		"box": _grant_mode({}),
		"grants": [fixtures.grant({"revoked": true})],
		"at": {"2026-05-01T10:05:00Z": ["NoActiveGrant"]},
	},
	"33 older than the binding": {
		"binding": {"created": "2026-05-01T10:20:00Z"},
		"box": _grant_mode({}),
		"grants": [fixtures.grant({"for": "1h"})],
		"at": {"2026-05-01T10:10:00Z": ["NoActiveGrant"], "2026-05-01T10:30:00Z": ["NoActiveGrant"]},
	},
	"34 ScheduleAndGrant": {
		"binding": {"created": "2026-05-01T08:00:00Z"},
		"box": object.union(_office_hours, {"openWhen": "ScheduleAndGrant"}),
		"grants": [_early_grant],
		"at": {
			"2026-05-01T08:59:59Z": ["OutsideSchedule"],
			"2026-05-01T09:00:00Z": [],
			"2026-05-01T09:29:59Z": [],
			"2026-05-01T09:30:00Z": ["NoActiveGrant"],
		},
	},
	"34 ScheduleOrGrant": {
		"binding": {"created": "2026-05-01T08:00:00Z"},
		"box": object.union(_office_hours, {"openWhen": "ScheduleOrGrant"}),
		"grants": [_early_grant],
		"at": {
			"2026-05-01T08:29:59Z": ["NoActiveGrant", "OutsideSchedule"],
			"2026-05-01T08:30:00Z": [],
			"2026-05-01T09:29:59Z": [],
			"2026-05-01T09:30:00Z": [],
			"2026-05-01T16:59:59Z": [],
			"2026-05-01T17:00:00Z": ["NoActiveGrant", "OutsideSchedule"],
		},
	},
	"35 a grant during an exclusion": {
		"binding": _made,
		"box": object.union(_grant_mode({}), _freeze(false)),
		"grants": [_christmas_grant],
		"at": {
			"2026-12-24T09:59:59Z": ["Excluded", "NoActiveGrant"],
			"2026-12-24T10:00:00Z": ["Excluded"],
			"2026-12-24T10:30:00Z": ["Excluded"],
		},
	},
	"35 a grant that the exclusion exempts": {
		"binding": _made,
		"box": object.union(_grant_mode({}), _freeze(true)),
		"grants": [_christmas_grant],
		"at": {
			"2026-12-24T09:59:59Z": ["Excluded", "NoActiveGrant"],
			"2026-12-24T10:00:00Z": [],
			"2026-12-24T10:59:59Z": [],
			"2026-12-24T11:00:00Z": ["Excluded", "NoActiveGrant"],
		},
	},
}

_office_hours := {
	"timeZone": "UTC",
	"windows": [{"times": [{"start": "09:00", "end": "17:00"}]}],
	"jit": {"maxDuration": "8h", "approvals": 0},
}

_early_grant := fixtures.grant({"created": "2026-05-01T08:30:00Z", "for": "1h"})

_freeze(exempt) := {
	"timeZone": "UTC",
	"exclusions": [{"dates": ["2026-12-20..2027-01-02"], "exemptGrants": exempt}],
}

_christmas_grant := fixtures.grant({"created": "2026-12-24T10:00:00Z", "for": "1h"})
