import assert from "node:assert/strict";
import { before, describe, it, type TestContext } from "node:test";

import { parseClientCertificate } from "../../../src/azure/client-certificate.ts";
import { findCloud } from "../../../src/azure/cloud.ts";
import {
  createCertificateCredential,
  createManagedIdentityCredential,
  createSecretCredential,
  createWorkloadIdentityCredential,
  type Credential,
} from "../../../src/azure/credential.ts";
import { AzureError } from "../../../src/azure/errors.ts";
import { createEmulator, type Emulator } from "../../../src/emulator/emulator.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import {
  type ApplicationKeys,
  createApplicationKeys,
  createServiceAccountIssuer,
} from "./application-keys.ts";
import { json, serveScript } from "./loopback.ts";
import { managed, readerClientID, startMs, startWorld, systemVm, tenantID } from "./world.ts";

const cloud = findCloud("AzurePublicCloud");
const scope = cloud.armScope;
const clientID = "20000000-0000-4000-8000-000000000009";
const issuer = "https://oidc.example/cluster/";
const subject = "system:serviceaccount:podid-system:podid-controller";
const audience = "api://AzureADTokenExchange";
const cluster = createServiceAccountIssuer();
const stranger = createServiceAccountIssuer();

/** An Entra in real time, since MSAL signs by the clock of the machine; its application trusts key and cluster. */
async function startEntra(
  t: TestContext,
  certificates: readonly string[],
): Promise<{ readonly emulator: Emulator; readonly authorityUrl: string }> {
  const federated = { issuer, subject, audience, publicKey: cluster.publicKey };
  const emulator = createEmulator({
    clock: createSystemClock(),
    state: {
      tenants: [{ tenantID }],
      applications: [
        {
          clientID,
          objectID: clientID,
          tenantID,
          secrets: [],
          certificates: [...certificates],
          federatedCredentials: [federated],
        },
      ],
    },
  });
  t.after(() => emulator.close());
  return { emulator, authorityUrl: (await emulator.start()).entra };
}

function claims(): Readonly<Record<string, unknown>> {
  const seconds = Math.floor(Date.now() / 1000);
  return { iss: issuer, sub: subject, aud: [audience], iat: seconds, nbf: seconds, exp: seconds + 3600 };
}

async function fails(credential: Credential, code: string, says: RegExp): Promise<void> {
  await assert.rejects(credential.getToken(scope), (error) => {
    assert.ok(error instanceof AzureError);
    assert.equal(error.code, code);
    assert.match(error.message, says);
    assert.doesNotMatch(error.message, /eyJ/);
    for (const own of [clientID, tenantID]) assert.ok(!error.message.includes(own), error.message);
    return true;
  });
}

describe("podid's own login by certificate", () => {
  let keys: ApplicationKeys;
  before(async () => {
    keys = await createApplicationKeys();
  });
  const credentialAt = (authorityUrl: string, { keyPem, certificatePem } = keys): Credential => {
    const certificate = parseClientCertificate("app.pem", Buffer.from(`${keyPem}\n${certificatePem}`), "");
    const clock = createSystemClock();
    const endpoints = { authorityUrl };
    return createCertificateCredential({ clock, cloud, endpoints, tenantID, clientID, certificate });
  };

  it("signs what Entra accepts", async (t) => {
    const { emulator, authorityUrl } = await startEntra(t, [keys.certificatePem]);
    assert.match((await credentialAt(authorityUrl).getToken(scope)).token, /^eyJ/);
    const [login] = emulator.journal.list();
    assert.deepEqual([login?.clientID, login?.audience], [clientID, "https://management.azure.com/"]);
  });

  it("is refused with a certificate that is not the application's", async (t) => {
    const { authorityUrl } = await startEntra(t, [keys.certificatePem]);
    const credential = credentialAt(authorityUrl, await createApplicationKeys());
    await fails(credential, "login-refused", /AADSTS700027/);
  });
});

const credentialAt = (authorityUrl: string, readToken: () => Promise<string>): Credential => {
  const clock = createSystemClock();
  return createWorkloadIdentityCredential({
    clock,
    cloud,
    endpoints: { authorityUrl },
    tenantID,
    clientID,
    readToken,
  });
};

