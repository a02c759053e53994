/** The part of suite `loading` about plugins, sessions and adapters from variables, command lines and files. */
import { NodeContext } from "@effect/platform-node"
import { ConfigProvider, Effect, Either, Option } from "effect"
import { Adapter, ApiVersion, type AuthType, AuthTypes } from "effect-keystoneauth"
import * as CloudConfig from "effect-keystoneauth/CloudConfig"
import { isRecord } from "effect/Predicate"
import { type Case, Decided, type Outcome } from "../vectors.js"
import { expectedOf, judge, requestsOf, session as sessionOver } from "./authentication.js"
import type { Json } from "./catalogs.js"
import * as Plugins from "./plugins.js"
import * as World from "./world.js"

type Input = Case["input"]

type Variables = Readonly<Record<string, string>>

/** Empty values count as not given (Q78). */
const emptyIsNothing = "Q78: what is empty is not given"

// -----------------------------------------------------------------------------
// command lines
// -----------------------------------------------------------------------------

/** Reads `--os-user-name x` as `user_name`, and a flag without a value as "true". */
const argumentsOf = (input: Input): Variables => {
  const argv = (input.argv ?? []) as ReadonlyArray<string>
  return Object.fromEntries(
    argv.flatMap((word, i) => {
      const value = argv[i + 1]
      return word.startsWith("--")
        ? [[word.replace(/^--(os-)?/, "").replaceAll("-", "_"), value?.startsWith("--") === false ? value : "true"]]
        : []
    })
  )
}

const variableOf = (name: string): string => `OS_${name.replaceAll("-", "_").toUpperCase()}`

/** Aliases: one of them on the command line takes precedence over all of them in the environment. */
const sameThing = (types: ReadonlyArray<AuthType.AuthType>, name: string): ReadonlyArray<string> => {
  const options = types.flatMap(({ options }) => options.map(({ deprecated, name }) => [name, ...deprecated]))
  return [["auth_type", "auth_plugin"], ...options].filter((names) =>
    names.some((other) => variableOf(other) === variableOf(name))
  ).flat()
}

/** Whether the command line is refused: an unknown option, or one without its value. */
const variables = (input: Input): Effect.Effect<Variables, string> =>
  Effect.flatMap(AuthTypes.AuthTypes, (types) => {
    const given = argumentsOf(input)
    const said = Object.keys(given).map((name) => sameThing(types, name).map(variableOf))
    return said.some((names) => names.length === 0) || Object.values(given).includes("true")
      ? Effect.fail("the command line was refused")
      : Effect.succeed(Object.fromEntries([
        ...Object.entries(input.env as Variables).filter(([name]) => !said.flat().includes(name)),
        ...Object.entries(given).map(([name, value]) => [variableOf(name), value])
      ]))
  })

// -----------------------------------------------------------------------------
// plugins
// -----------------------------------------------------------------------------

/** The options of an auth type from variables. */
const optionsIn = (type: AuthType.AuthType, variables: Variables): Json =>
  Object.fromEntries(type.options.flatMap(({ deprecated, name }) => {
    const value = [name, ...deprecated].map((name) => variables[variableOf(name)]).find((value) => !!value)
    return value === undefined ? [] : [[name.replaceAll("-", "_"), value]]
  }))

export const env = (input: Input, one: Case): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const given = yield* variables(input)
    const named = given["OS_AUTH_TYPE"] ?? given["OS_AUTH_PLUGIN"]
    const defaultType = input.default as string | undefined
    const { client, sent } = World.make((input.world ?? {}) as Json)
    const provider = ConfigProvider.fromMap(new Map(Object.entries(given)), { pathDelim: "_" })
    const loaded = AuthTypes.loadConfig("OS", { defaultType }).pipe(Effect.withConfigProvider(provider))
    const name = named || defaultType
    if (name === undefined) {
      const error = yield* Effect.flip(Effect.provide(loaded, sessionOver(client)))
      return error._tag === "InvalidOptions" ? yield* Effect.fail(error.message) : null
    }
    const type = yield* Plugins.find(name)
    const recorded = isRecord(one.expected) ? one.expected : {}
    const expected = expectedOf({ ...recorded, ...(one.error === undefined ? {} : { error: one.error }) })
    const answer = yield* Effect.gen(function*() {
      const plugin = yield* Effect.either(Effect.catchTag(loaded, "ConfigError", Effect.die))
      const outcome = yield* Effect.either(Effect.flatMap(plugin, ({ headers }) => headers))
      const endpoint = Either.isRight(plugin) ? Option.getOrNull(plugin.right.endpoint({})) : null
      if ("endpoint" in recorded && endpoint !== (recorded["endpoint"] || null)) {
        return yield* Effect.fail(`another endpoint: ${endpoint}`)
      }
      return judge({ type: name, options: optionsIn(type, given) }, { expected, outcome, requests: requestsOf(sent) })
    }).pipe(Effect.provide(sessionOver(client)))
    return answer !== "same"
      ? answer
      : one.error === undefined
      ? one.expected
      : yield* Effect.fail("refused as well")
  }).pipe(
    Effect.mapError((problem) => one.error?.kind === "NoMatchingPlugin" ? "no such plugin" : problem),
    Effect.either
  )

// -----------------------------------------------------------------------------
// sessions and adapters
// -----------------------------------------------------------------------------

