import {
  ComputeManagementClient,
  type UserAssignedIdentitiesValue,
  type VirtualMachineIdentity,
} from "@azure/arm-compute";
import {
  createDefaultHttpClient,
  createPipelineRequest,
  type HttpClient,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";

import { orAborted } from "../runtime/deadline.ts";
import { toError } from "../runtime/to-error.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { AzureError } from "./errors.ts";
import type { IdentityPatch, MachineIdentity } from "./identity-patch.ts";
import type { VmId } from "./vm-id.ts";

/** The few calls of ARM that podid makes; each is exactly one request and throws what the SDK throws. */
export interface ArmClient {
  readIdentity(vm: VmId, signal: AbortSignal): Promise<MachineIdentity>;
  /** Answers what the service said about the operation it started, if it did. */
  patchIdentity(vm: VmId, patch: IdentityPatch, signal: AbortSignal): Promise<StartedOperation>;
  /** Asks the URL of a started operation. An error status is an answer, not an exception. */
  pollOperation(vm: VmId, url: string, signal: AbortSignal): Promise<PipelineResponse>;
}

export interface StartedOperation {
  /** undefined when there is nothing to follow: the machine tells what is done. */
  readonly url: string | undefined;
  readonly retryAfter: string | undefined;
}

/**
 * Makes the client; it keeps one SDK client per subscription. `armUrl` sends everything to an emulator.
 * Facts about the SDK: azure.md §4.3.
 */
export function createArmClient(options: {
  readonly cloud: Cloud;
  readonly credential: Credential;
  readonly armUrl?: string;
  readonly httpClient?: HttpClient;
  /** Asked of each PATCH when nothing is between it and the wire; when it throws, nothing goes out. */
  readonly beforeChange?: () => void;
}): ArmClient {
  const { cloud, armUrl = cloud.armUrl, beforeChange = () => undefined } = options;
  const client = askBefore(options.httpClient ?? createDefaultHttpClient(), beforeChange);
  const httpClient = redirectTo(client, cloud.armUrl, armUrl);
  const clientOf = clientsBySubscription(options, httpClient);
  return {
    readIdentity: async (vm, abortSignal) => {
      const { virtualMachines, virtualMachineScaleSets } = clientOf(vm);
      const machines = vm.kind === "virtualMachine" ? virtualMachines : virtualMachineScaleSets;
      // One login serves all who wait for it, so that it takes no signal; what is given up meanwhile is not sent.
      const reading = machines.get(vm.resourceGroup, vm.name, { abortSignal });
      const { identity, etag, provisioningState } = await orAborted(reading, abortSignal);
      return readBlock(identity, etag, provisioningState);
    },
    patchIdentity: async (vm, patch, signal) => {
      const { url, retryAfter } = await sendPatch(clientOf(vm), vm, patch, signal);
      return { url: ownUrl(url, cloud.armUrl), retryAfter };
    },
    pollOperation: async (vm, url, abortSignal) => {
      const request = createPipelineRequest({ url, abortSignal });
      return clientOf(vm).pipeline.sendRequest(httpClient, request);
    },
  };
}

/** States in which no change is running on a machine; one that is being deleted has seen its last. */
const finalStates: ReadonlySet<string> = new Set(["succeeded", "failed", "canceled", "deleting"]);

async function sendPatch(
  client: ComputeManagementClient,
  vm: VmId,
  patch: IdentityPatch,
  abortSignal: AbortSignal,
): Promise<StartedOperation> {
  const machines = vm.kind === "virtualMachine" ? client.virtualMachines : client.virtualMachineScaleSets;
  let started: StartedOperation = { url: undefined, retryAfter: undefined };
  const poller = machines.update(
    vm.resourceGroup,
    vm.name,
    { identity: blockOf(patch) },
    {
      abortSignal,
      ...(patch.ifMatch === undefined ? {} : { ifMatch: patch.ifMatch }),
      onResponse: ({ headers }) => {
        started = { url: headers.get("azure-asyncoperation"), retryAfter: headers.get("retry-after") };
      },
    },
  );
  await poller.submitted(); // only the PATCH: one failed poll would end the SDK's own polling
  return started;
}

function blockOf({ type, userAssignedIdentities }: IdentityPatch): VirtualMachineIdentity {
  if (userAssignedIdentities === undefined) return { type };
  // The SDK's type leaves out null, the one way to remove an identity; its serializer keeps it (azure.md §4.3).
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  const values = userAssignedIdentities as Record<string, UserAssignedIdentitiesValue>;
  return { type, userAssignedIdentities: values };
}

function readBlock(
  identity: VirtualMachineIdentity | undefined,
  etag: string | undefined,
  provisioningState: string | undefined,
): MachineIdentity {
  const userAssigned = Object.entries(identity?.userAssignedIdentities ?? {});
  const clientIDs = userAssigned.flatMap(([id, { clientId }]) =>
    clientId === undefined ? [] : [[id.toLowerCase(), clientId] as const],
  );
  return {
    userAssigned: userAssigned.map(([id]) => id),
    systemAssigned: (identity?.type ?? "").toLowerCase().includes("systemassigned"),
    etag,
    clientIDs: new Map(clientIDs),
    isUpdating: provisioningState !== undefined && !finalStates.has(provisioningState.toLowerCase()),
    isDeleting: provisioningState?.toLowerCase() === "deleting",
  };
}

function clientsBySubscription(
  options: { readonly cloud: Cloud; readonly credential: Credential },
  httpClient: HttpClient,
): (vm: VmId) => ComputeManagementClient {
  const { cloud, credential } = options;
  const clients = new Map<string, ComputeManagementClient>();
  // The SDK keeps tokens by the machine's clock and sleeps after failures; a token that has always expired
  // makes it ask each time, and the credential keeps its tokens by ours.
  const unkept = {
    getToken: async (scopes: string | string[]) => {
      const { token } = await credential.getToken(scopes);
      return { token, expiresOnTimestamp: 0 };
    },
  };
  return ({ subscriptionID }) => {
    const key = subscriptionID.toLowerCase();
    const client =
      clients.get(key) ??
      new ComputeManagementClient(unkept, subscriptionID, {
        endpoint: cloud.armUrl,
        credentials: { scopes: [cloud.armScope] }, // else always the public cloud's
        httpClient,
        retryOptions: { maxRetries: 0 }, // the SDK's retries would repeat a PATCH
      });
    clients.set(key, client);
    return client;
  };
}

/** Below the SDK, which may still wait for a token of its own. */
function askBefore(client: HttpClient, beforeChange: () => void): HttpClient {
  return {
    sendRequest: async (request) => {
      try {
        if (request.method === "PATCH") beforeChange();
      } catch (thrown) {
        const cause = toError(thrown);
        throw new AzureError("lease-lost", cause.message, { cause });
      }
      return client.sendRequest(request);
    },
  };
}

/** The SDK sends no credential without TLS, hence the rewriting below it (azure.md §4.3). */
function redirectTo(client: HttpClient, armUrl: string, emulatorUrl: string): HttpClient {
  if (emulatorUrl === armUrl) return client;
  return {
    sendRequest: (request) => {
      const { pathname, search } = new URL(request.url);
      request.url = `${emulatorUrl}${pathname}${search}`;
      request.allowInsecureConnection = true;
      return client.sendRequest(request);
    },
  };
}

/** The token goes along with every poll, so only a URL that leads back to ARM is followed. */
function ownUrl(url: string | undefined, armUrl: string): string | undefined {
  return url !== undefined && URL.parse(url)?.origin === armUrl ? url : undefined;
}
