import { accessSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");
const programs = join(import.meta.dirname, "programs");
const python = join(root, ".tools/clients/python/bin/python");
const azidentity = join(root, ".tools/clients/azidentity");

/** An unmodified client, and how it behaves where clients differ (reference/azure.md §1.2, §1.3). */
export interface Client {
  readonly name: string;
  /** Its program; what it is asked comes as the last argument. */
  readonly command: readonly string[];
  /** Whether it keeps tokens, so that a second question for the same one stays in the pod. */
  readonly caches: boolean;
  /** Whether it asks again after a 503, as a stopping daemon answers those who wait. */
  readonly retries: boolean;
  /** Its DefaultAzureCredential; null: it has none. */
  readonly chain: {
    /** Whether it asks for the service again before each token, or until it was there once. */
    readonly probesEachTime: boolean;
    /** Whether it tries its next credential after a refusal with 400 or 403. */
    readonly goesOn: boolean;
  } | null;
  /** Why it cannot be run here; false when it can. */
  readonly missing: string | false;
}

const ownNode = (program: string): readonly string[] => [process.execPath, join(programs, program)];
const ownPython = (program: string): readonly string[] => [python, join(programs, program)];
const noPython = isThere(python) ? false : "needs python3; tools/clients.sh installs the SDK";

export const clients: readonly Client[] = [
  {
    name: "@azure/identity",
    command: ownNode("azure-identity.ts"),
    caches: true,
    retries: true,
    chain: { probesEachTime: true, goesOn: true },
    missing: false,
  },
  {
    name: "@azure/msal-node",
    command: ownNode("msal-node.ts"),
    caches: true,
    retries: true,
    chain: null,
    missing: false,
  },
  {
    name: "azure-identity for Python",
    command: ownPython("azure_identity_client.py"),
    caches: true,
    retries: true,
    chain: { probesEachTime: false, goesOn: true },
    missing: noPython,
  },
  {
    name: "msal for Python",
    command: ownPython("msal_client.py"),
    caches: true,
    retries: false,
    chain: null,
    missing: noPython,
  },
  {
    name: "azidentity for Go",
    command: [azidentity],
    caches: true,
    retries: true,
    chain: { probesEachTime: false, goesOn: false },
    missing: isThere(azidentity) ? false : "needs Go; tools/clients.sh builds the program",
  },
  {
    name: "curl",
    command: ownNode("curl.ts"),
    caches: false,
    retries: false,
    chain: null,
    missing: isOnPath("curl") ? false : "needs curl",
  },
];

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => isThere(join(folder, program)));
}

function isThere(file: string): boolean {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}
