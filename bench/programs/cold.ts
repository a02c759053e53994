/** A program that makes one request and ends. It imports what it needs, and nothing else. */
import * as Effect from "effect/Effect"
import { Compute, demo } from "../compute.js"

const [transport = "", authUrl = ""] = process.argv.slice(2)

const layer = transport === "NodeTransport"
  ? (await import("effect-keystoneauth/NodeTransport")).layer()
  : (await import("@effect/platform-node/NodeHttpClient")).layerUndici

await Effect.flatMap(Compute, (compute) => Effect.flatMap(compute.get("/servers"), (response) => response.json)).pipe(
  Effect.provide(demo(authUrl, layer)),
  Effect.runPromise
)
const { system, user } = process.cpuUsage()
console.log(JSON.stringify({ answeredAt: Date.now(), cpuMillis: (system + user) / 1000 }))
