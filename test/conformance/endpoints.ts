/** The suites about endpoint data: calls on one session, in a mocked world, with the requests that they make. */
import { Headers, HttpClient } from "@effect/platform"
import { Effect, Either, Layer, Option } from "effect"
import { AuthPlugin, type EndpointData, type EndpointFilter, Session } from "effect-keystoneauth"
import { isRecord } from "effect/Predicate"
import { type Case, Decided, type Outcome } from "../vectors.js"
import { allow, ascending, type Json, versionData } from "./catalogs.js"
import * as Plugins from "./plugins.js"
import { parts, versionArgument } from "./versions.js"
import * as World from "./world.js"

/**
 * keystoneauth's tokenless plugin answers for its one endpoint only: it ignores the version, and has no endpoint data
 * (Q45). Here it is a plugin like any other.
 */
const tokenlessArgs = (method: string, args: Json): Json =>
  method === "get_endpoint" ? { ...args, version: null } : args

/** Plugins of one endpoint. keystoneauth records nothing of the filter for them, and ignores `skip_discovery` (Q46). */
const fixedPlugins: ReadonlyArray<unknown> = ["admin_token", "none", "http_basic"]

// -----------------------------------------------------------------------------
// calls
// -----------------------------------------------------------------------------

export const filterOf = (args: Json): EndpointFilter.EndpointFilter => ({
  serviceType: Plugins.text(args, "service_type"),
  interface: specialInterface(args["interface"]),
  regionName: Plugins.text(args, "region_name"),
  serviceName: Plugins.text(args, "service_name"),
  serviceId: Plugins.text(args, "service_id"),
  endpointId: Plugins.text(args, "endpoint_id"),
  version: versionArgument(args["version"] ?? null),
  minVersion: versionArgument(args["min_version"] ?? null),
  maxVersion: versionArgument(args["max_version"] ?? null),
  allow: allow(args["allow"])
})

const specialInterface = (value: unknown): EndpointFilter.CatalogFilter["interface"] =>
  typeof value === "object" && value !== null && "$special" in value
    ? "auth"
    : (value ?? undefined) as EndpointFilter.CatalogFilter["interface"]

const flag = (args: Json, name: string): boolean | undefined => (args[name] ?? undefined) as boolean | undefined

const optionsOf = (args: Json) => ({
  endpointOverride: Plugins.text(args, "endpoint_override"),
  skipDiscovery: flag(args, "skip_discovery"),
  allowVersionHack: flag(args, "allow_version_hack")
})

/** In keystoneauth only endpoints of the catalog have a catalog URL, and an override has no service type (Q77). */
const endpointData = (endpoint: EndpointData.EndpointData, args: Json, fixed: boolean): Json => ({
  url: endpoint.url,
  catalog_url: endpoint.interface === "auth" ? null : endpoint.catalogUrl,
  service_type: fixed || Plugins.text(args, "endpoint_override") !== undefined ? null : endpoint.serviceType ?? null,
  service_name: endpoint.serviceName ?? null,
  service_id: endpoint.serviceId ?? null,
  interface: fixed || endpoint.interface === "auth" ? null : endpoint.interface ?? null,
  region_name: fixed ? null : endpoint.regionName ?? null,
  endpoint_id: endpoint.endpointId ?? null,
  api_version: parts(endpoint.apiVersion),
  min_microversion: parts(endpoint.minMicroversion),
  max_microversion: parts(endpoint.maxMicroversion),
  next_min_version: parts(endpoint.nextMinVersion),
  not_before: endpoint.notBefore ?? null,
  status: endpoint.status ?? null
})

/** keystoneauth returns whether it dropped something; we return whether a retry makes sense (R4). */
const notComparable = { $notComparable: true }

const shown = (version: ReadonlyArray<number | "latest"> | null) => version === null ? null : version.join(".")

/** `result[region][interface][service type]`, with versions as text, oldest first; the last of equal places wins. */
const allVersions = (found: ReadonlyArray<EndpointData.EndpointVersions>): Json => {
  const result: Record<string, Record<string, Json>> = {}
  for (const { catalogUrl, interface: name, regionName, serviceType, versions } of found) {
    if (name === undefined || regionName === undefined) {
      continue
    }
    const place = (result[regionName] ??= {})[name] ??= {}
    place[serviceType] = versions.length === 0
      ? [{ ...nothing, url: `${catalogUrl.replace(/\/+$/, "")}/` }]
      : ascending(versions).map((data) => {
        const shownData = versionData(data)
        return {
          ...shownData,
          version: shown(parts(data.version)),
          max_microversion: shown(parts(data.maxMicroversion)),
          min_microversion: shown(parts(data.minMicroversion)),
          next_min_version: shown(parts(data.nextMinVersion))
        }
      })
  }
  return result
}