/** A cloud without Keystone, with only these settings. */
const cloud = (
  values: Readonly<Record<string, string>>,
  variables: Variables
): Effect.Effect<CloudConfig.Service, string> =>
  CloudConfig.load(undefined, { values }).pipe(
    Effect.mapError((error) => error._tag === "InvalidConfig" ? error.message : String(error)),
    Effect.withConfigProvider(ConfigProvider.fromMap(
      new Map(Object.entries({ ...variables, OS_AUTH_TYPE: "none", OS_ENDPOINT: "https://example.com" })),
      { pathDelim: "\u0000" }
    )),
    Effect.provide(NodeContext.layer)
  )

const sessionOf = ({ session, tls }: CloudConfig.Service) => ({
  verify: tls.insecure ? false : tls.caCert ?? true,
  cert: tls.clientCert === undefined
    ? null
    : tls.clientKey === undefined
    ? tls.clientCert
    : [tls.clientCert, tls.clientKey],
  timeout: session.timeout === undefined ? null : Number(session.timeout) / 1000
})

/** Keys of a cloud that keystoneauth's constructor takes in another form. */
const sessionRule = (values: Variables, expected: Json): string | undefined =>
  !["true", "false", undefined].includes(values["verify"])
    ? "S4: verify is true or false, and a file of authorities is cacert"
    : values["verify"] === "true" && values["cacert"] !== undefined
    ? "a file of authorities beside verify: true is used, as in openstacksdk"
    : Object.values(values).includes("")
    ? emptyIsNothing
    : Number(values["timeout"]) <= 0
    ? "Q24: a timeout that ends at once is refused"
    : expected["timeout"] === 600 && values["timeout"] === undefined
    ? "without a timeout the Session's own holds: 60 s"
    : undefined

const configuredSession = (values: Variables, variables: Variables, one: Case): Effect.Effect<Outcome> =>
  Effect.map(Effect.either(Effect.map(cloud(values, variables), sessionOf)), (outcome) => {
    const expected = isRecord(one.expected) ? one.expected : undefined
    const rule = expected === undefined ? undefined : sessionRule(values, expected)
    return rule === undefined || JSON.stringify(Either.getOrNull(outcome)) === JSON.stringify(expected)
      ? outcome
      : Either.right(new Decided(rule))
  })

export const session = (input: Input, one: Case): Effect.Effect<Outcome> =>
  configuredSession(
    Object.fromEntries(Object.entries(input.options as Json).map(([name, value]) => [name, String(value)])),
    {},
    one
  )

export const sessionEnv = (input: Input, one: Case): Effect.Effect<Outcome> =>
  configuredSession(argumentsOf(input), input.env as Variables, one)

const adapterKeys = ["service_type", "service_name", "interface", "region_name", "endpoint_override", "api_version"]

export const adapterEnv = (input: Input, one: Case): Effect.Effect<Outcome> => {
  const service = String(input.service_type)
  const expected = one.expected as Json
  return cloud(argumentsOf(input), input.env as Variables).pipe(
    Effect.map(({ settings }) => {
      const said = (key: string) => settings.get(key)?.value ?? null
      const ours = Object.fromEntries(Object.keys(expected).map((name) => [name, said(name.replace(/^os_/, ""))]))
      const answer = input.per_service === true
        ? ours
        : { ...ours, os_service_type: ours["os_service_type"] ?? service }
      const empty = adapterKeys.filter((key) => expected[`os_${key}`] === "")
      return empty.length > 0 && empty.every((key) => answer[`os_${key}`] !== "") ? new Decided(emptyIsNothing) : answer
    }),
    Effect.either
  )
}

/** An adapter's options with keystoneauth's names. */
const named = (options: Adapter.Options): Json => ({
  service_type: options.serviceType,
  service_name: options.serviceName,
  interface: options.interface,
  region_name: options.regionName,
  endpoint_override: options.endpointOverride,
  version: options.version,
  min_version: options.minVersion,
  max_version: options.maxVersion,
  connect_retries: options.retries?.connect,
  connect_retry_delay: inSeconds(options.retries?.connectDelay),
  status_code_retries: options.retries?.status,
  status_code_retry_delay: inSeconds(options.retries?.statusDelay),
  retriable_status_codes: options.retries?.statuses
})

const inSeconds = (millis: unknown) => typeof millis === "number" ? millis / 1000 : undefined

/** Versions in one spelling: `2` is `2.0`. */
const plain = (options: Json): unknown =>
  Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined).map(([name, value]) => [
      name,
      name.endsWith("version")
        ? Either.match(ApiVersion.fromUnknown(value), { onLeft: () => value, onRight: String })
        : value
    ])
  )

export const adapterConf = (input: Input, one: Case): Effect.Effect<Outcome> => {
  const read = (section: unknown) =>
    Effect.withConfigProvider(
      Effect.flatMap(Effect.void, () => Adapter.config()),
      ConfigProvider.fromJson(Object.fromEntries(Object.entries(section as Json).filter(([, value]) => value !== null)))
    )
  return Effect.gen(function*() {
    const options = { ...yield* read(input.conf), ...yield* read(input.kwargs) }
    // contradicting versions are checked when the adapter is used
    yield* ApiVersion.range({
      version: options.version,
      minVersion: options.minVersion,
      maxVersion: options.maxVersion
    })
    const ours = plain(named(options))
    return JSON.stringify(ours) === JSON.stringify(plain(ordered(one.expected as Json))) ? one.expected : ours
  }).pipe(Effect.mapError(String), Effect.either)
}

/** Sorts the keys as in the expected object. */
const ordered = (expected: Json): Json =>
  Object.fromEntries(Object.keys(named({})).map((name) => [name, expected[name]]))
