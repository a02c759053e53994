/** A browser, pages in it, and clouds that they can reach. */
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer, Redacted, type Scope } from "effect"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { readFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import * as Https from "node:https"
import type { AddressInfo } from "node:net"
import { chromium, type Page } from "playwright-core"
import { bundle } from "./bundle.js"
import type { Outcome, Task } from "./page.js"

/** A page, and what it can be told to do. */
export interface Tab {
  readonly origin: string
  readonly ask: (task: Task) => Effect.Effect<ReadonlyArray<Outcome>>
  /** The same in a worker of the page, whose script comes from there. */
  readonly askInWorker: (task: Task, from: "server" | "blob") => Effect.Effect<ReadonlyArray<Outcome>>
  readonly encrypt: (key: string) => Effect.Effect<string>
  /** What it wrote on its console. */
  readonly console: ReadonlyArray<string>
}

/** Chromium with our bundle. Every name below `.test` is this machine, but one that browsers do not trust for that. */
export class Browser extends Context.Tag("test/browser/Browser")<Browser, {
  /** A page from that address, in a profile of its own. */
  readonly open: (url: string) => Effect.Effect<Tab, never, Scope.Scope>
  /** The script of the worker. */
  readonly worker: string
}>() {
  static readonly layer = (executablePath: string) =>
    Layer.scoped(
      Browser,
      Effect.gen(function*() {
        const { code } = yield* Effect.promise(() => bundle("test/browser/page.ts"))
        const worker = `${code}; onmessage = ({ data }) => programs.ask(data).then(postMessage)`
        const browser = yield* Effect.acquireRelease(
          Effect.promise(() =>
            chromium.launch({ executablePath, args: ["--host-resolver-rules=MAP *.test 127.0.0.1"] })
          ),
          (browser) => Effect.promise(() => browser.close())
        )
        const show = async (page: Page, url: string): Promise<Tab> => {
          const console: Array<string> = []
          page.on("console", (message) => console.push(message.text()))
          await page.goto(url)
          await page.addScriptTag({ content: code })
          const call = (expression: string) => Effect.promise(() => page.evaluate<any>(expression))
          return {
            origin: new URL(url).origin,
            console,
            ask: (task) => call(`programs.ask(${JSON.stringify(task)})`),
            askInWorker: (task, from) =>
              call(`new Promise((resolve, reject) => {
                const blob = new Blob([${JSON.stringify(worker)}])
                const worker = new Worker(${from === "blob" ? "URL.createObjectURL(blob)" : `"/worker.js"`})
                worker.onmessage = ({ data }) => resolve(data)
                worker.onerror = ({ message }) => reject(new Error(message))
                worker.postMessage(${JSON.stringify(task)})
              })`),
            encrypt: (key) => call(`programs.encrypt(${JSON.stringify(key)})`)
          }
        }
        const open = (url: string) =>
          Effect.acquireRelease(
            Effect.promise(() => browser.newPage({ ignoreHTTPSErrors: true })),
            // and its connections with it: a server that closes waits for them
            (page) => Effect.promise(() => page.close())
          ).pipe(Effect.flatMap((page) => Effect.promise(() => show(page, url))))
        return { open, worker }
      })
    )
}

const pem = (name: string) => readFileSync(new URL(`../data/tls/${name}`, import.meta.url))

const listen = (server: Server) =>
  Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
    }),
    () =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

/** The address of an empty page at an origin of its own, which has our worker too. */
export const dashboard = (protocol: "http" | "https", hostname: string) =>
  Effect.flatMap(Browser, ({ worker }) => {
    const server = protocol === "http"
      ? createServer()
      : Https.createServer({ cert: pem("server.pem"), key: pem("server.key") })
    server.on("request", ({ url }, response) => {
      const [type, body] = url === "/worker.js"
        ? ["text/javascript", worker]
        : ["text/html", "<!doctype html><title>a dashboard</title>"]
      response.writeHead(200, { "content-type": type })
      response.end(body)
    })
    return Effect.map(listen(server), (port) => `${protocol}://${hostname}:${port}`)
  })

/** A cloud on a socket of its own. */
export const cloud = (options: TestCloud.Options = {}) =>
  Layer.build(
    Layer.provide(
      TestCloud.layerServer(options),
      Layer.fresh(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
    )
  ).pipe(Effect.map((context) => Context.get(context, TestCloud.TestCloud)), Effect.orDie)

/** What demo has to do there. */
export const asDemo = ({ accounts: { demo }, authUrl }: TestCloud.Service, task: Partial<Task> = {}): Task => ({
  authUrl,
  username: demo.username,
  password: Redacted.value(demo.password),
  path: "/servers",
  ...task
})
