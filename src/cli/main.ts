import { Command, CommanderError } from "commander";

import { EmulatorError } from "../emulator/errors.ts";
import { clearRedirectingVariables } from "./environment.ts";
import { CommandError, type ExitCode } from "./errors.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const warn = (text: string): void => void process.stderr.write(`${text}\n`);

function createProgram(signal: AbortSignal): Command {
  const program = new Command("podid")
    .description("Azure identities for Kubernetes pods; a Rego policy decides who may have which, and when")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "podid: ")) });
  addDaemons(program, signal);
  addDemo(program, signal);
  addExplain(program);
  addSimulate(program, signal);
  return program;
}

/**
 * Their flags are Go's, which commander does not read: everything after the name is passed on. Each command loads its own
 * parts alone: ARM's SDK in the agent of every node would cost more memory than the rest of it.
 */
function addDaemons(program: Command, signal: AbortSignal): void {
  const add = (name: string, description: string, load: () => Promise<RunDaemon>): void => {
    program
      .command(name)
      .description(description)
      .helpOption(false)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(async (_, command: Command) => (await load())({ args: command.args, print, signal }));
  };
  add(
    "controller",
    "puts identities on VMs and scale sets as the policy wants (aad-pod-identity's MIC)",
    async () => (await import("./daemon/controller.ts")).runController,
  );
  add(
    "nmi",
    "serves tokens to the pods of one node (aad-pod-identity's NMI)",
    async () => (await import("./daemon/nmi.ts")).runNmi,
  );
}

type RunDaemon = (options: {
  readonly args: readonly string[];
  readonly print: (text: string) => void;
  readonly signal: AbortSignal;
}) => Promise<void>;

const policyFlag = ["--policy <file>", "policy bundle (default: the one that ships with podid)"] as const;

interface DemoFlags {
  readonly keep: boolean;
  readonly kubeconfig?: string;
  readonly policy?: string;
  readonly decisionLog?: string;
}

function addDemo(program: Command, signal: AbortSignal): void {
  program
    .command("demo")
    .description("run everything on this machine: manifests, emulated Azure, controller, NMI, real SDK calls")
    .option("--keep", "leave everything running and print the addresses", false)
    .option(
      "--kubeconfig <file>",
      "an empty cluster to play in: its objects and nodes are made, and taken away at the end",
    )
    .option(...policyFlag)
    .option("--decision-log <file>", "append each decision of the policy as a JSON line; -: standard output")
    .action(async ({ keep, kubeconfig, policy = "", decisionLog }: DemoFlags) => {
      const { runDemo } = await import("./demo/demo.ts");
      await runDemo({ keep, print, signal, kubeconfig, policy, decisionLog });
    });
}

interface ExplainFlags {
  readonly manifests?: string;
  readonly kubeconfig?: string;
  readonly policy?: string;
  readonly at: string;
  readonly resource: string;
  readonly clientId?: string;
  readonly output: string;
}

function addExplain(program: Command): void {
  program
    .command("explain")
    .description("why a pod gets an identity, or not")
    .command("pod <namespace/name>")
    .option("--manifests <dir>", "folder of YAML manifests")
    .option("--kubeconfig <file>", "a cluster, in place of a folder")
    .option(...policyFlag)
    .option("--at <instant>", "RFC 3339 instant, or now", "now")
    .option("--resource <uri>", "what the token is for", "https://management.azure.com/")
    .option("--client-id <id>", "the client id that the pod asks for")
    .option("-o, --output <format>", "table, json or yaml", "table")
    .action(async (pod: string, options: ExplainFlags) => {
      const { manifests, kubeconfig, policy = "", at, resource, clientId, output } = options;
      const { explain } = await import("./explain.ts");
      const place = { manifests, kubeconfig };
      print(await explain({ ...place, pod, policy, at, resource, clientID: clientId, output }, warn));
    });
}

interface SimulateFlags {
  readonly manifests?: string;
  readonly kubeconfig?: string;
  readonly policy?: string;
  readonly from: string;
  readonly to?: string;
  readonly output: string;
}

function addSimulate(program: Command, signal: AbortSignal): void {
  program
    .command("simulate")
    .description("who has which identity when: a timeline of every pod")
    .option("--manifests <dir>", "folder of YAML manifests")
    .option("--kubeconfig <file>", "a cluster, in place of a folder")
    .option(...policyFlag)
    .option("--from <instant>", "RFC 3339 instant, or now", "now")
    .option("--to <instant>", "RFC 3339 instant, or now (default: a week after --from)")
    .option("-o, --output <format>", "table, json or svg", "table")
    .action(async ({ manifests, kubeconfig, policy = "", from, to, output }: SimulateFlags) => {
      const { simulate } = await import("./simulate.ts");
      const request = { manifests, kubeconfig, policy, from, to, output };
      print(await simulate(request, signal, warn));
    });
}

async function main(): Promise<ExitCode> {
  clearRedirectingVariables();
  const stopping = new AbortController();
  for (const stop of ["SIGINT", "SIGTERM"] as const) process.once(stop, () => stopping.abort());
  try {
    await createProgram(stopping.signal).parseAsync();
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    // Also to whoever stopped it: what is left undone.
    if (error instanceof CommandError) {
      process.stderr.write(`${error.message}\n`);
      return error.exitCode;
    }
    if (stopping.signal.aborted) return 1;
    if (!(error instanceof EmulatorError)) throw error;
    process.stderr.write(`the manifests do not fit the emulated Azure: ${error.message}\n`);
    return 2;
  }
}

process.exitCode = await main();
