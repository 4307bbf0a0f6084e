import assert from "node:assert/strict";
import { endianness } from "node:os";
import { describe, it } from "node:test";

import { createNodeInterfaces } from "../../../src/nmi/node-interfaces.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

const isLittle = endianness() === "LE";
const ipv4Routes = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t${isLittle ? "0100000A" : "0A000001"}\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t${isLittle ? "0500000A" : "0A000005"}\t00000000\t0001\t0\t0\t0\t${isLittle ? "00FFFFFF" : "FFFFFF00"}\t0\t0\t0
azv5\t${isLittle ? "0500000A" : "0A000005"}\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
`;
const ipv6Routes = `fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000400 00000001 00000000 00000001 eth0
fd000000000000000000000000000005 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000400 00000001 00000000 00000001 azv5
`;

/** A kernel whose files a test may change. */
function setUp() {
  const clock = createSimulatedClock(0);
  const files = new Map([
    ["/proc/net/route", ipv4Routes],
    ["/proc/net/ipv6_route", ipv6Routes],
    ["/sys/class/net/azv5/ifindex", "11\n"],
  ]);
  const interfaceBehind = createNodeInterfaces(clock, (path) => {
    const text = files.get(path);
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  });
  return { clock, files, interfaceBehind };
}

describe("createNodeInterfaces", () => {
  const rows = [
    { name: "an IPv4 host route", address: "10.0.0.5", expected: "azv5#11" },
    { name: "an IPv6 host route", address: "fd00::5", expected: "azv5#11" },
    { name: "no address behind a gateway", address: "10.0.0.9", expected: null },
    { name: "no route to a network that begins with the address", address: "10.0.0.1", expected: null },
    { name: "no IPv6 network", address: "fd00::", expected: null },
    { name: "nothing behind what is no address", address: "", expected: null },
  ];
  for (const { name, address, expected } of rows) {
    it(`sees ${name}`, () => assert.equal(setUp().interfaceBehind(address), expected));
  }

  it("sees at once that an interface has gone or come back as another", () => {
    const { files, interfaceBehind } = setUp();
    assert.equal(interfaceBehind("10.0.0.5"), "azv5#11");
    files.set("/sys/class/net/azv5/ifindex", "223\n");
    assert.equal(interfaceBehind("10.0.0.5"), "azv5#223");
    files.delete("/sys/class/net/azv5/ifindex");
    assert.equal(interfaceBehind("10.0.0.5"), null);
  });

  it("reads the table of routes anew after 10 ms", () => {
    const { clock, files, interfaceBehind } = setUp();
    interfaceBehind("10.0.0.5");
    files.set("/proc/net/route", ipv4Routes.replace("azv5", "azv6"));
    files.set("/sys/class/net/azv6/ifindex", "13\n");
    assert.equal(interfaceBehind("10.0.0.5"), "azv5#11");
    clock.advance(10);
    assert.equal(interfaceBehind("10.0.0.5"), "azv6#13");
  });

  it("sees nothing on a system without these files", () => {
    const interfaceBehind = createNodeInterfaces(createSimulatedClock(0), () => {
      throw new Error("ENOENT");
    });
    assert.equal(interfaceBehind("10.0.0.5"), null);
  });
});
