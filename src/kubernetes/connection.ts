/** What TLS needs to know; as undici's and node:tls's options of the same names. */
export interface TlsSettings {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** How to reach an API server, and as whom. Everything may change while podid runs, so it is asked each time. */
export interface Connection {
  /** Without a trailing slash; may have a path, as behind a proxy. */
  readonly url: string;
  /** The namespace that a pod or a kubeconfig context calls its own. */
  readonly namespace: string;
  /**
   * Answers the same object until something in it changed, and then another one.
   * @throws KubernetesError `ConfigUnusable`
   */
  tls(): Promise<TlsSettings>;
  /**
   * The Authorization header; null where a client certificate is enough. `renew`: the server refused the
   * last one, so what is cached is not good enough.
   * @throws KubernetesError `ConfigUnusable`
   */
  authorization(renew: boolean): Promise<string | null>;
}
