import type { JournalEntry } from "../../../src/emulator/journal.ts";
import type { Message } from "./grammar.ts";
import type { RawAnswer } from "./raw-socket.ts";

/**
 * What must hold of any bytes, written down without a look at NMI's parser (reference/reliability.md S3, S4, P6):
 * whether a message is a token request in one of the forms that SDKs send.
 */
export function isCanonical({ bytes }: Message): boolean {
  const head = bytes.split("\r\n\r\n", 1)[0] ?? "";
  const [requestLine = "", ...lines] = head.split("\r\n");
  const target = /^GET (\/{1,2}metadata\/identity\/oauth2\/token\/?\?[!-~]+) HTTP\/1\.[01]$/i.exec(
    requestLine,
  )?.[1];
  if (
    target === undefined ||
    !requestLine.startsWith("GET ") ||
    lines.some((line) => !/^[!-9;-~]+:[^\r\n\0]*$/.test(line))
  ) {
    return false;
  }
  const values = (name: string): readonly string[] =>
    lines.flatMap((line) => {
      const [given = "", ...rest] = line.split(":");
      return given.toLowerCase() === name ? [rest.join(":").trim()] : [];
    });
  const resources = target.split(/[?&]/).filter((pair) => /^resource=./i.test(pair));
  return (
    resources.length === 1 &&
    values("metadata").length === 1 &&
    /^true$/i.test(values("metadata")[0] ?? "") &&
    values("host").length === 1 &&
    /^(?:169\.254\.169\.254|127\.0\.0\.1)(?::\d+)?$/.test(values("host")[0] ?? "") &&
    ["x-forwarded-for", "forwarded", "transfer-encoding"].every((name) => values(name).length === 0) &&
    values("content-length").every((length) => length === "0")
  );
}

/** Whether an answer hands out a token. */
export function isToken({ status, body }: RawAnswer): boolean {
  return status === 200 && body.includes("access_token");
}

const approved = [
  /^\/metadata\/identity\/oauth2\/token\?api-version=2018-02-01&(?:resource=[^&]+|(?:client_id|object_id|msi_res_id)=[^&]+)(?:&(?:resource|client_id|object_id|msi_res_id)=[^&]+)?$/,
  /^\/metadata\/(?:instance(?:\/[A-Za-z0-9_-]+)*|versions)(?:\?(?:api-version=\d{4}-\d\d-\d\d)?&?(?:format=(?:json|text))?)?$/,
];

/** Requests to IMDS that nobody has approved: another method, path or parameter. */
export function unapproved(journal: readonly JournalEntry[]): readonly string[] {
  return journal
    .filter(({ method, target }) => method !== "GET" || !approved.some((form) => form.test(target)))
    .map(({ method, target }) => `${method} ${target}`);
}
