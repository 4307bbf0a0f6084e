/**
 * The whole id, in any letter case. The reference takes text around it as well, which Azure does not: such an id
 * would be refused there, and with it all that is asked for in the same request. Without `u`, since by that flag
 * letters beyond ASCII would equal some of ASCII.
 */
const userAssignedIdentity =
  /^\/subscriptions\/[\w-]+\/resourceGroups\/([^/]{1,90})\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[a-z0-9][\w-]{2,127}$/i;
const groupName = /^[\p{L}\p{M}\p{N}\p{Pc}().-]+$/u;

/** What such an id looks like, in words for whoever wrote another. */
export const userAssignedIdentityForm =
  "/subscriptions/<id>/resourcegroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>";

/**
 * Whether `text` is the ARM id of a user-assigned identity, by Azure's rules for names, and nothing besides
 * (docs/parity.md, row 72). Here, because manifests are judged by it as well as what the controller sends to ARM.
 */
export function isUserAssignedIdentityId(text: string): boolean {
  const [, group = ""] = userAssignedIdentity.exec(text) ?? [];
  return groupName.test(group);
}
