import { join } from "node:path";

import { type Api, type ClientCredential, createApi } from "./api.ts";
import { writeKubeconfig } from "./kubectl.ts";
import type { Authority } from "./pki.ts";

/** Who a client is: a user with a certificate, the bearer of a token, or nobody. */
export type Identity =
  | { readonly user: string; readonly groups?: readonly string[] }
  | { readonly token: string }
  | "anonymous";

/** Its members may do everything. */
export const adminGroups: readonly string[] = ["system:masters"];
const admin: Identity = { user: "admin", groups: adminGroups };

interface Place {
  readonly url: string;
  readonly caPem: string;
  readonly folder: string;
}

/** Clients of a control plane: the same one for the same identity. */
interface Clients {
  api(identity?: Identity): Api;
  kubeconfigFor(user: string, groups?: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/** Clients and kubeconfigs for one control plane; the files go into its folder. */
export function createClients(plane: Place, authority: Authority): Clients {
  const apis = new Map<string, Api>();
  const kubeconfigs = new Map<string, Promise<string>>();
  const show = async (identity: Identity): Promise<ClientCredential> => {
    if (identity === "anonymous") return {};
    return "token" in identity ? identity : authority.issueClient(identity.user, identity.groups ?? []);
  };
  return {
    api: (identity = admin) => {
      const key = JSON.stringify(identity);
      const api = apis.get(key) ?? createApi(plane.url, plane.caPem, () => show(identity));
      apis.set(key, api);
      return api;
    },
    kubeconfigFor: (user, groups = []) => {
      const key = JSON.stringify([user, groups]);
      const path = join(plane.folder, `kubeconfig-${kubeconfigs.size}.json`);
      const written =
        kubeconfigs.get(key) ??
        authority.issueClient(user, groups).then((credential) => writeKubeconfig(path, plane, credential));
      kubeconfigs.set(key, written);
      return written;
    },
    close: async () => {
      await Promise.all([...apis.values()].map((api) => api.close()));
    },
  };
}