/** keystoneauth's result for an endpoint without any data. */
const nothing = {
  version: null,
  collection: null,
  max_microversion: null,
  min_microversion: null,
  next_min_version: null,
  not_before: null,
  status: "CURRENT",
  raw_status: null
}

/** Header names as in the vectors. */
const canonical = (headers: Headers.Headers): Json =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.replace(/(^|-)[a-z]/g, (c) => c.toUpperCase()), value])
  )

const call = (
  method: string,
  args: Json,
  fixed: boolean,
  known: { headers: Headers.Headers }
): Effect.Effect<unknown, Session.Error | string, Session.Session | AuthPlugin.AuthPlugin> => {
  const filter = filterOf(args)
  const options = fixed ? { ...optionsOf(args), skipDiscovery: undefined } : optionsOf(args)
  const plugin = AuthPlugin.AuthPlugin
  switch (method) {
    case "get_endpoint_data":
      return Effect.map(
        Session.endpointData(filter, { ...options, discoverVersions: flag(args, "discover_versions") ?? true }),
        (endpoint) => endpointData(endpoint, args, fixed)
      )
    case "get_endpoint":
      return Effect.map(Session.endpointData(filter, { ...options, discoverVersions: false }), ({ url }) => url)
    case "get_api_major_version":
      return Effect.map(Session.apiMajorVersion(filter, options), parts)
    case "get_all_version_data":
      return Effect.map(
        Session.allVersionData({ ...filter, interface: "interface" in args ? filter.interface : "public" }),
        allVersions
      )
    case "get_user_id":
      return Effect.flatMap(plugin, ({ userId }) => Effect.map(userId, Option.getOrNull))
    case "get_project_id":
      return Effect.flatMap(plugin, ({ projectId }) => Effect.map(projectId, Option.getOrNull))
    case "get_token":
    case "get_auth_headers":
      return Effect.flatMap(plugin, ({ headers }) =>
        Effect.map(headers, (sent) => {
          known.headers = sent
          return method === "get_token" ? sent["x-auth-token"] ?? null : canonical(sent)
        }))
    case "invalidate":
      return Effect.flatMap(plugin, ({ invalidate }) => Effect.as(invalidate(known.headers), notComparable))
    default:
      return Effect.fail(`there is nothing like ${method}`)
  }
}

// -----------------------------------------------------------------------------
// outcomes
// -----------------------------------------------------------------------------

/**
 * keystoneauth's names for our errors. Where it says "none" for an endpoint that it cannot choose, the kind is
 * `null`.
 */
const kinds: Record<string, ReadonlyArray<string | null>> = {
  InvalidVersion: [
    "TypeError",
    "ValueError",
    "ImpliedVersionMismatch",
    "ImpliedMinVersionMismatch",
    "ImpliedMaxVersionMismatch"
  ],
  InvalidOptions: ["ValueError", "AttributeError", "OptionError", "AuthorizationFailure"],
  EndpointNotFound: ["EndpointNotFound", "EmptyCatalog", null],
  DiscoveryFailed: ["DiscoveryFailure", "VersionNotAvailable", null],
  Unauthorized: ["Unauthorized"]
}

/** Compares one call of a case. Equal results give the expected one, so that only differences show. */
const judge = (expected: Json, outcome: Either.Either<unknown, Session.Error | string>): unknown => {
  if (Either.isRight(outcome)) {
    return { result: outcome.right === notComparable ? expected["result"] : outcome.right }
  }
  const error = outcome.left
  if (typeof error === "string") {
    const wanted = isRecord(expected["error"]) ? expected["error"]["kind"] : undefined
    return wanted === error ? { error: expected["error"] } : { missing: error }
  }
  const kind = "error" in expected
    ? String((expected["error"] as Json)["kind"])
    : expected["result"] === null
    ? null
    : ""
  return kinds[error._tag]?.includes(kind)
    ? "error" in expected ? { error: expected["error"] } : { result: null }
    : { failure: error._tag, message: error.message }
}

/** keystoneauth follows redirects from https to http, we do not (R7): such a call is not compared. */
const isDowngraded = (wanted: ReadonlyArray<World.Request>, made: ReadonlyArray<World.Request>): boolean =>
  wanted.some(({ url }, i) => i > 0 && url.startsWith("http:") && wanted[i - 1]?.url.startsWith("https:")) &&
  made.every(({ url }) => url.startsWith("https:"))

/** Placeholders of an override are replaced wherever it is used (Q28). */
const filledIn = (expected: Json, input: Case["input"]): Json => {
  const { result } = expected
  const body = ((input.plugin as Json | null)?.["options"] as Json | undefined)?.["body"] as Json | undefined
  const project = ((body?.["token"] as Json | undefined)?.["project"] as Json | undefined)?.["id"]
  return typeof result === "string" && typeof project === "string" && result.includes("%(project_id)s")
    ? { ...expected, result: result.replaceAll("%(project_id)s", project) }
    : expected
}

