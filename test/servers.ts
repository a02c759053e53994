/** Servers on loopback that tell what they have seen. */
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
  /** The connections that were ever made. */
  readonly connections: ReadonlyArray<Net.Socket>
}

/** Serves for as long as the scope is open, and then breaks what is still connected. */
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

/** What a server saw of a request; it is also what it answers. */
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

/** Answers over TLS with this certificate, and asks for the client's. */
export const https = (name: string, options: Tls.TlsOptions = {}) =>
  listen(Https.createServer(certified(name, options), echo))

export const http = (host?: string, port?: number) => listen(Http.createServer(echo), host, port)

type Http2Handler = (request: Http2.Http2ServerRequest, response: Http2.Http2ServerResponse) => void

export const http2 = (name: string, handler: Http2Handler = echo) =>
  listen(Http2.createSecureServer({ ...certified(name, {}), allowHTTP1: true }, handler))

export interface ProxyOptions {
  /** Over TLS, with this certificate. */
  readonly certificate?: string
  /** `user:password`, without which it answers 407. */
  readonly credentials?: string
  /** What it answers to everyone. */
  readonly refuses?: number
  /** It leaves everyone waiting, or closes the connection. */
  readonly instead?: "wait" | "close"
  /** Where `name:port` is: nobody else knows. */
  readonly hosts?: Readonly<Record<string, number>>
}

export interface Proxy extends Listening {
  /** What it was asked to connect to, and how. */
  readonly asked: ReadonlyArray<{ readonly target: string; readonly headers: Http.IncomingHttpHeaders }>
  /** Every byte that a client sent in a tunnel. */
  readonly tunnelled: ReadonlyArray<Buffer>
  /** Who showed a certificate. */
  readonly certificates: ReadonlyArray<string>
}

/** A proxy that only knows CONNECT. */
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
