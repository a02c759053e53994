/** The proxy of a request: from the options, or from the environment by the rules of curl and Python. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { BlockList, isIP, isIPv6 } from "node:net"
import type { InvalidOptions } from "../Errors.js"
import type * as NodeTransport from "./NodeTransport.js"
import { invalid } from "./options.js"

export interface Proxy {
  /** The URL without user and password, so that it can be shown. */
  readonly url: string
  /** The value of `Proxy-Authorization`. */
  readonly token: Redacted.Redacted | undefined
}

/** The proxy for an origin. */
export type Choice = (origin: URL) => Proxy | undefined

/** `user:password` of a URL, without its percent-encoding. */
const credentials = (url: URL): Option.Option<string> =>
  Option.liftThrowable(() => `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`)()

/** Parses the URL of a proxy. Errors do not show it, since it may have a password. */
const parse = (option: string, value: string): Effect.Effect<Proxy, InvalidOptions> => {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`
  const expected = "use http://[user:password@]host[:port], or https:// for TLS to the proxy"
  if (!URL.canParse(text)) {
    return invalid(option, `it is not a URL; ${expected}`)
  }
  const url = new URL(text)
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return invalid(option, `${url.protocol}// proxies are not supported; ${expected}`)
  }
  if (url.username === "" && url.password === "") {
    return Effect.succeed({ url: url.origin, token: undefined })
  }
  return Option.match(credentials(url), {
    onNone: () => invalid(option, `user and password must be percent-encoded; ${expected}`),
    onSome: (text) => Effect.succeed({ url: url.origin, token: Redacted.make(`Basic ${Encoding.encodeBase64(text)}`) })
  })
}

// -----------------------------------------------------------------------------
// the environment
// -----------------------------------------------------------------------------

/** The first of these variables that is set. An empty one counts as set: it means "no proxy". */
const variable = (
  ...names: ReadonlyArray<string>
): Effect.Effect<{ readonly name: string; readonly value: string } | undefined, InvalidOptions> =>
  Effect.gen(function*() {
    for (const name of names) {
      const value = yield* Effect.mapError(
        Config.option(Config.redacted(name)),
        () => invalid(name, "it is not a text in the configuration")
      )
      if (Option.isSome(value)) {
        return { name, value: Redacted.value(value.value).trim() }
      }
    }
    return undefined
  })

const fromEnvironment = (...names: ReadonlyArray<string>): Effect.Effect<Proxy | undefined, InvalidOptions> =>
  Effect.flatMap(
    variable(...names),
    (found) => found === undefined || found.value === "" ? Effect.succeed(undefined) : parse(found.name, found.value)
  )

// -----------------------------------------------------------------------------
// exceptions
// -----------------------------------------------------------------------------

type Rule = (host: string, port: number) => boolean

const bare = (host: string): string => host.toLowerCase().replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "")

const family = (address: string): "ipv4" | "ipv6" => isIPv6(address) ? "ipv6" : "ipv4"

const inList = (list: BlockList): Rule => (host) => isIP(host) !== 0 && list.check(host, family(host))

/**
 * `*`, `example.com`, `.example.com`, `*.example.com`, an address (all of these optionally with a port), or a network.
 */
const rule = (option: string, entry: string): Effect.Effect<Rule, InvalidOptions> => {
  const network = /^([^/]+)\/(\d+)$/.exec(entry)
  if (entry.includes("/")) {
    const [, address = "", prefix = ""] = network ?? []
    return Effect.try({
      try: () => {
        const list = new BlockList()
        list.addSubnet(bare(address), Number(prefix), family(bare(address)))
        return inList(list)
      },
      catch: () => invalid(option, `${JSON.stringify(entry)} is neither a host nor a network such as 10.0.0.0/8`)
    })
  }
  const [, named = entry, port] = isIPv6(entry) ? [] : /^(.+):(\d+)$/.exec(entry) ?? []
  const host = bare(named).replace(/^\*?\./, "")
  const list = new BlockList()
  if (isIP(host) !== 0) {
    list.addAddress(host, family(host))
  }
  const matches: Rule = isIP(host) !== 0
    ? inList(list)
    : (asked) => host === "*" || asked === host || asked.endsWith(`.${host}`)
  return Effect.succeed((asked, askedPort) =>
    (port === undefined || Number(port) === askedPort) && matches(asked, askedPort)
  )
}

const exceptions = (options: NodeTransport.Options): Effect.Effect<Rule, InvalidOptions> =>
  Effect.gen(function*() {
    const found = options.noProxy === undefined
      ? yield* variable("no_proxy", "NO_PROXY")
      : { name: "noProxy", value: [options.noProxy].flat().join(",") }
    const entries = (found?.value ?? "").split(/[,\s]+/).filter((entry) => entry !== "")
    const rules = yield* Effect.forEach(entries, (entry) => rule(found?.name ?? "noProxy", entry))
    return (host, port) => rules.some((matches) => matches(host, port))
  })

const defaultPorts: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 }

/** Reads the options and the environment once. Options win. */
export const make = (options: NodeTransport.Options): Effect.Effect<Choice, InvalidOptions> =>
  Effect.gen(function*() {
    if (options.proxy === false) {
      return () => undefined
    }
    const given = options.proxy === undefined
      ? undefined
      : yield* parse("proxy", Redacted.isRedacted(options.proxy) ? Redacted.value(options.proxy) : options.proxy)
    // in a CGI program HTTP_PROXY may be the `Proxy` header of a client
    const cgi = yield* variable("REQUEST_METHOD")
    const http = given ??
      (yield* fromEnvironment("http_proxy", ...(cgi === undefined ? ["HTTP_PROXY"] : []), "all_proxy", "ALL_PROXY"))
    const https = given ?? (yield* fromEnvironment("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"))
    if (http === undefined && https === undefined) {
      return () => undefined
    }
    const isException = yield* exceptions(options)
    return (origin) =>
      isException(bare(origin.hostname), Number(origin.port) || (defaultPorts[origin.protocol] ?? 0))
        ? undefined
        : origin.protocol === "https:"
        ? https
        : http
  })
