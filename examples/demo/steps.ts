/** The steps of the demo. Each does one thing, prints what happened, and fails if the result is unexpected. */
import { Data, Duration, Effect, Option } from "effect"
import {
  AccessInfo,
  ApiVersion,
  AuthPlugin,
  type EndpointData,
  type EndpointFilter,
  Microversion,
  ServiceCatalog,
  Session
} from "effect-keystoneauth"
import { Compute, listServers, type Servers } from "../list-servers.js"
import { Cloud } from "./cloud.js"
import { Paper } from "./paper.js"
import * as Wire from "./wire.js"

/** A result that the demo does not expect. */
class Unexpected extends Data.TaggedError("Unexpected")<{ readonly message: string }> {}

const expect = (holds: boolean, promise: string): Effect.Effect<void, Unexpected> =>
  holds ? Effect.void : new Unexpected({ message: `Expected: ${promise}` })

/** Runs an effect, and returns the requests that it made. */
const watch = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const { exchanges } = yield* Cloud
    const before = (yield* exchanges).length
    const result = yield* effect
    return { result, exchanges: (yield* exchanges).slice(before) }
  })

const logins = Effect.flatMap(Cloud, ({ exchanges }) => Effect.map(exchanges, Wire.countLogins))

// -----------------------------------------------------------------------------
// words
// -----------------------------------------------------------------------------

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`

const list = (words: ReadonlyArray<string>, otherwise = "none") => words.length === 0 ? otherwise : words.join(", ")

const named = (name: string | undefined, domain: string | undefined) =>
  `${name ?? "(no name)"}${domain === undefined ? "" : ` of domain ${domain}`}`

const who = (access: AccessInfo.AccessInfo) => named(access.userName, access.userDomainName)

const project = (access: AccessInfo.AccessInfo) =>
  access.projectId === undefined ? "none" : named(access.projectName, access.projectDomainName)

const servers = ({ servers }: typeof Servers.Type) => list(servers.map(({ name, status }) => `${name} (${status})`))

const interfaces = (filter: EndpointFilter.EndpointFilter) => [filter.interface ?? "public"].flat()

const microversions = ({ maxMicroversion, minMicroversion }: EndpointData.EndpointData) =>
  minMicroversion === undefined || maxMicroversion === undefined
    ? "none"
    : `${Microversion.format(minMicroversion)} to ${Microversion.format(maxMicroversion)}`

const version = ({ apiVersion, status }: EndpointData.EndpointData) =>
  `${apiVersion === undefined ? "unknown" : ApiVersion.format(apiVersion)}${status === undefined ? "" : ` (${status})`}`

const answer = (status: number) => status === 0 ? "no answer" : String(status)

/** The user of a request, as the service sees it. */
const by = (exchange: Wire.Exchange) =>
  Wire.isLogin(exchange)
    ? "login"
    : exchange.token === undefined
    ? "without token"
    : [exchange.token, exchange.user, exchange.microversion].filter((word) => word !== undefined).join(" ")

const oneLine = ({ method, status, url }: Wire.Exchange) => `${method} ${url} → ${answer(status)}`

// -----------------------------------------------------------------------------
// steps
// -----------------------------------------------------------------------------

/** The token of the provided identity. */
const access = Effect.flatMap(AuthPlugin.AuthPlugin, (plugin) => plugin.access).pipe(
  Effect.flatMap(Effect.mapError(() => new Unexpected({ message: "This identity has no token" })))
)

export const login = Effect.gen(function*() {
  const paper = yield* Paper
  const { authUrl } = yield* Cloud
  yield* paper.step("Log in")
  const token = yield* access
  yield* paper.fact("Keystone", authUrl)
  yield* paper.fact("user", `${who(token)}, by ${list(token.methods)}`)
  yield* paper.fact("project", project(token))
  yield* paper.fact("roles", list(token.roles.flatMap(({ name }) => name ?? [])))
  yield* paper.fact(
    "token",
    Option.match(AccessInfo.lifetime(token), {
      onNone: () => "does not expire; never shown",
      onSome: (life) => `valid for ${Duration.format(life)}; renewed before it expires; never shown`
    })
  )
  yield* paper.fact("services", list(token.catalog?.serviceTypes ?? []))
})

export const endpoint = Effect.gen(function*() {
  const paper = yield* Paper
  const { compute } = yield* Cloud
  yield* paper.step("Choose the compute service's endpoint from the catalog")
  const { catalog } = yield* access
  const found = yield* Session.endpointData(compute, { skipDiscovery: true })
  const offered = catalog === undefined ? [] : ServiceCatalog.endpoints(catalog, { serviceType: compute.serviceType })
  const region = compute.regionName === undefined ? "any region" : `region ${compute.regionName}`
  yield* paper.fact("asked for", `the ${interfaces(compute).join(" or else the ")} interface in ${region}`)
  yield* paper.fact(
    "catalog has",
    list(offered.map((offer) => `${offer.interface ?? "?"} in ${offer.regionName ?? "no region"}`))
  )
  yield* paper.fact(
    "chosen",
    `${found.interface ?? "?"} in ${
      found.regionName ?? "no region"
    }: of what was asked for, the first that the catalog has`
  )
  yield* paper.fact("catalog URL", found.catalogUrl)
})

/** Prints the versions of one service. */
const discover = (filter: EndpointFilter.EndpointFilter) =>
  Effect.gen(function*() {
    const paper = yield* Paper
    const { exchanges, result } = yield* watch(Session.endpointData(filter))
    const range = yield* ApiVersion.range(filter)
    yield* paper.fact(filter.serviceType ?? "", `version ${ApiVersion.formatRange(range)} is wanted`)
    yield* paper.fact("  asked", exchanges.map(oneLine).join("\n") || "nothing, since it is cached")
    yield* paper.fact(
      "  found",
      result.status === undefined
        ? `version ${version(result)}, from the URL, without a version document`
        : `version ${version(result)}, microversions: ${microversions(result)}`
    )
    yield* paper.fact("  listed URL", result.catalogUrl)
    yield* paper.fact("  used URL", result.url)
  })

export const discovery = Effect.gen(function*() {
  const paper = yield* Paper
  const { compute } = yield* Cloud
  const { interface: interfaces, regionName } = compute
  yield* paper.step("Ask the services for their versions, without a token unless they need one")
  yield* discover(compute)
  yield* discover({ serviceType: "image", interface: interfaces, regionName, minVersion: 2, maxVersion: "2.latest" })
    .pipe(
      Effect.catchTag("EndpointNotFound", () => paper.fact("image", "not in this region of the cloud"))
    )
})

export const request = Effect.gen(function*() {
  const paper = yield* Paper
  yield* paper.step("Send a request with a microversion")
  const { exchanges, result } = yield* watch(listServers)
  const sent = exchanges.at(-1)
  yield* expect(sent !== undefined && exchanges.length === 1, "exactly one request is sent")
  if (sent !== undefined) {
    yield* paper.fact("request", `${sent.method} ${sent.url}`)
    yield* paper.fact("header", `OpenStack-API-Version: compute ${sent.microversion ?? "(none)"}`)
    yield* paper.fact("token", `${sent.token ?? "none"}, the one of step 1, without another login`)
    yield* paper.fact("answer", answer(sent.status))
  }
  yield* paper.fact("servers", servers(result))
})

export const otherTenant = Effect.gen(function*() {
  const paper = yield* Paper
  const { tenantB } = yield* Cloud
  yield* paper.step("The same program as another tenant")
  if (Option.isNone(tenantB)) {
    return yield* paper.fact(
      "left out",
      "set OS_APPLICATION_CREDENTIAL_ID and OS_APPLICATION_CREDENTIAL_SECRET to see it with this cloud"
    )
  }
  const before = yield* logins
  const theirs = yield* Effect.zip(access, listServers).pipe(Effect.provide(tenantB.value.layer))
  const ours = yield* listServers
  yield* Effect.provide(listServers, tenantB.value.layer)
  const during = (yield* logins) - before
  yield* paper.fact("how", "another layer is provided; nothing else changes")
  yield* paper.fact("identity", tenantB.value.name)
  yield* paper.fact("user", `${who(theirs[0])}, project ${project(theirs[0])}`)
  yield* paper.fact("servers", servers(theirs[1]))
  yield* paper.fact("outside it", `still our own servers: ${servers(ours)}`)
  yield* paper.fact("logins", `${during} for the new tenant, which ran the program twice`)
  yield* expect(during === 1, "a tenant logs in once")
})

export const revocation = Effect.gen(function*() {
  const paper = yield* Paper
  const { mischief } = yield* Cloud
  yield* paper.step("Renew a revoked token")
  if (Option.isNone(mischief)) {
    return yield* paper.fact("left out", "the demo revokes tokens only in TestCloud")
  }
  const revoked = yield* mischief.value.revokeTokens
  const { exchanges, result } = yield* watch(listServers)
  yield* paper.fact("revoked", `${plural(revoked, "token")} of the user, unknown to the program`)
  yield* Effect.forEach(
    exchanges,
    (exchange, index) =>
      paper.fact(index === 0 ? "then" : "", `${exchange.method} ${exchange.url}\n` + answered(exchange))
  )
  yield* paper.fact("servers", servers(result))
  yield* paper.fact("logins", `${plural(Wire.countLogins(exchanges), "new one")}; the program got its answer`)
  yield* expect(Wire.countLogins(exchanges) === 1, "a revoked token costs one login")
})

const answered = (exchange: Wire.Exchange) => `→ ${answer(exchange.status)} (${by(exchange)})`

export const failures = Effect.gen(function*() {
  const paper = yield* Paper
  const { compute: filter, mischief } = yield* Cloud
  const compute = yield* Compute
  yield* paper.step("Errors have types, and say what to do")

  /** Runs an effect that must fail, and prints the error. */
  const attempt = <A, E extends { readonly _tag: string; readonly message: string }, R>(
    what: string,
    tag: E["_tag"],
    effect: Effect.Effect<A, E, R>
  ) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(effect).pipe(
        Effect.mapError(() => new Unexpected({ message: `${what} should have failed with ${tag}` }))
      )
      yield* paper.fact("tried", what)
      yield* paper.failure("got", error)
      yield* expect(error._tag === tag, `${what} fails with ${tag}`)
    })

  yield* attempt(
    "an endpoint in a region that does not exist",
    "EndpointNotFound",
    Session.endpointData({ ...filter, regionName: "Atlantis" })
  )
  yield* attempt(
    "a version that does not exist",
    "DiscoveryFailed",
    Session.endpointData({ ...filter, minVersion: 3, maxVersion: "3.latest" })
  )
  yield* attempt("a server that does not exist", "NotFound", compute.get("/servers/nowhere"))
  if (Option.isSome(mischief)) {
    const { layer, name } = mischief.value.wrongPassword
    yield* attempt(name, "Unauthorized", Effect.provide(listServers, layer))
  }
})

export const summary = Effect.gen(function*() {
  const paper = yield* Paper
  const exchanges = yield* Effect.flatMap(Cloud, (cloud) => cloud.exchanges)
  const origins = new Set(exchanges.map(({ url }) => new URL(url).origin))
  const where = ({ url }: Wire.Exchange) => {
    const { host, pathname } = new URL(url)
    return origins.size === 1 ? pathname : host + pathname
  }
  const width = Math.max(...exchanges.map((exchange) => where(exchange).length))
  yield* paper.section(`All requests to the cloud${origins.size === 1 ? `, at ${[...origins].join("")}` : ""}`)
  const line = (index: string, method: string, where: string, status: string, by: string) =>
    [index.padStart(2), method.padEnd(4), where.padEnd(width), status.padEnd(3), by].join("  ")
  yield* paper.table([
    line("", "", "", "", "who, microversion"),
    ...exchanges.map((exchange, index) =>
      line(
        String(index + 1),
        exchange.method,
        where(exchange),
        exchange.status === 0 ? "-" : String(exchange.status),
        by(exchange)
      )
    )
  ])
  const count = (which: (exchange: Wire.Exchange) => boolean) => exchanges.filter(which).length
  const refused = count(Wire.isLogin) - Wire.countLogins(exchanges)
  yield* paper.success(
    `All of this happened over HTTP, in ${plural(exchanges.length, "request")}: ` +
      `${plural(Wire.countLogins(exchanges), "login")}` +
      (refused === 0 ? ", " : `, ${plural(refused, "refused login")}, `) +
      `${plural(count(Wire.isDiscovery), "version document")}, ` +
      `and ${plural(count(({ token }) => token !== undefined), "request")} with a token.`
  )
})
