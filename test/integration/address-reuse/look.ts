// Child process of interfaces.test.ts: prints what lies behind each address that it is given, as JSON.
import { createNodeInterfaces } from "../../../src/nmi/node-interfaces.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";

const interfaceBehind = createNodeInterfaces(createSystemClock());
process.stdout.write(`${JSON.stringify(process.argv.slice(2).map(interfaceBehind))}\n`);
