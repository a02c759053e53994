/** The commands of `ksa`. */
import * as Args from "@effect/cli/Args"
import * as CliOptions from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as CloudConfig from "../cloud/CloudConfig.js"
import * as Setting from "../cloud/Setting.js"
import * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as ApiVersion from "../model/ApiVersion.js"
import * as EndpointData from "../model/EndpointData.js"
import * as Microversion from "../model/Microversion.js"
import * as ServiceCatalog from "../model/ServiceCatalog.js"
import * as Url from "../safety/url.js"
import * as Session from "../session/Session.js"
import * as Failure from "./failure.js"
import * as Output from "./output.js"

const access = AuthPlugin.access.pipe(
  Output.waiting("logging in"),
  Effect.flatMap(Option.match({
    onNone: () =>
      Effect.fail(
        new Errors.InvalidOptions({ module: "ksa", option: "auth_type", reason: "this auth type has no token" })
      ),
    onSome: Effect.succeed
  }))
)

// -----------------------------------------------------------------------------
// token
// -----------------------------------------------------------------------------

const time = (at: DateTime.Utc | undefined): string | undefined =>
  at === undefined ? undefined : DateTime.formatIso(at).replace(/\.\d+Z$/, "+0000")

export const tokenIssue = Effect.flatMap(access, (token) =>
  Output.fields([
    ["expires", time(token.expiresAt)],
    ["id", Redacted.value(token.token)],
    ["project_id", token.projectId],
    ["user_id", token.userId],
    ...(token.domainId === undefined ? [] : [["domain_id", token.domainId] as const]),
    ...(token.systemScoped ? [["system", "all"] as const] : [])
  ]))

export const tokenShow = Effect.flatMap(access, (token) =>
  Output.fields([
    ["user", token.userName],
    ["user_id", token.userId],
    ["user_domain", token.userDomainName],
    ["project", token.projectName],
    ["project_id", token.projectId],
    ["project_domain", token.projectDomainName],
    ["domain", token.domainName],
    ["system", token.systemScoped ? "all" : undefined],
    ["trust_id", token.trustId],
    ["roles", token.roleNames.join(", ")],
    ["methods", token.methods.join(", ")],
    ["issued", time(token.issuedAt)],
    ["expires", time(token.expiresAt)],
    ["password_expires", time(token.passwordExpiresAt)],
    ["application_credential", token.applicationCredential?.name ?? token.applicationCredentialId]
  ]))

export const tokenRevoke = ({ token }: { readonly token: Option.Option<Redacted.Redacted> }) =>
  Effect.gen(function*() {
    const { authUrl } = yield* AuthPlugin.AuthPlugin
    const own = yield* access
    const revoked = Option.getOrElse(token, () => own.token)
    yield* Session.request(
      HttpClientRequest.del("/auth/tokens").pipe(
        HttpClientRequest.setHeader("x-subject-token", Redacted.value(revoked))
      ),
      { endpointFilter: { serviceType: "identity", interface: "auth", version: 3 } }
    )
    yield* Output.text("token revoked", { revoked: true, keystone: Option.getOrNull(authUrl) })
  })

// -----------------------------------------------------------------------------
// catalog, endpoint, versions
// -----------------------------------------------------------------------------

export const catalog = Effect.flatMap(access, (token) =>
  Output.list(
    ["Name", "Type", "Region", "Interface", "URL"],
    ServiceCatalog.endpoints(token.catalog ?? ServiceCatalog.empty, {}).map((endpoint) => [
      endpoint.serviceName,
      endpoint.serviceType,
      endpoint.regionName,
      endpoint.interface,
      endpoint.url
    ]),
    { groupBy: 2 }
  ))

export const endpoint = (
  { explain, service }: { readonly service: string; readonly explain: boolean }
) =>
  Effect.gen(function*() {
    const cloud = yield* CloudConfig.CloudConfig
    const { endpointOverride, ...filter } = cloud.service(service)
    const data = yield* Session.endpointData(filter, { endpointOverride }).pipe(
      Output.waiting(`asking ${service}`)
    )
    const version = data.apiVersion === undefined ? undefined : ApiVersion.format(data.apiVersion)
    return yield* explain
      ? Output.text(EndpointData.explain(data), { url: data.requestUrl, trace: data.trace })
      : Output.text(data.requestUrl, { url: data.requestUrl, version: version ?? null, versionUrl: data.url })
  })

const format = (version: Microversion.Microversion | undefined): string | undefined =>
  version === undefined ? undefined : Microversion.format(version)

export const versionsConfig = {
  service: CliOptions.optional(CliOptions.withDescription(CliOptions.text("service"), "only of this service")),
  region: CliOptions.optional(CliOptions.withDescription(CliOptions.text("region"), "only in this region")),
  allInterfaces: CliOptions.withDescription(
    CliOptions.boolean("all-interfaces"),
    "of all interfaces, not only the configured one"
  )
}

/** The row of an endpoint without a version document. */
const unversioned = (url: string) => ({
  version: undefined,
  status: "CURRENT",
  url: Url.withTrailingSlash(url),
  minMicroversion: undefined,
  maxMicroversion: undefined
})

interface Versions {
  readonly service: Option.Option<string>
  readonly region: Option.Option<string>
  readonly allInterfaces: boolean
}

