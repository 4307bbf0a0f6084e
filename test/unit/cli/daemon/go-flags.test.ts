import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { controllerFlags, nmiFlags } from "../../../../src/cli/daemon/flags.ts";
import {
  count,
  oneOf,
  parseFlags,
  port,
  printable,
  rate,
  renderFlags,
  span,
  spanOrNever,
  text,
  toggle,
  withoutEffect,
  type FlagTable,
} from "../../../../src/cli/daemon/go-flags.ts";
import { CommandError } from "../../../../src/cli/errors.ts";

const table = {
  name: text("none", "a name"),
  loud: toggle(false, "say more"),
  v: withoutEffect(count(0, "verbosity"), "there is none"),
  wait: span(1000, "how long"),
  every: spanOrNever(180_000, 30_000, "how often"),
  port: port(80, "where"),
  qps: rate(5, "how often"),
  agent: printable("", "who"),
  mode: oneOf("standard", ["standard", "managed"], "how"),
};

const parse = (...args: readonly string[]) => parseFlags("nmi", table, args);

function refused(...args: readonly string[]): string {
  try {
    parse(...args);
  } catch (error) {
    assert.ok(error instanceof CommandError);
    assert.equal(error.exitCode, 2);
    return error.message;
  }
  return assert.fail(`${args.join(" ")} was taken`);
}

describe("flags as Go reads them", () => {
  it("take one dash or two, and a value after = or as the next argument", () => {
    for (const args of [["-name", "a"], ["--name", "a"], ["-name=a"], ["--name=a"]]) {
      assert.equal(parse(...args).get(table.name), "a");
    }
    assert.equal(parse("--name=a=b").get(table.name), "a=b");
    assert.equal(parse("--name=").get(table.name), "");
  });

  it("give a boolean a value only after =, so that what follows is the next flag", () => {
    assert.equal(parse("--loud").get(table.loud), true);
    assert.equal(parse("--loud=false").get(table.loud), false);
    assert.equal(parse("-loud=T").get(table.loud), true);
    const both = parse("--loud", "--name", "a");
    assert.deepEqual([both.get(table.loud), both.get(table.name)], [true, "a"]);
    assert.match(refused("--loud", "false"), /"false" is no flag/);
    assert.match(refused("--loud=yes"), /--loud "yes": write true or false/);
  });

  it("keep the initial value of what is not given, and the last of what is given twice", () => {
    const flags = parse("--wait=2s", "--wait=1m30s");
    assert.equal(flags.get(table.wait), 90_000);
    assert.equal(flags.get(table.name), "none");
    assert.equal(flags.get(table.port), 80);
  });

  it("refuse what they do not know, or what is none of their values", () => {
    assert.match(refused("--nmae=a"), /podid nmi: there is no flag --nmae; see podid nmi --help/);
    assert.match(refused("--toString=a"), /no flag --toString/);
    assert.match(refused("stray"), /"stray" is no flag/);
    assert.match(refused("--name"), /--name needs a value: text/);
    for (const bad of [
      "--wait=15",
      "--wait=-1s",
      "--port=65536",
      "--port=",
      "--qps=0",
      "--mode=other",
      "-v=-1",
    ]) {
      assert.match(refused(bad), /: write /, bad);
    }
  });

  it("refuse to do too often what costs much, and say what is the least", () => {
    for (const [given, ms] of [
      ["30s", 30_000],
      ["1h", 3_600_000],
      ["0", 0],
      ["0s", 0],
    ] as const) {
      assert.equal(parse(`--every=${given}`).get(table.every), ms);
    }
    assert.equal(parse().get(table.every), 180_000);
    for (const bad of ["1ms", "29.999s", "1ns", "-1s", "-3m", "3"]) {
      const message = `podid nmi: --every "${bad}": write 0 for never, or a duration of 30s at least; see podid nmi --help`;
      assert.equal(refused(`--every=${bad}`), message);
    }
  });

  it("tell what was given from what only has its initial value", () => {
    const flags = parse("--qps=5");
    assert.deepEqual([flags.has(table.qps), flags.has(table.wait)], [true, false]);
    assert.deepEqual([flags.get(table.qps), flags.get(table.wait)], [5, 1000]);
  });

  it("take no text that would break a header", () => {
    assert.equal(parse("--agent= team blue ").get(table.agent), "team blue");
    assert.match(refused("--agent=a\r\nx: y"), /write printable ASCII text/);
  });

  it("read words in any letter case, as the reference lower-cases its mode", () => {
    assert.equal(parse("--mode=Managed").get(table.mode), "managed");
  });

  it("warn of each that does nothing, and only when it was given", () => {
    assert.deepEqual(parse().warnings, []);
    assert.deepEqual(parse("-v=5").warnings, [
      "flag --v is accepted for aad-pod-identity and does nothing: there is none",
    ]);
  });

  it("list those that work before those that do not", () => {
    const help = renderFlags(table);
    assert.ok(help.indexOf("--mode") < help.indexOf("Accepted for aad-pod-identity"));
    assert.ok(help.indexOf("--v: there is none") > help.indexOf("Accepted for aad-pod-identity"));
    assert.match(help, /--name <value>\n {6}a name \(default none\)/);
  });

  it("show a span as it would be given", () => {
    const spans = { wait: 1000, lease: 15_000, sync: 3_600_000, keep: 2_592_000_000, poll: 1500, none: 0 };
    const help = renderFlags(
      Object.fromEntries(Object.entries(spans).map(([name, initialMs]) => [name, span(initialMs, name)])),
    );
    assert.deepEqual(
      [...help.matchAll(/\(default (\w+)\)/g)].map(([, shown]) => shown),
      ["1s", "15s", "1h", "720h", "1500ms", "0ms"],
    );
  });
});

