/** The cloud's server on loopback: nginx, which is not the bottleneck. Where there is none, a small one in Node. */
import type { Error } from "@effect/platform"
import { Command, FileSystem } from "@effect/platform"
import { Duration, Effect, Either, Schedule } from "effect"
import { createServer } from "node:net"
import * as Cloud from "./cloud.js"
import * as Process from "./process.js"

export interface Server {
  /** What it is: `nginx/1.22.1`. */
  readonly name: string
  readonly origin: string
  /** The same at another port, where requests are counted. */
  readonly counted: {
    readonly origin: string
    /** What came since the last time. */
    readonly take: Effect.Effect<ReadonlyArray<string>, Error.PlatformError>
  }
}

const freePort = Effect.async<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = address === null || typeof address === "string" ? 0 : address.port
    server.close(() => resume(Effect.succeed(port)))
  })
})

const originOf = (port: number) => `http://127.0.0.1:${port}`

/** Each port has files of its own, since they name it. */
const files = (origin: string, catalogs: ReadonlyArray<number>): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(
    catalogs.map((services) => [`${services}/v3/auth/tokens`, Cloud.login(origin, services, Date.now())])
  ),
  "unversioned/v3/auth/tokens": Cloud.login(origin, 20, Date.now(), "compute/"),
  "compute/index.json": Cloud.versions(origin),
  "compute/v2.1/index.json": Cloud.version(origin),
  "compute/v2.1/servers": Cloud.servers(origin)
})

const nginxConfiguration = (folder: string, port: number, countedPort: number) => {
  const server = (port: number, log: string) => `
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${folder}/${port};
    access_log ${log};
    location ~ /v3/auth/tokens$ {
      add_header X-Subject-Token ${Cloud.token} always;
      error_page 405 =201 $uri;
    }
    location / {
      index index.json;
      add_header X-OpenStack-Request-ID req-9168b536-cd40-4630-b43f-b259807c6e11;
    }
  }`
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${folder}/pid;
error_log stderr error;
events { worker_connections 16000; }
http {
  log_format counted "$request";
  default_type application/json;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  open_file_cache max=100;
${server(port, "off")}
${server(countedPort, `${folder}/requests counted`)}
}`
}

const nginx = (folder: string) =>
  Command.make("nginx", "-p", folder, "-c", `${folder}/nginx.conf`, "-e", "stderr").pipe(
    Command.stdout("inherit"),
    Command.stderr("inherit")
  )

/** What nginx says of itself, unless it is not there. */
const nginxVersion = Command.make("nginx", "-v").pipe(
  Command.start,
  Effect.flatMap(({ stderr }) => Process.text(stderr)),
  Effect.scoped,
  Effect.map((said) => /nginx\/\S+/.exec(said)?.[0] ?? "nginx"),
  Effect.timeout("10 seconds"),
  Effect.either
)

const answers = (origin: string) =>
  Effect.tryPromise(() => fetch(`${origin}/compute/v2.1/`).then((response) => response.text())).pipe(
    Effect.retry(Schedule.spaced("50 millis")),
    Effect.timeout(Duration.seconds(10))
  )

/** It ends with the scope, and its files with it. */
export const start = (catalogs: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const [port, countedPort] = [yield* freePort, yield* freePort]
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "bench-" })
    // nginx that root starts reads files as another user
    yield* fs.chmod(folder, 0o755)
    for (const each of [port, countedPort]) {
      for (const [path, content] of Object.entries(files(originOf(each), catalogs))) {
        const file = `${folder}/${each}/${path}`
        yield* fs.makeDirectory(file.slice(0, file.lastIndexOf("/")), { recursive: true })
        yield* fs.writeFileString(file, JSON.stringify(content))
      }
    }
    yield* fs.writeFileString(`${folder}/requests`, "")
    yield* fs.chmod(`${folder}/requests`, 0o666)
    yield* fs.writeFileString(`${folder}/nginx.conf`, nginxConfiguration(folder, port, countedPort))
    const version = yield* nginxVersion
    yield* Command.start(
      Either.isRight(version) ? nginx(folder) : Process.program("server", folder, `${port}`, `${countedPort}`)
    )
    yield* answers(originOf(port))
    const server: Server = {
      name: Either.getOrElse(version, () => "node:http, since there is no nginx (Debian: apt-get install nginx-light)"),
      origin: originOf(port),
      counted: {
        origin: originOf(countedPort),
        take: Effect.zipLeft(
          Effect.map(fs.readFileString(`${folder}/requests`), (text) => text.match(/^\S+ \S+/gm) ?? []),
          fs.truncate(`${folder}/requests`)
        )
      }
    }
    return server
  })
