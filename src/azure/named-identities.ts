/** What goes on with the id before it: then the text names another one, of which that id is only the beginning. */
const continues = /^[.:]*[\p{L}\p{M}\p{N}\p{Pc}/%-]/u;

const anyIdentity =
  /\/subscriptions\/[^/'"\s]+\/resourceGroups\/[^/'"\s]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^'"\s,;<>]+/gi;
const punctuation = /[.:!?)\]}]+$/;

/**
 * The identities that a text of ARM names, in any letter case: those of `sent` as they were sent, then others as
 * written. Ids in a text have no certain end, so what was sent is looked for rather than cut out: the longest
 * first, since one id may be the beginning of another.
 */
export function namedIdentities(text: string, sent: readonly string[]): readonly string[] {
  const named: string[] = [];
  let rest = text;
  for (const id of sent.toSorted((one, other) => other.length - one.length)) {
    const found = new RegExp(RegExp.escape(id), "gi");
    const without = rest.replaceAll(found, (match, offset: number, whole: string) =>
      continues.test(whole.slice(offset + match.length)) ? match : " ",
    );
    if (without !== rest) named.push(id);
    rest = without;
  }
  const others = [...rest.matchAll(anyIdentity)].map(([id]) => id.replace(punctuation, ""));
  return [...named, ...new Map(others.map((id) => [id.toLowerCase(), id])).values()];
}