/** Names and defaults of reference/aad-pod-identity.md §6.1 and §6.2, spans in milliseconds. */
const klog = {
  v: 0,
  vmodule: "",
  logtostderr: true,
  alsologtostderr: false,
  log_dir: "",
  log_file: "",
  log_file_max_size: 1800,
  stderrthreshold: 2,
  skip_headers: false,
  skip_log_headers: false,
  add_dir_header: false,
  one_output: false,
  log_backtrace_at: "",
};
const both = {
  version: false,
  forceNamespaced: false,
  enableProfile: false,
  "http-probe-port": 8080,
  "log-format": "text",
  "custom-user-agent": "",
  ...klog,
};
const mic = {
  ...both,
  kubeconfig: "",
  cloudconfig: "",
  syncRetryDuration: 3_600_000,
  "leader-election-instance": "",
  "leader-election-name": "aad-pod-identity-mic",
  "leader-election-duration": 15_000,
  "prometheus-port": 8888,
  enableScaleFeatures: false,
  createDeleteBatch: 20,
  clientQps: 5,
  "immutable-user-msis": "",
  "config-map-name": "aad-pod-identity-config",
  "type-upgrade-status-key": "type-upgrade-status",
  "enable-type-upgrade": true,
  "update-user-msi-max-retry": 2,
  "update-user-msi-retry-interval": 1000,
  "identity-assignment-reconcile-interval": 180_000,
};
const nmi = {
  ...both,
  "nmi-listen-address": "127.0.0.1",
  "nmi-port": 2579,
  "metadata-ip": "169.254.169.254",
  "metadata-port": 80,
  node: "",
  "ipt-update-interval-sec": 60,
  MICNamespace: "default",
  "retry-attempts-for-created": 16,
  "retry-attempts-for-assigned": 4,
  "find-identity-retry-interval": 5,
  enableScaleFeatures: true,
  "block-instance-metadata": false,
  "metadata-header-required": true,
  "prometheus-port": 9090,
  "operation-mode": "standard",
  "allow-network-plugin-kubenet": false,
  "kubelet-config": "/etc/default/kubelet",
  "set-retry-after-header": false,
  "enable-conntrack-deletion": false,
};

function initialOf(flags: FlagTable, names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, flags[name]?.initial]));
}

describe("the flags of aad-pod-identity", () => {
  it("are all there, with the reference's defaults", () => {
    assert.deepEqual(initialOf(controllerFlags, Object.keys(mic)), mic);
    assert.deepEqual(initialOf(nmiFlags, Object.keys(nmi)), nmi);
  });

  it("put the Lease into the controller's own namespace, where deploy/rbac lets it write one", () => {
    assert.deepEqual(initialOf(controllerFlags, ["leader-election-namespace"]), {
      "leader-election-namespace": "",
    });
  });

  it("take their own defaults as text, so that a manifest that writes them out starts", () => {
    const written = {
      "leader-election-duration": "15s",
      syncRetryDuration: "3600s",
      createDeleteBatch: "20",
    };
    const args = Object.entries(written).map(([name, value]) => `--${name}=${value}`);
    const flags = parseFlags("controller", controllerFlags, args);
    assert.equal(flags.get(controllerFlags["leader-election-duration"]), 15_000);
    assert.equal(flags.warnings.length, 1);
  });

  it("keep a reconcile interval that would hammer ARM from starting", () => {
    const flag = "identity-assignment-reconcile-interval";
    assert.throws(() => parseFlags("controller", controllerFlags, [`--${flag}=1ms`]), {
      message: `podid controller: --${flag} "1ms": write 0 for never, or a duration of 30s at least; see podid controller --help`,
    });
    assert.equal(
      parseFlags("controller", controllerFlags, [`--${flag}=2m`]).get(controllerFlags[flag]),
      120_000,
    );
  });
});
