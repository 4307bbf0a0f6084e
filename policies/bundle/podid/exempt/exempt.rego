# METADATA
# title: Exempt
# description: |
#   Whether an AzurePodIdentityException lets a pod through to the platform's own metadata service.
# schemas:
#   - input: schema.exempt
package podid.exempt

# METADATA
# title: Exemption decision
# description: |
#   A pod is excepted when any one label pair of any exception in its namespace matches: the key
#   exactly, the value in any letter case (reference/aad-pod-identity.md §1.4).
# entrypoint: true
default decision := {"exempt": false, "reasons": []}

decision := {"exempt": true, "exception": sort(_exceptions)[0], "reasons": []} if count(_exceptions) > 0

_exceptions contains name if {
	some exception in data.cluster.exceptions[input.pod.namespace]
	some key, value in exception.podLabels
	lower(input.pod.labels[key]) == lower(value)
	name := concat("/", [input.pod.namespace, exception.name])
}
