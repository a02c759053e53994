/** Ways to send the same request: `GET /servers`, and its answer read as JSON. */
import { HttpClient } from "@effect/platform"
import { NodeHttpClient, Undici } from "@effect/platform-node"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"
import * as Adapter from "effect-keystoneauth/Adapter"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import * as Password from "effect-keystoneauth/Password"
import * as Session from "effect-keystoneauth/Session"

/** Sends until the time has come, from so many places at once. Tells how long each request took, in milliseconds. */
export type Run = (inFlight: number, until: number) => Promise<ReadonlyArray<number>>

const path = "/compute/v2.1/servers"
const headers = {
  "x-auth-token": "gAAAAABtoken",
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
        const { body } = await dispatcher.request({ origin, path, method: "GET", headers })
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
      Effect.flatMap(client.get(`${origin}${path}`, { headers }), (response) => response.json))
  )

class Compute extends Adapter.Tag<Compute>()("bench/Compute", {
  serviceType: "compute",
  minVersion: "2.1",
  maxVersion: "2.latest",
  defaultMicroversion: "2.79"
}) {}

const ours = <E>(origin: string, transport: Layer.Layer<HttpClient.HttpClient, E>, services: number): Run =>
  effectful(
    Layer.merge(
      Compute.layer,
      Password.layer({
        authUrl: `${origin}/${services}/v3`,
        username: "demo",
        password: Redacted.make("secret"),
        userDomainName: "Default",
        projectName: "demo",
        projectDomainName: "Default"
      })
    ).pipe(Layer.provide(Session.layer()), Layer.provide(transport)),
    Effect.flatMap(Compute, (compute) => Effect.flatMap(compute.get("/servers"), (response) => response.json))
  )

export const contenders: Readonly<Record<string, (origin: string) => Run>> = {
  "undici": undici,
  "HttpClient over layerUndici": (origin) => bare(origin, NodeHttpClient.layerUndici),
  "ours over layerUndici, 20": (origin) => ours(origin, NodeHttpClient.layerUndici, 20),
  "ours over layerUndici, 2000": (origin) => ours(origin, NodeHttpClient.layerUndici, 2000),
  "HttpClient over NodeTransport": (origin) => bare(origin, NodeTransport.layer()),
  "ours over NodeTransport, 20": (origin) => ours(origin, NodeTransport.layer(), 20),
  "ours over NodeTransport, 2000": (origin) => ours(origin, NodeTransport.layer(), 2000)
}
