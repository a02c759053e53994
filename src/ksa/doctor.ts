/** Checks a cloud from configuration to services, and reports present and coming problems. */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Terminal from "@effect/platform/Terminal"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as CloudConfig from "../cloud/CloudConfig.js"
import * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import * as ApiVersion from "../model/ApiVersion.js"
import type * as EndpointData from "../model/EndpointData.js"
import * as ServiceCatalog from "../model/ServiceCatalog.js"
import * as Url from "../safety/url.js"
import * as Session from "../session/Session.js"
import * as Output from "./output.js"

export interface Finding {
  readonly check: string
  readonly verdict: "ok" | "warning" | "problem"
  readonly detail: string
}

const ok = (check: string, detail: string): Finding => ({ check, verdict: "ok", detail })
const warning = (check: string, detail: string): Finding => ({ check, verdict: "warning", detail })
const problem = (check: string, detail: string): Finding => ({ check, verdict: "problem", detail })

type Findings<R> = Effect.Effect<ReadonlyArray<Finding>, never, R>
type Authenticated = Session.Session | AuthPlugin.AuthPlugin

/** All checks; later ones depend on earlier ones. */
export const diagnose: Findings<CloudConfig.CloudConfig | Authenticated | Output.Output | Terminal.Terminal> = Effect
  .gen(function*() {
    const cloud = yield* CloudConfig.CloudConfig
    const first = [...configuration(cloud), ...(yield* clock)]
    const login = yield* Effect.either(AuthPlugin.access)
    if (login._tag === "Left") {
      return [...first, problem("login", login.left.message)]
    }
    if (Option.isNone(login.right)) {
      return [...first, ok("login", "this auth type has no token")]
    }
    const access = login.right.value
    return [
      ...first,
      ok("login", `as ${access.userName ?? access.userId ?? "unknown user"}, ${scopeOf(access)}`),
      ...(yield* lifetimes(access)),
      ...(access.roles.length === 0 ? [warning("roles", "the token has no roles; a project may be missing")] : []),
      ...catalog(access),
      ...(yield* services(cloud)),
      ...(yield* configured(cloud, access))
    ]
  }).pipe(Output.waiting("asking Keystone and all services"))

const scopeOf = (access: AccessInfo.AccessInfo): string =>
  access.projectScoped
    ? `project ${access.projectName ?? access.projectId}`
    : access.domainScoped
    ? `domain ${access.domainName ?? access.domainId}`
    : access.systemScoped
    ? "the whole system"
    : "unscoped: no project is configured"

// -----------------------------------------------------------------------------
// before the login
// -----------------------------------------------------------------------------

const configuration = ({ auth, authType, tls, warnings }: CloudConfig.Service): ReadonlyArray<Finding> => {
  const given = auth["auth_url"]
  const url = String((Redacted.isRedacted(given) ? Redacted.value(given) : given) ?? "")
  return [
    ...warnings.map((problem) => warning("configuration", Errors.describeProblem(problem))),
    ...(tls.insecure
      ? [warning("tls", "certificates are not verified: an attacker can read the password")]
      : []),
    ...(url.startsWith("http://") && !isLocal(url)
      ? [warning("tls", `${Url.shown(url)} is not https: an attacker can read the password`)]
      : []),
    ...(authType.startsWith("v2") || /\/v2\.0\/?$/.test(url)
      ? [
        warning(
          "keystone",
          "v2.0 is deprecated, and removed from Keystone: use /v3, or a URL without version"
        )
      ]
      : [])
  ]
}

const isLocal = (url: string): boolean =>
  URL.canParse(url) && /^(localhost|127\..*|\[::1\])$/.test(new URL(url).hostname)

/** Compares the clocks of Keystone and this machine. A difference breaks certificates and passcodes, but not tokens. */
const clock: Findings<Authenticated> = Effect.gen(function*() {
  const { authUrl } = yield* AuthPlugin.AuthPlugin
  if (Option.isNone(authUrl)) {
    return []
  }
  const asked = yield* Clock.currentTimeMillis
  const { headers } = yield* Session.request(HttpClientRequest.get(authUrl.value), {
    authenticated: false,
    raiseForStatus: false
  })
  const answered = yield* Clock.currentTimeMillis
  const date = Option.flatMap(Headers.get(headers, "date"), (text) => DateTime.make(Date.parse(text)))
  if (Option.isNone(date)) {
    return [warning("clock", "Keystone sends no Date header")]
  }
  // the header is in whole seconds
  const ahead = asked - date.value.epochMillis
  const skew = Math.round((ahead - (answered - asked) / 2) / 1000)
  return [
    Math.abs(skew) > 5
      ? warning("clock", `this machine is ${Math.abs(skew)} s ${skew > 0 ? "ahead of" : "behind"} Keystone`)
      : ok("clock", "same as Keystone's")
  ]
}).pipe(Effect.catchAll((error) => Effect.succeed([problem("keystone", error.message)])))

// -----------------------------------------------------------------------------
// the token
// -----------------------------------------------------------------------------

const soonDays = 14

/** Reports an expiry, with a warning if it is soon. */
const expiry = (check: string, now: DateTime.Utc, at: DateTime.Utc | undefined): ReadonlyArray<Finding> => {
  if (at === undefined) {
    return []
  }
  const days = DateTime.distance(now, at) / 86_400_000
  const on = DateTime.formatIso(at).slice(0, 10)
  return [
    days > soonDays
      ? ok(check, `valid until ${on}`)
      : warning(check, days < 0 ? `expired on ${on}` : `expires on ${on}, in ${Math.floor(days)} days`)
  ]
}

