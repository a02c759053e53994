/** The cloud of the demo: TestCloud as an HTTP server, or the cloud of the OS_* variables. */
import type { HttpServerError } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import type { ConfigError } from "effect"
import { Config, Context, Effect, Layer, Option, Redacted } from "effect"
import type { AuthPlugin, Errors } from "effect-keystoneauth"
import { Adapter, ApplicationCredential, Password, Session } from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { createServer } from "node:http"
import { Compute } from "../list-servers.js"
import * as Wire from "./wire.js"

/** Another identity, as a layer for a program. */
interface Identity {
  readonly name: string
  readonly layer: Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session>
}

export interface Service {
  /** Describes the cloud in a sentence. */
  readonly description: string
  readonly authUrl: string
  /** The endpoint filter of the compute client. */
  readonly compute: Adapter.Options
  /** The requests so far, in order. */
  readonly exchanges: Effect.Effect<ReadonlyArray<Wire.Exchange>>
  readonly tenantB: Option.Option<Identity>
  /** Actions that are allowed only in TestCloud. */
  readonly mischief: Option.Option<{
    readonly revokeTokens: Effect.Effect<number>
    readonly wrongPassword: Identity
  }>
}

export class Cloud extends Context.Tag("demo/Cloud")<Cloud, Service>() {}

/** The services that the steps require. */
export type Environment = Cloud | Compute | AuthPlugin.AuthPlugin | Session.Session

/** The errors of building a cloud. */
type Error = ConfigError.ConfigError | Errors.InvalidOptions | HttpServerError.ServeError

const app = { appName: "effect-keystoneauth-demo", appVersion: "1.0.0" }

// -----------------------------------------------------------------------------
// TestCloud
// -----------------------------------------------------------------------------

/** The demo user, by name. */
const byName = ({ accounts: { demo }, authUrl }: TestCloud.Service): Password.Options => ({
  authUrl,
  username: demo.username,
  userDomainName: demo.userDomainName,
  password: demo.password,
  projectName: demo.projectName,
  projectDomainName: demo.projectDomainName
})

const describeTestCloud = (cloud: TestCloud.Service): Service => {
  const { applicationCredential, authUrl } = cloud
  const { username } = cloud.accounts.demo
  return {
    description: `TestCloud, a small OpenStack inside this process, as a real HTTP server at ${cloud.baseUrl}.`,
    authUrl,
    compute: Compute.options,
    exchanges: cloud.journal,
    tenantB: Option.some({
      name: `application credential ${applicationCredential.name}`,
      layer: ApplicationCredential.layer({
        authUrl,
        id: applicationCredential.id,
        secret: applicationCredential.secret
      })
    }),
    mischief: Option.some({
      revokeTokens: cloud.revokeTokens({ user: username }),
      wrongPassword: {
        name: `${username} with a wrong password`,
        layer: Password.layer({ ...byName(cloud), password: Redacted.make("not-the-password") })
      }
    })
  }
}

const testCloudLayer: Layer.Layer<Environment, Error> = Layer.unwrapEffect(
  Effect.map(TestCloud.TestCloud, (cloud) =>
    Layer.mergeAll(
      Layer.succeed(Cloud, describeTestCloud(cloud)),
      Compute.layer,
      Password.layer(byName(cloud))
    ))
).pipe(
  Layer.provideMerge(Session.layer(app)),
  Layer.provide(NodeTransport.layer()),
  Layer.provide(TestCloud.layerServer()),
  Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
)

// -----------------------------------------------------------------------------
// the cloud of the OS_* variables
// -----------------------------------------------------------------------------

/** A variable that is missing or empty is `undefined`. */
const optional = (name: string) => Config.withDefault(Config.nonEmptyString(name), undefined)

const identityFromVariables = Password.layerConfig({
  authUrl: Config.nonEmptyString("OS_AUTH_URL"),
  userId: optional("OS_USER_ID"),
  username: optional("OS_USERNAME"),
  userDomainId: optional("OS_USER_DOMAIN_ID"),
  userDomainName: optional("OS_USER_DOMAIN_NAME"),
  // Config.redacted would also hide the name of a missing variable
  password: Config.map(Config.nonEmptyString("OS_PASSWORD"), Redacted.make),
  projectId: optional("OS_PROJECT_ID"),
  projectName: optional("OS_PROJECT_NAME"),
  projectDomainId: optional("OS_PROJECT_DOMAIN_ID"),
  projectDomainName: optional("OS_PROJECT_DOMAIN_NAME")
})

const variables = Config.all({
  regionName: optional("OS_REGION_NAME"),
  interface: Config.withDefault(Config.nonEmptyString("OS_INTERFACE"), "public"),
  caCert: optional("OS_CACERT"),
  credential: Config.option(Config.all({
    id: Config.nonEmptyString("OS_APPLICATION_CREDENTIAL_ID"),
    secret: Config.redacted("OS_APPLICATION_CREDENTIAL_SECRET")
  }))
})

const variablesLayer = (
  authUrl: string
): Layer.Layer<Environment, Error> =>
  Layer.unwrapEffect(Effect.map(variables, ({ caCert, credential, ...place }) => {
    // the same tag with another layer
    const compute: Adapter.Options = { ...Compute.options, ...place }
    const cloud = Layer.effect(
      Cloud,
      Effect.map(Wire.Recorder, ({ exchanges }): Service => ({
        description: `The cloud of OS_AUTH_URL, ${authUrl}.`,
        authUrl,
        compute,
        exchanges,
        tenantB: Option.map(credential, ({ id, secret }) => ({
          name: `application credential ${id}`,
          layer: ApplicationCredential.layer({ authUrl, id, secret })
        })),
        mischief: Option.none()
      }))
    )
    return Layer.mergeAll(cloud, Layer.effect(Compute, Adapter.make(compute)), identityFromVariables).pipe(
      Layer.provideMerge(Session.layer(app)),
      Layer.provide(Wire.layer),
      Layer.provide(NodeTransport.layer({ caCert }))
    )
  }))

/** The cloud of the OS_* variables if `OS_AUTH_URL` is set, or else TestCloud. */
export const layer: Layer.Layer<Environment, Error> = Layer.unwrapEffect(
  Effect.map(
    Config.option(Config.nonEmptyString("OS_AUTH_URL")),
    Option.match({ onNone: () => testCloudLayer, onSome: variablesLayer })
  )
)
