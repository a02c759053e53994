/** The client of ours that is measured, everything as by default. */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Adapter from "effect-keystoneauth/Adapter"
import * as Password from "effect-keystoneauth/Password"
import * as Session from "effect-keystoneauth/Session"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

export const filter = { serviceType: "compute", minVersion: "2.1", maxVersion: "2.latest" } as const

export class Compute extends Adapter.Tag<Compute>()("bench/Compute", { ...filter, defaultMicroversion: "2.79" }) {}

export const demo = <E>(authUrl: string, transport: Layer.Layer<HttpClient.HttpClient, E>) =>
  Layer.merge(
    Compute.layer,
    Password.layer({
      authUrl,
      username: "demo",
      password: Redacted.make("secret"),
      userDomainName: "Default",
      projectName: "demo",
      projectDomainName: "Default"
    })
  ).pipe(Layer.provideMerge(Session.layer()), Layer.provide(transport))
