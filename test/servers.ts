/** Servers on loopback that record their requests. */
import { Effect, type Scope } from "effect"
import { readFileSync } from "node:fs"
import * as Http from "node:http"
import * as Http2 from "node:http2"
import * as Https from "node:https"
import * as Net from "node:net"
import type * as Tls from "node:tls"
import { fileURLToPath } from "node:url"

export const path = (name: string) => fileURLToPath(new URL(`data/tls/${name}`, import.meta.url))
export const pem = (name: string) => readFileSync(path(name), "utf8")

export interface Listening {
  readonly port: number
  /** The number of connections so far. */
  readonly connections: ReadonlyArray<Net.Socket>
}

/** Serves until the scope closes, and then closes all connections. */
export const listen = (server: Net.Server, host = "127.0.0.1", port = 0) =>
  Effect.acquireRelease(
    Effect.async<Listening, Error>((resume) => {
      const connections: Array<Net.Socket> = []
      server.on("connection", (socket: Net.Socket) => connections.push(socket))
      server.on("error", (error) => resume(Effect.fail(error)))
      server.listen(port, host, () => {
        const address = server.address()
        resume(
          typeof address === "object" && address !== null
            ? Effect.succeed({ port: address.port, connections })
            : Effect.die("no port")
        )
      })
    }),
    ({ connections }) =>
      Effect.sync(() => {
        connections.forEach((socket) => socket.destroy())
        server.close()
      })
  )

/** A recorded request. The server also answers with it. */
export interface Seen {
  readonly url: string
  readonly headers: Http.IncomingHttpHeaders
  readonly httpVersion: string
  readonly client: string | undefined
  readonly serverName: string | false | null | undefined
  readonly protocol: string | null | undefined
  readonly cipher: string | undefined
  readonly family: string | undefined
}

const echo = (request: Http.IncomingMessage | Http2.Http2ServerRequest, response: {
  readonly end: (text: string) => unknown
}) => {
  const socket = (request instanceof Http.IncomingMessage ? request.socket : request.stream.session?.socket) as
    | (Net.Socket & Partial<Tls.TLSSocket>)
    | undefined
  const seen: Seen = {
    url: request.url ?? "",
    headers: request.headers,
    httpVersion: request.httpVersion,
    client: socket?.authorized === true ? [socket.getPeerCertificate?.().subject?.CN].flat()[0] : undefined,
    serverName: socket?.servername,
    protocol: socket?.getProtocol?.(),
    cipher: socket?.getCipher?.().name,
    family: socket?.remoteFamily
  }
  response.end(JSON.stringify(seen))
}

const certified = (name: string, options: Tls.TlsOptions) => ({
  cert: pem(`${name}.pem`),
  key: pem(`${name}.key`),
  ca: pem("ca.pem"),
  requestCert: true,
  rejectUnauthorized: false,
  ...options
})

/** A TLS server with this certificate, which asks for a client certificate. */
export const https = (name: string, options: Tls.TlsOptions = {}) =>
  listen(Https.createServer(certified(name, options), echo))

export const http = (host?: string, port?: number) => listen(Http.createServer(echo), host, port)

type Http2Handler = (request: Http2.Http2ServerRequest, response: Http2.Http2ServerResponse) => void

export const http2 = (name: string, handler: Http2Handler = echo) =>
  listen(Http2.createSecureServer({ ...certified(name, {}), allowHTTP1: true }, handler))

export interface ProxyOptions {
  /** Serve TLS with this certificate. */
  readonly certificate?: string
  /** The required `user:password`. Without it the proxy answers 407. */
  readonly credentials?: string
  /** The answer to every request. */
  readonly refuses?: number
  /** Never answer, or close the connection. */
  readonly instead?: "wait" | "close"
  /** Addresses of names that only the proxy can resolve, as `name:port`. */
  readonly hosts?: Readonly<Record<string, number>>
}

export interface Proxy extends Listening {
  /** The recorded CONNECT requests. */
  readonly asked: ReadonlyArray<{ readonly target: string; readonly headers: Http.IncomingHttpHeaders }>
  /** All bytes that clients sent through tunnels. */
  readonly tunnelled: ReadonlyArray<Buffer>
  /** The subjects of client certificates. */
  readonly certificates: ReadonlyArray<string>
}

/** A proxy that supports only CONNECT. */
export const proxy = (options: ProxyOptions = {}): Effect.Effect<Proxy, Error, Scope.Scope> => {
  const asked: Array<Proxy["asked"][number]> = []
  const tunnelled: Array<Buffer> = []
  const certificates: Array<string> = []
  const server = options.certificate === undefined
    ? Http.createServer()
    : Https.createServer(certified(options.certificate, {}))
  server.on("secureConnection", (socket: Tls.TLSSocket) => {
    if (socket.authorized) {
      certificates.push(String(socket.getPeerCertificate().subject.CN))
    }
  })
  server.on("connect", (request: Http.IncomingMessage, client: Net.Socket) => {
    const target = request.url ?? ""
    asked.push({ target, headers: request.headers })
    client.on("error", () => {})
    const answer = (status: number) => client.write(`HTTP/1.1 ${status} ${Http.STATUS_CODES[status]}\r\n\r\n`)
    if (options.instead === "close") {
      client.end()
    }
    if (options.instead !== undefined) {
      return
    }
    const expected = options.credentials === undefined
      ? undefined
      : `Basic ${Buffer.from(options.credentials).toString("base64")}`
    if (options.refuses !== undefined || request.headers["proxy-authorization"] !== expected) {
      answer(options.refuses ?? 407)
      client.end()
      return
    }
    const upstream = Net.connect(options.hosts?.[target] ?? Number(target.split(":").at(-1)), "127.0.0.1", () => {
      answer(200)
      client.on("data", (chunk: Buffer) => tunnelled.push(chunk))
      client.pipe(upstream).pipe(client)
    })
    upstream.on("error", () => client.destroy())
    upstream.on("close", () => client.destroy())
    client.on("close", () => upstream.destroy())
  })
  return Effect.map(listen(server), (listening) => ({ ...listening, asked, tunnelled, certificates }))
}
