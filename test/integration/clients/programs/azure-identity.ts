import { DefaultAzureCredential, ManagedIdentityCredential, type TokenCredential } from "@azure/identity";

import { answerAsks, type Ask } from "./ask.ts";

// The program "inside the pod": @azure/identity as it is. Nothing here knows of podid.

function credentialFor({ credential, clientID, objectID, resourceID }: Ask): TokenCredential {
  if (credential === "chain") {
    return new DefaultAzureCredential(clientID === undefined ? {} : { managedIdentityClientId: clientID });
  }
  if (clientID !== undefined) return new ManagedIdentityCredential({ clientId: clientID });
  if (objectID !== undefined) return new ManagedIdentityCredential({ objectId: objectID });
  if (resourceID !== undefined) return new ManagedIdentityCredential({ resourceId: resourceID });
  return new ManagedIdentityCredential();
}

await answerAsks((ask) => {
  const credential = credentialFor(ask);
  return async () => (await credential.getToken(`${ask.resource}/.default`))?.token ?? "";
});
