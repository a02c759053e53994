/** Makes undici's dispatcher for the options of `NodeTransport`: connections to servers, or through a proxy. */
import * as Undici from "@effect/platform-node/Undici"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { lookup } from "node:dns"
import { STATUS_CODES } from "node:http"
import type { LookupFunction } from "node:net"
import type { InvalidOptions } from "../Errors.js"
import type * as NodeTransport from "./NodeTransport.js"
import { invalid, millis, oneOf } from "./options.js"
import * as Proxy from "./proxy.js"
import * as Tls from "./tls.js"

/** The address family as options of Node's `connect`. */
const addressing = (addressFamily: NodeTransport.Options["addressFamily"]) => {
  switch (addressFamily) {
    case undefined:
      return {}
    case "ipv4":
      return { family: 4 }
    case "ipv6":
      return { family: 6 }
    default: {
      const ordered: LookupFunction = (hostname, options, callback) =>
        lookup(hostname, { ...options, order: addressFamily }, callback)
      // falls back to the other family, whatever the default of the process
      return { lookup: ordered, autoSelectFamily: true }
    }
  }
}

/** An error of the proxy or of the connection to it, with a code that says its kind. */
const proxyFault = (message: string, code: unknown): Error => Object.assign(new Error(message), { code })

const codeOf = (error: unknown): unknown => error instanceof Error && "code" in error ? error.code : undefined

/**
 * With TLS 1.3 a server rejects the client certificate after the handshake, and then closes the connection. undici
 * would report the close instead of the rejection, unless the socket is destroyed at once.
 */
const withLateRefusals =
  (connect: Undici.buildConnector.connector): Undici.buildConnector.connector => (options, callback) =>
    connect(options, (...result) => {
      const [, socket] = result
      socket?.once("error", (error) => {
        if (String(codeOf(error)).startsWith("ERR_SSL_")) {
          socket.destroy()
        }
      })
      callback(...result)
    })

/** The connections through the tunnels of undici. */
const tunnels = (origin: string | URL, options: { readonly connect?: Undici.buildConnector.connector }) =>
  new Undici.Pool(
    origin,
    options.connect === undefined ? options : { ...options, connect: withLateRefusals(options.connect) }
  )

/** Error code of a refused tunnel, which undici reports as an aborted request. */
const refused = "ERR_PROXY_REFUSED"

type Connect = (request: Omit<Undici.Dispatcher.ConnectOptions, "origin">) => Promise<Undici.Dispatcher.ConnectData>

/** The connection to the proxy. The timeout also applies to the response to CONNECT. */
const proxyClient = (proxy: Proxy.Proxy, connectTimeout: number) => (url: URL, options: object): Undici.Dispatcher => {
  const pool = new Undici.Pool(url, { ...options, headersTimeout: connectTimeout })
  const connect: Connect = pool.connect.bind(pool)
  return Object.assign(pool, {
    connect: (request: Parameters<Connect>[0]): Promise<Undici.Dispatcher.ConnectData> =>
      connect(request).then(
        (data) => {
          if (data.statusCode === 200) {
            return data
          }
          data.socket.on("error", () => {}).destroy()
          const { statusCode } = data
          const why = statusCode !== 407
            ? ""
            : proxy.token === undefined
            ? " (add user and password to the URL of the proxy)"
            : " (the user or password in the URL of the proxy is wrong)"
          const status = `${statusCode} ${STATUS_CODES[statusCode] ?? ""}`.trimEnd()
          throw proxyFault(`the proxy ${proxy.url} refused the connection: ${status}${why}`, refused)
        },
        (error) => {
          switch (codeOf(error)) {
            case "UND_ERR_HEADERS_TIMEOUT":
              throw proxyFault(
                `the proxy ${proxy.url} did not answer within ${connectTimeout} ms`,
                "UND_ERR_CONNECT_TIMEOUT"
              )
            // undici would take this for a lost connection and retry without end
            case "UND_ERR_SOCKET":
              throw proxyFault(`the proxy ${proxy.url} closed the connection`, refused)
            default:
              throw proxyFault(
                `the proxy ${proxy.url} failed: ${error instanceof Error ? error.message : "no reason is given"}`,
                codeOf(error)
              )
          }
        }
      )
  })
}

const positive = (option: string, input: Duration.DurationInput | undefined, fallback: number) =>
  Effect.filterOrFail(
    Effect.map(millis(option, input), (value) => value ?? fallback),
    (value) => value > 0,
    () => invalid(option, "it must be longer than 0")
  )

/** Makes a dispatcher that is closed with the scope. */
export const make = (
  options: NodeTransport.Options
): Effect.Effect<Undici.Dispatcher, InvalidOptions, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const tls = yield* Tls.make(options)
    const proxyFor = yield* Proxy.make(options)
    const addressFamily = yield* oneOf("addressFamily", options.addressFamily, [
      "ipv4",
      "ipv6",
      "ipv4first",
      "ipv6first"
    ])
    const connectTimeout = yield* positive("connectTimeout", options.connectTimeout, 10_000)
    const keepAlive = yield* millis("keepAlive", options.keepAlive)
    const connections = options.connections ?? null
    if (connections !== null && !(Number.isInteger(connections) && connections > 0)) {
      return yield* invalid("connections", `${connections} is not an integer from 1`)
    }
    const { maxHeaderSize } = options
    if (maxHeaderSize !== undefined && !(Number.isInteger(maxHeaderSize) && maxHeaderSize > 0)) {
      return yield* invalid("maxHeaderSize", `${maxHeaderSize} is not a number of bytes such as 65536`)
    }

    const socket = { timeout: connectTimeout, ...addressing(addressFamily) }
    const toOrigin = {
      ...socket,
      secureContext: tls.origin,
      rejectUnauthorized: options.insecure !== true,
      ...(options.serverName === undefined ? {} : { servername: options.serverName }),
      allowH2: options.http2 === true
    }
    const pool = {
      connections,
      ...(maxHeaderSize === undefined ? {} : { maxHeaderSize }),
      // 0: each connection serves one request
      ...(keepAlive === 0 ? { pipelining: 0 } : {}),
      ...(keepAlive === undefined || keepAlive === 0
        ? {}
        : { keepAliveTimeout: keepAlive, keepAliveMaxTimeout: keepAlive })
    }
    return yield* Effect.acquireRelease(
      Effect.sync(() =>
        new Undici.Agent({
          factory: (origin) => {
            const proxy = proxyFor(new URL(origin))
            return proxy === undefined
              ? new Undici.Pool(origin, { ...pool, connect: withLateRefusals(Undici.buildConnector(toOrigin)) })
              : new Undici.ProxyAgent({
                ...pool,
                uri: proxy.url,
                ...(proxy.token === undefined ? {} : { token: Redacted.value(proxy.token) }),
                requestTls: toOrigin,
                proxyTls: { ...socket, secureContext: tls.proxy },
                factory: tunnels,
                clientFactory: proxyClient(proxy, connectTimeout)
              })
          }
        })
      ),
      (agent) => Effect.promise(() => agent.destroy())
    )
  })
