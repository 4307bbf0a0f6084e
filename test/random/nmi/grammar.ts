import * as fc from "fast-check";

/** One message of a connection, and the parts in which it is sent. */
export interface Message {
  readonly bytes: string;
}

export const tokenTarget = "/metadata/identity/oauth2/token";
/** Stands wherever a client can write something; must show up in no log. */
export const canary = "c4n4ry";

const query = "api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net";

/** Requests of real SDKs (reference/azure.md §1.1). */
export const sdkTargets = [
  `${tokenTarget}?${query}`,
  `${tokenTarget}/?${query}`,
  `/${tokenTarget}?${query}`,
  `${tokenTarget}?api-version=2018-02-01&resource=https://vault.azure.net`,
  `${tokenTarget}?api-version=2018-02-01&client_id=reader-client&resource=https%3A%2F%2Fvault.azure.net`,
  `${tokenTarget}?api-version=2018-02-01&mi_res_id=/s/${canary}&resource=https%3A%2F%2Fvault.azure.net`,
  `${tokenTarget}?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net`,
  "/METADATA/identity/OAuth2/token?resource=https%3A%2F%2Fvault.azure.net",
];

/** CVE-2022-23551 and its kin: what leads some reader of paths to the token route. */
export const confusedTargets = [
  `/metadata/identity\\oauth2\\token?${query}`,
  `/metadata\\identity/oauth2/token?${query}`,
  `/metadata/identity%2foauth2/token?${query}`,
  `/metadata/identity%5coauth2%5ctoken?${query}`,
  `/metadata/%69dentity/oauth2/token?${query}`,
  `/metadata/identity/oauth2/%74oken?${query}`,
  `/metadata/identity/oauth2//token?${query}`,
  `/metadata//identity/oauth2/token?${query}`,
  `///metadata/identity/oauth2/token?${query}`,
  `/metadata/./identity/oauth2/token?${query}`,
  `/metadata/x/../identity/oauth2/token?${query}`,
  `/metadata/instance/../identity/oauth2/token?${query}`,
  `/metadata/instance/..;/identity/oauth2/token?${query}`,
  `/metadata/instance/%2e%2e/identity/oauth2/token?${query}`,
  `/metadata/identity/oauth2/token;x=1?${query}`,
  `/metadata/identity/oauth2/token%00?${query}`,
  `/metadata/identity/oauth2/token#?${query}`,
  `/metadata/identity/oauth2/token/x?${query}`,
  `/metadata/identity/oauth2/token%3f${query}`,
  `//169.254.169.254/metadata/identity/oauth2/token?${query}`,
  `http://169.254.169.254/metadata/identity/oauth2/token?${query}`,
  `http://evil.test/metadata/identity/oauth2/token?${query}`,
  `http://evil.test@169.254.169.254/metadata/instance?${query}`,
  `/metadata/identity/issuecredential?cred-api-version=2.0`,
  `/metadata/identity/getplatformmetadata?cred-api-version=2.0`,
  `/metadata/identity/info?api-version=2018-02-01`,
  `/metadata/attested/document?api-version=2018-10-01`,
  `/metadata/scheduledevents?api-version=2020-07-01`,
  `/metadata/instance?api-version=2021-02-01&${canary}=1`,
  `/metadata/instance/compute?api-version=2021-02-01`,
  `/metadata/versions`,
  `/host/token/?resource=https%3A%2F%2Fvault.azure.net`,
  `/host/token/..%2f..%2fmetadata/identity/oauth2/token?${query}`,
  `/${canary}`,
  "*",
  "",
];

const pathPiece = fc.constantFrom(
  "/", "//", "\\", "/./", "/../", "%2f", "%5c", "%2e%2e", ";", "?", "#", "&", "metadata", "METADATA", "identity", "oauth2",
  "token", "instance", "versions", "attested", "document", "host", "resource=r", "api-version=2018-02-01", canary, "\u00e9",
); // prettier-ignore
const madeUpTarget = fc.array(pathPiece, { minLength: 1, maxLength: 10 }).map((pieces) => pieces.join(""));

/** A target with one change somewhere. */
const mutatedTarget = fc
  .tuple(fc.constantFrom(...sdkTargets, ...confusedTargets), fc.nat(80), pathPiece, fc.boolean())
  .map(([target, at, piece, replaces]) => {
    const index = at % (target.length + 1);
    return target.slice(0, index) + piece + target.slice(replaces ? index + 1 : index);
  });

const target = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...sdkTargets) },
  { weight: 3, arbitrary: fc.constantFrom(...confusedTargets) },
  { weight: 3, arbitrary: mutatedTarget },
  { weight: 2, arbitrary: madeUpTarget },
);

