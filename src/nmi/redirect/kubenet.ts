/**
 * Whether a kubelet's configuration asks for kubenet, whose bridge lets a pod take another's address
 * (CVE-2021-1677). The text of a file of kubelet's options, searched as aad-pod-identity did.
 */
export function asksForKubenet(kubeletConfig: string): boolean {
  return kubeletConfig.includes("--network-plugin=kubenet");
}
