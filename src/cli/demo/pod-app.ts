import { DefaultAzureCredential, ManagedIdentityCredential, type TokenCredential } from "@azure/identity";
import { z } from "zod";

// The program "inside the pod": an unmodified Azure SDK that asks for one token. The pod's network (its
// source address, the way to NMI) is made around it by redirect.ts; nothing here knows of podid.

const askSchema = z.strictObject({
  credential: z.enum(["ManagedIdentityCredential", "DefaultAzureCredential"]),
  clientID: z.string().optional(),
  scope: z.string(),
});

async function main(text: string): Promise<void> {
  const ask = askSchema.parse(JSON.parse(text));
  try {
    const token = await credentialFor(ask).getToken(ask.scope);
    report({ ok: true, token: token?.token ?? "" });
  } catch (cause) {
    report({ ok: false, message: cause instanceof Error ? cause.message : String(cause) });
  }
}

function credentialFor({ credential, clientID }: z.infer<typeof askSchema>): TokenCredential {
  if (credential === "DefaultAzureCredential") {
    return new DefaultAzureCredential(clientID === undefined ? {} : { managedIdentityClientId: clientID });
  }
  return clientID === undefined
    ? new ManagedIdentityCredential()
    : new ManagedIdentityCredential({ clientId: clientID });
}

function report(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

await main(process.argv[2] ?? "");
