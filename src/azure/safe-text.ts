const longestText = 400;
const compactJwt = /\bey[\w-]+\.[\w-]+\.[\w-]*/g;

/**
 * Makes what another party wrote fit for logs and events: one line, bounded, without anything that looks
 * like a token and without `secrets`. Entra quotes parts of requests in its errors, and the host behind an
 * adEndpoint may quote all of it.
 */
export function safeText(text: string, secrets: readonly string[] = []): string {
  const withoutSecrets = secrets
    .flatMap((secret) => (secret === "" ? [] : [secret, encodeURIComponent(secret)]))
    .reduce((left, secret) => left.replaceAll(secret, "[secret]"), text);
  const oneLine = withoutSecrets.replaceAll(compactJwt, "[token]").replaceAll(/\s+/g, " ").trim();
  return oneLine.length > longestText ? `${oneLine.slice(0, longestText)}…` : oneLine;
}
