# METADATA
# title: Reasons
# description: The closed list of reason codes that a decision may carry, and the one way to write a reason.
package podid.reasons

# METADATA
# title: Reason codes
# description: Every code that the policy gives; src/engine/reasons.ts holds their text and a test keeps the two equal.
codes := {
	"AfterNotAfter",
	"AnchorUnknown",
	"AssignmentPending",
	"BeforeNotBefore",
	"DeniedByPolicy",
	"DurationElapsed",
	"DurationNotStarted",
	"Excluded",
	"GrantPendingApproval",
	"IdentityMissing",
	"IdentityNotFound",
	"IdentityNotUsable",
	"InvalidApproval",
	"InvalidGrant",
	"InvalidMatch",
	"InvalidTimeBox",
	"NamespaceMismatch",
	"NoActiveGrant",
	"NoMatchingBinding",
	"NothingSelected",
	"OutsideSchedule",
	"PodTerminated",
	"PolicyError",
	"StaleCache",
	"Suspended",
	"UnsupportedIdentityType",
}

# METADATA
# title: A reason
# description: A code of the list with the facts that make it useful; undefined for a code that is not on the list.
of(code, params) := {"code": code, "params": params} if code in codes

# METADATA
# title: Sorted reasons
# description: |
#   An array in the order of codes, whatever the engine's order of set members is
#   (reference/opa-wasm.md §6 no. 2).
sorted(set_of_reasons) := sort(set_of_reasons)