export const versions = ({ allInterfaces, region, service }: Versions) =>
  Effect.gen(function*() {
    const cloud = yield* CloudConfig.CloudConfig
    const all = yield* Session.allVersionData({
      serviceType: Option.getOrUndefined(service),
      regionName: Option.getOrUndefined(region),
      interface: allInterfaces ? undefined : cloud.service().interface
    }).pipe(Output.waiting("asking all services"))
    const rows = all.flatMap((endpoint) =>
      (endpoint.versions.length === 0 ? [unversioned(endpoint.catalogUrl)] : endpoint.versions).map((data) => [
        endpoint.regionName,
        endpoint.serviceType,
        endpoint.interface,
        data.version === undefined ? undefined : ApiVersion.format(data.version),
        data.status,
        format(data.minMicroversion),
        format(data.maxMicroversion),
        data.url
      ])
    )
    yield* Output.list(
      ["Region Name", "Service Type", "Interface", "Version", "Status", "Min", "Max", "Endpoint"],
      // a service may have several types, with the same versions
      [...new Map(rows.map((row) => [row.join("\n"), row])).values()],
      { groupBy: 3 }
    )
  })

// -----------------------------------------------------------------------------
// request
// -----------------------------------------------------------------------------

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const

export const requestConfig = {
  method: Args.choice(methods.map((method): [string, typeof method] => [method, method]), { name: "METHOD" }),
  path: Args.text({ name: "PATH" }),
  service: CliOptions.withDescription(CliOptions.text("service"), "type of the service: compute, image, ..."),
  microversion: CliOptions.optional(
    CliOptions.withDescription(CliOptions.text("microversion"), "microversion of the request: 2.90, latest")
  ),
  header: CliOptions.repeated(
    CliOptions.withDescription(CliOptions.text("header"), "\"Name: value\"; can be repeated").pipe(
      CliOptions.withAlias("H")
    )
  ),
  data: CliOptions.optional(
    CliOptions.withDescription(CliOptions.text("data"), "body: text, @FILE, or @- for standard input").pipe(
      CliOptions.withAlias("d")
    )
  ),
  include: CliOptions.withDescription(CliOptions.boolean("include"), "also print status and headers").pipe(
    CliOptions.withAlias("i")
  )
}

interface Request {
  readonly method: (typeof methods)[number]
  readonly path: string
  readonly service: string
  readonly microversion: Option.Option<string>
  readonly header: ReadonlyArray<string>
  readonly data: Option.Option<string>
  readonly include: boolean
}

/** Service tag for standard input and output, as bytes. */
export class Pipes extends Context.Tag("ksa/Pipes")<Pipes, {
  readonly stdin: Stream.Stream<Uint8Array, Errors.InvalidOptions>
  readonly write: (chunk: Uint8Array) => Effect.Effect<void>
}>() {}

export const request = (asked: Request) =>
  Effect.gen(function*() {
    const { write } = yield* Pipes
    const cloud = yield* CloudConfig.CloudConfig
    const headers = yield* Effect.forEach(asked.header, readHeader)
    const body = yield* readBody(asked.data)
    const { defaultMicroversion, endpointOverride, limits: _, ...filter } = cloud.service(asked.service)
    const microversion = Option.isSome(asked.microversion)
      ? yield* Either.match(Microversion.fromUnknown(asked.microversion.value), {
        onLeft: (error) => Effect.fail(error),
        onRight: (microversion) => Effect.succeed(microversion)
      })
      : defaultMicroversion
    const response = yield* Session.request(
      HttpClientRequest.make(asked.method)(asked.path, { headers: Headers.fromInput(headers), body }),
      { endpointFilter: filter, endpointOverride, microversion, raiseForStatus: false }
    ).pipe(Output.waiting(`asking ${asked.service}`))
    const encoder = new TextEncoder()
    if (asked.include) {
      const lines = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}\n`).join("")
      yield* write(encoder.encode(`HTTP ${response.status}\n${lines}\n`))
    }
    yield* Stream.runForEach(response.stream, write)
    if ((yield* Output.Output).terminal) {
      yield* write(encoder.encode("\n"))
    }
    if (response.status >= 400 || (response.status === 300 && !Url.readsRoot(asked.method, asked.path))) {
      return yield* new Failure.Refused({ status: response.status })
    }
  })

const readHeader = (header: string): Effect.Effect<readonly [string, string], Errors.InvalidOptions> => {
  const at = header.indexOf(":")
  return at > 0
    ? Effect.succeed([header.slice(0, at).trim(), header.slice(at + 1).trim()])
    : Effect.fail(
      new Errors.InvalidOptions({ module: "ksa", option: "--header", reason: `${header} is not "Name: value"` })
    )
}

const readBody = (data: Option.Option<string>) =>
  Effect.gen(function*() {
    if (Option.isNone(data)) {
      return HttpBody.empty
    }
    const given = data.value
    if (given === "@-") {
      return HttpBody.stream((yield* Pipes).stdin, "application/json")
    }
    if (given.startsWith("@")) {
      const fileSystem = yield* FileSystem.FileSystem
      return HttpBody.uint8Array(yield* fileSystem.readFile(given.slice(1)), "application/json")
    }
    return HttpBody.text(given, "application/json")
  })

// -----------------------------------------------------------------------------
// config
// -----------------------------------------------------------------------------

const shown = (value: Setting.Shown["value"]): string =>
  Redacted.isRedacted(value) ? "<redacted>" : typeof value === "string" ? value : value.join(", ")

/** Prints each value with its source. Nothing is sent. */
export const configExplain = Effect.flatMap(CloudConfig.CloudConfig, ({ settings }) =>
  Output.list(
    ["Key", "Value", "From"],
    [...settings.values()].map(({ key, source, value }) => [key, shown(value), Setting.describeSource(source)])
  ))
