import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { planChainRemoval, planChains, planInstall } from "../../../../src/nmi/redirect/iptables-chains.ts";
import { planRemoval, planTables } from "../../../../src/nmi/redirect/nft-tables.ts";

const terms = {
  metadata: { address: "169.254.169.254", port: 80 },
  agent: { address: "10.0.0.4", port: 2579 },
};

describe("what nft is told", () => {
  const [guard, redirect] = planTables(terms, 7);

  it("is a guard of forwarded packets and of the agent's port, in place of the table before, in one transaction", () => {
    assert.equal(
      guard.script,
      `table inet podid_guard
delete table inet podid_guard
table inet podid_guard {
  chain forward {
    type filter hook forward priority -10; policy accept;
    ip daddr 169.254.169.254 meta l4proto tcp reject with tcp reset comment "podid generation 7"
    ip daddr 169.254.169.254 reject with icmpx type admin-prohibited
    ip6 daddr { ::ffff:a9fe:a9fe, 64:ff9b::a9fe:a9fe } reject with icmpx type admin-prohibited
  }
  chain port {
    type filter hook input priority -10; policy accept;
    meta l4proto != tcp accept
    tcp dport != 2579 accept
    iif "lo" ip daddr 127.0.0.0/8 accept
    iif "lo" ip6 daddr ::1 accept
    tcp dport 2579 ct original ip daddr 169.254.169.254 ct original proto-dst 80 accept
    meta l4proto tcp reject with tcp reset
  }
}
`,
    );
  });

  it("is a redirect to an address of the node, before the chains of others", () => {
    assert.equal(
      redirect.script,
      `table ip podid_redirect
delete table ip podid_redirect
table ip podid_redirect {
  chain prerouting {
    type nat hook prerouting priority -110; policy accept;
    ip daddr 169.254.169.254 tcp dport 80 dnat to 10.0.0.4:2579 comment "podid generation 7"
  }
}
`,
    );
  });

  it("names a metadata address of its own in IPv6 as nft reads it", () => {
    const [other] = planTables({ ...terms, metadata: { address: "10.1.0.255", port: 80 } }, 7);
    assert.match(other.script, /ip6 daddr \{ ::ffff:a01:ff, 64:ff9b::a01:ff \} reject/);
  });

  it("takes both tables away in one transaction, also when they are not there", () => {
    assert.equal(
      planRemoval(),
      `table inet podid_guard
delete table inet podid_guard
table ip podid_redirect
delete table ip podid_redirect
`,
    );
  });
});

describe("what iptables-restore is told", () => {
  const [filter, nat] = planChains(terms, 7);

  it("empties our chains, fills them and jumps to each first, once, whatever jumped there before", () => {
    const listing =
      "-P FORWARD ACCEPT\n-N PODID-GUARD\n-A FORWARD -j ACCEPT\n-A FORWARD -i eth0 -j PODID-GUARD\n";
    assert.equal(
      planInstall(filter, listing),
      `*filter
:PODID-GUARD - [0:0]
:PODID-PORT - [0:0]
-D FORWARD -i eth0 -j PODID-GUARD
-A PODID-GUARD -d 169.254.169.254/32 -p tcp -m comment --comment "podid generation 7" -j REJECT --reject-with tcp-reset
-A PODID-GUARD -d 169.254.169.254/32 -j REJECT --reject-with icmp-admin-prohibited
-I FORWARD 1 -j PODID-GUARD
-A PODID-PORT -i lo -d 127.0.0.0/8 -j RETURN
-A PODID-PORT -p tcp --dport 2579 -m conntrack --ctorigdst 169.254.169.254 --ctorigdstport 80 -j RETURN
-A PODID-PORT -p tcp --dport 2579 -j REJECT --reject-with tcp-reset
-I INPUT 1 -j PODID-PORT
COMMIT
`,
    );
  });

  it("leads to an address of the node", () => {
    assert.equal(
      planInstall(nat, "-P PREROUTING ACCEPT\n"),
      `*nat
:PODID-REDIRECT - [0:0]
-A PODID-REDIRECT -d 169.254.169.254/32 -p tcp --dport 80 -m comment --comment "podid generation 7" -j DNAT --to-destination 10.0.0.4:2579
-I PREROUTING 1 -j PODID-REDIRECT
COMMIT
`,
    );
  });

  it("takes away the chains that are there, and nothing of others", () => {
    const listing =
      "-N KUBE-FORWARD\n-N PODID-GUARD\n-A FORWARD -j PODID-GUARD\n-A FORWARD -j KUBE-FORWARD\n";
    assert.equal(
      planChainRemoval("filter", listing),
      "*filter\n-D FORWARD -j PODID-GUARD\n-F PODID-GUARD\n-X PODID-GUARD\nCOMMIT\n",
    );
    assert.equal(planChainRemoval("nat", listing), null);
  });
});
