// Loaded into every client: no connection leaves this machine, whatever a client tries (telemetry, updates, logins).
import { appendFileSync } from "node:fs";
import net from "node:net";

const HERE = new Set(["127.0.0.1", "::1", "localhost"]);
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...given) {
  const first = Array.isArray(given[0]) ? given[0][0] : given[0];
  const host = typeof first === "object" ? (first.host ?? "localhost") : (given[1] ?? "localhost");
  const local = typeof first === "object" && first.path !== undefined;
  if (!local && typeof host === "string" && !HERE.has(host)) {
    appendFileSync(process.env.OUTSIDE_LOG, `${host}\n`);
    throw new Error(`the tests let no client reach ${host}`);
  }
  return connect.apply(this, given);
};