const method = fc.oneof(
  { weight: 8, arbitrary: fc.constant("GET") },
  {
    weight: 2,
    arbitrary: fc.constantFrom("POST", "HEAD", "PUT", "OPTIONS", "TRACE", "get", "CONNECT", "DELETE", "X"),
  },
);
const version = fc.oneof(
  { weight: 9, arbitrary: fc.constant("HTTP/1.1") },
  { weight: 1, arbitrary: fc.constantFrom("HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "http/1.1", "") },
);

const usualHeaders = ["Host: 169.254.169.254", "Metadata: true"];
/** Headers that change what a request is, for some reader; each is put among the usual ones. */
const oddHeader = fc.constantFrom<string[]>(
  "Metadata: true", "metadata: TRUE", "Metadata: false", "Metadata:", "Metadata : true", " Metadata: true", "Metadata: true, true",
  "Host: 169.254.169.254", "Host: evil.test", "Host:", "Host: 169.254.169.254:80", "Host: 169.254.169.254, evil.test",
  `X-Forwarded-For: ${canary}`, "X-Forwarded-For:", "Forwarded: for=127.0.0.3", "X-Original-URL: /metadata/identity/oauth2/token",
  "Content-Length: 0", "Content-Length: 5", "Content-Length: -1", "Content-Length: 0, 5", "Content-Length: 00", "Content-Length: +0",
  "Transfer-Encoding: chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding: identity", "Transfer-Encoding : chunked",
  "Transfer-Encoding:\tchunked", "transfer-encoding: chunked, identity", "Expect: 100-continue", `Expect: ${canary}`,
  "Upgrade: h2c", "Connection: upgrade", "Connection: close", "Connection: metadata", `X-Odd: ${canary}\r\n folded`, `X: ${canary}\rY: 1`,
  `X: ${canary}\nY: 1`, `X-Nul: a\0${canary}`, canary, `: ${canary}`, `X-Big: ${canary.repeat(3_000)}`, `User-Agent: ${canary}`,
  "podns: shop", "podname: web", `podname: ${canary}`, `x-ms-client-request-id: ${canary}!`, "Content-Type: application/x-www-form-urlencoded",
); // prettier-ignore

const headers = fc
  .tuple(
    fc.subarray(usualHeaders, { minLength: 0 }),
    fc.boolean(),
    fc.oneof(
      { weight: 1, arbitrary: fc.constant<string[]>([]) },
      { weight: 2, arbitrary: fc.array(oddHeader, { minLength: 1, maxLength: 3 }) },
    ),
    fc.boolean(),
  )
  .map(([some, isUsual, odd, isFirst]) => {
    const usual = isUsual ? usualHeaders : some;
    return isFirst ? odd.concat(usual) : usual.concat(odd);
  });

const smuggled = `GET ${tokenTarget}?${query} HTTP/1.1\r\nHost: 169.254.169.254\r\nMetadata: true\r\n\r\n`;
const body = fc.oneof(
  { weight: 8, arbitrary: fc.constant("") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "hello",
      "0\r\n\r\n",
      `5\r\nhello\r\n0\r\n\r\n`,
      `0\r\n\r\n${smuggled}`,
      `5;x=\n\r\nhello\r\n0\r\n\r\n`,
      `ffffffffffffffff\r\n`,
      smuggled,
    ),
  },
);
const lineEnd = fc.oneof(
  { weight: 12, arbitrary: fc.constant("\r\n") },
  { weight: 1, arbitrary: fc.constantFrom("\n", "\r", "\r\r\n") },
);

const oddMessage: fc.Arbitrary<Message> = fc
  .tuple(method, target, version, headers, lineEnd, body)
  .map(([verb, to, http, lines, end, rest]) => ({
    bytes: `${[`${verb} ${to} ${http}`, ...lines].join(end)}${end}${end}${rest}`,
  }));

/** A request as an SDK sends it, from the first byte to the last. */
const soundMessage: fc.Arbitrary<Message> = fc.constantFrom(...sdkTargets).map((to) => ({
  bytes: `GET ${to} HTTP/1.1\r\n${usualHeaders.join("\r\n")}\r\n\r\n`,
}));

const message = fc.oneof({ weight: 5, arbitrary: oddMessage }, { weight: 1, arbitrary: soundMessage });

/** What a client sends over one connection: some messages in a row, whole or cut off, in one or in many parts. */
export const connection: fc.Arbitrary<{
  readonly messages: readonly Message[];
  readonly parts: readonly string[];
}> = fc
  .tuple(
    fc.array(message, { minLength: 1, maxLength: 3 }),
    fc.oneof(
      { weight: 9, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
    ),
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.integer({ min: 2, max: 6 }) },
    ),
  )
  .map(([messages, share, count]) => {
    const all = messages.map(({ bytes }) => bytes).join("");
    const sent = all.slice(0, Math.ceil(all.length * share));
    const size = Math.ceil(sent.length / count);
    const parts = Array.from({ length: count }, (_, index) => sent.slice(index * size, (index + 1) * size));
    return { messages, parts: parts.filter((part) => part !== "") };
  });