const withoutRepeats = (requests: ReadonlyArray<World.Request>) => {
  const seen = new Set<string>()
  return requests.filter((request) => {
    const key = JSON.stringify(request)
    return seen.has(key) ? false : seen.add(key) !== undefined
  })
}

/**
 * Compares requests and their order, except for decisions: a failing URL is not requested twice in a row (N1), the
 * search goes on after a document that lacks the version (Q12), and Swift is not asked for documents (Q15).
 */
const sameRequests = (
  method: string,
  args: Json,
  made: ReadonlyArray<World.Request>,
  wanted: ReadonlyArray<World.Request>
): boolean => {
  const key = (request: World.Request) => JSON.stringify(request)
  switch (method) {
    case "get_all_version_data":
      return withoutRepeats(made).map(key).sort().join() === withoutRepeats(wanted).map(key).sort().join()
    case "get_api_major_version":
      return withoutRepeats(made).map(key).join() === withoutRepeats(wanted).map(key).join()
    default:
      return made.map(key).join() === wanted.map(key).join() ||
        (args["service_type"] === "object-store" && made.length === 0) ||
        (wanted.length > 0 && made.length > wanted.length &&
          made.slice(0, wanted.length).map(key).join() === wanted.map(key).join())
  }
}

/** As keystoneauth: failures are not cached, and only the catalog in the token is used. */
const session = (options: unknown) => {
  const redirect = isRecord(options) ? options.redirect : undefined
  return Session.layer({
    redirects: typeof redirect === "number" ? redirect : undefined,
    catalog: { refreshInterval: "never" },
    discovery: { failureTimeToLive: 0, outageTimeToLive: 0 }
  })
}

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : isRecord(value)
    ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]))
    : value

/** Runs the calls of a case on one session. Requests of `get_all_version_data` are compared as a set (N1). */
export const endpointCalls = (input: Case["input"], one: Case): Effect.Effect<Outcome> => {
  const { client, requests } = World.make(input.world as Json)
  const expected = (one.expected as { readonly calls: ReadonlyArray<Json> }).calls
  const calls = input.calls as ReadonlyArray<{ readonly method: string; readonly args: Json }>
  return Effect.gen(function*() {
    const given = input.plugin as Json | null
    const fixed = fixedPlugins.includes(given?.["type"])
    const plugin = given === null ? Either.right(Plugins.nobody) : yield* Effect.either(Plugins.make(given))
    if (Either.isLeft(plugin)) {
      return Either.left(plugin.left)
    }
    const known = { headers: Headers.empty }
    const results: Array<unknown> = []
    const rules = new Set<string | undefined>()
    for (let i = 0; i < calls.length; i++) {
      const { method } = calls[i]!
      const tokenless = given?.["type"] === "v3tokenlessauth"
      const args = tokenless ? tokenlessArgs(method, calls[i]!.args) : calls[i]!.args
      requests.length = 0
      const outcome = yield* given === null && !("endpoint_override" in args)
        ? Effect.succeed(Either.left("MissingAuthPlugin"))
        : Effect.either(Effect.provideService(call(method, args, fixed, known), AuthPlugin.AuthPlugin, plugin.right))
      const made = [...requests]
      const wanted = ((expected[i]?.["requests"] ?? []) as ReadonlyArray<World.Request>).map((request) => ({
        ...request,
        url: new URL(request.url).href
      }))
      const same = sameRequests(method, args, made, wanted)
      const recorded = expected[i] ?? {}
      const theirs = filledIn(recorded, input)
      const ours = { ...judge(theirs, outcome) as Json, requests: same ? theirs["requests"] : made }
      const decided = isDowngraded(wanted, made)
        ? "R7: https never becomes http"
        : tokenless && theirs["result"] === null && (Either.isRight(outcome) || method !== "get_endpoint")
        ? "Q45: the tokenless plugin is one like any other"
        : undefined
      const equal = decided !== undefined || JSON.stringify(sorted(ours)) === JSON.stringify(sorted(theirs))
      results.push(equal ? recorded : ours)
      for (
        const rule of [
          decided,
          theirs === recorded ? undefined : "Q28: an override is filled in wherever it is used",
          theirs["result"] === null && Either.isLeft(outcome)
            ? "Q4, Q13: it is said why there is no endpoint"
            : undefined,
          JSON.stringify(made) === JSON.stringify(wanted)
            ? undefined
            : "Q12, Q15, Q66, N1: other documents are asked for"
        ]
      ) {
        rules.add(rule)
      }
    }
    const names = [...rules].filter((rule) => rule !== undefined)
    return names.length > 0 && JSON.stringify(results) === JSON.stringify(expected)
      ? Either.right(new Decided(names.join("; ")))
      : Either.right({ calls: results })
  }).pipe(
    Effect.provide(Layer.provide(session(input.session), Layer.succeed(HttpClient.HttpClient, client)))
  )
}