describe("podid's own login by workload identity", () => {
  it("shows the service account's token, read again for each new token", async (t) => {
    const { emulator, authorityUrl } = await startEntra(t, []);
    let reads = 0;
    const credential = credentialAt(authorityUrl, async () => {
      reads += 1;
      return `${cluster.issue({ ...claims(), jti: String(reads) })}\n`;
    });
    await credential.getToken(scope);
    await credential.getToken(scope);
    await credential.getToken("https://vault.azure.net/.default");
    assert.equal(reads, 2);
    assert.deepEqual(
      emulator.journal.list().map(({ status, audience: for_ }) => [status, for_]),
      [
        [200, "https://management.azure.com/"],
        [200, "https://vault.azure.net"],
      ],
    );
  });

  const refused = [
    {
      name: "another subject",
      token: () => cluster.issue({ ...claims(), sub: "other" }),
      says: /AADSTS700213/,
    },
    {
      name: "another issuer",
      token: () => cluster.issue({ ...claims(), iss: "other" }),
      says: /AADSTS700211/,
    },
    {
      name: "another audience",
      token: () => cluster.issue({ ...claims(), aud: "other" }),
      says: /AADSTS700212/,
    },
    { name: "another cluster's signature", token: () => stranger.issue(claims()), says: /AADSTS700027/ },
  ];
  for (const { name, token, says } of refused) {
    it(`is refused with ${name}`, async (t) => {
      const { authorityUrl } = await startEntra(t, []);
      await fails(
        credentialAt(authorityUrl, async () => token()),
        "login-refused",
        says,
      );
    });
  }

  it("waits for a token that has run out, or is not there, to be replaced", async (t) => {
    const { authorityUrl } = await startEntra(t, []);
    const exp = Math.floor(Date.now() / 1000) - 3600;
    const steps: readonly (readonly [() => string, RegExp])[] = [
      [() => cluster.issue({ ...claims(), exp }), /AADSTS700024/],
      [() => "", /holds no service account token/],
      [() => assert.fail("ENOENT: /var/run/token"), /cannot be read: ENOENT/],
    ];
    let [step] = steps[0] ?? assert.fail();
    const credential = credentialAt(authorityUrl, async () => step());
    for (const [next, says] of steps) {
      step = next;
      await fails(credential, "login-unavailable", says);
    }
    step = () => cluster.issue(claims());
    assert.match((await credential.getToken(scope)).token, /^eyJ/);
  });
});

describe("podid's own login by secret", () => {
  it("is refused without saying whose it is, though Entra does", async (t) => {
    const quoting = `AADSTS700016: Application with identifier '${clientID.toUpperCase()}' was not found in '${tenantID}'.`;
    const entra = await serveScript(t, () => json(400, { error_description: quoting }));
    const credential = createSecretCredential({
      clock: createSimulatedClock(startMs),
      cloud,
      endpoints: { authorityUrl: entra.url },
      tenantID,
      clientID: clientID.toUpperCase(),
      clientSecret: "canary",
    });
    await fails(credential, "login-refused", /identifier '\[own\]' was not found in '\[own\]'/);
  });
});

describe("podid's own login by managed identity", () => {
  it("asks IMDS for the identity that it was given, and for the resource with its slash", async (t) => {
    const { clock, imdsUrl, emulator } = await startWorld(t);
    for (const selector of [
      { parameter: "client_id", value: readerClientID.toUpperCase() },
      { parameter: "msi_res_id", value: managed("reader") },
    ] as const) {
      const credential = createManagedIdentityCredential({ clock, endpoints: { imdsUrl }, selector });
      const { token, expiresOnTimestamp } = await credential.getToken(scope);
      assert.match(token, /^eyJ/);
      assert.equal(expiresOnTimestamp, startMs + 86_399_000);
    }
    const asked = emulator.journal.list().map((entry) => [entry.clientID, entry.audience]);
    const wanted = [readerClientID, "https://management.azure.com/"];
    assert.deepEqual(asked, [wanted, wanted]);
  });

  it("is the machine's own when none is named", async (t) => {
    const clock = createSimulatedClock(startMs);
    const systemAssigned = { clientID, objectID: clientID };
    const machine = { resourceID: systemVm, location: "westeurope", tenantID, systemAssigned };
    const state = {
      tenants: [{ tenantID }],
      machines: [machine],
      nodes: [{ name: "n", machineID: systemVm }],
    };
    const emulator = createEmulator({ clock, state });
    t.after(() => emulator.close());
    const imdsUrl = (await emulator.start()).imds.get("n") ?? assert.fail();
    const credential = createManagedIdentityCredential({ clock, endpoints: { imdsUrl }, selector: null });
    await credential.getToken(scope);
    const [request] = emulator.journal.list();
    assert.equal(request?.clientID, clientID);
    assert.doesNotMatch(request?.target ?? "", /client_id|msi_res_id|object_id/);
  });

  it("is not there yet while IMDS does not know it", async (t) => {
    const { clock, imdsUrl } = await startWorld(t);
    const selector = { parameter: "client_id", value: clientID } as const;
    const credential = createManagedIdentityCredential({ clock, endpoints: { imdsUrl }, selector });
    await fails(credential, "login-unavailable", /Identity not found/);
  });
});

describe("a login that Entra refuses", () => {
  it("is not tried again for half a minute", async (t) => {
    const answers = [json(401, { error: "invalid_client", error_description: "AADSTS7000222: expired" })];
    const entra = await serveScript(
      t,
      () => answers.shift() ?? json(200, { access_token: "new", expires_in: 3599 }),
    );
    const clock = createSimulatedClock(startMs);
    const credential = createWorkloadIdentityCredential({
      clock,
      cloud,
      endpoints: { authorityUrl: entra.url },
      tenantID,
      clientID,
      readToken: async () => cluster.issue(claims()),
    });
    await fails(credential, "login-refused", /AADSTS7000222/);
    clock.advance(29_000);
    await fails(credential, "login-refused", /AADSTS7000222/);
    assert.equal(entra.requests.length, 1);
    clock.advance(1_000);
    assert.equal((await credential.getToken(scope)).token, "new");
  });
});