const Credential = Schema.Struct({
  application_credential: Schema.Struct({ expires_at: Schema.NullOr(Schema.String) })
})

/** Asks Keystone when the application credential expires, since the token does not tell. */
const credentialEnd = (access: AccessInfo.AccessInfo): Effect.Effect<DateTime.Utc | undefined, never, Authenticated> =>
  access.applicationCredentialId === undefined || access.userId === undefined
    ? Effect.succeed(undefined)
    : Session.request(
      HttpClientRequest.get(`/users/${access.userId}/application_credentials/${access.applicationCredentialId}`),
      { endpointFilter: { serviceType: "identity", interface: "auth", version: 3 } }
    ).pipe(
      Effect.flatMap(HttpClientResponse.schemaBodyJson(Credential)),
      Effect.map(({ application_credential: { expires_at: at } }) =>
        at === null ? undefined : Option.getOrUndefined(DateTime.make(/Z$/.test(at) ? at : `${at}Z`))
      ),
      // access rules may forbid this request
      Effect.orElseSucceed(() => undefined)
    )

const lifetimes = (access: AccessInfo.AccessInfo): Findings<Authenticated> =>
  Effect.gen(function*() {
    const now = yield* DateTime.now
    return [
      ...expiry("password", now, access.passwordExpiresAt),
      ...expiry("application credential", now, yield* credentialEnd(access))
    ]
  })

// -----------------------------------------------------------------------------
// the services
// -----------------------------------------------------------------------------

/** Looks for malformed URLs, and for http endpoints of a cloud whose Keystone is https. */
const catalog = (access: AccessInfo.AccessInfo): ReadonlyArray<Finding> => {
  if (access.catalog === undefined) {
    return [warning("catalog", "the token has no catalog, since it has no project")]
  }
  const endpoints = ServiceCatalog.endpoints(access.catalog, {})
  const inRegion = new Set(
    endpoints.flatMap(({ interface: word, regionName, serviceType, url }) =>
      serviceType === "identity" && word === "public" && url.startsWith("https:") ? [regionName] : []
    )
  )
  return [
    ok("catalog", `${endpoints.length} endpoints`),
    ...access.catalog.problems.map((reason) => problem("catalog", reason)),
    ...endpoints.flatMap(({ interface: word, regionName, serviceType, url }) =>
      !URL.canParse(url)
        ? [problem("catalog", `${serviceType}, ${word}: ${JSON.stringify(url)} is not a URL`)]
        : word === "public" && inRegion.has(regionName) && url.startsWith("http:")
        ? [warning("catalog", `${serviceType}: ${url} is http, but Keystone is https`)]
        : []
    )
  ]
}

/** Asks each service in the configured region and interface for its versions. */
const services = (cloud: CloudConfig.Service): Findings<Authenticated> => {
  const { interface: wanted, regionName } = cloud.service()
  return Session.allVersionData({ interface: wanted, regionName }).pipe(
    Effect.flatMap(Effect.forEach(service, { concurrency: 8 })),
    Effect.catchAll((error) => Effect.succeed([problem("services", error.message)]))
  )
}

const service = ({ catalogUrl, failure, serviceType, versions }: EndpointData.EndpointVersions) => {
  const foreign = versions.find(({ link, url }) =>
    link !== undefined && URL.canParse(link, url) && new URL(link, url).origin !== new URL(url).origin
  )
  return failure !== undefined
    ? withoutDocument(serviceType, catalogUrl, failure)
    : Effect.succeed(
      versions.length === 0
        ? problem(serviceType, `${catalogUrl}: the version document has no versions`)
        : foreign !== undefined
        ? warning(
          serviceType,
          `its document at ${foreign.url} links to ${foreign.link}, which other clients follow: ` +
            "check public_endpoint and proxy headers"
        )
        : ok(serviceType, versions.map(({ version }) => ApiVersion.format(version)).slice(0, 3).join(", "))
    )
}

/** A service such as Swift has no version document, but it must answer. */
const withoutDocument = (serviceType: string, url: string, { attempts }: Errors.DiscoveryFailed) => {
  const down = attempts.find(({ outcome }) => outcome === "Unreachable")
  return down !== undefined
    ? Effect.succeed(problem(serviceType, `${down.url}: ${down.detail}`))
    : Session.request(HttpClientRequest.head(url), { authenticated: false, raiseForStatus: false }).pipe(
      Effect.map(() => ok(serviceType, `${url} has no version document`)),
      Effect.catchAll((error) => Effect.succeed(problem(serviceType, error.message)))
    )
}

/** Checks that the configured versions exist. */
const configured = (cloud: CloudConfig.Service, access: AccessInfo.AccessInfo): Findings<Authenticated> =>
  Effect.map(
    Effect.forEach(access.catalog?.serviceTypes ?? [], (serviceType) => {
      const { endpointOverride, ...filter } = cloud.service(serviceType)
      return filter.version === undefined && endpointOverride === undefined
        ? Effect.succeed([])
        : Session.endpointData(filter, { endpointOverride }).pipe(
          Effect.as([]),
          Effect.catchAll((error) => Effect.succeed([problem(serviceType, error.message)]))
        )
    }),
    (findings) => findings.flat()
  )
