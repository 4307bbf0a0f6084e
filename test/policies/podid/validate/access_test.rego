package podid.validate_test

import data.podid.validate

test_access[note] if {
	some note, row in object.union(_grants, _approvals)
	spec := json.remove(object.union(_whole[row.kind], object.get(row, "with", {})), object.get(row, "without", []))
	decision := validate.decision with input as {"kind": row.kind, "object": {"spec": spec}}
	reasons := [{"code": _code[row.kind], "params": {"field": field, "problem": problem}} |
		some [field, problem] in row.problems
	]
	decision == {"valid": count(reasons) == 0, "reasons": reasons}
}

_code := {"AzureIdentityAccessGrant": "InvalidGrant", "AzureIdentityAccessApproval": "InvalidApproval"}

_whole := {
	"AzureIdentityAccessGrant": {
		"bindingName": "nightly",
		"requester": "alice",
		"justification": "the ledger is stuck",
		"for": "15m",
	},
	"AzureIdentityAccessApproval": {
		"grantName": "fix",
		"grantUID": "5f0e3c1a-0000-4000-8000-000000000002",
		"bindingName": "nightly",
		"approver": "bob",
		"decision": "Approve",
	},
}

_grant(row) := object.union({"kind": "AzureIdentityAccessGrant", "problems": []}, row)

_approval(row) := object.union({"kind": "AzureIdentityAccessApproval", "problems": []}, row)

_not_empty := "must be text that is not empty"

_justification_form := "must be text of 10 to 1024 characters"

_characters(n) := concat("", ["x" | some _ in numbers.range(1, n)])

_grants := {
	"a grant": _grant({}),
	"a grant with every field": _grant({"with": {
		"ticket": "OPS-1",
		"notBefore": "2026-05-01T12:00:00+02:00",
		"podName": "web-0",
		"revoked": true,
		"revokedBy": "carol",
		"revokeReason": "",
	}}),
	"a short justification": _grant({"with": {"justification": _characters(10)}}),
	"a long justification": _grant({"with": {"justification": _characters(1024)}}),
	"a justification that is too short": _grant({
		"with": {"justification": _characters(9)},
		"problems": [["spec.justification", _justification_form]],
	}),
	"a justification that is too long": _grant({
		"with": {"justification": _characters(1025)},
		"problems": [["spec.justification", _justification_form]],
	}),
	"a justification that is a list": _grant({
		"with": {"justification": numbers.range(1, 20)},
		"problems": [["spec.justification", _justification_form]],
	}),
	"a grant without anything": _grant({
		"without": ["bindingName", "for", "justification", "requester"],
		"problems": [
			["spec.bindingName", "is required"],
			["spec.for", "is required"],
			["spec.justification", "is required"],
			["spec.requester", "is required"],
		],
	}),
	"a grant with wrong values": _grant({
		"with": {
			"bindingName": "",
			"requester": 1,
			"for": "0s",
			"notBefore": "2026-05-01",
			"podName": "",
			"revoked": "no",
			"ticket": 7,
			"revokedBy": null,
			"revokeReason": [],
		},
		"problems": [
			["spec.bindingName", _not_empty],
			["spec.for", _duration_form],
			["spec.notBefore", _stamp_form],
			["spec.podName", _not_empty],
			["spec.requester", _not_empty],
			["spec.revokeReason", "must be text"],
			["spec.revoked", "must be true or false"],
			["spec.revokedBy", "must be text"],
			["spec.ticket", "must be text"],
		],
	}),
	"a grant with a misspelt field": _grant({
		"with": {"podname": "web-0"},
		"problems": [["spec.podname", "unknown field"]],
	}),
}

_approvals := {
	"an approval": _approval({}),
	"a Deny with a comment": _approval({"with": {"decision": "Deny", "comment": "not today"}}),
	"an approval without anything": _approval({
		"without": ["approver", "bindingName", "decision", "grantName", "grantUID"],
		"problems": [
			["spec.approver", "is required"],
			["spec.bindingName", "is required"],
			["spec.decision", "is required"],
			["spec.grantName", "is required"],
			["spec.grantUID", "is required"],
		],
	}),
	"an approval with wrong values": _approval({
		"with": {
			"approver": "",
			"bindingName": null,
			"comment": 1,
			"decision": "approve",
			"grantName": "",
			"grantUID": "",
		},
		"problems": [
			["spec.approver", _not_empty],
			["spec.bindingName", _not_empty],
			["spec.comment", "must be text"],
			["spec.decision", "must be Approve or Deny"],
			["spec.grantName", _not_empty],
			["spec.grantUID", _not_empty],
		],
	}),
	"an approval with a field of a grant": _approval({
		"with": {"for": "15m"},
		"problems": [["spec.for", "unknown field"]],
	}),
}
