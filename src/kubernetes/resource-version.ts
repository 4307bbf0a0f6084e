const digits = /^[0-9]+$/;

/**
 * Whether `version` is `other` or later. Of one resource they are whole numbers that can be compared
 * (since Kubernetes 1.35 by contract, before by habit); what is none, is reached only by itself.
 */
export function isAtLeast(version: string, other: string): boolean {
  if (version === other) return true;
  if (!digits.test(version) || !digits.test(other)) return false;
  const [a, b] = [version.replace(/^0+/, ""), other.replace(/^0+/, "")];
  return a.length === b.length ? a >= b : a.length > b.length;
}
