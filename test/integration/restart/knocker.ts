import { connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";

// Ten pods' worth of clients (one pod may have 200 connections): opens a connection every millisecond, asks once on each, and prints what became of them when
// it is told to stop. Where: host and port as arguments.

const [host = "", port = ""] = process.argv.slice(2);
const request = "GET /healthz HTTP/1.1\r\nHost: podid\r\nConnection: close\r\n\r\n";
const outcomes = new Map<string, number>();
let lastAnswerMs = performance.now();
let longestPauseMs = 0;
const pods = 10;
const state = { knocks: 0, open: 0, isStopped: false };

/** `answered`, the error's code, or `silent`: ended without an answer. */
function knock(): void {
  state.open += 1;
  state.knocks += 1;
  let outcome = "silent";
  const localAddress = `127.0.26.${1 + (state.knocks % pods)}`;
  const socket = connect({ host, port: Number(port), localAddress }, () => socket.write(request));
  socket.on("data", () => (outcome = "answered"));
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (outcome !== "answered") outcome = error.code ?? error.message;
  });
  socket.on("close", () => {
    state.open -= 1;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (outcome !== "answered") return;
    const nowMs = performance.now();
    longestPauseMs = Math.max(longestPauseMs, nowMs - lastAnswerMs);
    lastAnswerMs = nowMs;
  });
}

process.on("SIGTERM", () => (state.isStopped = true));
process.stdout.write("knocking\n");
for (let nextMs = performance.now(); !state.isStopped; await turn()) {
  // No bursts: what a slow machine missed is not made up for.
  if (performance.now() < nextMs) continue;
  nextMs = Math.max(nextMs + 1, performance.now());
  knock();
}
while (state.open > 0) await turn();
process.stdout.write(`${JSON.stringify({ ...Object.fromEntries(outcomes), longestPauseMs })}\n`);
