/** Ways to send the same request: `GET /servers`, and its answer read as JSON. */
import { HttpClient } from "@effect/platform"
import { NodeHttpClient, Undici } from "@effect/platform-node"
import { Effect, Layer, ManagedRuntime } from "effect"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import * as Cloud from "./cloud.js"
import { Compute, demo } from "./compute.js"
import type { Contender } from "./results.js"

/** Sends until the time has come, from so many places at once. Tells how long each request took, in milliseconds. */
export type Run = (inFlight: number, until: number) => Promise<ReadonlyArray<number>>

const headers = {
  "x-auth-token": Cloud.token,
  "openstack-api-version": "compute 2.79",
  "x-openstack-nova-api-version": "2.79",
  "user-agent": "bench"
}

const undici = (origin: string): Run => {
  const dispatcher = new Undici.Agent()
  return async (inFlight, until) => {
    const times: Array<number> = []
    const loop = async () => {
      let now = performance.now()
      while (now < until) {
        const { body } = await dispatcher.request({ origin, path: Cloud.path, method: "GET", headers })
        await body.json()
        const since = now
        now = performance.now()
        times.push(now - since)
      }
    }
    await Promise.all(Array.from({ length: inFlight }, loop))
    return times
  }
}

const effectful = <R, E>(layer: Layer.Layer<R, E>, once: Effect.Effect<unknown, unknown, R>): Run => {
  const runtime = ManagedRuntime.make(layer)
  return async (inFlight, until) => {
    const times: Array<number> = []
    const loop: Effect.Effect<void, unknown, R> = Effect.suspend(() => {
      const since = performance.now()
      return since >= until ? Effect.void : Effect.flatMap(once, () => {
        times.push(performance.now() - since)
        return loop
      })
    })
    await runtime.runPromise(
      Effect.all(Array.from({ length: inFlight }, () => loop), { concurrency: "unbounded", discard: true })
    )
    return times
  }
}

const bare = <E>(origin: string, transport: Layer.Layer<HttpClient.HttpClient, E>): Run =>
  effectful(
    transport,
    Effect.flatMap(HttpClient.HttpClient, (client) =>
      Effect.flatMap(client.get(`${origin}${Cloud.path}`, { headers }), (response) => response.json))
  )

const ours = <E>(origin: string, transport: Layer.Layer<HttpClient.HttpClient, E>, services: number): Run =>
  effectful(
    demo(`${origin}/${services}/v3`, transport),
    Effect.flatMap(Compute, (compute) => Effect.flatMap(compute.get("/servers"), (response) => response.json))
  )

export const make = ({ client, services, transport }: Contender, origin: string): Run => {
  if (client === "undici") {
    return undici(origin)
  }
  const layer = transport === "NodeTransport" ? NodeTransport.layer() : NodeHttpClient.layerUndici
  return client === "HttpClient" ? bare(origin, layer) : ours(origin, layer, services ?? 20)
}
