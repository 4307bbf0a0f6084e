import { ManagedIdentityApplication, type ManagedIdentityIdParams } from "@azure/msal-node";

import { answerAsks, type Ask } from "./ask.ts";

// The program "inside the pod": @azure/msal-node as it is. Nothing here knows of podid.

function idOf({ clientID, objectID, resourceID }: Ask): ManagedIdentityIdParams | undefined {
  if (clientID !== undefined) return { userAssignedClientId: clientID };
  if (objectID !== undefined) return { userAssignedObjectId: objectID };
  return resourceID === undefined ? undefined : { userAssignedResourceId: resourceID };
}

await answerAsks((ask) => {
  const id = idOf(ask);
  const application = new ManagedIdentityApplication(id === undefined ? {} : { managedIdentityIdParams: id });
  return async () => (await application.acquireToken({ resource: ask.resource })).accessToken;
});
