package podid.validate

import data.podid.form
import data.podid.reasons

_found contains reasons.of(_access[input.kind].code, {"field": concat(".", ["spec", field]), "problem": problem}) if {
	some [field, problem] in _access_problems
}

_access_problems contains [field, "is required"] if {
	some field in _access[input.kind].required
	not _has(input.object.spec, field)
}

_access_problems contains [field, "unknown field"] if {
	forms := _access[input.kind].forms
	some field in object.keys(input.object.spec)
	not _has(forms, field)
}

_access_problems contains [field, _problems[form]] if {
	some field, form in _access[input.kind].forms
	value := input.object.spec[field]
	not _has_form(form, value)
}

# Just-in-time grants and their approvals (reference/time-boxes.md §2.4).
_access := {
	"AzureIdentityAccessGrant": {
		"code": "InvalidGrant",
		"required": {"bindingName", "requester", "justification", "for"},
		"forms": {
			"bindingName": "name",
			"requester": "name",
			"justification": "justification",
			"ticket": "text",
			"for": "duration",
			"notBefore": "stamp",
			"podName": "name",
			"revoked": "switch",
			"revokedBy": "text",
			"revokeReason": "text",
		},
	},
	"AzureIdentityAccessApproval": {
		"code": "InvalidApproval",
		"required": {"grantName", "grantUID", "bindingName", "approver", "decision"},
		"forms": {
			"grantName": "name",
			"grantUID": "name",
			"bindingName": "name",
			"approver": "name",
			"decision": "decision",
			"comment": "text",
		},
	},
}

_problems := {
	"decision": "must be Approve or Deny",
	"duration": _duration_form,
	"justification": "must be text of 10 to 1024 characters",
	"name": "must be text that is not empty",
	"stamp": _stamp_form,
	"switch": "must be true or false",
	"text": "must be text",
}

_has_form("decision", value) if value in {"Approve", "Deny"}

_has_form("duration", value) if form.is_duration(value)

_has_form("justification", value) if {
	is_string(value)
	count(value) >= 10
	count(value) <= 1024
}

_has_form("name", value) if {
	is_string(value)
	value != ""
}

_has_form("stamp", value) if form.is_stamp(value)

_has_form("switch", value) if is_boolean(value)

_has_form("text", value) if is_string(value)
