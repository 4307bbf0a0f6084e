import { ComputeManagementClient } from "@azure/arm-compute";
import { createDefaultHttpClient, type HttpClient } from "@azure/core-rest-pipeline";

import type { EmulatorAddresses } from "../../../src/emulator/network.ts";
import { accessTokenOf, claimsOf, entraToken } from "./fixture.ts";

/** Sends what is meant for Azure's ARM to the emulator instead (azure.md §4.3). */
function redirectedTo(armUrl: string): HttpClient {
  const client = createDefaultHttpClient();
  return {
    sendRequest: (request) => {
      request.url = request.url.replace("https://management.azure.com", armUrl);
      request.allowInsecureConnection = true;
      return client.sendRequest(request);
    },
  };
}

/** The SDK as it comes, but that it sends its calls to the emulator and does not retry. */
export function computeClient(addresses: EmulatorAddresses): ComputeManagementClient {
  const credential = {
    getToken: async (scopes: string | string[]) => {
      const answer = await entraToken(addresses, { scope: [scopes].flat().join(" ") });
      const token = accessTokenOf(answer);
      return { token, expiresOnTimestamp: Number(claimsOf(token)["exp"]) * 1000 };
    },
  };
  return new ComputeManagementClient(credential, "00000000-0000-4000-8000-000000000000", {
    httpClient: redirectedTo(addresses.arm),
    retryOptions: { maxRetries: 0 },
  });
}
